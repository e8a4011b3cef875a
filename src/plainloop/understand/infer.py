"""From a table of strings to a schema: the type and the role of every column, and the task; each with reason and override.

Reads the whole table once, by its distinct words. Stands between the reader (plain/readers/tables.py) and resolve.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
import polars as pl

from ..plain.config import Column, Source
from ..plain.readers.tables import Loaded, number, seconds
from ..problems import Notice, quoted
from .column_problems import (
    LEFT_OUT,
    AmbiguousDates,
    AmbiguousTime,
    CaseVariants,
    ColumnsLeftOut,
    CountedAsMissing,
    InfiniteNumbers,
    MaybeIdentifier,
    MixedColumn,
    NothingToLearnFrom,
    NumbersAsWords,
    OneWordOrMissing,
    SignsRemoved,
    WordsAmongNumbers,
)
from .column_types import ColumnGuess, Values, guess, unit_of
from .path_columns import path_column, pattern_of
from .target_problems import TypeImpossible, UnknownColumn
from .text_columns import can_be_text

TYPES = ("number", "category", "boolean", "datetime", "tags", "image", "text")


@dataclass(frozen=True)
class InferOptions:
    """What the user has said about columns and task; everything else is guessed."""

    task: str = ""  # binary, multiclass, multilabel, regression
    types: Mapping[str, str] = field(default_factory=dict)  # column -> type
    ignore: tuple[str, ...] = ()  # columns that are not used
    group: str = ""  # column whose groups stay together in the split
    time: str = ""  # column by which the split is ordered
    clock: tuple[str, ...] = ()  # columns that hold a time together: no split is ordered by them, and none is an input
    date_format: str = ""  # strptime form of dates that are not ISO
    tags: str = ""  # separator of the labels in a tags target


@dataclass
class TaskGuess:
    """Binary, Multiclass, Multilabel or Regression, why, and the option that changes it."""

    name: str
    reason: str
    override: str
    classes: dict[str, int] = field(default_factory=dict)  # label -> rows, the most frequent first; empty for Regression


@dataclass
class Schema:
    """What a table is taken for."""

    columns: list[ColumnGuess]
    task: TaskGuess | None  # None where no target was given
    notices: list[Notice]
    rows: int
    labelled: int  # rows that have a target

    def config_columns(self) -> tuple[Column, ...]:
        """The columns that the run reads, as its config names them."""
        return tuple(guess.column() for guess in self.columns if guess.role != "ignored")

    def __getitem__(self, name: str) -> ColumnGuess:
        return next(guess for guess in self.columns if guess.name == name)


@dataclass(frozen=True)
class Context:
    """What the checks of columns and target have in common."""

    frame: pl.DataFrame
    parts: Mapping[str, range]
    data: str  # the name of the data in messages and commands
    target: list[str]
    options: InferOptions
    decimal: str
    place: Callable[[int], str]
    marks: Mapping[str, Mapping[str, int]]
    answers: Callable[[int], str] = lambda row: ""  # the file that holds the target of a row, where it has one of its own

    def first(self, column: str, word: str) -> str:
        """Where a word first stands in a column."""
        return self.place(int((self.frame[column] == word).arg_max() or 0))


def infer(frame: pl.DataFrame, source: Source | None, target: list[str], options: InferOptions | None = None) -> Schema:
    """The schema of a table of strings (null: missing), as `tables.read_text` gives it.

    `source` says where the rows stand, for messages; None for a frame in memory. Raises `PlainloopError`.
    """
    from .target import infer_task  # target.py needs the names of this file

    options = options or InferOptions()
    if source:
        loaded = loaded_of(source)
        files = [*source.data, *source.validation, *source.test] if source.format == "lines" else []
        pairs = dict(zip(files[::2], files[1::2], strict=True)) if len(source.names) == 2 else {}
        known = (frame, loaded.parts, source.data[0], target, options, source.decimal, loaded.place, loaded.marks)
        context = Context(*known, lambda row: pairs.get(loaded.file(row), "") if pairs else "")
    else:
        context = Context(frame, {"data": range(len(frame))}, "DATA", target, options, ".", lambda row: f"row {row + 1}", {})
    _check_names(context)
    columns = [_column(context, name) for name in frame.columns]
    _leave_out_copies(context, columns)
    _words_as_text(context, columns)
    notices = _notices(context, columns)
    if not any(column.role == "input" for column in columns):
        left = [(c.name, c.reason) for c in columns if c.role == "ignored"]
        raise NothingToLearnFrom(context.data, target, left, options.time)
    task, labelled = None, len(frame)
    if target:
        task, labelled, said = infer_task(context, columns)
        notices = said + notices
    return Schema(columns, task, notices, len(frame), labelled)


def loaded_of(source: Source) -> Loaded:
    """The rows of the source as its own reader gives them, with their places."""
    return import_module(f"..plain.readers.{source.reader}", __package__).load(source)


def _check_names(context: Context) -> None:
    options = context.options
    named = [("--target", name) for name in context.target] + [("--types", name) for name in options.types]
    named += [("--ignore", name) for name in options.ignore]
    named += [(option, name) for option, name in (("--group", options.group), ("--time", options.time)) if name]
    for option, name in named:
        if name not in context.frame.columns:
            raise UnknownColumn(context.data, option, name, context.frame.columns)
    for name, kind in options.types.items():
        if kind not in TYPES:
            raise TypeImpossible(context.data, context.target, name, kind, [])


def _column(context: Context, name: str) -> ColumnGuess:
    options = context.options
    values = Values.of(context.frame[name], context.decimal)
    made = guess(values, date_format=options.date_format)
    if name not in options.types and (name not in context.target):
        made = path_column(context.data, values, made)
    if name in options.types:
        made = _asked_type(context, values, made, options.types[name])
    if name in options.ignore:
        made.role, made.kept_out, made.reason, made.note = "ignored", "asked", "named by --ignore", ""
        made.override = f"without --ignore {quoted(name)}"
    if name in context.target:
        made.role = "target"
    elif name == options.group:
        made.role, made.type, made.reason, made.override = "group", "category", "named by --group", "without --group"
    elif name == options.time:
        _as_time(context, values, made)
    elif name in options.clock:
        made.role, made.type, made.kept_out, made.note = "time", "datetime", "", ""
        made.reason, made.override = f"named by --time, with {' and '.join(one for one in options.clock if one != name)}", ""
    return made


def _asked_type(context: Context, values: Values, guessed: ColumnGuess, kind: str) -> ColumnGuess:
    """The column read as the type that the user names; refused where hardly a value fits."""
    name = values.name
    reason = f"named by --types {name}={kind}"
    made = ColumnGuess(name, kind, "input", reason, "without --types", guessed.distinct, guessed.missing, guessed.examples)
    if kind == guessed.type:
        guessed.role, guessed.reason, guessed.override, guessed.kept_out = "input", made.reason, made.override, ""
        return guessed
    if kind == "image":
        made.format = pattern_of(values.words.sort().to_list(), context.data) or "{}"
        return made
    if kind == "number":
        made.strip = guessed.strip or unit_of(values.words)
        if made.strip:
            made.note, made.odd = "signs", tuple(values.top(limit=3))
        fits = ~np.isnan(number(values.words, made.column(), context.decimal))
        made.also_missing = tuple(values.words.filter(pl.Series(~fits)).sort().to_list()) if (~fits).sum() <= 20 else ()
    elif kind == "datetime":
        made.format = context.options.date_format
        fits = ~np.isnan(seconds(values.words, made.format))
    elif kind == "boolean":
        pair = sorted(values.words.to_list()) if len(values.words) == 2 else []
        made.false, made.true = (pair[0].lower(), pair[1].lower()) if pair else ("", "")
        fits = np.full(len(values.words), bool(pair))
    else:
        made.separator = (context.options.tags or guessed.separator or ",") if kind == "tags" else ""
        return made
    if values.counts[fits].sum() < 0.5 * values.present:
        raise TypeImpossible(context.data, context.target, name, kind, [word for word, _ in values.top(~fits, 3)])
    return made


def _as_time(context: Context, values: Values, made: ColumnGuess) -> None:
    """The --time column orders the rows: a number or a time in one certain order of day and month."""
    role = {"role": "time", "reason": "named by --time", "override": "without --time", "kept_out": "", "note": ""}
    if not context.target:  # nothing is learned by it: the steps tell how it is read
        vars(made).update(role, type="datetime" if made.type != "number" else made.type)
        return
    words = [word for word, _ in made.odd] if made.note == "ambiguous dates" else []
    if words and not context.options.date_format:
        raise AmbiguousTime(context.data, context.target, values.name, words[2], words[:2])
    if made.type == "boolean":
        made.type, made.true, made.false = "number", "", ""
    if made.type not in ("number", "datetime") or made.kept_out == "mixed dates":
        from .series_time import single  # reads more forms: those that have no day, say

        found = single(context.frame, values.name, "", asked_for=True) if values.present else None
        forms = [found.columns[0].format] if found and "%" in found.columns[0].format else []
        raise AmbiguousTime(context.data, context.target, values.name, values.top(limit=1)[0][0] if values.present else "", forms)
    vars(made).update(role)


def _leave_out_copies(context: Context, columns: list[ColumnGuess]) -> None:
    """Of two equal input columns the first is kept."""
    first: dict[tuple[object, ...], list[str]] = {}
    for made in columns:
        if made.role != "input" or made.name in context.options.types:
            continue
        kept = first.setdefault((made.distinct, made.missing, made.low, made.high, *made.examples), [])
        cells = context.frame[made.name]
        same = next((name for name in kept if cells.equals(context.frame[name], check_names=False)), "")
        if same:
            made.role, made.kept_out, made.reason = "ignored", "copy", f'equal to column "{same}" in every row'
            made.override, made.note = f"--types {quoted(made.name)}={made.type}", ""
        else:
            kept.append(made.name)


def _words_as_text(context: Context, columns: list[ColumnGuess]) -> None:
    """Where nothing else is left to learn from, words that tell rows apart are texts: names by their letters, say."""
    if any(made.role == "input" for made in columns):
        return
    for made in columns:
        words = made.kept_out in ("names", "many words", "identifier") and made.type in ("text", "category")
        if words and (context.options.task == "sequence" or can_be_text(context.frame[made.name].drop_nulls())):
            made.type, made.role, made.kept_out, made.note = "text", "input", "", ""
            made.reason = f"{made.distinct} different words, and no other column to learn from: read letter by letter, as text"
            made.override = f"--ignore {quoted(made.name)}"


def _notices(context: Context, columns: list[ColumnGuess]) -> list[Notice]:
    data, target = context.data, context.target
    notices: list[Notice] = _missing_marks(context, columns)
    for why in LEFT_OUT:
        left = [(made.name, made.reason) for made in columns if made.role == "ignored" and made.kept_out == why]
        if left and why != "asked":
            notices.append(ColumnsLeftOut(data, target, why, left))
    flags = [made.name for made in columns if made.role == "input" and made.note == "flag"]
    if flags:
        notices.append(OneWordOrMissing(data, target, flags))
    for made in columns:
        words = [word for word, _ in made.odd]
        if made.note == "case" and made.role == "input":  # of the target, target.py tells it
            notices.append(CaseVariants(data, target, made.name, list(made.odd)))
        if made.role != "input":
            continue
        if made.note == "mixed":
            notices.append(MixedColumn(data, target, made.name, words))
        elif made.note == "words":
            notices.append(WordsAmongNumbers(data, target, made.name, list(made.odd), context.first(made.name, words[0])))
        elif made.note == "infinite":
            notices.append(InfiniteNumbers(data, target, made.name, list(made.odd), context.first(made.name, words[0])))
        elif made.note == "codes":
            notices.append(NumbersAsWords(data, target, made.name, made.reason))
        elif made.note == "signs":
            notices.append(SignsRemoved(data, target, made.name, made.strip, words))
        elif made.note == "ambiguous dates":
            notices.append(AmbiguousDates(data, target, made.name, words[2], words[0], words[1]))
        elif made.note == "maybe id":
            notices.append(MaybeIdentifier(data, target, made.name, made.distinct, len(context.frame)))
    return notices


def _missing_marks(context: Context, columns: list[ColumnGuess]) -> list[Notice]:
    total: dict[str, int] = {}
    used = [made.name for made in columns if made.role == "input" and made.name in context.marks]
    for name in used:
        for word, count in context.marks[name].items():
            total[word] = total.get(word, 0) + count
    frequent = dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))
    return [CountedAsMissing(context.data, context.target, frequent, used)] if total else []
