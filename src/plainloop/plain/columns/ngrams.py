"""A column of texts as sets of n-grams: words, pairs of neighbouring words, runs of letters. For models/text_bag.py.

Runs of letters let a word that no train row has share what is known of its relatives ("unfunny", "funniest"). Where a script does
not part words by spaces each letter is a word. Which n-grams there are is chosen on the train rows. Copied into ejected projects.

`kind` names the tensor of the model's inputs: "text" int64 (B, T), the numbers of a row's n-grams, ascending, then 0 up to the
longest row of the batch. A number that the row has several times stands there up to about 1 + ln(times) times.
"""

from __future__ import annotations

import html
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import ceil
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..ragged import Ragged
from ..table import Cells, Words

SPECIAL = ["<pad>", "<none>"]  # numbers 0 and 1: padding; a row without an n-gram that is known
NONE = 1
# Signs that belong to the letter or picture before them, which Python's \w leaves out: accents and vowels of many scripts, and
# what ties emoji. Of the blocks of Indian scripts (0900 to 0DFF) everything but the sentence ends is a part of a word.
MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0711-\u074a"
    "\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f71-\u0fbc\u102b-\u103e"
    "\u1056-\u109d\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U0001f3fb-\U0001f3ff"
)
# scripts that do not part words by spaces: each letter is read as a word, so that pairs of words are pairs of letters
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")
MARKED = re.compile(f"[{MARKS}{SPACELESS}]")
LETTER = rf"(?:(?![{SPACELESS}])[\w{MARKS}])"
MARKED_WORD = re.compile(rf"[{SPACELESS}][{MARKS}]*|{LETTER}+(?:['\u2019]{LETTER}+)*|[^\w\s][{MARKS}]*")
MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
SHORTEST, LONGEST = 2, 5  # letters of a run; the blank before a word and the one behind it count
LETTERS = 40  # of a word are cut into runs; what is longer is no word
CHUNK = 100_000  # words of texts that are encoded at a time: each has some 25 runs
FITTED_ON = 100_000_000  # characters of texts that are counted at most


def words_of(text: str, lowercase: bool = True, markup: bool = False) -> list[str]:
    """The words of a text, each sign a word of its own, and each letter where a script does not part words by spaces.

    >>> words_of("Don't stop:<br />it's GREAT &amp; short!", markup=True), words_of("iPhone\u5f88\u597d")
    (["don't", 'stop', ':', "it's", 'great', '&', 'short', '!'], ['iphone', '\u5f88', '\u597d'])
    """
    if markup:
        text = html.unescape(MARKUP.sub(" ", text))
    text = text.lower() if lowercase else text
    return (WORD if text.isascii() or not MARKED.search(text) else MARKED_WORD).findall(text)  # WORD takes a third of the time


def runs_of(word: str) -> list[str]:
    """The runs of 2 to 5 letters of a word between blanks.

    >>> runs_of("ab")
    [' a', 'ab', 'b ', ' ab', 'ab ', ' ab ']
    """
    padded = f" {word[:LETTERS]} "
    found = (padded[i : i + n] for n in range(SHORTEST, LONGEST + 1) for i in range(len(padded) - n + 1))
    return list(dict.fromkeys(found))


@dataclass
class Ngrams:
    """A text as the numbers of its n-grams: first come those of words, then of pairs, then of runs.

    >>> texts = Words(np.array([0, 1, 1]), ["a red bus", "a red car"])
    >>> column = Ngrams.fit(texts, least=2)
    >>> [column.words[number] for number in column.encode(texts).index_select(0, torch.tensor([0]))[0]][:3]
    ['a', 'red', 'a red']
    """

    kind: ClassVar[str] = "text"
    singles: list[str]  # the words
    pairs: list[str]  # two words with a blank between
    runs: list[str]
    counts: list[int]  # texts that have each word, pair and run
    texts: int  # different texts that were counted
    longest: int  # words that are read of a text
    lowercase: bool = True
    markup: bool = False
    unknown: float = 0.0  # share of the words of the train texts that are none of `singles`
    lost: float = 0.0  # share of their words that stand behind the longest

    @classmethod
    def fit(
        cls,
        values: Cells,
        *,
        beside: Sequence[Cells] = (),
        vocabulary: int = 500_000,
        least: int = 2,
        letters: bool = True,
        lowercase: bool = True,
        markup: bool = False,
        longest: int = 10_000,
        **others: Any,
    ) -> Ngrams:
        """Keeps the n-grams that `least` texts have, at most `vocabulary` of them.

        beside: all columns of texts of the table, this one among them: they share their n-grams. letters: runs of them are
        n-grams, too. others: settings of [text] that count for tokens alone.
        """
        texts = _some(beside or [values])
        names: dict[str, int] = {}
        sizes = array("q")
        rows, ids = _spelled((_head(words_of(text, lowercase, markup), longest, sizes) for text in texts), names)
        words, run_names = list(names), dict[str, int]()
        runs_in = runs_of if letters else lambda word: []
        of_word = _Lists([[run_names.setdefault(run, len(run_names)) for run in runs_in(word)] for word in words])

        single_counts = np.bincount(_distinct(rows, ids)[1], minlength=len(words))
        near = rows[:-1] == rows[1:]
        keys, places = np.unique(ids[:-1][near] * len(words) + ids[1:][near], return_inverse=True)
        pair_counts = np.bincount(_distinct(rows[:-1][near], places)[1], minlength=len(keys))
        run_counts = np.zeros(len(run_names), np.int64)
        for first in range(0, len(rows), CHUNK):  # a text on the edge of two chunks may count twice
            part = of_word.expand(rows[first : first + CHUNK], ids[first : first + CHUNK])
            run_counts += np.bincount(_distinct(*part)[1], minlength=len(run_counts))

        counts = np.concatenate([single_counts, pair_counts, run_counts])
        kept = np.sort(np.argsort(-counts, kind="stable")[:vocabulary])  # no pair without its words: they are as frequent
        kept = kept[counts[kept] >= least]
        singles, pairs, runs = np.split(kept, np.searchsorted(kept, np.cumsum([len(words), len(keys)])))
        both = np.stack(np.divmod(keys[pairs - len(words)], max(1, len(words))), 1).tolist()
        every_run = list(run_names)
        return cls(
            singles=[words[place] for place in singles.tolist()],
            pairs=[f"{words[one]} {words[other]}" for one, other in both],
            runs=[every_run[place] for place in (runs - len(words) - len(keys)).tolist()],
            counts=counts[kept].tolist(),
            texts=len(texts),
            longest=longest,
            lowercase=lowercase,
            markup=markup,
            unknown=round(1 - int(np.bincount(ids, minlength=len(words))[singles].sum()) / max(1, len(ids)), 6),
            lost=round(1 - len(ids) / max(1, sum(sizes)), 6),
        )

    def encode(self, values: Cells) -> Ragged:
        """Shape: n rows of int32 numbers; a row without a known n-gram is the number 1 alone. Equal texts are encoded once."""
        assert isinstance(values, Words)
        codes, places = np.unique(np.append(values.codes, -1), return_inverse=True)  # -1, the missing text, is always the first
        flat = array("i", [NONE])  # it grows in place: parts to join would lie there twice
        lengths = [np.array([1])]
        waiting: list[list[str]] = []
        for code in codes[1:].tolist():
            waiting.append(words_of(values.words[code], self.lowercase, self.markup)[: self.longest])
            if code == codes[-1] or sum(map(len, waiting[-64:])) > CHUNK or len(waiting) >= 500:
                rows, numbers = self._numbers(waiting)
                flat.frombytes(numbers.astype(np.int32).tobytes())
                lengths.append(np.bincount(rows, minlength=len(waiting)))
                waiting = []
        size = torch.from_numpy(np.concatenate(lengths))
        tokens = torch.from_numpy(np.frombuffer(flat, np.int32))
        return Ragged(tokens, size.cumsum(0) - size, size).rows(torch.from_numpy(places[:-1]))

    def _numbers(self, texts: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the n-grams of some texts, and the text of each. Shape: both int64 (all numbers,)."""
        names: dict[str, int] = {}
        rows, ids = _spelled(texts, names)
        single = np.array([self._single.get(name, -1) for name in names], np.int64)[ids]  # (tokens,)
        known = single >= 0
        near = (rows[:-1] == rows[1:]) & known[:-1] & known[1:]
        key = single[:-1][near] * len(self.singles) + single[1:][near]
        place = np.searchsorted(self._pairs[0], key)
        hit = self._pairs[0][place] == key
        of_word = _Lists([self._runs_of(name) for name in names])
        found = [
            (rows[known], single[known] + len(SPECIAL)),
            (rows[:-1][near][hit], self._pairs[1][place[hit]]),
            of_word.expand(rows, ids),
        ]
        row, number = _distinct(*(np.concatenate(part) for part in zip(*found, strict=True)))
        empty = np.setdiff1d(np.arange(len(texts)), row)
        return _distinct(np.append(row, empty), np.append(number, np.full(len(empty), NONE)))

    def _runs_of(self, word: str) -> list[int]:
        if not self._run:
            return []
        if word not in self._met:
            self._met[word] = [self._run[run] for run in runs_of(word) if run in self._run]
        return self._met[word]

    @cached_property
    def _met(self) -> dict[str, list[int]]:
        return {}

    @cached_property
    def _single(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.singles)}

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The pairs as place of the first word * words + place of the second, ascending, then a larger one; and their numbers."""
        both = [pair.split(" ") for pair in self.pairs]
        keys = np.array([self._single[one] * len(self.singles) + self._single[other] for one, other in both], np.int64)
        order = np.argsort(keys)
        first = len(SPECIAL) + len(self.singles)
        return np.append(keys[order], np.iinfo(np.int64).max), np.append(order + first, NONE)

    @cached_property
    def _run(self) -> dict[str, int]:
        first = len(SPECIAL) + len(self.singles) + len(self.pairs)
        return {run: first + place for place, run in enumerate(self.runs)}

    @cached_property
    def words(self) -> list[str]:
        """What each number stands for."""
        return [*SPECIAL, *self.singles, *self.pairs, *self.runs]

    def decode(self, encoded: Tensor) -> list[str]:
        """The words of each row that have a number, in the order of their numbers."""
        last = len(SPECIAL) + len(self.singles)
        return [" ".join(self.words[number] for number in row if NONE < number < last) for row in encoded.tolist()]

    def strange(self, values: Cells) -> int:
        """How many of the texts have more unknown words than known ones."""
        assert isinstance(values, Words)
        found = 0
        for code, times in zip(*(part.tolist() for part in np.unique(values.codes, return_counts=True)), strict=True):
            words = words_of(values.words[code], self.lowercase, self.markup)[: self.longest] if code >= 0 else []
            found += times * (2 * sum(word in self._single for word in words) < len(words))
        return found

    @cached_property
    def shape(self) -> dict[str, Any]:
        """What a model must know: rarity is log((1 + texts) / (1 + texts that have the n-gram)) + 1, as scikit-learn has it."""
        rarity = np.log((1 + self.texts) / (1 + np.array(self.counts, np.float64))) + 1
        return {
            "vocabulary": len(self.words),
            "length": self.longest,
            "words": self.words,
            "rarity": [0.0] * len(SPECIAL) + rarity.tolist(),
            "runs": len(self.words) - len(self.runs),
        }

    @staticmethod
    def merge(shapes: list[dict[str, Any]]) -> dict[str, Any]:
        return {**shapes[0], "length": sum(shape["length"] for shape in shapes)}

    @staticmethod
    def join(parts: list[Ragged]) -> Ragged:
        return Ragged.join(parts, NONE)

    def state(self) -> dict[str, Any]:
        return asdict(self)


class _Lists:
    """A list of numbers for each word, as one flat array."""

    def __init__(self, lists: list[list[int]]):
        self.lengths = np.array([len(one) for one in lists], np.int64)
        self.starts = np.cumsum(self.lengths) - self.lengths
        self.flat = np.fromiter((number for one in lists for number in one), np.int64, int(self.lengths.sum()))

    def expand(self, rows: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each word that stands in a row, each number of its list, and the row."""
        lengths = self.lengths[ids]
        before = np.cumsum(lengths) - lengths
        places = np.arange(int(lengths.sum())) + np.repeat(self.starts[ids] - before, lengths)
        return np.repeat(rows, lengths), self.flat[places]


def _some(columns: Sequence[Cells]) -> list[str]:
    """The different texts, sorted; of more than `FITTED_ON` characters evenly chosen ones."""
    found = [(cells.words, np.unique(cells.codes[cells.codes >= 0])) for cells in columns if isinstance(cells, Words)]
    letters = 0.0
    for words, codes in found:
        some = codes[:: max(1, len(codes) // 10_000)].tolist()
        letters += sum(len(words[code]) for code in some) * len(codes) / max(1, len(some))
    step = max(1, ceil(letters / FITTED_ON))
    return sorted({words[code] for words, codes in found for code in codes[::step].tolist()})


def _head(words: list[str], most: int, sizes: array) -> list[str]:
    """The first words; notes how many there are."""
    sizes.append(len(words))
    return words[:most]


def _spelled(texts: Iterable[list[str]], names: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The row and the place in `names` of each word; new words are added to the names. Shape: both int64 (tokens,)."""
    parts, lengths = [np.zeros(0, np.int64)], []
    for words in texts:  # one by one: the words of all texts would take some ten times the room of their numbers
        parts.append(np.fromiter((names.setdefault(word, len(names)) for word in words), np.int64, len(words)))
        lengths.append(len(words))
    return np.repeat(np.arange(len(lengths)), lengths), np.concatenate(parts)


def _distinct(rows: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each number once for each row, ascending by row and number."""
    span = int(numbers.max(initial=0)) + 1
    keys = np.sort(rows * span + numbers)  # np.unique hashes, which takes some 50 times as long on such keys
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    return tuple(np.divmod(keys, span))
