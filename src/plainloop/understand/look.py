"""The door: from whatever the user has to a source, a schema and a split, with everything that should be said about them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..options import DataOptions, as_names, as_pairs
from ..plain.config import Source, Split
from ..plain.split import split_rows
from ..problems import Notice
from ..sources import as_frame, is_in_memory, is_pictures, write, write_pictures
from .generated import GENERATED
from .images import are_pictures
from .infer import InferOptions, Schema, infer
from .look_images import look_at_paths, look_at_pictures
from .look_sequences import are_sequences, look_at_sequences
from .look_series import is_forecast, look_at_series
from .look_texts import asked_of_texts, form_of, probe_texts, say_where_from
from .pairs import check_pairs, inputs_of, probe_pairs, recurs, sequence_settings, source_column, target_files
from .probe import ReadOptions, probe
from .quality import check
from .series_notices import CouldForecast
from .setting_problems import BadShare, SplitColumnMissing, SplitsConflict
from .text_columns import text_settings
from .text_facts import TextFacts, text_facts, text_notices

if TYPE_CHECKING:
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
                for n in self.notices
            ],
        }

    def __repr__(self) -> str:
        return f"Look({self.data!r}, {self.schema.rows} rows, {len(self.schema.columns)} columns, task {self.task or None})"

    def __str__(self) -> str:
        from ..show import look_text

        return look_text(self)


def look(
    source: Any,
    options: DataOptions,
    keep: Callable[[], Path] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Look:
    """Reads and understands the data. keep: the folder where data that is in memory is written; without it, a temporary one.

    progress: is told how many pictures are decoded, of how many.

    Raises: PlainloopError.
    """
    paths, target, name = to_files(source, options, keep)
    shares = {part: value for part in ("validation", "test") if is_share(value := getattr(options, part))}
    files = {part: [str(value)] for part in ("validation", "test") if (value := paths.get(part)) is not None}
    if are_pictures(paths["data"]):
        return look_at_pictures(paths["data"], name, options, files, shares, progress)
    read = ReadOptions(
        delimiter=options.delimiter,
        decimal=options.decimal,
        header=options.header,
        encoding=options.encoding,
        quote=options.quote,
        comment=options.comment,
        missing=tuple(as_names(options.missing)),
        member=options.member or "",
        skip_bad=options.skip_bad,
        tags=options.tags or "",
    )
    if are_sequences(paths["data"], options):
        return look_at_sequences(paths["data"], name, options, files, shares, read)
    form = form_of(paths["data"])
    lines = target_files(paths["data"], target) if not is_in_memory(source) else ()
    if lines:
        found, notices = probe_pairs(paths["data"], lines, read, {part: paths[part] for part in files})
        target = [found.names[1]]
    elif form:
        found, notices = probe_texts(paths["data"], form, options.encoding or "", **files)
    else:
        found, notices = probe(paths["data"], read, target=target, **files)
        target = target or list(found.names[1:])
    if is_forecast(options):
        return look_at_series(found, notices, name, options, shares)
    reader = import_module(f"..plain.readers.{found.reader}", __package__)
    frame, _ = reader.read_text(found)
    if not is_in_memory(source) and not found.names and not is_generated(source):
        target = as_names(options.target, frame.columns)
    target = target or (["label"] if form else [])
    asked = InferOptions(
        task=options.task or "",
        types=as_pairs(options.types) | (dict.fromkeys(target, "text") if is_generated(source) else {}),
        ignore=tuple(as_names(options.ignore, frame.columns)),
        group=options.group or "",
        time=options.time or "",
        date_format=options.date_format or "",
        tags=options.tags or "",
    )
    schema = infer(frame, found, target, asked_of_texts(asked) if form else asked)
    if form:
        say_where_from(schema, form, asked)
    if any(column.type == "image" for column in schema.columns):
        found, said = look_at_paths(frame, schema, found, target, options, progress)
        notices += said
    made = Look(name, found, schema, target, notices=[*notices, *schema.notices])
    if made.task == "Sequence":
        made.notices += inputs_of(schema, found.data[0], target)
    texts = [frame[column.name] for column in schema.columns if column.type == "text" and column.role == "input"]
    if made.task == "Sequence":
        made.text, made.sequence = sequence_settings(texts, frame[target[0]])
    else:
        made.text = text_settings(texts, schema.rows) if texts else {}
    if schema.task is not None:
        drawn = made.task == "Sequence" and len(files) < 2  # with files of their own for both parts nothing is drawn
        recurring = source_column(schema) if drawn and recurs(frame, source_column(schema)) else ""
        made.split = split_for(schema, options, shares, made.reasons, found.data[0], target, recurring)
        typed = reader.read(found, schema.config_columns())
        made.rows = split_rows(typed, made.split, [typed[column] for column in target])
        made.notices += text_notices(frame, schema, made.rows, found, target)
        made.notices += check(frame, schema, made.rows, found, allow_leak=options.allow_leak)
        if schema.task.name == "Regression" and options.time:
            made.notices.append(CouldForecast(found.data[0], target, options.time))
        if made.task == "Sequence":
            made.notices += check_pairs(frame, schema, found, grouped=made.split.by == recurring != "")
    made.texts = text_facts(frame, schema, made.rows)
    return made


def to_files(source: Any, options: DataOptions, keep: Callable[[], Path] | None) -> tuple[dict[str, Any], list[str], str]:
    """The source as files: {"data": [...], "validation": path, "test": path}; the target columns; the name of the data."""
    own = {
        part: value for part in ("validation", "test") if (value := getattr(options, part)) is not None and not is_share(value)
    }
    if is_generated(source):
        path, column = GENERATED[source](keep() if keep else Path(tempfile.mkdtemp(prefix="plainloop-")))
        return {"data": [path], **{part: str(value) for part, value in own.items()}}, as_names(options.target) or [column], source
    if not is_in_memory(source):
        data = [str(path) for path in source] if isinstance(source, (list, tuple)) else [str(source)]
        name = Path(data[0].rstrip("/")).name.split(".")[0].strip("*?") or "data"
        return {"data": data, **{part: str(path) for part, path in own.items()}}, as_names(options.target), name
    if keep is None:
        scratch = Path(tempfile.mkdtemp(prefix="plainloop-"))
        keep = lambda: scratch  # noqa: E731
    if is_pictures(source):
        arrays: dict[str, Any] = {"data": [write_pictures(source, keep(), "pictures")]}
        for part, value in own.items():
            arrays[part] = write_pictures(value, keep(), part) if is_in_memory(value) else str(value)
        return arrays, as_names(options.target), "data"
    frame, target = as_frame(source, as_names(options.target))
    written: dict[str, Any] = {"data": [write(frame, keep(), "table")]}
    for part, value in own.items():
        written[part] = write(as_frame(value, target)[0], keep(), part) if is_in_memory(value) else str(value)
    return written, target, "data"


def is_generated(source: Any) -> bool:
    """Whether the source is the name of data that plainloop makes, and no file."""
    return isinstance(source, str) and source in GENERATED and not Path(source).exists()


def is_share(value: Any) -> bool:
    """Whether --validation or --test is a share of the rows rather than a file. Raises: BadSetting."""
    if value is None or (not isinstance(value, (str, int, float))):
        return False
    try:
        share = float(value)
    except ValueError:
        return False
    if not 0 <= share < 1:
        raise BadShare(value)
    return True


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
