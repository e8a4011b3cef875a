"""What data is taken for, and the split that fits it: what every door of look.py hands back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..options import DataOptions
from ..plain.config import Source, Split
from ..plain.split import split_rows
from ..plain.table import Table
from ..problems import Notice
from .infer import Schema
from .setting_problems import SplitColumnMissing, SplitsConflict
from .text_facts import TextFacts

if TYPE_CHECKING:
    from .picture_facts import Pictures
    from .series_look import SeriesFacts


@dataclass(repr=False)
class Look:
    """What the data is taken for."""

    data: str  # what to call it in messages
    source: Source
    schema: Schema
    target: list[str]
    split: Split | None = None
    rows: dict[str, np.ndarray] = field(default_factory=dict)  # part -> row numbers, where a target is given
    notices: list[Notice] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    text: dict[str, tuple[Any, str]] = field(default_factory=dict)  # settings of [text] that the texts decide, and why
    task_values: dict[str, Any] = field(default_factory=dict)  # settings of [task] that were found in the data
    model: str = ""  # the model that fits, where the columns alone do not tell
    sequence: dict[str, tuple[Any, str]] = field(default_factory=dict)  # those of [sequence]
    texts: dict[str, TextFacts] = field(default_factory=dict)  # column of texts -> language, lengths, copies
    pictures: dict[str, Pictures] = field(default_factory=dict)  # column of pictures -> kinds, sizes, which are damaged
    series: SeriesFacts | None = None  # of a table over time: its frequency, its seasons
    sheet: str = ""  # a PNG with some pictures of each class, where there are pictures

    @property
    def task(self) -> str:
        return self.schema.task.name if self.schema.task else ""

    def as_dict(self) -> dict[str, Any]:
        """What --json prints."""
        task = self.schema.task
        return {
            "source": {
                "files": [*self.source.data, *self.source.validation, *self.source.test],
                "format": self.source.format,
                "rows": self.schema.rows,
            },
            "columns": [
                {
                    "name": c.name,
                    "type": c.type,
                    "role": c.role,
                    "reason": c.reason,
                    "override": c.override,
                    "distinct": c.distinct,
                    "missing": c.missing,
                    "examples": c.examples,
                    **({"text": self.texts[c.name].as_dict()} if c.name in self.texts else {}),
                    **({"pictures": self.pictures[c.name].as_dict()} if c.name in self.pictures else {}),
                }
                for c in self.schema.columns
            ],
            "task": None
            if task is None
            else {"name": task.name.lower(), "reason": task.reason, "override": task.override, "classes": task.classes},
            **({"contact_sheet": self.sheet} if self.sheet else {}),
            **({"series": self.series.as_dict()} if self.series else {}),
            "rows": {part: len(rows) for part, rows in self.rows.items()},
            "notices": [
                {"kind": n.kind, "name": type(n).__name__, "what": n.what, "expected": n.expected, "why": n.why, "fix": n.fix}
                | ({"details": list(n.details)} if n.details else {})
                for n in self.notices
            ],
        }

    def __repr__(self) -> str:
        return f"Look({self.data!r}, {self.schema.rows} rows, {len(self.schema.columns)} columns, task {self.task or None})"

    def __str__(self) -> str:
        from ..show import look_text

        return look_text(self)


def split_for(
    schema: Schema,
    options: DataOptions,
    shares: dict[str, Any],
    reasons: dict[str, str],
    data: str,
    target: list[str],
    recurring: str = "",
) -> Split:
    """The split that the options ask for, or the one that fits the task; recurring: a column of texts that recur."""
    by_option = {"time": options.time, "grouped": options.group}
    said = [option for option, column in (("--time", options.time), ("--group", options.group)) if column]
    if len(said) == 2 or (said and options.split and not by_option.get(options.split)):
        raise SplitsConflict([*said, *([f"--split {options.split}"] if options.split else [])], data, target)
    if options.time or options.split == "time":
        kind, by, reason = "time", options.time or "", f"by time: the latest rows are the test rows (column {options.time})"
    elif options.group or options.split == "grouped":
        kind, by, reason = "grouped", options.group or "", f"rows of one {options.group} stay together"
    elif options.split:
        kind, by, reason = options.split, "", "asked for"
    elif recurring:
        kind, by, reason = "grouped", recurring, f"rows with the same {recurring} stay together"
    elif schema.task is not None and schema.task.name in ("Binary", "Multiclass"):
        kind, by, reason = "stratified", "", "each class keeps its share in every part"
    else:
        kind, by, reason = "random", "", "rows are drawn at random"
    if kind in ("time", "grouped") and not by:
        raise SplitColumnMissing(kind, data, target, [column.name for column in schema.columns])
    reasons["split.kind"] = reason
    values: dict[str, Any] = {part: float(share) for part, share in shares.items()}
    return replace(Split(kind=kind, by=by, seed=options.seed), **values)


def divide(made: Look, typed: Table) -> None:
    """Sets the rows of each part: as the split draws them, or as files and folders of their own say.

    Raises: what split_rows raises.
    """
    assert made.split is not None
    made.rows = split_rows(typed, made.split, [typed[column] for column in made.target])
    given = [part for part in ("validation", "test") if typed.parts.get(part)]
    if len(given) == 2:
        made.reasons["split.kind"] = "each part has files of its own"
    elif given:
        made.reasons["split.kind"] += f"; the {given[0]} rows have files of their own"
