"""How good the answers are for short and for long texts: groups of rows of like length, each figure with its interval."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..plain.table import Words
from . import plots
from .intervals import ends, weights, wilson
from .pictures import Picture
from .scored import Scored
from .wording import title

GROUPS = 6
ROWS = 10  # of a group at least
RESAMPLES = 500


def groups_of(texts: list[str], most: int = GROUPS) -> list[tuple[str, np.ndarray]]:
    """Groups of about as many texts each, from the shortest to the longest: what their length is in words, and who is in it.

    The length of texts that are single words, or that do not part their words, is counted in signs.

    >>> [(name, int(chosen.sum())) for name, chosen in groups_of(["a b c d", "a b c d e", "a b c d e f", "a b c d e f g"], 2)]
    [('4 to 5 words', 2), ('6 to 7 words', 2)]
    """
    words = np.array([len(text.split()) for text in texts])
    unit, sizes = ("words", words) if np.median(words) > 3 else ("signs", np.array([len(text) for text in texts]))
    edges = np.unique(np.quantile(sizes, np.linspace(0, 1, most + 1)).round().astype(int))
    found = []
    for first, last in pairwise(edges) if len(edges) > 1 else [(edges[0], edges[0])]:
        chosen = (sizes >= first) & ((sizes < last) | (last == edges[-1]))
        if chosen.any():
            to = int(last) if last == edges[-1] else int(last) - 1
            found.append((f"{first} to {to} {unit}" if first != to else f"{first} {unit}", chosen))
    return found


def by_length(outcome: Any, scored: Scored, part: str) -> list[dict[str, Any]]:
    """The figures of each group of the part's rows; none without texts, or where all are of one length."""
    names = [column.name for column in outcome.config.inputs if column.type == "text"]
    cells = [outcome.table[name][outcome.split[part]] for name in names]
    if not cells or len(scored) < 2 * ROWS:
        return []
    each = [one.tolist() for one in cells if isinstance(one, Words)]
    texts = [" ".join(text or "" for text in row) for row in zip(*each, strict=True)]
    groups = groups_of(texts, min(GROUPS, len(texts) // ROWS))
    if len(groups) < 2:
        return []
    return [{"length": name, "rows": int(chosen.sum()), **figure(scored, chosen)} for name, chosen in groups]


def figure(scored: Scored, chosen: np.ndarray) -> dict[str, Any]:
    """Mean absolute error of numbers, share of right answers of classes; of labels, that of rows with every label right."""
    if scored.kind == "Regression":
        errors = scored.losses[chosen]
        drawn = np.concatenate([one @ errors for one in weights(len(errors), RESAMPLES, 0)]) / len(errors)
        low, high = ends(drawn) if len(errors) > 1 else (None, None)
        return {"mae": {"value": float(errors.mean()), "low": low, "high": high}}
    right = scored.predicted[chosen] == scored.truth[chosen]
    right = right if right.ndim == 1 else right.all(axis=1)
    least, most = wilson(np.array(right.mean()), np.array(len(right)))
    name = "exact_match" if scored.kind == "Multilabel" else "accuracy"
    return {name: {"value": float(right.mean()), "low": float(least), "high": float(most)}}


def length_picture(groups: list[dict[str, Any]], part: str, unit: str = "") -> list[Picture]:
    """Bars with their intervals, one for each group."""
    if not groups:
        return []
    measure = next(name for name, entry in groups[0].items() if isinstance(entry, dict))
    names = [f"{group['length']} ({group['rows']:,})" for group in groups]
    entries = [group[measure] for group in groups]
    spread = np.array([[one["value"] - one["low"], one["high"] - one["value"]] for one in entries if one["low"] is not None]).T
    words = f"{title(measure)}{' of ' + unit if unit else ''}"
    png = plots.bars(
        f"{words[:1].upper()}{words[1:]} by length of the text",
        names,
        [one["value"] for one in entries],
        words,
        spread if spread.shape == (2, len(entries)) else None,
    )
    return [Picture("lengths", "lengths", f"The {words} of {part} rows in groups by the length of their text.", png)]
