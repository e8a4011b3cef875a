"""Pictures of forecasts: a stretch of history with the forecast behind it, the error by step ahead, residuals by the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .plots import BLUE, GREY, ORANGE, RED, panel, shorten

MOST_POINTS = 1000  # of a line; a longer one is drawn as the range of its stretches
HORIZON_SHARE = 3  # so many horizons of history are drawn at most before the forecast


@dataclass(frozen=True)
class Stretch:
    """One window in the target's unit: what was before, what came, what was said.

    Shape: history (L,), truth, guess, low, high (H,); times of history and horizon (L + H,) seconds since 1970, or None.
    """

    history: np.ndarray
    truth: np.ndarray
    guess: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    times: np.ndarray | None


def stretch(one: Stretch, title: str, unit: str) -> bytes:
    """The history, the truth that followed, the forecast and its 80% interval."""
    kept = min(len(one.history), HORIZON_SHARE * len(one.guess))
    history = one.history[len(one.history) - kept :]
    with panel(title, "" if one.times is not None else "step", unit, width=7.4, height=3.2) as made:
        places = np.arange(-kept, len(one.guess)) if one.times is None else one.times[-kept - len(one.guess) :].astype("M8[s]")
        before, ahead = places[:kept], places[kept:]
        joined = np.concatenate([history[-1:], one.truth])
        made.axes.plot(before, history, color=GREY, linewidth=1.1, label="history")
        made.axes.plot(places[max(0, kept - 1) :], joined, color=BLUE, label="truth")
        if one.low is not None and one.high is not None:
            made.axes.fill_between(ahead, one.low, one.high, color=ORANGE, alpha=0.25, linewidth=0, label="80% interval")
        made.axes.plot(ahead, one.guess, color=RED, linestyle="--", label="forecast")
        if one.times is not None:
            dated(made.axes)
        made.figure.legend(ncols=4, loc="outside lower center")
    return made.png


def by_step(net: np.ndarray, others: dict[str, np.ndarray], unit: str) -> bytes:
    """The mean absolute error of each step ahead, beside that of the opponents. Shape: each (H,)."""
    with panel("Error by step ahead", "steps ahead", f"mean absolute error{unit}") as made:
        steps = np.arange(1, len(net) + 1)
        marker = "o" if len(net) < 40 else None
        made.axes.plot(steps, net, color=BLUE, label="net", marker=marker, markersize=3)
        for (name, values), colour, line in zip(others.items(), (RED, GREY), ("--", ":"), strict=False):
            made.axes.plot(steps, values, color=colour, linestyle=line, label=name)
        made.axes.set_ylim(
            0, 1.15 * max(float(net.max()), *(float(values[np.isfinite(values)].max()) for values in others.values()))
        )
        made.axes.xaxis.get_major_locator().set_params(integer=True)
        made.axes.legend()
    return made.png


def by_clock(title: str, names: Sequence[str], groups: Sequence[np.ndarray], unit: str) -> bytes:
    """Median of the residuals in each group of steps, and the middle 80% of them."""
    with panel(title, "", f"forecast - truth{unit}", width=5.2, height=2.9) as made:
        places = np.arange(len(names))
        low, middle, high = (np.array([np.quantile(one, q) if len(one) else np.nan for one in groups]) for q in (0.1, 0.5, 0.9))
        made.axes.vlines(places, low, high, color=BLUE, alpha=0.35, linewidth=min(9.0, 130 / len(names)))
        made.axes.plot(places, middle, "o", color=BLUE, markersize=4)
        made.axes.axhline(0, color=GREY, linewidth=1, linestyle=":")
        every = max(1, len(names) // 12)
        made.axes.set_xticks(places[::every], [shorten(name, 6) for name in names[::every]])
    return made.png


def over_time(title: str, times: np.ndarray | None, columns: Mapping[str, np.ndarray]) -> bytes:
    """Each column over all steps, gaps left open; long ones as the range within each of a thousand stretches.

    Shape: times (T,) seconds since 1970, or None; columns each (T,).
    """
    with panel("", width=7.4, height=1.0 + 1.4 * max(1, len(columns))) as made:
        made.figure.clear()
        made.figure.suptitle(title, x=0.02, ha="left", fontweight="bold", fontsize=10)
        axes = np.atleast_1d(made.figure.subplots(max(1, len(columns)), 1, sharex=True))
        for one, (name, values) in zip(axes, columns.items(), strict=False):
            places = np.arange(len(values)) if times is None else times.astype("M8[s]")
            size = -(-len(values) // MOST_POINTS)
            if size > 1:
                starts = np.arange(0, len(values), size)
                low, high = (edge.reduceat(values, starts) for edge in (np.fmin, np.fmax))
                one.fill_between(places[starts], low, high, color=BLUE, linewidth=0.5, step="post")
            else:
                one.plot(places, values, color=BLUE, linewidth=1)
            one.set_title(shorten(name, 40), fontsize=8, fontweight="normal")
        if times is not None:
            dated(axes[-1])
    return made.png


def dated(axes: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
