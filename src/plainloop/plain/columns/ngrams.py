"""Ngrams: a text as the set of its words, pairs of neighbouring words, and runs of letters within words. For models/text_bag.py.

Fitted on the train rows: an n-gram has a number where at least two of them have it. Runs of letters let a word that was never
seen share what is known of its relatives ("unfunny", "funniest"). Copied into ejected projects.

Axes: n rows; tokens: all words of all rows, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

WORD = re.compile(r"\w+(?:'\w+)*|[^\w\s]")
SHORTEST, LONGEST = 2, 5  # letters of a run; the blank before and the one behind a word count
CHUNK = 500_000  # tokens encoded at once, so that the runs of long texts never lie in memory all together
MOST = 300_000  # n-grams of a kind that are kept; the rarest go
ROWS = 2  # train rows that must have an n-gram


def words_of(text: str) -> list[str]:
    """Words in lower case, each sign a word of its own.

    >>> words_of("Don't stop: it's GREAT!")
    ["don't", 'stop', ':', "it's", 'great', '!']
    """
    return WORD.findall(text.lower())


def runs_of(word: str) -> set[str]:
    """The runs of 2 to 5 letters of a word between blanks.

    >>> sorted(runs_of("ab"))
    [' a', ' ab', ' ab ', 'ab', 'ab ', 'b ']
    """
    padded = f" {word} "
    return {padded[i : i + n] for n in range(SHORTEST, LONGEST + 1) for i in range(len(padded) - n + 1)}


class Ngrams:
    """The n-grams that the train rows know; a text is the set of their numbers.

    Numbers begin at 1: the words, then the pairs (of two words each), then the runs.
    rarity: how much each n-gram tells by being rare, log((1 + n) / (1 + rows that have it)) + 1, as scikit-learn has it.
    """

    def __init__(self, words: list[str], pairs: list[list[int]], runs: list[str], rarity: list[float]):
        self.words, self.pairs, self.runs, self.rarity = words, pairs, runs, rarity
        self._word = {word: place for place, word in enumerate(words)}
        self._run = {run: place for place, run in enumerate(runs)}
        both = np.array(pairs, np.int64).reshape(-1, 2)
        self._pairs = both[:, 0] * len(words) + both[:, 1]  # ascending

    @classmethod
    def fit(cls, texts: Sequence[str | None], *, runs: bool = True) -> Ngrams:
        """Counts the rows that have each n-gram, and keeps those of two rows and more."""
        found: dict[str, int] = {}
        ids, rows = _numbered(texts, found, grow=True)
        words, counts, place = _kept(np.bincount(_distinct(rows, ids, len(found))[1], minlength=len(found)))
        names = list(found)
        ...

    @property
    def size(self) -> int:
        """How many numbers there are, with that of padding."""
        return 1 + len(self.words) + len(self.pairs) + len(self.runs)
