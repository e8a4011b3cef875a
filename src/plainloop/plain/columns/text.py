# needs: tokenizers
"""A column of texts as rows of tokens: words, pieces of words or characters. Copied into ejected projects.

The tokenizer is trained on the train rows; its JSON is part of the fitted state, and the package `tokenizers` reads it in many
languages. `kind` names the tensor of the model's inputs: "text" int64 (B, T), 0 where a row is shorter than its batch.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from importlib.metadata import version
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor

from ..ragged import PADDING, Ragged
from ..readers.cache_limit import hold, make_room
from ..readers.content_digests import cache_folder
from ..table import Cells, Words

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # said, it keeps quiet when workers are forked

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]  # their places are their tokens
UNKNOWN, BEGIN, END = 1, 2, 3
CHUNK = 2_000  # texts that are encoded at a time
LONGEST_WORD = 50  # characters of a text that are read for each token that may be kept
TRAINED_ON = 100_000_000  # characters that a tokenizer is trained on at most
MEASURED = 20_000  # train rows that tell how long texts are and how many of their tokens are unknown
LARGE = 100_000_000  # characters from which on tokens are kept in a file, memory-mapped
RULES = 1  # goes up when the same texts would give other tokens
MARKUP = r"</?[a-zA-Z][^<>]{0,300}>"
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&apos;": "'", "&nbsp;": " "}
SPACELESS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"  # scripts that do not part words by spaces
LETTER = rf"(?:(?!{SPACELESS})\w)"
# a letter of such a script with its accents; a word, with what an apostrophe ties to it; or signs in a row
WORD = rf"{SPACELESS}\p{{M}}*|{LETTER}+(?:['\u2019]{LETTER}+)*|[^\w\s]+"
LONG_NUMBER = r"(?<=\d{4})\d|\d(?=\d{4})|(?<=\d{3})\d(?=\d)|(?<=\d{2})\d(?=\d{2})|(?<=\d)\d(?=\d{3})"  # digits of 5 in a row


@dataclass
class Text:
    """A text as a row of tokens, the first `longest` of them; an empty or missing one is the end sign alone.

    >>> column = Text.fit(Words(np.array([0, 0, 1]), ["One fish", "two fish"]))
    >>> column.encode(Words(np.array([0, -1]), ["Two fish, one cat"])).index_select(0, torch.arange(2))
    tensor([[1, 4],
            [3, 0]])
    """

    kind: ClassVar[str] = "text"
    tokenizer: str  # the JSON of a tokenizers.Tokenizer
    longest: int  # tokens that are kept of a row
    unknown: float  # share of the tokens of the train rows that the tokenizer does not know
    lost: float  # share of the tokens of the train rows that stand behind the longest

    @classmethod
    def fit(
        cls,
        values: Cells,
        *,
        beside: Sequence[Cells] = (),
        tokens: str = "word",
        vocabulary: int = 50_000,
        least: int = 2,
        lowercase: bool = True,
        markup: bool = True,
        longest: int = 10_000,
        whole: float = 0.99,
        open_end: bool = False,
        **others: Any,
    ) -> Text:
        """beside: all columns of texts of the table, this one among them: they share one tokenizer. open_end: texts may have
        `longest` tokens even where none of the train rows has. others: settings of [text] that count for n-grams alone."""
        made = trained(beside or [values], tokens, vocabulary, least, lowercase, markup)
        assert isinstance(values, Words)
        rows = _encoded(values[np.arange(0, len(values), max(1, len(values) // MEASURED))], made, longest)
        lengths = rows.lengths.double()
        keep = max(1, int(torch.quantile(lengths, whole).ceil())) if len(rows) else 1
        if open_end:
            keep = longest
        total = max(1, int(rows.lengths.sum()))
        unknown = int((rows.tokens == UNKNOWN).sum()) / max(1, len(rows.tokens))
        return cls(made, keep, round(unknown, 6), round(float((lengths - keep).clamp_min(0).sum()) / total, 6))

    def encode(self, values: Cells) -> Ragged:
        """Shape: n rows of int32 tokens, each of 1 to `longest`."""
        assert isinstance(values, Words)
        return _encoded(values, self.tokenizer, self.longest)

    def decode(self, encoded: Tensor) -> list[str]:
        """The texts of padded rows, as far as the tokenizer can write them."""
        made = _loaded(self.tokenizer)
        return [made.decode([token for token in row if token > END]) for row in encoded.tolist()]

    def strange(self, values: Cells) -> int:
        """How many of the texts have more unknown words than known ones."""
        rows = self.encode(values)
        before = torch.cat([torch.zeros(1, dtype=torch.int64), (rows.tokens == UNKNOWN).cumsum(0)])
        unknown = before[rows.starts + rows.lengths] - before[rows.starts]
        return int((2 * unknown > rows.lengths).sum())

    @cached_property
    def words(self) -> list[str]:
        """The word, piece or sign that each token stands for."""
        places = _loaded(self.tokenizer).get_vocab()
        return sorted(places, key=lambda word: places[word])

    @property
    def shape(self) -> dict[str, Any]:
        """What a model must know of the texts."""
        return {"vocabulary": len(self.words), "length": self.longest, "words": self.words}

    @staticmethod
    def merge(shapes: list[dict[str, Any]]) -> dict[str, Any]:
        return {**shapes[0], "length": sum(shape["length"] for shape in shapes) + len(shapes) - 1}

    @staticmethod
    def join(parts: list[Ragged]) -> Ragged:
        return Ragged.join(parts, END)

    def state(self) -> dict[str, Any]:
        return asdict(self)


def trained(columns: Sequence[Cells], tokens: str, vocabulary: int, least: int, lowercase: bool, markup: bool) -> str:
    """The JSON of a tokenizer trained on the texts of the columns.

    tokens: "word", "bpe" (pieces of words, from bytes, so that nothing is unknown) or "char".
    """
    made = Tokenizer(models.BPE() if tokens == "bpe" else models.WordLevel({}, unk_token=SPECIAL[UNKNOWN]))
    steps: list[Any] = [normalizers.Replace(Regex(MARKUP), " ")] if markup else []
    steps += [normalizers.Replace(entity, sign) for entity, sign in ENTITIES.items()] if markup else []
    steps += [normalizers.NFC(), *([normalizers.Lowercase()] if lowercase else [])]
    steps += (
        [normalizers.Replace(Regex(LONG_NUMBER), "0")] if tokens == "word" else []
    )  # "08712460324" is seen once, its form often
    made.normalizer = normalizers.Sequence(steps)
    made.pre_tokenizer = SPLITTERS[tokens]()
    common: dict[str, Any] = {"special_tokens": SPECIAL, "vocab_size": vocabulary, "show_progress": False}
    if tokens == "bpe":
        signs = pre_tokenizers.ByteLevel.alphabet()
        trainer: Any = trainers.BpeTrainer(min_frequency=least, initial_alphabet=signs, **common)
        made.decoder = _byte_decoder()
    else:
        trainer = trainers.WordLevelTrainer(min_frequency=least, **common)
    made.train_from_iterator(_some(columns), trainer)
    return made.to_str()


def _byte_decoder() -> Any:
    from tokenizers import decoders

    return decoders.ByteLevel()


SPLITTERS: dict[str, Any] = {
    "word": lambda: pre_tokenizers.Split(Regex(WORD), "removed", invert=True),
    "bpe": lambda: pre_tokenizers.ByteLevel(add_prefix_space=True),
    "char": lambda: pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated"),
}


def _some(columns: Sequence[Cells]) -> Iterator[str]:
    """The texts, or evenly chosen ones of about `TRAINED_ON` characters together."""
    rows = [(cells.words, cells.codes[cells.codes >= 0]) for cells in columns if isinstance(cells, Words)]
    total = 0.0
    for words, codes in rows:
        some = codes[:: max(1, len(codes) // 10_000)].tolist()
        total += sum(len(words[code]) for code in some) * len(codes) / max(1, len(some))
    step = max(1, ceil(total / TRAINED_ON))
    for words, codes in rows:
        for code in codes[::step].tolist():
            yield words[code][:TRAINED_ON]


@lru_cache(maxsize=4)
def _loaded(tokenizer: str) -> Tokenizer:
    return Tokenizer.from_str(tokenizer)


Cut = Callable[[Tokenizer, list[str], int], list[list[int]]]  # texts and the most tokens of each -> their tokens


def _cut(made: Tokenizer, texts: list[str], longest: int) -> list[list[int]]:
    """The tokens of each text; the end sign where there are none."""
    return [found.ids[:longest] or [END] for found in made.encode_batch_fast(texts, add_special_tokens=False)]


def _encoded(values: Words, tokenizer: str, longest: int, cut: Cut = _cut) -> Ragged:
    """The rows as tokens; equal texts are encoded once and share them. Many are encoded into a file, once for all runs."""
    codes, places = np.unique(np.append(values.codes, -1), return_inverse=True)  # -1, the missing text, is always the first
    present = codes[1:].tolist()
    some = present[:: max(1, len(present) // 10_000)]
    letters = sum(len(values.words[code]) for code in some) * len(present) / max(1, len(some))
    if letters > LARGE:
        tokens, lengths = _from_file(values.words, present, tokenizer, longest, cut, int(letters))
    else:
        rows = [*_rows(values.words, present, tokenizer, longest, cut)]
        tokens, lengths = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    size = torch.from_numpy(lengths)
    return Ragged(torch.from_numpy(tokens), size.cumsum(0) - size, size).rows(torch.from_numpy(places[:-1]))


def _rows(
    words: Sequence[str], codes: list[int], tokenizer: str, longest: int, cut: Cut
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Tokens and lengths of a missing text and of these, some at a time. Shape: int32 (tokens,), int64 (texts,)."""
    made = _loaded(tokenizer)
    for first in range(-CHUNK, len(codes), CHUNK):
        texts = [words[code][: longest * LONGEST_WORD] for code in codes[first : first + CHUNK]] if first >= 0 else [""]
        rows = cut(made, texts, longest)
        lengths = np.array([len(row) for row in rows], np.int64)
        yield np.fromiter(chain.from_iterable(rows), np.int32, int(lengths.sum())), lengths


def _from_file(
    words: Sequence[str], codes: list[int], tokenizer: str, longest: int, cut: Cut, letters: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same as two memory-mapped arrays, with the missing text first; written now where the cache has them not.

    letters: of all texts; a token of 4 bytes stands for about as many of them.
    """
    key = hashlib.sha256(f"{RULES} {cut.__module__} {version('tokenizers')} {longest} {tokenizer}".encode())
    for code in codes:
        text = words[code].encode("utf-8", "surrogatepass")
        key.update(len(text).to_bytes(8, "little") + text)
    base = cache_folder() / f"tokens-{key.hexdigest()[:40]}"
    try:
        return _mapped(base)
    except (OSError, ValueError):  # not there yet, or damaged
        pass
    beside, sizes = base.with_name(f".{base.name}.{os.getpid()}"), []
    make_room(base.parent, letters, shutil.disk_usage(base.parent).free)
    try:
        with open(beside, "wb") as file:
            for found, lengths in _rows(words, codes, tokenizer, longest, cut):
                file.write(found.tobytes())
                sizes.append(lengths)
        with open(f"{beside}.lengths", "wb") as file:
            np.save(file, np.concatenate(sizes))
        size = beside.stat().st_size
        make_room(base.parent, size, size)  # as many bytes as there are now; on the disk they have found room
        os.replace(f"{beside}.lengths", base.with_suffix(".lengths.npy"))
        os.replace(beside, base.with_suffix(".bin"))
    finally:
        Path(f"{beside}.lengths").unlink(missing_ok=True)
        beside.unlink(missing_ok=True)
    return _mapped(base)


def _mapped(base: Path) -> tuple[np.ndarray, np.ndarray]:
    with ExitStack() as opened:
        opened.enter_context(hold(base.with_suffix(".bin")))
        lengths = np.load(base.with_suffix(".lengths.npy"))
        tokens = np.memmap(base.with_suffix(".bin"), np.int32, "c")  # copied on write: torch wants that
        if len(tokens) != lengths.sum():
            raise ValueError("the cache is not complete")
        weakref.finalize(tokens, opened.pop_all().close)  # nobody empties the cache of it while the array lives
    return tokens, lengths


assert SPECIAL[PADDING] == "<pad>"
