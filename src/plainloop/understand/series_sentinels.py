"""Numbers that stand for "no value" in measured series, such as -9999. Used by look_series.py."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

MARKS = (-99.0, -99.9, -200.0, -999.0, -999.9, -9999.0, -99999.0, -999999.0, 999.0, 999.9, 9999.0, 9999.9, 99999.0, 999999.0)
SURE = 999.0  # from this size on one row is enough
FEWEST = 3  # rows that a smaller mark must have


def sentinels(cells: pl.Series, decimal: str, kept: Collection[str]) -> dict[str, int]:
    """The words of a column that are marks for "no value", with their counts.

    A mark is one of the numbers that loggers use, and nothing else of the column is even half as large in its direction.

    >>> sentinels(pl.Series(["-9999.0", "3.2", "-12.5", "4"]), ".", ())
    {'-9999.0': 1}
    """
    table = cells.drop_nulls().rename("word").value_counts(name="rows")
    words = table["word"].str.replace(decimal, ".", literal=True) if decimal != "." else table["word"]
    numbers = words.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    counts = table["rows"].to_numpy()
    stay = {float(word) for word in kept if _is_number(word)}
    found: dict[str, int] = {}
    for mark in MARKS:
        mine = np.abs(numbers - mark) < 1e-6
        rows = int(counts[mine].sum())
        if mark in stay or rows < (1 if abs(mark) >= SURE else FEWEST) or rows == counts.sum():
            continue
        others = numbers[np.isfinite(numbers) & ~np.isin(numbers, MARKS)]
        alone = len(others) > 0 and (others.min() > mark / 2 if mark < 0 else others.max() < mark / 2)
        if alone:
            found |= {
                str(word): int(count) for word, count in zip(table["word"].filter(pl.Series(mine)), counts[mine], strict=True)
            }
    return found


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
