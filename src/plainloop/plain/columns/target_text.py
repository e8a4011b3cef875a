# needs: tokenizers
"""The texts of a target as rows of tokens, such that every text comes back as it was. Copied into ejected projects.

An input may lose what a model does not need, as spaces and capitals; an answer may not. So words are what stands between spaces,
pieces of words are made from bytes, and each row ends with the sign that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any
from unicodedata import normalize

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from torch import Tensor

from ..ragged import Ragged
from ..table import Cells, Words
from .text import BEGIN, END, SPECIAL, UNKNOWN, _encoded, _loaded, _some

SPLITTERS: dict[str, Any] = {
    "word": pre_tokenizers.WhitespaceSplit,
    "bpe": lambda: pre_tokenizers.ByteLevel(add_prefix_space=True),
    "char": lambda: pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated"),
}
BETWEEN = {"word": " ", "char": ""}  # what stands between two tokens of a text


def trained(texts: Iterable[str], tokens: str, vocabulary: int) -> str:
    """The JSON of a tokenizer trained on the texts; tokens: "word", "bpe" or "char".

    >>> made = TargetText(trained(["mon plat", "mon pain"], "word", 100), "word", 10)
    >>> made.decode(made.encode(Words(np.array([0]), ["mon pain"])).index_select(0, torch.tensor([0])))
    ['mon pain']
    """
    made = Tokenizer(models.BPE() if tokens == "bpe" else models.WordLevel({}, unk_token=SPECIAL[UNKNOWN]))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = SPLITTERS[tokens]()
    common: dict[str, Any] = {"special_tokens": SPECIAL, "vocab_size": vocabulary, "show_progress": False}
    if tokens == "bpe":
        trainer: Any = trainers.BpeTrainer(min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **common)
        made.decoder = decoders.ByteLevel()
    else:
        trainer = trainers.WordLevelTrainer(min_frequency=1, **common)
    made.train_from_iterator(texts, trainer)
    return made.to_str()


class TargetText:
    """A text as its tokens and the sign of the end; one with more than `longest` tokens is cut there, and ends."""

    start, end, never = BEGIN, END, [UNKNOWN, BEGIN]  # never: tokens that no answer holds

    def __init__(self, tokenizer: str, tokens: str, longest: int):
        self.tokenizer, self.tokens, self.longest = tokenizer, tokens, longest

    @classmethod
    def fit(cls, values: Cells, *, tokens: str, vocabulary: int, longest: int, tokenizer: str = "") -> TargetText:
        """tokenizer: that of the source, where both share one."""
        return cls(tokenizer or trained(_some([values]), tokens, vocabulary), tokens, longest)

    def encode(self, values: Cells) -> Ragged:
        """Shape: n rows of int32 tokens, each of 1 to `longest` + 1; a missing text is the end alone."""
        assert isinstance(values, Words)
        rows = _encoded(values, self.tokenizer, self.longest)
        return with_end(rows)

    def decode(self, encoded: Tensor) -> list[str]:
        """The texts of rows of tokens, each up to its end. Shape: int64 (n, T)."""
        made, rows = _loaded(self.tokenizer), [until_end(row) for row in encoded.tolist()]
        if self.tokens == "bpe":
            return [text.strip() for text in made.decode_batch(rows, skip_special_tokens=False)]
        words = self.words
        return [BETWEEN[self.tokens].join(words[token] for token in row) for row in rows]

    def whole(self, values: Cells) -> list[str]:
        """The texts as an answer could be at best, if there were a token for every word and no end to them.

        >>> TargetText("", "word", 10).whole(Words(np.array([0]), ["un  chat "]))
        ['un chat']
        """
        assert isinstance(values, Words)
        texts = [normalize("NFC", text or "") for text in values.tolist()]
        if self.tokens == "word":
            return [" ".join(text.split()) for text in texts]
        return [text.strip() for text in texts] if self.tokens == "bpe" else texts

    @cached_property
    def words(self) -> list[str]:
        """The word, piece or sign that each token stands for."""
        places = _loaded(self.tokenizer).get_vocab()
        return sorted(places, key=lambda word: places[word])


def until_end(row: list[int]) -> list[int]:
    """The tokens before the end and the padding.

    >>> until_end([7, 8, 3, 0])
    [7, 8]
    """
    stop = next((place for place, token in enumerate(row) if token in (0, END)), len(row))
    return row[:stop]


def with_end(rows: Ragged) -> Ragged:
    """The rows with the end behind each."""
    lengths = rows.lengths + 1
    empty = rows.tokens[rows.starts] == END if len(rows) else torch.zeros(0, dtype=torch.bool)
    lengths[empty] = 1  # a text without a token is the end alone already
    starts = lengths.cumsum(0) - lengths
    tokens = torch.full((int(lengths.sum()),), END, dtype=torch.int32)
    places = torch.arange(len(tokens)) - starts.repeat_interleave(lengths)
    inside = places < rows.lengths.repeat_interleave(lengths)
    tokens[inside] = rows.tokens[(rows.starts.repeat_interleave(lengths) + places)[inside]]
    return Ragged(tokens, starts, lengths)
