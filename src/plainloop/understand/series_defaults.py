"""Horizon, look-back, season and shares of a forecast where they are not given, by the frequency and the length of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..plain.frequency import DAY, SECONDS, Frequency
from ..plain.table import Words

# unit or longest step in seconds -> (horizon, look-back, what the horizon is)
BY_UNIT: dict[str, tuple[int, int, str]] = {
    "b": (20, 60, "four weeks of weekdays"),
    "w": (12, 104, "a quarter of a year"),
    "mo": (12, 36, "a year"),
}
BY_LENGTH: list[tuple[float, int, int, str]] = [
    (600.0, 60, 336, "60 steps"),
    (1800.0, 96, 336, "96 steps"),
    (3 * 3600.0, 24, 336, "24 steps"),
    (DAY / 2, 8, 112, "8 steps"),
    (6 * DAY, 30, 90, "30 steps"),
    (float("inf"), 12, 52, "12 steps"),
]
UNKNOWN = (24, 96, "the frequency is not known")
LEAST_SHARE, MOST_SHARE = 0.15, 0.25


@dataclass(frozen=True)
class Reach:
    """How far a forecast sees, back and ahead, and why."""

    lookback: int
    horizon: int
    why_lookback: str
    why_horizon: str


def reach(frequency: Frequency | None, horizon: int | None, lookback: int | None, season: int, steps: int) -> Reach:
    """Look-back and horizon; steps: those of the train part, of the longest series."""
    usual, back, what = UNKNOWN
    if frequency is not None:
        found = BY_UNIT.get(frequency.unit)
        usual, back, what = found or next(row[1:] for row in BY_LENGTH if frequency.seconds <= row[0])
        if frequency.unit == "mo":
            usual, back = max(1, usual // frequency.count), max(4, back // frequency.count)
    why_horizon = "asked for" if horizon else f"{what}, usual for steps of {frequency}" if frequency else what
    ahead = horizon or max(1, min(usual, steps // 8))
    if lookback:
        return Reach(lookback, ahead, "asked for", why_horizon)
    wanted = max(back, 2 * ahead)
    room = max(1, (steps - ahead) // 3)
    seen = min(wanted, room)
    if season > 1 and seen > season:
        seen = seen // season * season  # whole seasons
    why = f"whole seasons of {season} steps" if season > 1 and seen % season == 0 else "a few times the horizon"
    if seen < wanted:
        why += ", short enough to leave windows to learn from"
    return Reach(seen, ahead, why, why_horizon)


def seasons(frequency: Frequency | None) -> dict[int, str]:
    """Lengths in steps that a season may have, and their names."""
    if frequency is None:
        return {}
    if frequency.unit == "mo":
        return {12 // frequency.count: "a year"} if 12 % frequency.count == 0 and frequency.count < 12 else {}
    if frequency.unit == "b":
        return {5: "a week"} if frequency.count == 1 else {}
    if frequency.unit == "w":
        return {52: "a year"} if frequency.count == 1 else {}
    step = frequency.seconds
    spans = {"an hour": SECONDS["h"], "a day": DAY, "a week": SECONDS["w"], "a year": 365 * DAY}
    found = {}
    for name, span in spans.items():
        near = name != "a year" or step >= DAY  # a year of hours is no season that a look-back could hold
        near &= name != "an hour" or step <= 60
        if near and span / step >= 2 and abs(span / step - round(span / step)) < 1e-9:
            found[round(span / step)] = name
    return found


def season_of(values: np.ndarray, series: Words, frequency: Frequency | None, horizon: int) -> tuple[int, str]:
    """The season whose repeat is nearest to the train values, and why; 1 where there is none.

    Shape: values float64 (T,) of the target, NaN where missing or not of the train part.
    """
    errors = {}
    for length, name in seasons(frequency).items():
        lag = length * -(-horizon // length) if horizon > length else length
        if lag < len(values):
            same = series.codes[lag:] == series.codes[:-lag]
            away = np.abs(values[lag:] - values[:-lag])[same]
            known = away[np.isfinite(away)]
            if len(known) >= max(2, length):
                errors[length] = (float(known.mean()), name)
    if not errors:
        return 1, "no season is known for these steps"
    best = min(errors, key=lambda length: errors[length][0])
    return best, f"{errors[best][1]}: its repeat is nearest to the train steps"


def shares_for(steps: int, horizon: int, given: dict[str, float]) -> tuple[dict[str, float], str]:
    """The shares of validation and test steps: enough for some windows each."""
    wanted = min(MOST_SHARE, max(LEAST_SHARE, 2 * horizon / max(steps, 1)))
    made = {part: given.get(part, wanted) for part in ("validation", "test")}
    more = "; larger parts than usual, for two horizons each" if wanted > LEAST_SHARE and not given else ""
    return made, more
