"""The trials of a study as rows, for the terminal, tune.json, trials.csv and a picture."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..judge.plots import BLUE, GREY, RED, panel
from ..judge.report import finite
from ..judge.wording import number, title
from ..plain.checkpoint import write_file
from ..problems import counted
from ..run_folder import Run
from ..show import AsText, aligned, short
from .study import AS_TRAINED, WORKER, alone, need_optuna

STATES = {"COMPLETE": "finished", "PRUNED": "cut", "FAIL": "failed", "RUNNING": "running", "WAITING": "waiting"}
STOPPED = "stopped"  # a signal or a kill ended its process; it is tried again under another number
MOST_SHOWN = 5
ENOUGH = 12  # finished trials for a word on which settings matter


@dataclass(repr=False)
class Study(AsText):
    """A search for settings: its trials, the best of them, and the run that was trained with it."""

    folder: Path
    headline: str
    higher_is_better: bool
    trials: list[dict[str, Any]]
    order: list[dict[str, Any]]  # the best first
    importance: dict[str, float]
    run: Run | None = None

    @property
    def best(self) -> dict[str, Any] | None:
        """The trial with the best validation score; None where none has one."""
        return self.order[0] if self.order else None

    @property
    def picture(self) -> Path:
        return self.folder / "tune.png"

    def as_dict(self) -> dict[str, Any]:
        """The content of tune.json."""
        return finite(
            {
                "study": str(self.folder),
                "headline": self.headline,
                "best": self.best,
                "importance": self.importance,
                "run": str(self.run.folder) if self.run else None,
                "picture": str(self.picture),
                "trials": self.trials,
            }
        )

    def __repr__(self) -> str:
        return f"Study({str(self.folder)!r}, {counted(len(self.trials), 'trial')})"

    def __str__(self) -> str:
        if not self.order:
            return f"{counted(len(self.trials), 'trial')} in {self.folder}, none with a score"
        names = list(self.order[0]["settings"])
        table = [
            ["trial", f"validation {title(self.headline)}", "epochs", "seconds", *(name.partition(".")[2] for name in names)]
        ]
        for row in self.order[:MOST_SHOWN]:
            values = [short(f"{v:.3g}" if isinstance(v, float) else str(v), 20) for v in map(row["settings"].get, names)]
            table.append(
                [str(row["trial"]), number(row["value"], self.headline), str(row["epochs"]), f"{row['seconds']:.1f}", *values]
            )
        states = [row["state"] for row in self.trials]
        counts = ", ".join(f"{states.count(state)} {state}" for state in (*STATES.values(), STOPPED) if state in states)
        lines = [*aligned(table, right=range(len(table[0]))), f"{counted(len(self.trials), 'trial')}: {counts}"]
        if first := next((row for row in self.trials if row["as_trained"] is not None and row["value"] is not None), None):
            partly = "" if first["as_trained"] else " as far as the space holds them"
            lines.append(
                f"trial {first['trial']}, the settings without a search{partly}: {number(first['value'], self.headline)}"
            )
        if self.importance:
            lines.append("what matters: " + ", ".join(f"{name} {share:.0%}" for name, share in self.importance.items()))
        lines += [f"picture  {self.picture}"]
        return "\n".join([*lines, f"winner   {self.run.line()}"] if self.run else lines)


def row_of(trial: Any) -> dict[str, Any]:
    """A trial of optuna as a row; one that was cut has the best score that it had reached."""
    attributes = trial.user_attrs
    return {
        "trial": trial.number,
        "state": STOPPED if trial.state.name == "FAIL" and "ended" not in attributes else STATES[trial.state.name],
        "value": trial.value if trial.state.name == "COMPLETE" else None,
        "epochs": attributes.get("epochs", 0),
        "best_epoch": attributes.get("best_epoch"),
        "seconds": attributes.get("seconds", 0.0),
        "ended": attributes.get("ended", ""),
        "worker": attributes.get(WORKER),
        "as_trained": attributes.get(AS_TRAINED, True if trial.number == 0 else None),
        "curve": [trial.intermediate_values[step] for step in sorted(trial.intermediate_values)],
        "settings": dict(trial.params),
    }


def outcome_of(row: dict[str, Any]) -> float:
    return float(row["value"])


def ranked(study: Any, higher: bool) -> list[dict[str, Any]]:
    """The trials with a score, the best first; where none is finished, those that were cut, by the best they had."""
    rows = [row_of(trial) for trial in study.get_trials(deepcopy=False)]
    known = [row for row in rows if row["value"] is not None]
    if not known:
        for row in rows:
            curve = [value for value in row["curve"] if math.isfinite(value)]
            if curve and row["state"] == "cut":
                known.append({**row, "value": (max if higher else min)(curve)})
    return sorted(known, key=lambda row: -row["value"] if higher else row["value"])


def told_of(study: Any, worker: str, headline: str, higher: bool, left: float) -> str:
    """The last trial of a process in a line, with the best so far and the time that is left."""
    rows = [row_of(trial) for trial in study.get_trials(deepcopy=False)]
    last = max((row for row in rows if row["worker"] == worker), key=lambda row: row["trial"])
    best = ranked(study, higher)
    said = last["ended"] or "cut: it lagged behind"
    if last["value"] is not None:
        said = f"{title(headline)} {number(last['value'], headline)}"
    record = f"; best {number(best[0]['value'], headline)} (trial {best[0]['trial']})" if best else ""
    rest = f"; {max(0.0, left) / 60:.1f} min left" if math.isfinite(left) else ""
    return f"trial {last['trial']}: {said}, {counted(last['epochs'], 'epoch')}, {last['seconds']:.1f} s{record}{rest}"


def write_study(study: Any, place: Path, facts: dict[str, Any], *, picture: bool = False) -> Study:
    """tune.json, trials.csv and, where asked, tune.png. Raises: StorageFailed."""
    higher = facts["higher_is_better"]
    rows = [row_of(trial) for trial in study.get_trials(deepcopy=False) if trial.state.name != "WAITING"]
    matters = importance(study) if picture else {}
    made = Study(place, facts["headline"], higher, rows, ranked(study, higher), matters)
    files: dict[str, bytes | str] = {
        "tune.json": json.dumps(made.as_dict(), indent=1, allow_nan=False) + "\n",
        "trials.csv": as_csv(rows),
        **({made.picture.name: drawn(made)} if picture else {}),
    }
    with alone(place):
        for name, content in files.items():
            write_file(place / name, content)
    return made


def importance(study: Any) -> dict[str, float]:
    """The share of the differences between finished trials that each setting explains (fANOVA), where there are enough."""
    optuna = need_optuna()
    finished = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if len(finished) < ENOUGH or len({trial.value for trial in finished}) < 2:
        return {}
    found = optuna.importance.get_param_importances(study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0))
    return {name: round(float(share), 3) for name, share in found.items()}


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row["settings"]))
    writer = csv.writer(text, lineterminator="\n")
    plain = ("trial", "state", "value", "epochs", "best_epoch", "seconds", "ended")
    writer.writerow([*plain, *names])
    writer.writerows([*(row[name] for name in plain), *(row["settings"].get(name) for name in names)] for row in rows)
    return text.getvalue()


def drawn(made: Study) -> bytes:
    """The score of each trial, and the best so far."""
    with panel("Search: score of each trial", "trial", f"validation {title(made.headline)}", width=6.8, height=4.0) as picture:
        done = [row for row in made.trials if row["value"] is not None and math.isfinite(row["value"])]
        cut = [row for row in made.trials if row["state"] == "cut" and row["curve"]]
        better = max if made.higher_is_better else min
        picture.axes.scatter([row["trial"] for row in done], [row["value"] for row in done], s=16, color=BLUE, label="finished")
        said = [better(row["curve"]) for row in cut]
        if cut:
            picture.axes.scatter([row["trial"] for row in cut], said, s=14, marker="x", color=GREY, label="cut, the best it had")
        so_far = [better(row["value"] for row in done[: place + 1]) for place in range(len(done))]
        picture.axes.step([row["trial"] for row in done], so_far, where="post", color=RED, label="best so far")
        if done:  # a bad trial must not hide the others
            values = sorted(row["value"] for row in done)
            good = values[len(values) // 4 :] if made.higher_is_better else values[: max(2, 3 * len(values) // 4)]
            room = 0.3 * (good[-1] - good[0]) or 0.05 * abs(good[0]) or 1.0
            low, high = good[0] - room, good[-1] + room
            picture.axes.set_ylim(low, high)
            beyond = [row for row in done if not low <= row["value"] <= high]
            beyond += [{**row, "value": value} for row, value in zip(cut, said, strict=True) if not low <= value <= high]
            for edge, marker in ((low, "v"), (high, "^")):  # they are there, further out
                places = [row["trial"] for row in beyond if (row["value"] < low) == (edge == low)]
                picture.axes.scatter(places, [edge] * len(places), s=20, marker=marker, color=GREY, clip_on=False)
        picture.axes.xaxis.get_major_locator().set_params(integer=True)
        picture.axes.legend()
    return picture.png
