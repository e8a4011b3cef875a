"""Is one run better than another? Paired on the test rows: what chance draws of rows, and another seed, would do to a difference.

Rows: one bootstrap draws the same rows for both runs, so what is easy or hard for both cancels.
Seeds: two runs that differ by seed alone are two different networks, and with enough test rows any two networks can be told
apart. That is no difference between settings, so the interval is widened by what another seed does: measured, where runs with
several seeds are given; else by SEED_SHARE.
Classes have McNemar's test too: of the rows that only one of the two gets right, is the share of one of them more than a half?

Methods: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Q. McNemar, Psychometrika 12 (1947), in
its exact form; the quantile of t by its expansion, M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 26.7.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..judge.intervals import draws
from ..judge.scored import Scored
from ..judge.sentences import Sentences, sentence_draws
from ..judge.wording import LOWER_IS_BETTER
from .tested_windows import Tested

# What another seed moves a mean over all rows by, as a share of the spread of the differences between single rows:
# measured over pairs that differ by seed alone, docs/experiments.md
SEED_SHARE = 0.04
# of metrics that turn on how often a net says yes, which another seed moves more than how good it is
SEED_SHARE_OF = dict.fromkeys(("recall", "balanced_accuracy", "f1", "f1_macro", "recall_macro"), 0.055)
FEWEST_ROWS = 3  # below that nothing can be said of chance
FEWEST_SEEDS = 3  # degrees of freedom from which the spread over seeds is taken from the runs themselves


@dataclass(frozen=True)
class OnRows:
    """A run on its test rows."""

    name: str
    rows: np.ndarray  # their numbers in the source
    scored: Scored | Sentences | Tested
    values: Mapping[str, float | None]  # metrics.json's
    draws: dict[str, np.ndarray]


def on_rows(name: str, rows: np.ndarray, scored: Scored | Sentences | Tested, values: dict[str, float | None]) -> OnRows:
    if isinstance(scored, Tested):
        return OnRows(name, rows, scored, scored.values, scored.drawn())
    drawn = sentence_draws(scored, values) if isinstance(scored, Sentences) else draws(scored, values)
    return OnRows(name, rows, scored, values, drawn)


@dataclass(frozen=True)
class Difference:
    """A metric of the second minus that of the first, with its 95% interval."""

    metric: str
    difference: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0

    @property
    def better(self) -> bool:
        return (self.difference < 0) == (self.metric in LOWER_IS_BETTER)

    def as_dict(self) -> dict[str, Any]:
        return {"difference": self.difference, "low": self.low, "high": self.high, "real": self.real}


def differences(first: Sequence[OnRows], second: Sequence[OnRows]) -> dict[str, Difference]:
    """Each metric's difference between two settings, each with its runs: those that differ by seed alone."""
    found = {}
    for metric in first[0].draws:
        if all(metric in one.draws for one in (*first, *second)):
            found[metric] = difference(metric, first, second)
    return found


def difference(metric: str, first: Sequence[OnRows], second: Sequence[OnRows]) -> Difference:
    value = mean_value(metric, second) - mean_value(metric, first)
    means = [np.mean([one.draws[metric] for one in group], axis=0) for group in (first, second)]
    drawn: np.ndarray = means[1] - means[0]
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < 20 or len(first[0].scored) < FEWEST_ROWS:
        return Difference(metric, value, -math.inf, math.inf)
    low, high = np.percentile(drawn, [2.5, 97.5])
    by_rows = float(drawn.std())
    width = widening(by_rows, metric, first, second)
    return Difference(metric, value, value - width * max(value - low, 0.0), value + width * max(high - value, 0.0))


def widening(by_rows: float, metric: str, first: Sequence[OnRows], second: Sequence[OnRows]) -> float:
    """By how much the spread over seeds makes the interval wider than that over rows alone."""
    freedom = len(first) + len(second) - 2
    rows, share = len(first[0].scored), SEED_SHARE_OF.get(metric, SEED_SHARE)
    few = student(rows - 1) / 1.96 * math.sqrt(rows / (rows - 1))  # a bootstrap of few rows is too sure of itself
    if freedom < FEWEST_SEEDS or by_rows == 0:
        return few * math.sqrt(1 + rows * share**2)
    values = [np.array([one.values[metric] for one in group], float) for group in (first, second)]
    squares = sum(float(((one - one.mean()) ** 2).sum()) for one in values)
    by_seeds = squares / freedom * (1 / len(first) + 1 / len(second))
    return math.sqrt(1 + by_seeds / by_rows**2) * student(freedom) / 1.96


def mean_value(metric: str, group: Sequence[OnRows]) -> float:
    return float(np.mean(np.array([one.values[metric] for one in group], float)))


def student(freedom: int) -> float:
    """The 97.5% quantile of t.

    >>> round(student(5), 1), round(student(30), 2)
    (2.6, 2.04)
    """
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def mcnemar(first: Scored | Sentences | Tested, second: Scored | Sentences | Tested) -> dict[str, Any] | None:
    """Rows that only one of the two gets right, and the chance of so uneven a share if both were equally good.

    None where nothing is right or wrong.
    """
    right = [right_of(one) for one in (first, second)]
    if right[0] is None or right[1] is None:
        return None
    only_first, only_second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    return {"only_first": only_first, "only_second": only_second, "p": both_sides(only_first, only_second)}


def right_of(one: Scored | Sentences | Tested) -> np.ndarray | None:
    """Which rows are right; None where rows are neither right nor wrong. Shape: bool (n,)."""
    if isinstance(one, Sentences):
        return one.exact == 1
    if isinstance(one, Scored) and one.kind in ("Binary", "Multiclass"):
        return np.asarray(one.predicted == one.truth)
    return None


def both_sides(a: int, b: int) -> float:
    """The two-sided binomial test of a against b at one half: exact, above 1000 cases by the normal curve.

    >>> both_sides(0, 0), round(both_sides(2, 8), 4), both_sides(5, 5)
    (1.0, 0.1094, 1.0)
    """
    n, low = a + b, min(a, b)
    if n <= 1000:
        return min(1.0, 2 * sum(math.comb(n, k) for k in range(low + 1)) / 2**n)
    return math.erfc(max(0.0, abs(a - b) - 1) / math.sqrt(2 * n))
