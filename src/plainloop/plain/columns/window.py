"""Columns of a forecast: a value over the look-back, a value known ahead, and the calendar. Copied into ejected projects.

Each is fitted on the steps that train rows see and encodes to `Slices`, stretches of one array. `kind` names the tensor of the
model's inputs: "series" float32 (B, V, L), the look-back, or "future" float32 (B, F, L + H), the look-back and the horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..slices import Scale, Slices, filled, slices
from ..table import Cells, Windows, Words

SECONDS_PER_DAY = 86_400.0
MOST_WORDS = 30  # words of a column that get a variable each; the rarer ones have none


@dataclass
class Window:
    """What a column was over the look-back: one variable, standardised, or for words a 0/1 variable each.

    names, mean, std: see `Scale`. A missing step has the value of the last known one before it.
    """

    kind: ClassVar[str] = "series"
    names: list[str]
    mean: list[float]
    std: list[float]
    words: list[str] | None  # None: a number
    target: bool
    lookback: int
    horizon: int

    @classmethod
    def fit(cls, values: Cells, role: str = "input") -> Window:
        assert isinstance(values, Windows)
        words, scale = None, Scale([""], [0.0], [1.0])
        if isinstance(values.steps, Words):
            codes = values.steps[values.used()].codes
            counts = np.bincount(codes[codes >= 0], minlength=len(values.steps.words))
            often = np.argsort(-counts, kind="stable")[:MOST_WORDS]
            words = [values.steps.words[code] for code in sorted(often.tolist()) if counts[code]]
        else:
            scale = Scale.fit(values)
        return cls(scale.names, scale.mean, scale.std, words, role == "target", values.lookback, values.horizon)

    def channels(self, values: Windows) -> list[np.ndarray]:
        """The variables over all steps, without gaps. Shape: each float64 (T,)."""
        if isinstance(values.steps, Words):
            words = np.array([*values.steps.words, ""], dtype=object)[values.steps.codes]
            return [np.asarray(words == word, np.float64) for word in self.words or []]
        return [filled(Scale(self.names, self.mean, self.std).apply(values), values.series)]

    def encode(self, values: Cells) -> Slices:
        """Shape: rows float32 (V, L)."""
        assert isinstance(values, Windows)
        return slices(values, self.channels(values), -values.lookback, values.lookback)

    @property
    def shape(self) -> dict[str, int]:
        """What a model must know of the column."""
        variables = 1 if self.words is None else len(self.words)
        return {"variables": variables, "targets": int(self.target), "lookback": self.lookback, "horizon": self.horizon}

    @staticmethod
    def merge(shapes: Sequence[Any]) -> Any:
        sums = {name: sum(shape[name] for shape in shapes) for name in ("variables", "targets")}
        return {**shapes[0], **sums}

    @staticmethod
    def join(parts: Sequence[Slices]) -> Slices:
        return Slices.join(parts)

    def state(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Known(Window):
    """A column that is known ahead, such as a price: over the look-back and the horizon."""

    kind: ClassVar[str] = "future"

    def encode(self, values: Cells) -> Slices:
        """Shape: rows float32 (F, L + H)."""
        assert isinstance(values, Windows)
        return slices(values, self.channels(values), -values.lookback, values.lookback + values.horizon)

    @property
    def shape(self) -> Any:
        """The number of variables."""
        return 1 if self.words is None else len(self.words)

    @staticmethod
    def merge(shapes: Sequence[Any]) -> Any:
        return sum(shapes)


@dataclass
class Calendar:
    """The place of each step on the circles of year, week and day, as sine and cosine, where the train steps vary.

    Shape: rows float32 (2 per circle, L + H).
    """

    kind: ClassVar[str] = "future"
    circles: ClassVar[dict[str, float]] = {
        "year": 365.2425 * SECONDS_PER_DAY,
        "week": 7 * SECONDS_PER_DAY,
        "day": SECONDS_PER_DAY,
    }
    parts: list[str]

    @classmethod
    def fit(cls, values: Cells) -> Calendar:
        assert isinstance(values, Windows)
        times = np.asarray(values.steps)[values.used()]
        step = float(np.median(np.abs(np.diff(times)))) if len(times) > 1 else 0.0
        longest = {"year": 92 * SECONDS_PER_DAY, "week": 2 * SECONDS_PER_DAY, "day": SECONDS_PER_DAY / 2}
        seen = {"year": 60 * SECONDS_PER_DAY, "week": 2 * SECONDS_PER_DAY, "day": 1.0}  # the least a circle must be seen to turn
        return cls([name for name in cls.circles if step <= longest[name] and len(times) and np.ptp(times) >= seen[name]])

    def encode(self, values: Cells) -> Slices:
        assert isinstance(values, Windows)
        times = np.asarray(values.steps)
        angles = [times % self.circles[part] / self.circles[part] * 2 * np.pi for part in self.parts]
        waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
        return slices(values, waves, -values.lookback, values.lookback + values.horizon)

    @property
    def shape(self) -> int:
        """The number of variables."""
        return 2 * len(self.parts)

    @staticmethod
    def merge(shapes: Sequence[int]) -> int:
        return sum(shapes)

    @staticmethod
    def join(parts: Sequence[Slices]) -> Slices:
        return Slices.join(parts)

    def state(self) -> dict[str, Any]:
        return asdict(self)
