# needs: polars
"""Tables of JSON objects: one to a line, or an array of them. Objects within a cell are columns, too. Stands beside tables.py.

{"translation": {"en": ..., "de": ...}} has the columns en and de. Copied into ejected projects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from .table_faults import DamagedFile


def read_objects(name: str, data: bytes) -> tuple[pl.DataFrame, np.ndarray]:
    """A row for each object, and its line number; of an array the place of the object in it. Raises: DamagedFile."""
    array = data.lstrip()[:1] == b"[" or (not name.lower().endswith("l") and is_one_value(data))  # .jsonl has a row a line
    lines = lines_of(name, data).split(b"\n") if array else data.split(b"\n")
    data = b"\n".join(lines) if array else data
    numbers = np.array([i for i, line in enumerate(lines, 1) if line.strip()], np.int64)
    try:
        kinds = pl.read_ndjson(data, infer_schema_length=None).schema
        return pl.read_ndjson(data, schema=as_strings(kinds)), numbers
    except pl.exceptions.PolarsError as error:
        for i, line in enumerate(lines, 1):
            try:
                if line.strip() and not isinstance(json.loads(line), dict):
                    raise DamagedFile(name, "a value that is not an object with column names", i) from None
            except json.JSONDecodeError as broken:
                raise DamagedFile(name, f"this is not JSON ({broken.msg} at character {broken.pos + 1})", i) from None
        raise DamagedFile(name, f"the JSON cannot be read as a table ({error})") from error


def lines_of(name: str, data: bytes) -> bytes:
    """A JSON array, or an object that holds a table, as lines, with the digits of its numbers. Raises: DamagedFile.

    >>> lines_of("", b'[{"a": 1.50,\\n "b": [2]},\\n {"a": NaN}]')
    b'{"a": "1.50", "b": ["2"]}\\n{"a": null}'
    """
    try:
        rows = json.loads(data, parse_float=str, parse_int=str, parse_constant=lambda word: None)
    except json.JSONDecodeError as broken:
        raise DamagedFile(name, f"this is not JSON ({broken.msg})", broken.lineno) from None
    rows = rows if isinstance(rows, list) else rows_of(rows)
    return b"\n".join(json.dumps(row, ensure_ascii=False).encode() for row in rows)


def is_one_value(data: bytes) -> bool:
    """Whether the whole file is one object, rather than one in each line."""
    first, _, more = data.strip().partition(b"\n")
    try:
        json.loads(first)
        return not more
    except ValueError:
        pass
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


def rows_of(value: dict[str, Any]) -> list[Any]:
    """The rows of a table that is written as one object: by columns, by columns and row numbers as pandas does, or under a name.

    >>> rows_of({"a": [1, 2], "b": [3, 4]}), rows_of({"a": {"0": 1, "1": 2}}), rows_of({"size": 2, "data": [{"a": 1}, {"a": 2}]})
    ([{'a': 1, 'b': 3}, {'a': 2, 'b': 4}], [{'a': 1}, {'a': 2}], [{'a': 1}, {'a': 2}])
    >>> rows_of({"columns": ["a"], "index": [0, 1], "data": [[1], [2]]})
    [{'a': 1}, {'a': 2}]
    """
    lists = {name: cells for name, cells in value.items() if isinstance(cells, list)}
    tables = [cells for cells in lists.values() if len(cells) > 1 and all(isinstance(row, dict) for row in cells)]
    if set(value) == {"columns", "index", "data"} and len(lists) == 3:
        return [dict(zip(value["columns"], row, strict=False)) for row in value["data"]]
    if len(tables) == 1:
        return list(tables[0])
    lengths = {len(cells) for cells in lists.values()}
    if len(lists) == len(value) and len(lengths) == 1 and max(lengths) > 1 and not tables:
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    keyed = [cells for cells in value.values() if isinstance(cells, dict)]
    if keyed and len(keyed) == len(value) and len(keyed[0]) > 1 and all(list(cells) == list(keyed[0]) for cells in keyed):
        return [{name: value[name][key] for name in value} for key in keyed[0]]
    return [value]


def as_strings(kinds: Mapping[str, Any]) -> dict[str, Any]:
    """The kinds as which JSON is read so that every single value keeps its digits: words, alone and within objects.

    >>> as_strings({"id": pl.Int64(), "size": pl.Struct({"w": pl.Int64()}), "tags": pl.List(pl.Int64())})
    {'id': String, 'size': Struct({'w': String}), 'tags': List(Int64)}
    """
    made: dict[str, Any] = {}
    for name, kind in kinds.items():
        if isinstance(kind, pl.Struct):
            made[name] = pl.Struct(as_strings(kind.to_schema()))
        else:
            made[name] = kind if kind.is_nested() else pl.String()
    return made


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The parts of objects as columns, called as they are, or COLUMN.PART where another column has that name.

    >>> flat(pl.DataFrame({"id": ["a"], "pair": [{"en": "dog", "id": "7"}]})).columns
    ['id', 'en', 'pair.id']
    """
    if not any(isinstance(kind, pl.Struct) for kind in frame.dtypes):
        return frame
    found: list[tuple[str, pl.Series]] = []
    for cells in frame.get_columns():
        inside = isinstance(cells.dtype, pl.Struct)
        found += [(cells.name, part) for part in cells.struct.unnest().get_columns()] if inside else [("", cells)]
    names = [part.name for _, part in found]
    twice = {name for name in names if names.count(name) > 1}
    return flat(
        pl.DataFrame([part.alias(f"{whole}.{part.name}") if whole and part.name in twice else part for whole, part in found])
    )
