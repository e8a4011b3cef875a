"""Which words of a text drove an answer: what changes in it when a word is left out.

The text is cut anew without the word and goes through the run's own preparation and model, so that it works for every model, also
beside other inputs (occlusion: Zeiler & Fergus 2014, arXiv 1311.2901; of words: Li, Monroe & Jurafsky 2016, arXiv 1612.08220). Of
a long text whole stretches are left out first, then each word of those that mattered most. How much is tried is counted, not
timed: the same on every machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..plain.columns.ngrams import LETTER, MARKS, SPACELESS
from ..plain.table import Words
from .importance import rows_of, scores_of, work_of

MOST_TRIED = 160  # times that a text is read without a part of it
LEAST_TRIED = 12
WORDS = 80_000  # that are read again for one text: cutting into n-grams takes longer than a small model
FLOP = 5e9  # about a quarter of a second on one core, for one text; longer runs get more
TOKENS = 2**14  # that a model reads at a time: a large one has thousands of numbers for each
OF_TRAINING = 1e-3  # share of what training took that one text may take
TAG = "</?[a-zA-Z][^<>]{0,300}>"
WHOLE = rf"https?://\S+|{TAG}|&\w{{1,10}};"  # an address, a tag, an entity
WORD = re.compile(rf"{WHOLE}|[{SPACELESS}][{MARKS}]*|{LETTER}+(?:['\u2019]{LETTER}+)*|(?:(?!{TAG})[^\w\s])+")

Evidence = Callable[[Tensor], np.ndarray]  # raw scores of rows -> a number for each, the higher the more it speaks for an answer


@dataclass(frozen=True)
class Part:
    """Some of a text. effect: how much the answer loses without it; None where it was not tried by itself."""

    start: int
    end: int
    effect: float | None


def words_of(text: str) -> list[tuple[int, int]]:
    """Where each word or sign begins and ends; letters, where the text is a single word or its script does not part words.

    >>> [text[start:end] for text in ["It's fun, \u597d"] for start, end in words_of(text)]
    ["It's", 'fun', ',', '\u597d']
    >>> words_of("ab")
    [(0, 1), (1, 2)]
    """
    found = [match.span() for match in WORD.finditer(text)]
    return [(place, place + 1) for place in range(*found[0])] if len(found) == 1 else found


def without(text: str, start: int, end: int) -> str:
    """The text without a part; of the spaces around it one stays.

    >>> without("a good film", 2, 6)
    'a film'
    """
    before, after = text[:start], text[end:]
    return before + (after.lstrip() if not before or before[-1].isspace() else after)


def driven_by(outcome: Any, row: int, column: str, evidence: Evidence) -> list[Part]:
    """The words of a row's text with what each did, in order. Where only stretches were tried, those."""
    cells = outcome.table[column]
    assert isinstance(cells, Words)
    code = int(cells.codes[row])
    text = cells.words[code] if code >= 0 else ""
    words = words_of(text)
    if not words:
        return []
    asked = Asker(outcome, row, column, evidence)
    tried = asked.affordable(len(words))
    if len(words) <= tried:
        return asked.parts(text, words)
    size = -(-len(words) // min(tried // 2, math.isqrt(len(words))))
    stretches = [words[first : first + size] for first in range(0, len(words), size)]
    coarse = asked.parts(text, [(some[0][0], some[-1][1]) for some in stretches])
    room = max(int(size <= tried), (tried - len(stretches)) // size)  # stretches whose words can be tried
    order = sorted(range(len(coarse)), key=lambda place: -abs(coarse[place].effect or 0.0))
    closer = sorted(order[:room])
    fine = iter(asked.parts(text, [word for place in closer for word in stretches[place]]))
    if not closer:
        return coarse
    return [
        part
        for place, whole in enumerate(coarse)
        for part in ([next(fine) for _ in stretches[place]] if place in closer else [Part(whole.start, whole.end, None)])
    ]


class Asker:
    """Asks the model of a run about one row whose text has changed."""

    def __init__(self, outcome: Any, row: int, column: str, evidence: Evidence):
        self.outcome, self.column, self.evidence = outcome, column, evidence
        self.encoded = outcome.preparation.encoded(outcome.table.rows(np.array([row])))

    def parts(self, text: str, places: Sequence[tuple[int, int]]) -> list[Part]:
        """What each of the places does for the answer."""
        if not places:
            return []
        said = self.evidence(self.scores([text, *(without(text, *place) for place in places)]))
        return [Part(*place, float(said[0] - one)) for place, one in zip(places, said[1:], strict=True)]

    def scores(self, texts: list[str]) -> Tensor:
        return scores_of(self.outcome.model, self.inputs(texts), TOKENS).double()

    def inputs(self, texts: list[str]) -> dict[str, Any]:
        """The row once for each of the texts."""
        preparation, same = self.outcome.preparation, torch.zeros(len(texts), dtype=torch.int64)
        changed = preparation.columns[self.column].encode(Words(np.arange(len(texts)), texts))
        others = {name: rows_of(values, same) for name, values in self.encoded.items() if name != self.column}
        return preparation.joined({name: changed if name == self.column else others[name] for name in self.encoded})

    def affordable(self, words: int) -> int:
        """How often the text can be read without a part of it."""
        model = self.outcome.model
        training = 3 * len(self.outcome.split["train"]) * len(self.outcome.history.get("epoch", []))  # forward and back
        passes = max(FLOP / work_of(model, self.outcome.preparation.joined(self.encoded)), OF_TRAINING * training)
        return int(np.clip(min(passes, WORDS / words), LEAST_TRIED, MOST_TRIED))
