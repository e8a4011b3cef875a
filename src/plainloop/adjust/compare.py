"""Compare: which settings differ, and whether the difference in results is real, on the test rows that the runs share."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..judge.report import finite, headline_metrics
from ..judge.sequences import main_metric
from ..judge.wording import interval, title
from ..plain.checkpoint import write_file
from ..problems import quoted
from ..run_files import read_toml
from ..run_folder import Run, make_folder, new_folder
from ..run_list import all_runs
from ..run_problems import FolderOfRuns
from ..show import AsText, aligned, setting_text, short
from .adjust_problems import CannotCompare, as_options
from .lineage import differences as setting_differences
from .lineage import settings_of, signed
from .paired import Difference, OnRows, differences, mcnemar, on_rows
from .study import is_study, read_facts
from .tested_rows import scored_of

WORDS = {"Forecast": "windows apart", "Sequence": "sentences"}  # what is paired; a forecast's table is of all its windows
SEEDS = {"machine.seed"}  # settings that do not make another model of a run, only another draw of it


@dataclass(frozen=True)
class Setting:
    """The runs that differ by their seed alone."""

    runs: list[Run]
    tested: list[OnRows]

    @property
    def name(self) -> str:
        rest = f" with {len(self.runs)} seeds" if len(self.runs) > 1 else ""
        return f"{self.runs[0].folder}{rest}"

    def predicts_as(self, other: Setting) -> bool:
        """Whether both are one run each, and these say the same of every row."""
        both = [*self.tested, *other.tested]
        return len(both) == 2 and both[0].scored.says_as(both[1].scored)


@dataclass(frozen=True)
class Pair:
    """A setting against the first one."""

    first: Setting
    second: Setting
    metrics: dict[str, Difference]
    mcnemar: dict[str, Any] | None

    def verdict(self, metric: str) -> str:
        """What the headline metric says, in a sentence."""
        found, names = self.metrics.get(metric), (self.second.name, self.first.name)
        if found is None:
            return f"Nothing can be said of {names[0]} against {names[1]}: {title(metric)} is not defined on these rows."
        if self.second.predicts_as(self.first):
            return f"{names[0]} predicts the same as {names[1]}, row for row."
        size = f"{title(metric)} {signed(found.difference, metric)} ({ends_of(found, metric)})"
        if not found.real:
            return f"{names[0]} and {names[1]} cannot be told apart: {size}."
        return f"{names[0]} is {'better' if found.better else 'worse'} than {names[1]}: {size}."


@dataclass(repr=False)
class Comparison(AsText):
    """Runs beside each other; `str` gives the text of the terminal, `page` the HTML."""

    runs: list[Run]
    settings: dict[str, list[Any]]  # those that differ: the value of each run
    pairs: list[Pair]
    headline: str
    part: str
    num_rows: int
    unit: str = "rows"  # what is paired, in words
    folder: Path | None = None
    shown: list[str] = field(default_factory=list)  # metrics, the main ones first

    @property
    def apart(self) -> bool:
        """Whether differences are over fewer rows than the metrics: windows whose horizons do not overlap."""
        return self.unit == WORDS["Forecast"]

    @property
    def page(self) -> Path | None:
        return self.folder / "compare.html" if self.folder else None

    def as_dict(self) -> dict[str, Any]:
        """The content of compare.json."""
        return finite(
            {
                "runs": [
                    {"run": str(run.folder), "metrics": run.metrics[self.part], "epochs": run.metrics["epochs"]}
                    for run in self.runs
                ],
                "part": self.part,
                "rows": self.num_rows,
                "headline": self.headline,
                "settings": self.settings,
                "differences": [
                    {
                        "first": [str(run.folder) for run in pair.first.runs],
                        "second": [str(run.folder) for run in pair.second.runs],
                        "verdict": pair.verdict(self.headline),
                        "metrics": {name: found.as_dict() for name, found in pair.metrics.items()},
                        "mcnemar": pair.mcnemar,
                    }
                    for pair in self.pairs
                ],
                "page": str(self.page) if self.page else None,
            }
        )

    def __repr__(self) -> str:
        return f"Comparison({', '.join(str(run.folder) for run in self.runs)})"

    def __str__(self) -> str:
        names = told_apart([str(run.folder) for run in self.runs])
        rows = [[name, *(short(setting_text(value), 26) for value in values)] for name, values in self.settings.items()]
        lines = aligned([["setting", *names], *rows]) if rows else ["No setting differs."]
        entries = [run.metrics[self.part] for run in self.runs]
        table = [[title(name), *(interval(entry.get(name), name) for entry in entries)] for name in self.shown[:8]]
        rows_said = f"all {self.part} windows" if self.apart else f"{self.num_rows:,} {self.part} {self.unit}"
        lines += ["", *aligned([[rows_said, *names], *table])]
        for pair in self.pairs:
            lines += ["", *self._pair_lines(pair)]
        return "\n".join([*lines, *([f"page  {self.page}"] if self.page else [])])

    def _pair_lines(self, pair: Pair) -> list[str]:
        table = [[f"difference on {self.num_rows:,} {self.unit}" if self.apart else "difference", "value", "95% interval", ""]]
        for name in [name for name in self.shown[:8] if name in pair.metrics]:
            found = pair.metrics[name]
            table.append([title(name), signed(found.difference, name), ends_of(found, name), told(found)])
        if pair.second.predicts_as(pair.first):
            return [pair.verdict(self.headline)]
        lines = [pair.verdict(self.headline), *aligned(table, right=(1,))]
        if alone := self.unpaired(pair):
            lines.append(f"not compared: {'; '.join(map(title, alone))} (predictions.csv does not hold what they are made of)")
        if pair.mcnemar is not None:
            both = f"{pair.mcnemar['only_first']:,} and {pair.mcnemar['only_second']:,}"
            lines.append(f"rows that only one of them gets right: {both} (McNemar p = {pair.mcnemar['p']:.3g})")
        return lines

    def unpaired(self, pair: Pair) -> list[str]:
        """The metrics in the table that the rows of predictions.csv do not give: nothing says how sure a difference is."""
        known = [name for name in self.shown[:8] if self.runs[0].metrics[self.part][name]["value"] is not None]
        return [name for name in known if name not in pair.metrics]


def told_apart(names: list[str], width: int = 26) -> list[str]:
    """Names of runs for the heads of columns: without the folders that they share, and cut at the front: they differ at the end.

    >>> told_apart(["runs/houses-1", "runs/houses-2"]), told_apart(["a" * 30 + "-1", "b"], 6)
    (['houses-1', 'houses-2'], ['...a-1', 'b'])
    """
    paths = [os.path.abspath(name) for name in names]
    ends = [os.path.relpath(path, os.path.commonpath([os.path.dirname(one) for one in paths])) for path in paths]
    return [name if len(name) <= width else f"...{name[3 - width :]}" for name in ends]


def ends_of(found: Difference, metric: str) -> str:
    """The ends of the interval of a difference; of a few rows there is none."""
    if not np.isfinite([found.low, found.high]).all():
        return "too few for an interval"
    return f"{signed(found.low, metric)} to {signed(found.high, metric)}"


def told(found: Difference) -> str:
    return ("better" if found.better else "worse") if found.real else "not told apart"


def compare(runs: Sequence[Run], output: str | None) -> Comparison:
    """See `api.compare`. output: "" writes nothing."""
    from .compare_page import write_page

    if len({run.folder.resolve() for run in runs}) < 2:
        reason = "there is no second run" if len(runs) < 2 else "it is one run, named twice"
        raise CannotCompare([str(run.folder) for run in runs[:1]], reason, second_of(runs))
    found = [(run, *scored_of(run)) for run in runs]
    first, rows, scored = found[0]
    for run, other_rows, other in found[1:]:
        check_same(first, run, rows, other_rows, scored, other)
    part = first.metrics.get("scored", "test" if first.metrics.get("test") else "validation")
    scored_runs = {id(run): on_rows(str(run.folder), rows, one, values_of(run, part)) for run, _, one in found}
    groups = [Setting(group, [scored_runs[id(run)] for run in group]) for group in by_setting(list(runs))]
    pairs = [
        Pair(
            groups[0],
            other,
            differences(groups[0].tested, other.tested),
            mcnemar(groups[0].tested[0].scored, other.tested[0].scored),
        )
        for other in groups[1:]
    ] or same_settings(groups[0])
    names = headline_metrics(first.metrics["task"])
    shown = [*names, *(name for name in first.metrics[part] if name not in names)]
    made = Comparison(
        list(runs),
        table_of(runs),
        pairs,
        headline_of(first, part, groups[0].tested[0]),
        part,
        len(rows),
        WORDS.get(first.config.task.name, "rows"),
        None,
        [n for n in shown if n in first.metrics[part]],
    )
    if output != "":
        made.folder = new_folder(output, "comparison", Path(os.path.normpath(first.folder)).parent)
        make_folder(made.folder, exist_ok=True)
        write_file(made.folder / "compare.json", json.dumps(made.as_dict(), indent=1, allow_nan=False, ensure_ascii=False) + "\n")
        write_page(made)
    return made


def headline_of(run: Run, part: str, tested: OnRows) -> str:
    """The metric that a verdict is about: the run's own where single rows give it; of texts that of what was written."""
    own: str = run.metrics["headline"]
    return own if own in tested.draws else main_metric(run.metrics[part])


def same_settings(group: Setting) -> list[Pair]:
    """Where only seeds differ, the runs themselves are what is compared."""
    alone = [Setting([run], [one]) for run, one in zip(group.runs, group.tested, strict=True)]
    return [
        Pair(alone[0], one, differences(alone[0].tested, one.tested), mcnemar(alone[0].tested[0].scored, one.tested[0].scored))
        for one in alone[1:]
    ]


def second_of(runs: Sequence[Run]) -> str:
    """The command for a run that has nothing beside it: with the newest other run of its target, else one with another seed."""
    first = runs[0] if runs else None
    if first is None:
        return "plainloop runs"
    target = [column.name for column in first.config.targets]
    for facts in all_runs(first.folder.resolve().parent):
        other = Path(facts["run"])
        if facts["state"] == "finished" and other.resolve() != first.folder.resolve():
            found = Run(other)
            same_rows = (  # the classes of a split are those of each run's own code
                vars(found.config.split) == vars(first.config.split) and found.config.source.sha256 == first.config.source.sha256
            )
            if same_rows and [column.name for column in found.config.targets] == target:
                return f"plainloop compare {quoted(str(first.folder))} {quoted(str(first.folder.parent / other.name))}"
    return f"plainloop retrain {quoted(str(first.folder))} --seed 1"


def as_child(first: Run, run: Run) -> str:
    """The command that trains the second run's settings on the rows of the first."""
    other = setting_differences(first.config, run.config)
    kept = {name: new for name, (_, new) in other.items() if not name.startswith(("split.", "source.")) and name != "columns"}
    said = {name: new for name, new in kept.items() if new != "-" and not (name == "machine.seed" and len(kept) > 1)}
    another = {"machine.seed": first.config.machine.seed + 1}  # the split is all that differs: another seed on the same rows
    return f"plainloop retrain {quoted(str(first.folder))} {as_options(said or another)}"


def opened(runs: Sequence[str | Path | Run]) -> list[Run]:
    """The runs of folders. Raises: CannotCompare where a folder holds several, and what opening a run raises."""
    made: list[Run] = []
    for run in runs:
        try:
            made.append(run if isinstance(run, Run) else Run(run))
        except FolderOfRuns as error:
            raise CannotCompare([str(run)], f"it is {error.what.partition(' is ')[2].rstrip('.')}", instead(runs)) from error
    return made


def instead(runs: Sequence[str | Path | Run]) -> str:
    """The command for folders that hold runs: with the first fold of a cross-validation, the winner of a search."""
    words, kinds = [], set()
    for run in runs:
        folder = run.folder if isinstance(run, Run) else Path(run)
        search = read_toml(folder).get("search", {})
        kinds.add("folds" if search.get("kind") == "folds" else "run")
        won = read_facts(folder).get("winner", {}).get("run") if is_study(folder) else None
        words.append(folder / "fold-1" if search.get("kind") == "folds" else folder.parent / won if won else folder)
    if len(kinds) > 1:
        return "train the other one with --folds, too; one run and a cross-validation have other test rows"
    return f"plainloop compare {' '.join(quoted(str(word)) for word in words)}"


def check_same(first: Run, run: Run, rows: Any, other_rows: Any, scored: Any, other: Any) -> None:
    """Raises: CannotCompare."""
    names = [str(first.folder), str(run.folder)]
    targets = [[column.name for column in one.config.targets] for one in (first, run)]
    if targets[0] != targets[1] or scored.kind != other.kind or scored.labels != other.labels:
        raise CannotCompare(
            names, f"they learn different things ({', '.join(targets[0])} and {', '.join(targets[1])})", second_of([first])
        )
    if first.config.source.sha256 != run.config.source.sha256:
        raise CannotCompare(names, "their data is not the same (its SHA-256 differs)", as_child(first, run))
    if rows.tolist() != other_rows.tolist():
        common = len(set(rows.tolist()) & set(other_rows.tolist()))
        reason = f"they were scored on other rows ({len(rows):,} and {len(other_rows):,} rows, {common:,} in common)"
        if set(setting_differences(first.config, run.config)) == {"split.seed"}:
            reason += "; but for the split they are the same"
        raise CannotCompare(names, reason, as_child(first, run))
    if not np.array_equal(scored.truth, other.truth):
        raise CannotCompare(names, "the truth of their test rows differs, so their columns were read differently")


def by_setting(runs: list[Run]) -> list[list[Run]]:
    """Runs grouped by their settings without the seed, in the order they were given."""
    groups: list[list[Run]] = []
    for run in runs:
        home = next((group for group in groups if same_setting(group[0], run)), None)
        if home is None:
            groups.append([run])
        else:
            home.append(run)
    return groups


def same_setting(first: Run, run: Run) -> bool:
    """Whether only the seed of two runs differs."""
    return begun_with(first) == begun_with(run) and not set(setting_differences(first.config, run.config)) - SEEDS


def begun_with(run: Run) -> str:
    """Where the first weights of a run came from."""
    if run.lineage.get("weights") != "parent":
        return "new weights"
    return f"those of {Path(run.lineage['parent']).name}"


def table_of(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """The settings that are not the same in all runs; "-" where a run does not have one."""
    each = [settings_of(run.config) | {"begun with": begun_with(run)} for run in runs]
    names = dict.fromkeys(name for settings in each for name in settings)
    lines = {name: [settings.get(name, "-") for settings in each] for name in names}
    return {name: values for name, values in lines.items() if any(value != values[0] for value in values)}


def values_of(run: Run, part: str) -> dict[str, float | None]:
    return {name: found["value"] for name, found in run.metrics[part].items()}
