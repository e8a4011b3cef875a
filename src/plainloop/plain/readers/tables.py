# needs: polars
"""Reads tables: delimited text (CSV, TSV, ...), Excel, Parquet, JSON, ARFF; plain, gzip or in a zip. First step of a run.

Every file is read with all cells as strings and cast afterwards over the whole column, by the types that the config names.
So nothing is guessed here, "02134" stays a word, and a late cell cannot change the type of an early one.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import hashlib
import io
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import numpy as np
import polars as pl

from ..config import Column, Source
from ..table import Cells, Table, Words, without
from .delimited import arff_names, one_byte_delimiter, scan
from .encodings import not_utf8
from .lines import read_in_out, read_labelled, read_lines
from .objects import flat, read_objects
from .stored_texts import Texts
from .table_faults import BadRows, ColumnsDiffer, DamagedFile, DuplicateColumns, NestedColumn, TargetNotNumber, WrongEncoding

WORKBOOK = "xl/workbook.xml"  # the member by which an archive is an Excel workbook, whose sheets count as its members
PACKED = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ": lzma.decompress}  # by the first bytes
MOST_TEXT = 100_000_000  # bytes of texts up to which they are Python strings, which are quicker at hand
COMPARED = 50_000  # texts that are compared at a time: each takes its room again
ISO = r"^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2}(?:\.\d{1,9})?))?)?\s*(Z|[+-]\d{2}:?\d{2})?$"
YEAR_1000 = -30_610_224_000.0  # its first second


@dataclass(frozen=True)
class Loaded:
    """All rows of a source as strings, null where a cell is missing, and where each row stands."""

    frame: pl.DataFrame
    parts: dict[str, range]  # "data", "validation", "test" -> row numbers
    files: list[tuple[int, str]]  # row number at which each file begins
    lines: np.ndarray  # line number of each row in its file, as an editor shows it
    marks: dict[str, dict[str, int]]  # column -> missing mark -> how many cells held it (empty cells not counted)

    def place(self, row: int) -> str:
        """Where a row stands, e.g. "line 17", with the name of the file where there are several."""
        name = self.file(row)
        return f"{Path(name).name} line {self.lines[row]}" if len(self.files) > 1 else f"line {self.lines[row]}"

    def file(self, row: int) -> str:
        return [file for start, file in self.files if start <= row][-1]


def read_text(source: Source) -> tuple[pl.DataFrame, dict[str, range]]:
    """The source as strings, null where missing; the row numbers of each part (data, validation, test)."""
    loaded = load(source)
    return loaded.frame, loaded.parts


def read(source: Source, columns: Sequence[Column]) -> Table:
    """The typed table of the source. Raises `Fault` where a file cannot be read so."""
    loaded = load(source)
    cells = typed(loaded.frame, columns, source.decimal, loaded.place, source.data[0])
    if source.left_out:  # rows without a picture that can be decoded: they get no target, so that no part of the split has them
        targets = [column.name for column in columns if column.role == "target"]
        cells |= {name: without(cells[name], list(source.left_out)) for name in targets}
    return Table(cells, loaded.parts)


def read_frame(frame: pl.DataFrame, columns: Sequence[Column], missing: Iterable[str]) -> Table:
    """The typed table of a frame in memory; cells of any type."""
    text = _with_nulls(as_text(frame), {"", *missing})
    cells = typed(text, columns, ".", lambda row: f"row {row + 1}", "the table")
    return Table(cells, {"data": range(len(text))})


def digest(files: Iterable[str]) -> str:
    """SHA-256 over the bytes of the files, one after the other."""
    total = hashlib.sha256()
    for name in files:
        with open(name, "rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def load(source: Source) -> Loaded:
    """The source as strings; kept in memory, so that looking at the data and training on it read it once."""
    files = [*source.data, *source.validation, *source.test]
    places = (tuple(os.path.abspath(name) for name in part) for part in (source.data, source.validation, source.test))
    data, validation, test = places  # the same files are read once, from wherever they are seen
    key = replace(source, sha256="", left_out=(), data=data, validation=validation, test=test)
    return _load(key, tuple(map(_stamp, files)), _AsSeen(source))


def _stamp(name: str) -> tuple[int, int]:
    """What changes when a file is written again: its size and time."""
    status = Path(name).stat()
    return status.st_size, status.st_mtime_ns


class _AsSeen:
    """The source with the names of its files as the caller has them, for messages; counts for nothing in a cache key."""

    def __init__(self, source: Source):
        self.source = source

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _AsSeen)


@lru_cache(maxsize=2)
def _load(key: Source, stamps: tuple[tuple[int, int], ...], seen: _AsSeen) -> Loaded:
    source = seen.source
    frames: list[pl.DataFrame] = []
    parts: dict[str, range] = {}
    files: list[tuple[int, str]] = []
    lines: list[np.ndarray] = []
    row = 0
    for part, names in (("data", source.data), ("validation", source.validation), ("test", source.test)):
        first = row
        together = len(source.names) if source.format == "lines" else 1  # files that make one table
        for place in range(0, len(names), together):
            name = names[place]
            frame, numbers = _read_files(names[place : place + together], source)
            if frames and (absent := [column for column in frames[0].columns if column not in frame.columns]):
                raise ColumnsDiffer(name, absent, frame.columns, source.data[0] if part != "data" else "")
            frames.append(frame.select(frames[0].columns) if frames else frame)
            lines.append(numbers)
            files.append((row, name))
            row += len(frame)
        if names:
            parts[part] = range(first, row)
    _unpacked.cache_clear()
    text = pl.concat(frames) if len(frames) > 1 else frames[0]
    marks = {name: counts for name in text.columns if (counts := _count(text[name], source.missing))}
    return Loaded(_with_nulls(text, {"", *source.missing}), parts, files, np.concatenate(lines), marks)


def _count(cells: pl.Series, words: Sequence[str]) -> dict[str, int]:
    return dict(cells.filter(cells.is_in(list(words))).value_counts(sort=True).iter_rows())


def _with_nulls(text: pl.DataFrame, words: set[str]) -> pl.DataFrame:
    return text.with_columns(pl.when(pl.all().is_in(list(words))).then(None).otherwise(pl.all()).name.keep())


def _read_files(names: Sequence[str], source: Source) -> tuple[pl.DataFrame, np.ndarray]:
    """One file, or those whose lines belong together: the cells as stripped strings, and the line number of each row."""
    if source.format == "lines":
        return read_lines(names, [decoded(name, source) for name in names], source.names)
    if source.format == "in_out":
        return read_in_out(names[0], decoded(names[0], source), source.names)
    if source.format == "labelled":
        return read_labelled(decoded(names[0], source), source.names)
    return _read_file(names[0], source)


def _read_file(name: str, source: Source) -> tuple[pl.DataFrame, np.ndarray]:
    """One table: its cells as stripped strings, and the line number of each row."""
    if source.format in ("parquet", "arrow"):
        data = unpacked(name, source.member)
        try:
            frame = pl.read_parquet(data, glob=False) if source.format == "parquet" else pl.read_ipc(data)
        except pl.exceptions.PolarsError as error:
            raise DamagedFile(name, f"the {source.format.capitalize()} data cannot be read ({error})") from error
        return as_text(frame), np.arange(1, len(frame) + 1)
    if source.format == "jsonl":
        frame, numbers = read_objects(name, decoded(name, source))
        return as_text(frame), numbers
    if source.format == "arff":
        names, skipped = arff_names(data := decoded(name, source))
        frame, numbers = _delimited(name, data.split(b"\n", skipped)[-1], replace(source, header=False), names)
        return frame, numbers + skipped
    made = decoded(name, source)
    _unpacked.cache_clear()  # a large file should not lie in memory twice while it is read
    text = [made]
    del made
    return _delimited(name, text.pop(), source, None)


def unpacked(name: str, member: str) -> bytes:
    """The bytes of a file, or of one member of a zip archive, without the compression; a sheet of a workbook as CSV."""
    return _unpacked(name, member, _stamp(name))


@lru_cache(maxsize=1)
def _unpacked(name: str, member: str, stamp: tuple[int, int]) -> bytes:
    data = Path(name).read_bytes()
    try:
        for magic, unpack in PACKED.items():
            if data.startswith(magic):
                return unpack(data)
        if member:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if WORKBOOK not in archive.namelist():
                    return archive.read(member)
            return import_module(".workbooks", __package__).sheet(name, data, member)  # what it needs is rarely needed
    except (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, KeyError) as error:
        raise DamagedFile(name, f"the compressed data cannot be read ({error})") from error
    return data


def decoded(name: str, source: Source) -> bytes:
    """The text of a file as UTF-8 with line ends \\n, without byte order mark."""
    data = unpacked(name, source.member)
    if source.encoding == "utf-8":
        wrong = not_utf8(data)
        if wrong >= 0:
            raise WrongEncoding(name, data[:wrong].count(b"\n") + 1, data[wrong], source.encoding)
    else:
        try:
            data = data.decode(source.encoding).encode("utf-8")
        except UnicodeDecodeError as error:
            raise WrongEncoding(name, data[: error.start].count(b"\n") + 1, data[error.start], source.encoding) from error
    data = data.removeprefix(codecs.BOM_UTF8)
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _delimited(name: str, data: bytes, source: Source, names: list[str] | None) -> tuple[pl.DataFrame, np.ndarray]:
    """Delimited text by its dialect. Every row must have the same number of fields."""
    data, mark = one_byte_delimiter(data, source.delimiter, source.quote)
    starts, ends, fields, numbers = scan(name, data, mark, source.quote)
    kept = ends > starts
    for row in np.flatnonzero((fields == 1) & (ends - starts < 200)):  # only these can be lines of white space
        kept[row] = bool(data[starts[row] : ends[row]].strip())
    if source.comment:
        sign = source.comment.encode()
        kept &= np.array([data[s : s + len(sign)] != sign for s in starts], bool)
    if not kept.any():
        return pl.DataFrame(dict.fromkeys(names or [], pl.Series([], dtype=pl.String))), np.zeros(0, np.int64)
    first = int(np.argmax(kept))
    expected = len(names) if names else int(fields[first] if source.header else np.bincount(fields[kept]).argmax())
    bad = np.flatnonzero(kept & (fields != expected))
    if len(bad) > source.skip_bad:
        places = [(int(numbers[i]), int(fields[i])) for i in bad]
        raise BadRows(name, places, len(bad), int(kept.sum()) - source.header, expected)
    kept[bad] = False
    if not kept.all():
        data = b"".join(data[s : e + 1] for s, e in zip(starts[kept], ends[kept], strict=True))
    if data[:1] == b"x":  # "x^" and "x" with some control characters are taken for the start of compressed data
        data = codecs.BOM_UTF8 + data
    frame = pl.read_csv(data, separator=mark, quote_char=source.quote or None, has_header=False, infer_schema=False)
    assert frame.height == kept.sum(), "the rows found and the rows read differ"
    del data
    frame = frame.with_columns(stripped(cells) for cells in frame.get_columns())
    numbers = numbers[kept]
    if source.header:
        names = [cell or f"Unnamed: {i}" for i, cell in enumerate(frame.row(0))]
        frame, numbers = frame[1:], numbers[1:]
    if names and len(set(names)) < len(names):
        raise DuplicateColumns(name, sorted({word for word in names if names.count(word) > 1}))
    frame.columns = names or [str(i) for i in range(frame.width)]
    return frame, numbers


def stripped(cells: pl.Series) -> pl.Series:
    """The cells without white space at their ends; the same where there is none, for a copy of long texts takes its room."""
    return cells.str.strip_chars() if cells.str.contains(r"^\s|\s$").any() else cells


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Every column as stripped strings, without loss: numbers as they round-trip, times in ISO form, lists joined by "|".

    Of a span of time its seconds.
    """
    made = []
    for cells in flat(frame).get_columns():
        kind = cells.dtype
        if isinstance(kind, (pl.Object, pl.Binary)) or (isinstance(kind, pl.List) and kind.inner.is_nested()):
            raise NestedColumn(cells.name, "lists of objects or of lists" if kind.is_nested() else "bytes")
        if isinstance(kind, pl.List):
            cells = cells.cast(pl.List(pl.String)).list.join("|")
        elif isinstance(kind, pl.Datetime):
            zoned = cells.dt.convert_time_zone("UTC") if kind.time_zone else cells
            cells = zoned.dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
        elif isinstance(kind, pl.Duration):  # seconds
            cells = cells.dt.total_nanoseconds() / 1e9
        made.append(stripped(cells.cast(pl.String)))
    return pl.DataFrame(made)


def typed(
    frame: pl.DataFrame, columns: Sequence[Column], decimal: str, place: Callable[[int], str], file: str
) -> dict[str, Cells]:
    absent = [c.name for c in columns if c.role == "input" and c.name not in frame.columns]
    if absent:
        raise ColumnsDiffer(file, absent, frame.columns)
    made: dict[str, Cells] = {}
    for column in columns:
        nothing = pl.Series(column.name, [None] * len(frame), dtype=pl.String)
        cells = frame[column.name] if column.name in frame.columns else nothing
        if column.replace:
            cells = cells.replace(column.replace)
        if column.also_missing:
            cells = cells.set(cells.is_in(list(column.also_missing)), None)
        if column.type == "number":
            values = number(cells, column, decimal)
            wrong = np.flatnonzero(cells.is_not_null().to_numpy() & np.isnan(values))
            if len(wrong) and column.role == "target":
                places = [(place(int(row)), str(cells[int(row)])) for row in wrong[:5]]
                raise TargetNotNumber(file, column.name, places, len(wrong), cells[wrong].unique().sort().to_list())
            made[column.name] = values
        elif column.type == "boolean":
            made[column.name] = truth(cells, column)
        elif column.type == "datetime":
            made[column.name] = seconds(cells, column.format)
        elif column.type == "image":  # paths as seen from here
            found, base = _words(cells), os.path.dirname(file)
            pattern = column.format or "{}"
            paths = [os.path.join(base, pattern.replace("{}", word)) for word in found.words]
            order = np.argsort(np.array(paths, dtype=object), kind="stable")
            codes = np.append(np.argsort(order), -1).astype(np.int32)  # a missing cell has the last entry
            made[column.name] = Words(codes[found.codes], [paths[i] for i in order])
        elif column.type == "text":
            made[column.name] = _texts(cells)
        elif column.type == "tags" and column.role == "target" and cells.null_count() < len(cells):
            made[column.name] = _words(cells.fill_null(""))  # an empty cell among others: a row that has no label
        else:
            made[column.name] = _words(cells)
    return made


def number(cells: pl.Series, column: Column, decimal: str) -> np.ndarray:
    """The cells as float64; NaN where missing, not a number, or not finite."""
    if column.strip:
        cells = cells.str.replace_all("[" + re.escape(column.strip) + "]", "")
    if decimal != ".":
        cells = cells.str.replace(decimal, ".", literal=True)
    values = cells.str.strip_chars().cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def truth(cells: pl.Series, column: Column) -> np.ndarray:
    """The cells as 1.0 and 0.0, whatever the case of the words ("1.0" is "1"); NaN where they are neither word."""
    lower = cells.str.to_lowercase().str.replace(r"^([01])\.0+$", "$1")
    known = {column.true.lower(): 1.0, column.false.lower(): 0.0}
    return lower.replace_strict(known, default=None, return_dtype=pl.Float64).fill_null(np.nan).to_numpy()


def seconds(cells: pl.Series, form: str) -> np.ndarray:
    """The cells as seconds since 1970 UTC, NaN where they are not a time of this form; "" is ISO 8601 (no zone: UTC)."""
    if not form:
        day, minute, second, zone = (cells.str.extract(ISO, group) for group in (1, 2, 3, 4))
        minute, second = minute.fill_null("00:00"), second.fill_null("00")
        zone = zone.fill_null("+00:00").str.replace("Z", "+00:00", literal=True)
        cells, form = day + " " + minute + ":" + second + zone, "%Y-%m-%d %H:%M:%S%.f%z"
    times = cells.str.to_datetime(form, strict=False, time_unit="us")
    values = (times.dt.epoch("us").cast(pl.Float64) / 1e6).fill_null(np.nan).to_numpy()
    if "%Y" not in form or not (values < YEAR_1000).any():
        return values
    four = cells.str.contains(r"^[^:]*\b0\d{3}\b").fill_null(False).to_numpy()  # polars' %Y takes 21, too, as the year 21
    return np.where((values < YEAR_1000) & ~four, np.nan, values)


def _words(cells: pl.Series) -> Words:
    words = cells.drop_nulls().unique().sort()
    codes = cells.cast(pl.Enum(words)).to_physical().cast(pl.Int32).fill_null(-1)
    return Words(codes.to_numpy(), words.to_list())


def _texts(cells: pl.Series) -> Words:
    """The different cells in the order of their first rows; many long ones stay where they are, in polars' memory."""
    codes = np.full(len(cells), -1, np.int32)
    there = np.flatnonzero(cells.is_not_null().to_numpy())
    _, first, places = np.unique(cells.hash(seed=0).to_numpy()[there], return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    codes[there] = np.argsort(order, kind="stable")[places]
    rows = there[first[order]]  # of the first cell of each text
    repeats = np.setdiff1d(there, rows)
    for some in np.split(repeats, range(COMPARED, len(repeats), COMPARED)):
        if not (cells.gather(some) == cells.gather(rows[codes[some]])).all():  # two texts with one hash
            return _words(cells)
    large = int(cells.str.len_bytes().sum() or 0) > MOST_TEXT
    return Words(codes, Texts(cells, rows) if large else cells.gather(rows).to_list())
