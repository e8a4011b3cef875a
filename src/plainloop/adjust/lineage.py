"""What a run has from another one: its settings with their reasons, what was changed, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..judge.wording import number, title
from ..plain.config import Config, to_dict
from ..show import aligned, setting_text, short
from ..understand.resolve import SECTIONS

if TYPE_CHECKING:
    from ..run_folder import Run

MOST_METRICS = 8
OF_SERIES = ("lookback", "horizon", "frequency", "resample", "length")  # values of the source that are settings of a run


def settings_of(config: Config) -> dict[str, Any]:
    """Every setting by its dotted name; those of the model are `model.NAME`, as `--set` has them.

    >>> from plainloop.plain.config import Config, Machine, Model, Source, Split, Task, Train
    >>> config = Config(source=Source(reader="tables", format="csv", data=()), columns=(), split=Split(), train=Train(),
    ...     task=Task(name="Binary", file="classify"), model=Model(file="table_mlp", settings={"width": 8}), machine=Machine())
    >>> settings_of(config)["model.width"], settings_of(config)["model"]
    (8, 'table_mlp')
    """
    nested = to_dict(config)
    flat = {f"{section}.{name}": value for section in SECTIONS for name, value in nested[section].items()}
    model = nested["model"]
    flat["model"] = model["settings"].get("name", model["file"]) if model["file"] == "own" else model["file"]
    flat |= {f"source.{name}": nested["source"][name] for name in OF_SERIES if nested["source"].get(name)}
    flat["columns"] = ", ".join(f"{column.name} ({column.type})" for column in config.inputs)
    return flat | {f"model.{name}": value for name, value in model["settings"].items()}


def differences(old: Config, new: Config) -> dict[str, tuple[Any, Any]]:
    """The settings that differ, each with both values; "-" where one of them does not have it."""
    a, b = settings_of(old), settings_of(new)
    names = dict.fromkeys([*a, *b])
    return {name: (a.get(name, "-"), b.get(name, "-")) for name in names if a.get(name, "-") != b.get(name, "-")}


def reasons_of(folder: Path) -> dict[str, str]:
    """The reasons of a run's settings, as the comments of its run.toml have them; what is only a setting's help is left out."""
    import tomlkit
    from tomlkit.items import AoT, Item, Table

    document = tomlkit.parse((folder / "run.toml").read_text(encoding="utf-8"))
    helps = help_texts()
    found: dict[str, str] = {}

    def note(name: str, item: Any) -> None:
        comment = item.trivia.comment.removeprefix("#").strip() if isinstance(item, Item) else ""
        if comment and comment != helps.get(name):
            found[name] = comment

    for section, table in document.items():
        if isinstance(table, AoT) and section == "columns":
            for column in table:
                note(f"columns.{column['name']}", column.value.item("type"))
        elif isinstance(table, Table) and section in ("source", "model", *SECTIONS):
            for name in table:
                note(f"{section}.{name}", table.value.item(name))
            if section == "model" and isinstance(table.get("settings"), Table):
                inner = table["settings"]
                for name in inner:
                    note(f"model.{name}", inner.value.item(name))
    return found


def help_texts() -> dict[str, str]:
    """What run.toml says of a setting that has no reason of its own."""
    return {f"{section}.{f.name}": f.metadata.get("help", "") for section, kind in SECTIONS.items() for f in fields(kind)}


def lineage_table(parent: Path, child: Path, old: Config, new: Config, weights: str) -> dict[str, Any]:
    """The table [lineage] of a child's run.toml; its paths are seen from the child."""
    from ..run_folder import Run
    from ..run_problems import RunNotFinished

    table: dict[str, Any] = {
        "parent": Path(os.path.relpath(parent.resolve(), child.resolve())).as_posix(),
        "weights": weights,
        "changed": {name: [plain(value) for value in both] for name, both in differences(old, new).items()},
    }
    with suppress(RunNotFinished):  # a run that failed has no results, and its child is the better for it
        metrics = Run(parent).metrics
        part = metrics.get("scored", "test")
        table["parent_part"] = part
        table["parent_results"] = {name: found["value"] for name, found in metrics[part].items() if found["value"] is not None}
    return table


def plain(value: Any) -> Any:
    """A value that TOML can hold."""
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def changes_text(changed: Mapping[str, Any], names: tuple[str, str] = ("parent", "here")) -> list[str]:
    """Settings with both of their values, a line each."""
    rows = [[name, short(setting_text(old), 30), short(setting_text(new), 30)] for name, (old, new) in changed.items()]
    return aligned([["setting", *names], *rows]) if rows else ["no setting differs"]


def lineage_text(run: Run) -> str:
    """What changed in a child against its parent: settings and results, for the terminal."""
    lineage = run.lineage
    begun = "from scratch" if lineage["weights"] == "scratch" else "from its trained weights"
    parent = Path(os.path.normpath(run.folder / lineage["parent"])).as_posix()
    lines = [f"A child of {parent}, trained {begun}.", *changes_text(lineage["changed"])]
    part, before = lineage.get("parent_part", ""), lineage.get("parent_results", {})
    now = run.metrics.get(part, {})
    both = [name for name in before if now.get(name, {}).get("value") is not None]
    own = run.metrics.get("own_metrics", [])
    both = [name for name in both if name not in own][:MOST_METRICS] + [name for name in own if name in both]
    if not both:
        return "\n".join(lines)
    rows = []
    for name in both:
        old, new = before[name], now[name]["value"]
        rows.append([title(name), number(old, name), number(new, name), signed(new - old, name)])
    lines += ["", *aligned([[f"metric ({part} rows)", "parent", "here", "difference"], *rows], right=(1, 2, 3))]
    same = not lineage["changed"] and lineage["weights"] == "scratch"
    return "\n".join([*lines, *([] if same else [f"Is it real? plainloop compare {parent} {run.folder}"])])


def signed(value: float, metric: str) -> str:
    """A difference with its sign.

    >>> signed(0.0123, "accuracy"), signed(-5.0, "rmse"), signed(-1e-9, "accuracy")
    ('+0.012', '-5.000', '+0.000')
    """
    size = number(abs(value), metric)
    return ("-" if value < 0 and size.strip("0.") else "+") + size
