# needs: tokenizers
"""A column of texts as the tokens of a pretrained model's own tokenizer. For models/pretrained.py. Copied into ejected projects.

The tokenizer is the tokenizer.json of the model's directory, with what it puts around a text ("[CLS]" and "[SEP]" for many) and
the words that it does not know; nothing of it is fitted. `kind` names the tensor of the model's inputs: "text" int64 (B, T), 0
where a row is shorter than its batch, else 1 more than the tokenizer's own number, which can be 0 for any token.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from ..ragged import Ragged
from ..table import Cells, Words
from .text import MEASURED, _encoded, _loaded

MOST = 10_000  # tokens of a text that are counted to see how long texts are


@dataclass
class Pieces:
    """A text as the first `longest` tokens of a pretrained model's tokenizer, what stands around every text among them."""

    kind: ClassVar[str] = "text"
    tokenizer: str  # the JSON of a tokenizers.Tokenizer, as the directory has it
    longest: int  # tokens that are kept of a row
    unknown: float  # share of the tokens of the train rows that the tokenizer does not know
    lost: float  # share of the tokens of the train rows that stand behind the longest

    @classmethod
    def fit(
        cls,
        values: Cells,
        *,
        tokenizer: str,
        beside: Sequence[Cells] = (),
        longest: int = 512,
        whole: float = 0.99,
        **others: Any,
    ) -> Pieces:
        """longest: tokens that the model can read, of all columns of texts (`beside`) together. others: settings of [text] that
        count for other tokens alone."""
        assert isinstance(values, Words)
        around = Tokenizer.from_str(tokenizer).num_special_tokens_to_add(False)
        rows = _encoded(values[np.arange(0, len(values), max(1, len(values) // MEASURED))], tokenizer, MOST, cut)
        lengths = rows.lengths.double()
        keep = int(torch.quantile(lengths, whole).ceil()) if len(rows) else 1
        keep = max(around + 1, min(keep, longest // max(1, len(beside))))
        lost = float((lengths - keep).clamp_min(0).sum()) / max(1, int(rows.lengths.sum()))
        made = cls(tokenizer, keep, 0.0, round(lost, 6))
        made.unknown = round(int((rows.tokens == made.unknown_number).sum()) / max(1, len(rows.tokens)), 6)
        return made

    def encode(self, values: Cells) -> Ragged:
        """Shape: n rows of int32 tokens, each of 1 to `longest`."""
        assert isinstance(values, Words)
        return _encoded(values, self.tokenizer, self.longest, cut)

    def decode(self, encoded: Tensor) -> list[str]:
        """The texts of padded rows, as far as the tokenizer can write them."""
        made = _loaded(self.tokenizer)
        return [made.decode([token - 1 for token in row if token > 0]) for row in encoded.tolist()]

    def strange(self, values: Cells) -> int:
        """How many of the texts have more unknown words than known ones."""
        rows = self.encode(values)
        before = torch.cat([torch.zeros(1, dtype=torch.int64), (rows.tokens == self.unknown_number).cumsum(0)])
        unknown = before[rows.starts + rows.lengths] - before[rows.starts]
        return int((2 * unknown > rows.lengths).sum())

    @cached_property
    def unknown_number(self) -> int:
        """The number of the unknown word in a row, -1 where the tokenizer knows everything."""
        model = json.loads(self.tokenizer).get("model", {})
        word = model.get("unk_token")
        found = _loaded(self.tokenizer).token_to_id(word) if word else model.get("unk_id")
        return -1 if found is None else int(found) + 1

    @property
    def shape(self) -> dict[str, Any]:
        """What a model must know of the texts."""
        return {"vocabulary": _loaded(self.tokenizer).get_vocab_size() + 1, "length": self.longest}

    @staticmethod
    def merge(shapes: list[dict[str, Any]]) -> dict[str, Any]:
        return {**shapes[0], "length": sum(shape["length"] for shape in shapes)}

    @staticmethod
    def join(parts: list[Ragged]) -> Ragged:
        return Ragged.join(parts, None)  # what stands around each text parts them

    def state(self) -> dict[str, Any]:
        return asdict(self)


def cut(made: Tokenizer, texts: list[str], longest: int) -> list[list[int]]:
    """The tokens of each text with what stands around it, which a long text keeps when it is cut."""
    made.no_padding()  # a tokenizer.json may ask for it
    made.enable_truncation(longest)
    return [[token + 1 for token in found.ids] or [1] for found in made.encode_batch_fast(texts, add_special_tokens=True)]
