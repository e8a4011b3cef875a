"""The door for whole series that are classified: .ts files, long tables, a file per series. Called by look.py."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from ..options import DataOptions, as_names, as_pairs
from ..plain.config import Column, Source
from ..plain.readers import sequences, tables
from ..plain.readers.sequences import Whole
from ..problems import Notice
from .column_types import ColumnGuess, Values, guess
from .defaults import series_model
from .given import Given
from .infer import Context, InferOptions, Schema
from .probe import ReadOptions, missing_words, probe
from .seen import Look, divide, split_for
from .sequence_problems import LengthsDiffer, NoSeriesColumns, NotOneSeries, SeriesWithoutLabel
from .series_time import find_clock
from .target_problems import UnknownColumn

FILES = "files"  # --series files: each file is a series
FEWEST_FILES = 10


@dataclass
class Found:
    """Whole series with the columns that name, order and label them."""

    source: Source
    whole: Whole
    columns: list[Column]
    notices: list[Notice]


def has_sequences(given: Given) -> bool:
    """Whether the source is one of whole series."""
    return bool(given.options.series) or all(map(is_ts, given.data))


def is_ts(path: str) -> bool:
    if os.path.isdir(path):
        return any(name.lower().endswith(".ts") for name in os.listdir(path))
    return path.lower().endswith((".ts", ".ts.gz"))


def look_at_sequences(given: Given) -> Look:
    """What a source of whole series is taken for. Raises: PlainloopError."""
    paths, options = given.data, given.options
    found = scan(paths, options, given.files, given.read)
    whole, frame = found.whole, found.whole.frame()
    target = as_names(options.target, frame.columns)
    if not target and "label" in frame.columns:
        target = ["label"]
    for column in target:
        if column not in frame.columns:
            raise UnknownColumn(paths[0], "--target", column, list(frame.columns))
    schema = schema_of(found, frame, target, options)
    made = Look(given.name, found.source, schema, target, notices=[*found.notices, *schema.notices])
    if schema.task is None:
        return made
    drawn = options if options.series is None else replace(options, time=None)  # --time orders the steps of a series
    made.split = split_for(schema, drawn, given.shares, made.reasons, paths[0], target)
    typed = sequences.read(found.source, schema.config_columns())
    divide(made, typed)
    lengths = [max(len(piece) for piece in pieces) for pieces in whole.variables.values()]
    facts = {
        "lookback": max(lengths),
        "horizon": 0,
        "variables": len(whole.variables),
        "windows": len(made.rows["train"]),
        "whole": True,
    }
    made.model = series_model(facts)
    return made


def scan(paths: Sequence[str], options: DataOptions, files: dict[str, list[str]], read: ReadOptions) -> Found:
    """The series of the source."""
    if options.series == FILES or all(map(is_ts, paths)):
        kind = "ts" if all(map(is_ts, paths)) else FILES
        data, parts = list(paths), {part: list(files.get(part, [])) for part in ("validation", "test")}
        if kind == "ts":
            data, parts = ts_parts(data, parts)
        member = label_file(data[0]) if kind == FILES else ""
        source = Source(
            reader="sequences",
            format=kind,
            data=tuple(data),
            validation=tuple(parts["validation"]),
            test=tuple(parts["test"]),
            member=member,
            missing=missing_words(read.missing),
        )
        source = replace(source, sha256=sequences.digest([*source.data, *source.validation, *source.test]))
        whole = sequences.read_whole(source)
        return Found(source, whole, [], [])
    return scan_long(paths, options, files, read)


def ts_parts(data: list[str], parts: dict[str, list[str]]) -> tuple[list[str], dict[str, list[str]]]:
    """The .ts files of folders; those named ..._TEST.ts are the test part where no other is named."""
    found = []
    for path in data:
        inside = (
            [os.path.join(path, name) for name in sorted(os.listdir(path)) if name.lower().endswith(".ts")]
            if os.path.isdir(path)
            else [path]
        )
        found += inside
    tests = [path for path in found if Path(path).stem.lower().endswith("_test")]
    if tests and len(tests) < len(found) and not parts["test"]:
        return [path for path in found if path not in tests], {**parts, "test": tests}
    return found, parts


def label_file(place: str) -> str:
    """The file of labels in a folder of series: the one table with a row for each of the others; "" where there is none."""
    names = [name for name in sequences.files_in(place) if sequences.is_series_file(name)]
    source = Source(reader="sequences", format=FILES, data=(place,))
    numbered = [name for name in names if sequences.same_kind(name, "x")]
    folders = {str(Path(name).parent) for name in numbered}
    for name in (name for name in names if name not in numbered):
        try:
            frame = sequences.frame_of(place, name, source)
        except ValueError:
            continue
        keys = set(frame[frame.columns[0]].drop_nulls().to_list()) if frame.width > 1 else set()
        hits = sum(any(key in keys for key in sequences.keys_of(one)) for one in numbered)
        if numbered and hits >= 0.5 * len(numbered) and str(Path(name).parent) in folders:
            return name
    return ""


def scan_long(paths: Sequence[str], options: DataOptions, files: dict[str, list[str]], read: ReadOptions) -> Found:
    """The series of a table in which --series names the column of their names."""
    source, notices = probe(paths, read, target=as_names(options.target), **files)
    frame = tables.load(source).frame
    name = str(options.series)
    if name not in frame.columns:
        raise UnknownColumn(source.data[0], "--series", name, frame.columns)
    target = as_names(options.target, frame.columns)
    asked = as_names(options.time, frame.columns)
    for column in (*asked, *target):
        if column not in frame.columns:
            raise UnknownColumn(source.data[0], "--time" if column in asked else "--target", column, frame.columns)
    clock = find_clock(frame, asked, options.date_format or "") if asked else None
    clock_columns = clock.columns if clock else []
    ignored = set(as_names(options.ignore, frame.columns))
    by_series = frame.group_by(name).agg(pl.exclude(name).drop_nulls().n_unique())
    for column in target:
        if float(by_series[column].to_numpy().max()) > 1:
            raise NotOneSeries(source.data[0], target, name, column, str(by_series.filter(pl.col(column) > 1)[name][0]))
    left = {name, *target, *ignored, *(column.name for column in clock_columns)}
    series = []
    for column in frame.columns:
        made = guess(Values.of(frame[column], source.decimal)) if column not in left else None
        varies = made is not None and float(by_series[column].to_numpy().max()) > 1
        if made is not None and made.type in ("number", "boolean") and varies and made.kept_out not in ("constant", "empty"):
            series.append(Column(name=column, type="series", strip=made.strip, also_missing=made.also_missing))
    if not series:
        raise NoSeriesColumns(source.data[0], target, name)
    columns = [Column(name=name, type="category", role="series"), *clock_columns, *series]
    source = replace(source, reader="sequences")
    return Found(source, sequences.read_whole(source, columns), columns, notices)


def schema_of(found: Found, frame: pl.DataFrame, target: list[str], options: DataOptions) -> Schema:
    """The series, and the labels with the task. Raises what infer_task raises."""
    from .target import infer_task

    whole, data = found.whole, found.source.data[0]
    columns = [
        ColumnGuess(c.name, c.type, c.role, f"named by --{'series' if c.role == 'series' else 'time'}", "", format=c.format)
        for c in found.columns
        if c.type != "series"
    ]
    strips = {column.name: column for column in found.columns}
    longest = {name: [len(piece) for piece in pieces] for name, pieces in whole.variables.items()}
    for name, lengths in longest.items():
        span = f"{min(lengths):,} to {max(lengths):,}" if min(lengths) < max(lengths) else f"{max(lengths):,}"
        made = ColumnGuess(
            name,
            "series",
            "input",
            f"a series of {span} steps in each row",
            f"--ignore {name}",
            len(lengths),
            sum(not n for n in lengths),
        )
        if name in strips:
            made.strip, made.also_missing = strips[name].strip, strips[name].also_missing
        if name in as_names(options.ignore):
            made.role, made.kept_out = "ignored", "asked"
        columns.append(made)
    first = next(iter(longest.values()))
    notices: list[Notice] = []
    if min(first) < max(first):
        columns.append(ColumnGuess("length", "length", "input", "the series have different lengths", ""))
        notices.append(LengthsDiffer(data, min(first), max(first)))
    group = as_names(options.group, frame.columns)
    for name in frame.columns:
        if any(made.name == name for made in columns):
            continue
        label = guess(Values.of(frame[name], "."))
        if name in target:
            label.role, label.kept_out = "target", ""
        elif name in group:
            label.role, label.type, label.kept_out = "group", "category", ""
        else:
            label.role, label.kept_out = "ignored", "asked"
        columns.append(label)
    if not target:
        return Schema(columns, None, notices, len(frame), len(frame))
    asked = InferOptions(
        task=options.task or "", types={**({"label": "category"} if "label" in target else {}), **as_pairs(options.types)}
    )
    unlabelled = int(frame.select(pl.any_horizontal(pl.col(target).is_null())).to_series().sum())
    if unlabelled == len(frame):
        raise SeriesWithoutLabel(data, target, whole.names[:3])
    context = Context(frame, whole.parts, data, target, asked, ".", lambda row: whole.names[row], {})
    guesses = [made for made in columns if made.name in frame.columns]
    task, labelled, said = infer_task(context, guesses)
    return Schema(columns, task, [*notices, *said], len(frame), labelled)
