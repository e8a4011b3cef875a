# needs: polars
"""Reads whole series, one per row of the table: .ts files, a long table with a column of names, a file per series.

Which of these it is, and which columns are series, has been found before and is in the config. Copied into ejected projects.
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from ..config import Column, Source
from ..table import Cells, Sequences, Table
from . import tables
from .series_faults import BadSeriesFile
from .times import times_of

PARTS = ("data", "validation", "test")
MISSING = {"?", "nan", "na", "null", ""}


@dataclass
class Whole:
    """Series of several variables, the values of each row; and the other cells of each row."""

    names: list[str] = field(default_factory=list)  # what each row is called: its line, its id, its file
    variables: dict[str, list[np.ndarray]] = field(default_factory=dict)
    others: dict[str, list[str | None]] = field(default_factory=dict)
    parts: dict[str, range] = field(default_factory=dict)

    def frame(self) -> pl.DataFrame:
        """The other cells as strings, null where missing."""
        return pl.DataFrame(self.others, schema_overrides=dict.fromkeys(self.others, pl.String))


def read(source: Source, columns: Sequence[Column]) -> Table:
    """The typed table of the source; a row is a series."""
    whole = read_whole(source, columns)
    made: dict[str, Cells] = {}
    first = next(column.name for column in columns if column.type == "series")
    for column in columns:
        if column.type in ("series", "length"):
            pieces = whole.variables[column.name if column.type == "series" else first]
            ends = np.cumsum([len(piece) for piece in pieces]).astype(np.int64)
            values = np.concatenate([np.zeros(0), *pieces])
            made[column.name] = Sequences(values, np.concatenate([[0], ends[:-1]]).astype(np.int64), ends)
    rest = [replace(column, role="input") for column in columns if column.name not in made and column.role != "series"]
    if rest:
        there = {column.name: whole.others.get(column.name, [None] * len(whole.names)) for column in rest}
        frame = pl.DataFrame(there, schema_overrides=dict.fromkeys(there, pl.String))
        made |= tables.read_frame(frame, rest, source.missing).columns
    return Table(made, whole.parts)


def digest(files: Iterable[str]) -> str:
    """SHA-256 over the bytes of the files; of a folder, over the names and the contents of all files in it."""
    total = hashlib.sha256()
    for name in files:
        inside = sorted(path for path in Path(name).rglob("*") if path.is_file()) if os.path.isdir(name) else [Path(name)]
        for path in inside:
            if path != Path(name):
                total.update(path.relative_to(name).as_posix().encode() + b"\0")
            total.update(path.read_bytes())
    return total.hexdigest()


def read_whole(source: Source, columns: Sequence[Column] = ()) -> Whole:
    """All series of the source. columns: for a long table, those with the roles series, time and target."""
    made, row = Whole(), 0
    for part in PARTS:
        files = getattr(source, part)
        first = row
        for file in files:
            one = {"ts": read_ts, "files": read_files}.get(source.format, read_long)(file, source, columns)
            if made.variables and one.variables.keys() != made.variables.keys():
                raise BadSeriesFile(
                    file, 0, f"it has the variables {', '.join(one.variables)}", f"the variables {', '.join(made.variables)}"
                )
            row += len(one.names)
            made.names += one.names
            for name, pieces in one.variables.items():
                made.variables.setdefault(name, []).extend(pieces)
            for name in dict.fromkeys([*made.others, *one.others]):
                before = made.others.setdefault(name, [None] * (row - len(one.names)))
                before += one.others.get(name, [None] * len(one.names))
        if files:
            made.parts[part] = range(first, row)
    return made


def read_ts(file: str, source: Source, columns: Sequence[Column]) -> Whole:
    """The series of a .ts file, as the UCR and UEA archives have it. Raises: BadSeriesFile."""
    return _read_ts(file, tables._stamp(file), source.encoding)


@lru_cache(maxsize=4)
def _read_ts(file: str, stamp: tuple[int, int], encoding: str) -> Whole:
    labelled, target, made, data, wide = False, "label", Whole(), False, 0
    for number, line in enumerate(tables.unpacked(file, "").decode(encoding, "replace").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("@"):
            words = line[1:].split()
            key = words[0].lower() if words else ""
            yes = len(words) > 1 and words[1].lower() == "true"
            if key == "data":
                data = True
            elif key in ("classlabel", "targetlabel"):
                labelled, target = yes, "label" if key == "classlabel" else "target"
            continue
        if not data:
            raise BadSeriesFile(
                file, number, "values stand before the line @data", "the lines that begin with @, the last of them @data"
            )
        dims = line.split(":") if "(" not in line else re.split(r":(?![^(]*\))", line)
        label = dims.pop().strip() if labelled else None
        wide = wide or len(dims)
        if len(dims) != wide or not dims:
            raise BadSeriesFile(
                file,
                number,
                f"it has {len(dims)} variables",
                f"{wide} variables, with a colon between them{', and the label behind' if labelled else ''}",
            )
        for place, text in enumerate(dims):
            name = "series" if wide == 1 else f"variable_{place + 1}"
            made.variables.setdefault(name, []).append(numbers(text, file, number))
        made.names.append(f"line {number}")
        if labelled:
            made.others.setdefault(target, []).append(None if label in ("", "?", None) else label)
    if not made.names:
        raise BadSeriesFile(
            file, 0, "no series follows the line @data" if data else "it has no line @data", "a line for each series behind @data"
        )
    return made


def numbers(text: str, file: str, line: int) -> np.ndarray:
    """The values of one variable: 1.5,?,2 or, with times, (0,1.5),(1,2). Raises: BadSeriesFile."""
    if "(" in text:
        text = ",".join(pair.rsplit(",", 1)[1] for pair in re.findall(r"\(([^)]*)\)", text))
    words = [word.strip() for word in text.split(",")]
    if words == [""]:
        return np.zeros(0)
    try:
        values = np.array([np.nan if word.lower() in MISSING else float(word) for word in words])
    except ValueError:
        wrong = next(word for word in words if not _is_number(word))
        raise BadSeriesFile(
            file, line, f'"{wrong}" is no number', "numbers with commas between them, ? where one is missing"
        ) from None
    return np.where(np.isfinite(values), values, np.nan)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return word.lower() in MISSING
    return True


def read_long(file: str, source: Source, columns: Sequence[Column]) -> Whole:
    """The series of a table in which a column names the series of each row; other columns have their first known cell."""
    plain = replace(source, format="csv" if source.format == "long" else source.format, data=(file,), validation=(), test=())
    frame = tables.load(plain).frame
    (name,) = (column.name for column in columns if column.role == "series")
    clock = [column for column in columns if column.role == "time"]
    series = [column for column in columns if column.type == "series"]
    frame = frame.filter(pl.col(name).is_not_null())
    order = np.argsort(times_of(frame, clock), kind="stable") if clock else np.arange(len(frame))
    frame = frame[order].with_columns(pl.int_range(pl.len()).alias("row number"))
    values = {c.name: tables.number(frame[c.name], c, source.decimal) for c in series}
    rest = [c for c in frame.columns if c not in {name, *values, "row number", *(column.name for column in clock)}]
    first = [pl.col(c).drop_nulls().first() for c in rest]
    groups = frame.group_by(name, maintain_order=True).agg(pl.col("row number"), *first)
    rows = [np.asarray(one) for one in groups["row number"]]
    made = Whole(names=groups[name].to_list())
    made.variables = {c: [all_[one] for one in rows] for c, all_ in values.items()}
    made.others = {name: list(made.names), **{c: groups[c].to_list() for c in rest}}
    return made


def read_files(place: str, source: Source, columns: Sequence[Column]) -> Whole:
    """The series of a folder or an archive with a file for each; labels from the table `source.member`, else from the folders."""
    files = files_in(place)
    label_file = source.member
    chosen = [name for name in files if is_series_file(name) and name != label_file and same_kind(name, label_file)]
    labels = label_table(place, label_file, source) if label_file else None
    made = Whole()
    for name in natural(chosen):
        frame = frame_of(place, name, source)
        for column in frame.columns:
            values = frame[column].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
            made.variables.setdefault(column, []).append(np.where(np.isfinite(values), values, np.nan))
        if len({len(pieces) for pieces in made.variables.values()}) != 1:
            raise BadSeriesFile(
                name,
                1,
                f"it has the columns {', '.join(frame.columns)}",
                f"the columns of the other files, {', '.join(made.variables)}",
            )
        made.names.append(name)
        if labels is None:
            made.others.setdefault("label", []).append(Path(name).parent.name or None)
    if labels is not None:
        key = labels.columns[0]
        rows = {word: row for row, word in enumerate(labels[key].to_list())}
        places = [next((rows[word] for word in keys_of(name) if word in rows), None) for name in made.names]
        for column in labels.columns[1:]:
            cells = labels[column].to_list()
            made.others[column] = [None if row is None else cells[row] for row in places]
    return made


def keys_of(name: str) -> list[str]:
    """The words by which a table of labels may name a file: its name, without the ending, its last number."""
    path = Path(name)
    found = re.findall(r"\d+", path.stem)
    return [name, path.name, path.stem, *([found[-1], str(int(found[-1]))] if found else [])]


def same_kind(name: str, label_file: str) -> bool:
    """Whether a file can be a series where a table of labels is there: it has a number and stands beside the others."""
    return not label_file or bool(re.search(r"\d", Path(name).stem))


def is_series_file(name: str) -> bool:
    return (
        name.lower().endswith((".csv", ".tsv", ".txt", ".tab"))
        and not Path(name).name.startswith((".", "README", "readme"))
        and "__MACOSX" not in name
    )


def natural(names: Iterable[str]) -> list[str]:
    """Names in order, numbers by their size.

    >>> natural(["a10.csv", "a9.csv"])
    ['a9.csv', 'a10.csv']
    """
    return sorted(
        names, key=lambda name: [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
    )


def files_in(place: str) -> list[str]:
    """The files of a folder or a zip archive, by their paths within it. Raises: BadSeriesFile."""
    if os.path.isdir(place):
        return sorted(path.relative_to(place).as_posix() for path in Path(place).rglob("*") if path.is_file())
    try:
        with zipfile.ZipFile(place) as archive:
            return sorted(info.filename for info in archive.infolist() if not info.is_dir())
    except zipfile.BadZipFile as error:
        raise BadSeriesFile(
            place, 0, f"it is no readable zip archive ({error})", "a folder or a zip archive with a file for each series"
        ) from error


def frame_of(place: str, name: str, source: Source) -> pl.DataFrame:
    """One file as strings, its header freed of # and spaces. Raises: BadSeriesFile and what reading a table raises."""
    if os.path.isdir(place):
        path, member = os.path.join(place, name), ""
    else:
        path, member = place, name
    plain = replace(source, format="csv", data=(path,), validation=(), test=(), member=member, comment="", sha256="")
    frame, _ = tables._read_file(path, plain)
    frame = tables._with_nulls(frame, {"", *source.missing})
    return frame.rename({column: column.lstrip("# ") for column in frame.columns})


def label_table(place: str, name: str, source: Source) -> pl.DataFrame:
    return frame_of(place, name, source)
