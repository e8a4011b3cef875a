"""Pictures and tables of a forecast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .pictures import Picture, _history


def draw(outcome: Any, part: str, judged: Mapping[str, Any], repeat: Tensor) -> list[Picture]:
    """Every picture of a forecast, in the order of the report."""
    return _history(outcome.history, outcome.preparation.task.headline, outcome.best_epoch)


def sections(outcome: Any, part: str, repeat: Tensor) -> dict[str, Any]:
    """The tables of a forecast."""
    return {}
