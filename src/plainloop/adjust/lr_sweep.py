"""How the learning rate matters: the run trained with each of several rates, their curves in one picture.

Every rate is a whole training with everything else the same; the validation rows judge, the test rows stay unseen.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..judge.plots import COLOURS, panel, points
from ..judge.wording import number, title
from ..options import TrainOptions
from ..plain.checkpoint import write_file
from ..plain.faults import Stopped
from ..plain.loop import NonFiniteLoss
from ..problems import again, typed_line
from ..show import AsText, aligned
from ..training import Talk
from ..understand.setting_problems import BadSetting
from .adjust_problems import SearchStopped
from .attempt import Attempt, attempt, prepare_place
from .base import base_of, undone_if_refused

GOOD = "1e-4,1e-3,1e-2"


@dataclass(repr=False)
class RateSweep(AsText):
    """What each learning rate gave."""

    rates: list[float]
    attempts: list[Attempt]
    folder: Path

    @property
    def picture(self) -> Path:
        return self.folder / "lr_sweep.png"

    @property
    def best(self) -> int | None:
        """The place of the rate with the best validation score."""
        known = [(one.value, place) for place, one in enumerate(self.attempts) if one.value is not None]
        if not known:
            return None
        return (max if self.attempts[0].higher_is_better else min)(known)[1]

    def as_dict(self) -> dict[str, Any]:
        return {
            "headline": self.attempts[0].headline,
            "learning_rate": None if self.best is None else self.rates[self.best],
            "rates": [
                {
                    "learning_rate": rate,
                    "value": one.value,
                    "best_epoch": one.best_epoch,
                    "epochs": len(one.history.get("epoch", [])),
                    "seconds": round(one.seconds, 2),
                    "failed": one.failed,
                }
                for rate, one in zip(self.rates, self.attempts, strict=True)
            ],
            "picture": str(self.picture),
        }

    def __repr__(self) -> str:
        found = "none of them with a score" if self.best is None else f"best {self.rates[self.best]:g}"
        return f"RateSweep({str(self.folder)!r}, {len(self.rates)} rates, {found})"

    def __str__(self) -> str:
        headline = self.attempts[0].headline
        table = [["learning rate", f"validation {title(headline)}", "best epoch", "seconds", ""]]
        for place, (rate, one) in enumerate(zip(self.rates, self.attempts, strict=True)):
            note = one.failed or ("best" if place == self.best else "")
            epochs = f"{one.best_epoch} of {len(one.history.get('epoch', []))}"
            table.append([f"{rate:g}", number(one.value, headline), epochs, f"{one.seconds:.1f}", note])
        lines = aligned(table, right=(1, 2, 3))
        if self.best in (0, len(self.rates) - 1) and len(self.rates) > 1:
            lines.append(f"The best rate is the {'lowest' if self.best == 0 else 'highest'} that was tried: try further ones.")
        return "\n".join([*lines, f"picture  {self.picture}"])


def lr_sweep(source: Any, options: TrainOptions, rates: list[float], talk: Talk) -> RateSweep:
    """See `api.lr_sweep`."""
    rates = sorted(dict.fromkeys(check_rates(rates)))
    decided = base_of(source, options, talk, "lr-sweep")
    attempts: list[Attempt] = []
    with undone_if_refused(source, decided.place):
        prepare_place(decided, "lr-sweep")
        talk.line()
        for rate in rates:
            attempts.append(tried(decided, rate, talk))
            made = RateSweep(rates[: len(attempts)], attempts, decided.place)
            write_file(decided.place / "lr_sweep.json", json.dumps(made.as_dict(), indent=1, allow_nan=False) + "\n")
    write_file(made.picture, picture(made))
    talk.line(f"\n{made}")
    return made


def tried(decided: Any, rate: float, talk: Talk) -> Attempt:
    """One rate. Raises: SearchStopped."""
    history: dict[str, list[Any]] = {}

    def told(record: Any) -> None:
        for name, value in record.values.items():
            history.setdefault(name, []).append(value)

    talk.training = True
    folder = decided.place / f"rate-{rate:g}"
    try:
        done = attempt(decided, {"train.learning_rate": rate}, folder, on_record=told, watch=talk.watch)
    except NonFiniteLoss as lost:
        headline = next((name.removeprefix("val_") for name in history if name.startswith("val_") and name != "val_loss"), "loss")
        return Attempt({"train.learning_rate": rate}, history, headline, False, None, 0, 0.0, lost.what)
    except Stopped as stopped:
        raise SearchStopped(stopped.exit_code, str(decided.place), typed_line() or "run the command again") from stopped
    finally:
        talk.training = False
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    talk.line(
        f"learning rate {rate:g}: validation {title(done.headline)} {number(done.value, done.headline)}, {done.seconds:.1f} s"
    )
    return done


def check_rates(rates: list[float]) -> list[float]:
    """Raises: BadSetting."""
    for rate in rates:
        if not 0 < rate <= 100:
            raise BadSetting("rates", rate, "rates above 0 and at most 100", GOOD, how=again("rates", GOOD))
    if not rates:
        raise BadSetting("rates", "", "at least one rate", GOOD, how=again("rates", GOOD))
    return rates


def picture(made: RateSweep) -> bytes:
    """The training loss (solid) and the validation loss (dashed) of each rate over the epochs."""
    with panel("Loss by learning rate: training solid, validation dashed", "epoch", "loss", width=7.2, height=4.4) as drawn:
        seen = []
        for colour, rate, one in zip(COLOURS, made.rates, made.attempts, strict=False):
            for part, line, alpha in (("train", "-", 0.4), ("val", "--", 1.0)):
                values = [np.nan if value is None else value for value in one.history.get(f"{part}_loss", [])]
                label = f"{rate:g}{' (failed)' if one.failed else ''}" if part == "val" else None
                epochs = one.history.get("epoch", [])
                drawn.axes.plot(epochs, values, line, color=colour, alpha=alpha, label=label, **points(epochs))
                seen += [value for value in values if np.isfinite(value)]
        if seen:  # a rate that is too high must not hide the others
            low, high = min(seen), float(np.quantile(seen, 0.97))
            drawn.axes.set_ylim(low - 0.05 * (high - low + 1e-9), high + 0.1 * (high - low + 1e-9))
        drawn.axes.xaxis.get_major_locator().set_params(integer=True)
        drawn.axes.legend(title="learning rate")
    return drawn.png
