"""Judging a forecast: figures with intervals, baselines, pictures and tables; report.py calls it for that task.

Windows that begin a step apart share most of their horizon, so whole stretches of them are drawn when resampling.
Method: moving block bootstrap, H. R. Kuensch, Annals of Statistics 17 (1989).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ..plain.checkpoint import write_file
from ..plain.tasks.forecast import rates_of, window_sums
from .forecast_baselines import drift, seasonal_repeat
from .forecast_pictures import draw, sections
from .page import write_page
from .report import finite
from .scored import Scored
from .wording import number, title

RESAMPLES = 500
TITLES = {"seasonal_repeat": "repeat of the last season", "drift": "drift line"}
ONLY_NET = ("coverage_80", "interval_width")


def judge(
    outcome: Any,
    folder: Path,
    *,
    notices: Iterable[Any] = (),
    reasons: Mapping[str, str] | None = None,
    **_: Any,
) -> dict[str, Any]:
    """Writes metrics.json, pictures/ and report.html into the run folder and gives back what metrics.json holds."""
    started = time.perf_counter()
    task = outcome.preparation.task
    part = "test" if len(outcome.targets.get("test", ())) else "validation"
    found = {
        name: intervals(task, outcome.scores[name], outcome.targets[name])
        for name in outcome.scores
        if len(outcome.targets[name])
    }
    opponents = {"seasonal_repeat": seasonal_repeat(outcome, part), "drift": drift(outcome, part)}
    against = {}
    for name, scores in opponents.items():
        values = intervals(task, scores, outcome.targets[part])
        against[name] = {metric: entry for metric, entry in values.items() if metric not in ONLY_NET}
    titles = dict(TITLES)
    if task.season == 1:
        titles["seasonal_repeat"] = "repeat of the last value"
    judged: dict[str, Any] = {
        "task": "forecast",
        "headline": task.headline,
        "test": found.get("test", {}),
        "validation": found.get("validation", {}),
        "baselines": against,
        "epochs": len(outcome.history.get("epoch", [])),
        "best_epoch": outcome.best_epoch,
        "seconds": round(float(outcome.seconds), 1),
        "rows": {
            short: len(outcome.split.get(name, ()))
            for short, name in (("train", "train"), ("val", "validation"), ("test", "test"))
        },
        "intervals": {"level": 0.95, "method": "moving block bootstrap over windows", "resamples": RESAMPLES},
        "scored": part,
        "notes": {},
        "titles": titles,
        "horizon": task.horizon,
        "lookback": outcome.config.source.lookback,
        "season": task.season,
        "targets": per_target(task, outcome, part),
    }
    judged["verdict"] = verdict(judged, outcome, len(outcome.targets[part]))
    judged |= sections(outcome, part)
    pictures = draw(outcome, part, judged, opponents)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        write_file(folder / "pictures" / f"{picture.name}.png", picture.png)
    judged["judge_seconds"] = round(time.perf_counter() - started, 2)
    write_file(folder / "metrics.json", json.dumps(finite(judged), indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    write_page(
        folder / "report.html",
        outcome=outcome,
        judged=judged,
        folder=folder,
        pictures=pictures,
        sheets={},
        counts={},
        errors=[],
        notices=list(notices),
        reasons=dict(reasons or {}),
        scored=Scored("Forecast", [], np.zeros(0), np.zeros(0), np.zeros(0)),
    )
    return finite({**judged, "report": str(folder / "report.html"), "pictures": str(folder / "pictures")})


def intervals(task: Any, scores: Tensor, target: Tensor, seed: int = 0) -> dict[str, dict[str, float | None]]:
    """Each figure with its 95% interval."""
    sums = window_sums(task, scores, target)
    values = {name: float(value) for name, value in rates_of({name: one.sum(0) for name, one in sums.items()}).items()}
    drawn = resampled(sums, task.horizon, seed)
    return {
        name: {"value": value if np.isfinite(value) else None, **dict(zip(("low", "high"), ends(drawn.get(name)), strict=True))}
        for name, value in values.items()
    }


def resampled(sums: Mapping[str, np.ndarray], horizon: int, seed: int) -> dict[str, np.ndarray]:
    """The figures of resamples that are made of stretches of `horizon` windows; none for fewer than three stretches."""
    rows = len(next(iter(sums.values())))
    block = min(horizon, rows)
    number = -(-rows // block)
    if rows < 3 * block:
        return {}
    totals = {name: np.cumsum(np.concatenate([np.zeros((1, one.shape[1])), one]), 0) for name, one in sums.items()}
    begins = np.random.default_rng(seed).integers(0, rows - block + 1, (RESAMPLES, number))
    return rates_of({name: (one[begins + block] - one[begins]).sum(1) for name, one in totals.items()})


def ends(drawn: Any) -> tuple[float | None, float | None]:
    if drawn is None or not np.isfinite(drawn).any():
        return None, None
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def per_target(task: Any, outcome: Any, part: str) -> list[dict[str, Any]]:
    """The figures of each target."""
    sums = window_sums(task, outcome.scores[part], outcome.targets[part])
    found = []
    for place, column in enumerate(outcome.config.targets):
        rates = rates_of({name: one[:, place : place + 1].sum(0) for name, one in sums.items()})
        found.append({"target": column.name, **{name: float(value) for name, value in rates.items()}})
    return found


def verdict(judged: Mapping[str, Any], outcome: Any, windows: int) -> str:
    """The result in one sentence, next to its opponents."""
    metric = outcome.preparation.task.headline
    entry = judged[judged["scored"]][metric]
    span = "" if entry["low"] is None else f" ({number(entry['low'], metric)} to {number(entry['high'], metric)})"
    names = ", ".join(column.name for column in outcome.config.targets)
    sentence = f"{number(entry['value'], metric)} {title(metric)} of {names}{span} over {judged['horizon']} steps ahead, "
    sentence += f"{windows:,} {judged['scored']} windows"
    for name, figures in judged["baselines"].items():
        sentence += f"; the {judged['titles'][name]} gives {number(figures[metric]['value'], metric)}"
    coverage = judged[judged["scored"]].get("coverage_80", {}).get("value")
    return sentence + (f". The 80% intervals hold {coverage:.0%} of the truth." if coverage is not None else ".")
