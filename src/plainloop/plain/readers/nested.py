# needs: polars
"""Objects within a cell as columns: {"translation": {"en": ..., "de": ...}} has the columns en and de. Stands beside tables.py.

Copied into ejected projects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl


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
