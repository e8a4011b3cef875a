"""A sweep of the learning rate: the house's own loop on a copy of the model, its rate raised a little at every step.

It leaves everything as it was: the copy learns, on batches in an order of its own, and the random generators get their state
back. From "Cyclical Learning Rates for Training Neural Networks", L. N. Smith, 2017, arXiv 1506.01186, section 3.3.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..plain.batches import loader
from ..plain.config import Train
from ..plain.faults import Stopped
from ..plain.loop import NonFiniteLoss, train

MEMORY = 0.95  # of the smoothed loss: it remembers some 20 steps
BEGINNING = 10  # steps after which the smoothed loss is that of the untrained model
LOST = 2.0  # the sweep ends where the loss is this many times that of the untrained model


class Sweep:
    """Stands in for the loop's `Schedule`: raises the rate by the same factor at each step and keeps the loss it gave."""

    def __init__(self, task: Any, low: float, high: float, steps: int):
        self.task, self.low, self.steps = task, low, steps
        self.factor = (high / low) ** (1 / max(1, steps - 1))
        self.tried: list[float] = []
        self.gave: list[float] = []
        self.pending: list[Tensor] = []  # losses since the last step of the optimizer

    def __call__(self, optimizer: torch.optim.Optimizer, settings: Train, steps_per_epoch: int) -> Sweep:
        self.optimizer = optimizer
        self.set_rate()
        return self

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        """The task's loss; what trains is noted, what validates is not."""
        value: Tensor = self.task.loss(scores, target)
        if torch.is_grad_enabled():
            self.pending.append(value.detach())
        return value

    def __getattr__(self, name: str) -> Any:
        return getattr(self.task, name)  # to the loop it is the task, too

    def after_step(self) -> None:
        self.tried.append(self.rate)
        self.gave.append(float(torch.stack(self.pending).mean()))
        self.pending.clear()
        self.set_rate()

    def after_epoch(self, val_loss: float) -> None:
        """An epoch's end changes nothing."""

    @property
    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def set_rate(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.low * self.factor ** len(self.tried)

    def watch(self, step: int, steps: int) -> int:
        """Ends the loop, as a signal does, when the last rate is reached or the loss is lost."""
        if not math.isfinite(sum(self.gave)):
            return 1
        return int(len(self.tried) >= self.steps or has_diverged(smoothed(self.gave)))


def sweep(
    model: nn.Module,
    task: Any,
    batches: DataLoader,
    validation_batches: DataLoader,
    settings: Train,
    *,
    seed: int = 0,
    augment: Callable[[dict[str, Tensor], int, int], tuple[dict[str, Tensor], Any]] | None = None,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 150,
) -> tuple[list[float], list[float]]:
    """The learning rates that were tried, one per step, and the loss of each; see `plain.loop.train` for the arguments.

    Model, optimizer, batches and generators are left as they were, bit for bit.
    """
    moving = Sweep(task, low, high, steps)
    order = copy.copy(batches.sampler)
    order.epoch, order.start = 0, 0  # type: ignore[attr-defined]  # an EpochBatches
    own = loader(batches.dataset, order)  # type: ignore[arg-type]
    plain = replace(settings, epochs=10**6, patience=0, ema=0.0, compile=False)
    with generators_as_they_were(), suppress(Stopped, NonFiniteLoss):
        for _ in train(
            copy.deepcopy(model),
            moving,
            own,
            validation_batches,
            plain,
            seed=seed,
            watch=moving.watch,
            augment=augment,
            schedule_of=moving,
        ):
            pass
    known = next((step for step, loss in enumerate(moving.gave) if not math.isfinite(loss)), len(moving.gave))
    return moving.tried[:known], moving.gave[:known]


def generators_as_they_were() -> Any:
    """Gives torch's generators, those of accelerators too, their state back."""
    cards = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    return torch.random.fork_rng(devices=cards)


def smoothed(losses: list[float]) -> list[float]:
    """An exponential mean without the pull of its start towards zero.

    >>> smoothed([2.0, 2.0, 2.0])
    [2.0, 2.0, 2.0]
    """
    mean, found = 0.0, []
    for step, loss in enumerate(losses, 1):
        mean = MEMORY * mean + (1 - MEMORY) * loss
        found.append(round(mean / (1 - MEMORY**step), 12))
    return found


def has_diverged(smooth: list[float]) -> bool:
    """Whether the loss has risen far above where it began.

    >>> has_diverged([1.0] * 30), has_diverged([1.0] * 30 + [0.5, 2.1])
    (False, True)
    """
    return len(smooth) >= BEGINNING and smooth[-1] > LOST * smooth[BEGINNING - 1]
