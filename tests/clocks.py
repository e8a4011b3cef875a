"""Small made-up time series for the tests: loads by the hour, sales of shops by the day; and how they are trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import plainloop
from plainloop.training import Talk

HOUR, DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")


def waves(steps: int, season: int = 24, seed: int = 0, noise: float = 0.3) -> np.ndarray:
    """A season with noise on a slow drift. Shape: float64 (steps,)."""
    draw, places = np.random.default_rng(seed), np.arange(steps)
    return 10 + 0.002 * places + 3 * np.sin(2 * np.pi * places / season) + draw.normal(0, noise, steps)


def stamps(steps: int, step: np.timedelta64 = HOUR, start: str = "2024-01-01T00:00") -> np.ndarray:
    return np.datetime64(start, "m") + np.arange(steps) * step


def written(times: np.ndarray) -> list[str]:
    return [f"{str(time).replace('T', ' ')}:00" for time in times]


def write_lines(path: Path, header: str, rows: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return path


def write_load(path: Path, steps: int = 600, seed: int = 0) -> Path:
    """A load by the hour, with a second variable that leads it by an hour."""
    load = waves(steps, seed=seed)
    heat = np.roll(load, -1) * 0.5
    rows = [(time, f"{a:.3f}", f"{b:.3f}") for time, a, b in zip(written(stamps(steps)), load, heat, strict=True)]
    return write_lines(path, "date,load,heat", rows)


def write_sales(path: Path, days: int = 150, ahead: int = 0, seed: int = 0) -> Path:
    """Sales of two items in two shops, of very different size; a price that moves them. ahead: days with a price and no sales.

    The shop in Rome opens late, and sells one item alone.
    """
    draw, rows = np.random.default_rng(seed), []
    for store, item, size, first in (("Oslo", "tea", 10, 0), ("Oslo", "cake", 1000, 0), ("Rome", "tea", 100, days // 3)):
        for day, time in enumerate(stamps(days + ahead, DAY)):
            price = 2 + 0.5 * (draw.random() < 0.3)
            weekend = 1.4 if day % 7 in (5, 6) else 1.0
            units = size * weekend * (2.5 / price) ** 2 * draw.normal(1, 0.05)
            if day >= first:
                rows.append((str(time)[:10], store, item, f"{units:.2f}" if day < days else "", f"{price:.2f}"))
    rows.sort(key=lambda row: row[0])
    return write_lines(path, "day,store,item,units,price", rows)


def write_moves(path: Path, number: int = 60, seed: int = 0) -> Path:
    """A long table: series of different lengths of two variables, up or down."""
    draw, rows = np.random.default_rng(seed), []
    for one in range(number):
        up = one % 2
        for t in range(int(draw.integers(12, 24))):
            rows.append((f"r{one:03}", t, f"{(2 * up - 1) * t + draw.normal():.3f}", f"{draw.normal():.3f}", ("down", "up")[up]))
    return write_lines(path, "recording,t,x,y,activity", rows)


def train(data: Path, target: str, output: Path, **options: Any) -> plainloop.Run:
    """A quick run."""
    asked = {"epochs": 2, "learning_rate": 0.01, "baseline": False, "output": str(output), "talk": Talk(quiet=True), **options}
    return plainloop.train(str(data), target, **asked)
