"""The learning-rate finder: which rate to train with, read off a sweep, with its reason and a picture.

The suggestion is the middle of the fall, on the log scale, as in fastai's `valley`; on california_housing and letter it was the
best of six rates, docs/experiments.md.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..judge.plots import BLUE, GREEN, GREY, RED, logarithmic, panel
from ..options import TrainOptions
from ..plain.checkpoint import write_file
from ..plain.config import Config
from ..plain.run import Ready, augmentation, make_ready
from ..problems import again
from ..run_files import read_toml
from ..run_folder import package_of
from ..show import AsText
from ..training import Decided, Talk, machine_as_it_was, write_run
from ..understand.check_inside import Given, check_run
from ..understand.own_model import build
from ..understand.setting_problems import BadSetting
from .base import base_of, undone_if_refused
from .retrain import moved
from .sweep import BEGINNING, smoothed, sweep

LOW, HIGH, STEPS = 1e-6, 1.0, 150
LEAST_FALL = 0.02  # share of the first loss that must be lost for a suggestion


@dataclass
class RateCurve(AsText):
    """The loss over learning rates, and what it suggests."""

    rates: list[float]
    losses: list[float]
    smooth: list[float]
    valley: float | None  # half way, in factors, from where the loss begins to fall to where it is lowest
    steepest: float | None  # where the loss falls fastest
    learning_rate: float  # the suggestion
    reason: str
    folder: Path | None = None

    @property
    def picture(self) -> Path | None:
        return self.folder / "lr_find.png" if self.folder else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "learning_rate": self.learning_rate,
            "reason": self.reason,
            "valley": self.valley,
            "steepest": self.steepest,
            "rates": self.rates,
            "losses": self.losses,
            "smooth": self.smooth,
            "picture": str(self.picture) if self.picture else None,
        }

    def __str__(self) -> str:
        lines = [f"learning rate {self.learning_rate:.2g}: {self.reason}"]
        for name, rate in (("valley", self.valley), ("steepest", self.steepest)):
            if rate is not None:
                lines.append(f"  {name:9} {rate:.2g}")
        lines.append(f"tried {len(self.rates)} steps from {self.rates[0]:.2g} to {self.rates[-1]:.2g}")
        return "\n".join([*lines, *([f"picture  {self.picture}"] if self.picture else [])])

    def __repr__(self) -> str:
        return f"RateCurve(learning_rate={self.learning_rate:.3g}, {self.reason!r})"


def lr_find(source: Any, options: TrainOptions, low: float, high: float, steps: int, talk: Talk) -> RateCurve:
    """See `api.lr_find`."""
    check_range(low, high, steps)
    decided = base_of(source, options, talk, "lr-find")
    with undone_if_refused(source, decided.place):
        curve = find(decided, low=low, high=high, steps=steps)
    shutil.rmtree(decided.place / "data", ignore_errors=True)  # the copy of what was in memory
    write_curve(curve, decided.place)
    talk.line(f"\n{curve}")
    return curve


def check_range(low: float, high: float, steps: int) -> None:
    """Raises: BadSetting."""
    for name, value, good, wanted, fine in (
        ("low", low, LOW, "a rate above 0", low > 0),
        ("high", high, max(HIGH, 10 * low), f"a rate above {low:g}", high > low),
        ("steps", steps, STEPS, "a whole number of at least 30", steps >= 30),
    ):
        if not fine:
            raise BadSetting(name, value, wanted, f"{good:g}", how=again(name, f"{good:g}"))


def find(decided: Decided, *, low: float = LOW, high: float = HIGH, steps: int = STEPS) -> RateCurve:
    """The sweep of a run that is decided, in a folder of its own that is gone afterwards; the run itself is not touched."""
    with tempfile.TemporaryDirectory(prefix="plainloop-") as scratch:
        there = moved(decided, decided.place, Path(scratch))
        write_run(there)
        package_of(there.place, read_toml(there.place))
        config = there.config
        with machine_as_it_was():
            ready = make_ready(config, there.place, partial(build, there.own), ("train", "validation"))
            check_run(Given(ready.model, ready.preparation.task, ready.batches.dataset, config)).raise_for_errors()
            return curve_of(ready, config, low=low, high=high, steps=steps)


def curve_of(ready: Ready, config: Config, *, low: float = LOW, high: float = HIGH, steps: int = STEPS) -> RateCurve:
    """The sweep of what is ready to be trained, which stays as it is."""
    rates, losses = sweep(
        ready.model,
        ready.preparation.task,
        ready.batches,
        ready.evaluation["validation"],
        config.train,
        seed=config.machine.seed,
        augment=augmentation(config),
        low=low,
        high=high,
        steps=steps,
    )
    return suggest(rates, losses, config.train.learning_rate)


def suggest(rates: list[float], losses: list[float], default: float) -> RateCurve:
    """Reads the curve: the valley where there is one, else the rate that the run had anyway."""
    smooth = smoothed(losses)
    first, last = the_fall(smooth)
    if len(smooth) < 10 or first == last or smooth[first] - smooth[last] < LEAST_FALL * abs(smooth[first]):
        reason = f"the loss does not fall anywhere from {rates[0]:.2g} to {rates[-1]:.2g}; the rate stays as it was"
        return RateCurve(rates, losses, smooth, None, None, default, reason)
    valley = rates[(first + last) // 2]
    slopes = np.gradient(np.array(smooth[first : last + 1]), np.log(rates[first : last + 1]))
    steepest = rates[first + int(np.argmin(slopes))]
    reason = (
        f"in the middle of the fall of the loss, {smooth[first]:.3g} at {rates[first]:.2g} to "
        f"{smooth[last]:.3g} at {rates[last]:.2g}"
    )
    return RateCurve(rates, losses, smooth, valley, steepest, rounded(valley), reason)


def the_fall(smooth: list[float]) -> tuple[int, int]:
    """Where the loss begins to fall and where it is lowest: the fall begins when a tenth of it is done.

    >>> the_fall([3.0, 3.1, 2.9, 2.0, 1.0, 1.5, 4.0])
    (2, 4)
    """
    lowest = int(np.argmin(smooth))
    start = float(np.mean(smooth[: min(BEGINNING, lowest + 1)]))
    high = start - 0.1 * (start - smooth[lowest])
    return max((step for step in range(lowest + 1) if smooth[step] >= high), default=lowest), lowest


def rounded(rate: float) -> float:
    """Two digits are more than a sweep can tell.

    >>> rounded(0.0034712)
    0.0035
    """
    return round(rate, 1 - math.floor(math.log10(rate)))


def with_found_rate(decided: Decided) -> tuple[Decided, RateCurve]:
    """The run with the rate that a sweep suggests: `learning_rate="auto"`."""
    curve = find(decided)
    config = replace(decided.config, train=replace(decided.config.train, learning_rate=curve.learning_rate))
    reasons = {**decided.reasons, "train.learning_rate": f"found: {curve.reason}"}
    return replace(decided, config=config, reasons=reasons, auto=False), curve


def write_curve(curve: RateCurve, folder: Path) -> None:
    """lr_find.json and lr_find.png. Raises: StorageFailed."""
    curve.folder = folder
    write_file(folder / "lr_find.json", json.dumps(curve.as_dict(), indent=1, allow_nan=False) + "\n")
    write_file(folder / "lr_find.png", picture(curve))


def picture(curve: RateCurve) -> bytes:
    """The loss over the learning rate, each step and smoothed, with the suggestion marked."""
    with panel("Loss while the learning rate rises", "learning rate", "loss", width=6.4, height=4.0) as made:
        logarithmic(made.axes)
        made.axes.plot(curve.rates, curve.losses, color=GREY, alpha=0.35, linewidth=1, label="each step")
        made.axes.plot(curve.rates, curve.smooth, color=BLUE, label="smoothed")
        for name, rate, colour in (("valley", curve.valley, GREEN), ("steepest", curve.steepest, RED)):
            if rate is not None:
                made.axes.axvline(rate, color=colour, linestyle="--", linewidth=1.2, label=f"{name} {rate:.2g}")
        low, high = min(curve.smooth), max(curve.smooth[0], max(curve.smooth[: max(1, len(curve.smooth) * 2 // 3)]))
        made.axes.set_ylim(low - 0.1 * (high - low + 1e-9), high + 0.5 * (high - low + 1e-9))
        made.axes.legend()
    return made.png
