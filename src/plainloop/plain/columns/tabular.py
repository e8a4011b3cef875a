"""Columns of a table: number, boolean, category, datetime and tags, as tensors. Copied into ejected projects.

Every column is fitted on train rows, encodes any rows, and keeps its fitted facts as plain values that JSON can hold.
`kind` names the tensor of the model's inputs it becomes part of: "numbers" float32 (n, slots) or "categories" int64 (n, 1).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..table import Cells, Words, split_tags

SECONDS_PER_DAY = 86_400.0
LARGEST = float(np.finfo(np.float64).max)
UNSEEN, MISSING = 0, 1  # the first two codes of every category


class Slots:
    """A column that is some slots of the input "numbers"; several stand side by side."""

    kind: ClassVar[str] = "numbers"
    slots: Any

    @property
    def shape(self) -> int:
        return self.slots

    @staticmethod
    def merge(shapes: list[int]) -> int:
        return sum(shapes)

    @staticmethod
    def join(parts: list[Tensor]) -> Tensor:
        return torch.cat(parts, 1)


@dataclass
class Number(Slots):
    """A number: centred on the median, divided by the spread of the middle half, bent smoothly so that none exceeds +-3.

    Robust scaling with a smooth clip is the preprocessing of RealMLP (Holzmueller et al. 2024, arXiv 2407.04491).
    A missing value becomes 0, the median; where train rows miss values a second slot says so (1 missing, 0 not).

    >>> column = Number.fit(np.array([1.0, 2.0, 3.0, np.nan]))
    >>> column.encode(np.array([2.0, np.nan]))
    tensor([[0., 0.],
            [0., 1.]])
    """

    center: float
    spread: float
    flag: bool  # whether a slot says that the value is missing

    @classmethod
    def fit(cls, values: Cells) -> Number:
        assert isinstance(values, np.ndarray)
        known = values[np.isfinite(values)]
        if len(known) == 0:
            return cls(0.0, 1.0, True)
        low, center, high = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
        spread = min(high / 1.349 - low / 1.349, LARGEST)  # the standard deviation, were the values normal
        if spread <= 0:  # most values are equal: measure how far the others lie
            away = np.abs(known - center)
            spread = float(np.median(away[away > 0])) if (away > 0).any() else 1.0
        return cls(center, spread, len(known) < len(values))

    def encode(self, values: Cells) -> Tensor:
        """Shape: float32 (n, 1) or, with the flag, (n, 2)."""
        assert isinstance(values, np.ndarray)
        missing = ~np.isfinite(values)
        with np.errstate(over="ignore"):
            scaled = (np.where(missing, self.center, values) - self.center) / self.spread
        scaled = np.clip(scaled, -1e6, 1e6)  # the square of more can be infinite
        bent = scaled / np.sqrt(1.0 + (scaled / 3.0) ** 2)
        slots = [bent, missing] if self.flag else [bent]
        return torch.from_numpy(np.stack(slots, 1).astype(np.float32))

    def decode(self, encoded: Tensor) -> list[float]:
        bent = encoded[:, 0].double().clamp(-2.999999, 2.999999)
        values = bent / (1 - (bent / 3.0) ** 2).sqrt() * self.spread + self.center
        if self.flag:
            values[encoded[:, 1] > 0.5] = float("nan")
        return values.tolist()

    @property
    def slots(self) -> int:
        return 1 + self.flag

    def state(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Boolean(Number):
    """Yes or no as +1 or -1; missing is 0, and has a slot of its own where train rows miss values.

    >>> Boolean.fit(np.array([0.0, 1.0])).encode(np.array([1.0, 0.0, np.nan])).flatten()
    tensor([ 1., -1.,  0.])
    """

    @classmethod
    def fit(cls, values: Cells) -> Boolean:
        assert isinstance(values, np.ndarray)
        return cls(0.5, 0.5, bool(np.isnan(values).any()))

    def encode(self, values: Cells) -> Tensor:
        assert isinstance(values, np.ndarray)
        missing = np.isnan(values)
        signs = np.where(missing, 0.0, values * 2.0 - 1.0)
        slots = [signs, missing] if self.flag else [signs]
        return torch.from_numpy(np.stack(slots, 1).astype(np.float32))

    def decode(self, encoded: Tensor) -> list[float]:
        return [float("nan") if sign == 0 else float(sign > 0) for sign in encoded[:, 0].tolist()]


@dataclass
class Category:
    """A word from a fixed set, as its number: 0 unseen or rare, 1 missing, 2 and up the words of the train rows.

    Words that occur once in the train rows share code 0, so that the model learns what an unseen word means.

    >>> column = Category.fit(Words(np.array([0, 0, 1, 1], np.int32), ["blue", "red"]))
    >>> column.encode(Words(np.array([1, -1, 2], np.int32), ["blue", "red", "violet"])).flatten()
    tensor([3, 1, 0])
    """

    kind: ClassVar[str] = "categories"
    words: list[str]
    most: ClassVar[int] = 10_000

    @classmethod
    def fit(cls, values: Cells) -> Category:
        assert isinstance(values, Words)
        counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.words))
        often = np.argsort(-counts, kind="stable")[: cls.most]
        return cls([values.words[code] for code in sorted(often.tolist()) if counts[code] >= 2])

    def encode(self, values: Cells) -> Tensor:
        """Shape: int64 (n, 1)."""
        assert isinstance(values, Words)
        known = {word: code for code, word in enumerate(self.words, start=2)}
        lookup = np.array([*(known.get(word, UNSEEN) for word in values.words), MISSING], np.int64)  # code -1 is the last entry
        return torch.from_numpy(lookup[values.codes])[:, None]

    def decode(self, encoded: Tensor) -> list[str | None]:
        return [None if code < 2 else self.words[code - 2] for code in encoded.flatten().tolist()]

    @property
    def cardinality(self) -> int:
        return len(self.words) + 2

    @property
    def shape(self) -> list[int]:
        return [self.cardinality]

    @staticmethod
    def merge(shapes: list[list[int]]) -> list[int]:
        return [size for sizes in shapes for size in sizes]

    @staticmethod
    def join(parts: list[Tensor]) -> Tensor:
        return torch.cat(parts, 1)

    def state(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Datetime(Slots):
    """A moment: its place on the line of time, and on the circles of year, week and day, where the train rows vary.

    Shape: float32 (n, slots): scaled time, [sine and cosine per circle], [missing].
    """

    circles: ClassVar[dict[str, float]] = {
        "year": 365.2425 * SECONDS_PER_DAY,
        "week": 7 * SECONDS_PER_DAY,
        "day": SECONDS_PER_DAY,
    }
    center: float
    spread: float
    flag: bool
    parts: list[str]

    @classmethod
    def fit(cls, values: Cells) -> Datetime:
        assert isinstance(values, np.ndarray)
        line = Number.fit(values)
        known = values[np.isfinite(values)]
        spans = {"year": 60 * SECONDS_PER_DAY, "week": 2 * SECONDS_PER_DAY, "day": 1.0}  # the least a circle must be seen to turn
        times = {"year": known, "week": known, "day": known % SECONDS_PER_DAY}
        parts = [name for name, seen in times.items() if len(known) and np.ptp(seen) >= spans[name]]
        return cls(line.center, line.spread, line.flag, parts)

    def encode(self, values: Cells) -> Tensor:
        assert isinstance(values, np.ndarray)
        line = Number(self.center, self.spread, self.flag).encode(values)
        missing = ~np.isfinite(values)
        angles = [np.where(missing, 0.0, values) % self.circles[part] / self.circles[part] * 2 * np.pi for part in self.parts]
        turns = [np.where(missing, 0.0, wave(angle)) for angle in angles for wave in (np.sin, np.cos)]
        return torch.cat([line, *(torch.from_numpy(turn.astype(np.float32))[:, None] for turn in turns)], 1)

    def decode(self, encoded: Tensor) -> list[float]:
        return Number(self.center, self.spread, self.flag).decode(encoded)

    @property
    def slots(self) -> int:
        return 1 + self.flag + 2 * len(self.parts)

    def state(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Tags(Slots):
    """A set of labels in a cell, as a 0/1 slot for each label of the train rows (the 256 most frequent).

    >>> column = Tags.fit(Words(np.array([0, 1], np.int32), ["a|b", "b"]), separator="|")
    >>> column.encode(Words(np.array([0], np.int32), ["b|c"]))
    tensor([[0., 1.]])
    """

    labels: list[str]
    separator: str
    most: ClassVar[int] = 256

    @classmethod
    def fit(cls, values: Cells, separator: str = ",") -> Tags:
        assert isinstance(values, Words)
        counts: dict[str, int] = {}
        for code, times in enumerate(np.bincount(values.codes[values.codes >= 0], minlength=len(values.words)).tolist()):
            for label in split_tags(values.words[code], separator) if times else ():
                counts[label] = counts.get(label, 0) + times
        often = sorted(counts, key=lambda label: (-counts[label], label))[: cls.most]
        return cls(sorted(often), separator)

    def encode(self, values: Cells) -> Tensor:
        """Shape: float32 (n, labels)."""
        assert isinstance(values, Words)
        place = {label: slot for slot, label in enumerate(self.labels)}
        lookup = np.zeros((len(values.words) + 1, len(self.labels)), np.float32)  # code -1 is the last entry: no label
        for code, word in enumerate(values.words):
            lookup[code, [place[label] for label in split_tags(word, self.separator) if label in place]] = 1.0
        return torch.from_numpy(lookup[values.codes])

    def decode(self, encoded: Tensor) -> list[list[str]]:
        return [[self.labels[slot] for slot in np.flatnonzero(row > 0.5).tolist()] for row in encoded.numpy()]

    @property
    def slots(self) -> int:
        return len(self.labels)

    def state(self) -> dict[str, Any]:
        return asdict(self)
