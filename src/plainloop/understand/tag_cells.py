"""Whether the cells of a target look like several labels each, though nobody has said so. Used by target.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

SIGNS = ("|", ";", ",", "/", "+", "&", " ")  # what people write between two labels
MOST_LABELS = 50
LONGEST_LABEL = 40  # characters


def separator_of(cells: Mapping[str, int], signs: tuple[str, ...] = SIGNS) -> str:
    """The sign that parts cells (cell -> rows) into labels which stand alone, too, or in many other cells; "" where none does.

    >>> separator_of({"red": 5, "blue": 4, "red blue": 3}), separator_of({"good": 5, "bad": 4, "very good": 3, "very bad": 3})
    (' ', '')
    """
    for sign in signs:
        parts = {cell: [part.strip() for part in cell.split(sign) if part.strip()] for cell in cells}
        several = [cell for cell, found in parts.items() if len(found) > 1]
        in_cells = Counter(part for found in parts.values() for part in set(found))
        if not several or len(in_cells) > MOST_LABELS or max(map(len, in_cells)) > LONGEST_LABEL:
            continue
        rows = sum(cells[cell] for cell in several)
        alone = sum(cells[cell] for cell in several if all(part in cells for part in parts[cell]))
        once = sign != " " or all(len(set(parts[cell])) == len(parts[cell]) for cell in several)  # sentences repeat words
        mixed = once and len(cells) >= max(8, 2 * len(in_cells))
        if rows >= 0.05 * sum(cells.values()) and (alone >= 0.8 * rows or mixed):
            return sign
    return ""
