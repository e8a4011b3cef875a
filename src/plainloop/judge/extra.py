"""Metrics that the user passes in: torchmetrics objects, or anything with `update` and `compute`. Never imported here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from .intervals import Interval


def extra_values(
    task: Any, scores: torch.Tensor, target: torch.Tensor, metrics: Any
) -> tuple[dict[str, Interval], dict[str, str]]:
    """The values by name, and for each metric that failed a note with the reason.

    A metric gets probabilities and the target: binary (B,) and (B,), multiclass (B, C) and (B,), multilabel (B, C) and (B, C),
    all targets int64; regression predictions and truth in the target's unit, float32. A finished run is not lost because
    a metric fails: it has no value then, and the report says why.
    """
    found: dict[str, Interval] = {}
    failed: dict[str, str] = {}
    for name, metric in named(metrics).items():
        try:
            values = computed(metric, *_inputs(task, scores, target))
        except Exception as error:  # the user's own code: whatever it raises is reported, not raised
            found[name] = {"value": None, "low": None, "high": None}
            failed[name] = f"not computed: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            continue
        found |= {f"{name}_{key}" if key else name: {"value": value, "low": None, "high": None} for key, value in values.items()}
    return found, failed


def named(metrics: Any) -> dict[str, Any]:
    """The metrics by the name that their results get."""
    if metrics is None:
        return {}
    if isinstance(metrics, Mapping) and not hasattr(metrics, "compute"):  # a torchmetrics.MetricCollection is a metric
        return {str(name): metric for name, metric in metrics.items()}
    named: dict[str, Any] = {}
    for metric in metrics if isinstance(metrics, Iterable) and not hasattr(metrics, "compute") else [metrics]:
        name = snake(type(metric).__name__)
        copies = sum(other == name or other.rpartition("_")[0] == name for other in named)
        named[f"{name}_{copies + 1}" if name in named else name] = metric
    return named


def _inputs(task: Any, scores: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    said = task.probabilities(scores).detach().cpu()
    if type(task).__name__ == "Regression":
        return said.float(), torch.tensor(task.truth(target), dtype=torch.float32)
    return said, target.cpu().long()


def snake(name: str) -> str:
    """A class's name as the name of a result.

    >>> snake("CohenKappa"), snake("AUROC")
    ('cohen_kappa', 'auroc')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def computed(metric: Any, said: torch.Tensor, truth: torch.Tensor) -> dict[str, float | None]:
    """The value of a metric under "", or several by their names. Raises: what the metric raises."""
    if hasattr(metric, "reset"):
        metric.reset()
    metric.update(said, truth)
    value = metric.compute()
    if isinstance(value, Mapping):
        return {str(key): _number(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        raise TypeError(f"it gives {len(value)} results, and one number is wanted")
    if isinstance(value, torch.Tensor) and value.numel() > 1:
        return {str(i): _number(item) for i, item in enumerate(value.reshape(-1))}
    return {"": _number(value)}


def _number(value: Any) -> float | None:
    number = float(value)
    return number if number == number and abs(number) != float("inf") else None
