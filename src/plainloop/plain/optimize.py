"""Optimizers, learning-rate schedules and the running average of weights, all torch's own. Copied into ejected projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .config import Train


def build_optimizer(model: nn.Module, settings: Train) -> optim.Optimizer:
    """The optimizer over the parameters that learn; weight decay pulls on matrices, not on biases and norms.

    The body of a model learns at a rate of its own where `body_rate` says so; the head's groups come first.
    """
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    body = {id(parameter) for parameter in body_of(model)} if settings.body_rate < 1 else set()
    groups: list[dict[str, Any]] = []
    for part, share in (
        ([p for p in learning if id(p) not in body], 1.0),
        ([p for p in learning if id(p) in body], settings.body_rate),
    ):
        for some, decay in (([p for p in part if p.dim() >= 2], settings.weight_decay), ([p for p in part if p.dim() < 2], 0.0)):
            groups.append({"params": some, "weight_decay": decay, "lr": share * settings.learning_rate})
    groups = [group for group in groups if group["params"]]
    rate, fused = settings.learning_rate, all(p.is_floating_point() for p in learning)  # fused: one kernel per step
    match settings.optimizer:
        case "sgd":
            return optim.SGD(groups, lr=rate, momentum=settings.momentum, fused=fused)
        case "adam":
            return optim.Adam(groups, lr=rate, fused=fused)
        case "adamw":
            return optim.AdamW(groups, lr=rate, fused=fused)
        case "rmsprop":
            return optim.RMSprop(groups, lr=rate, momentum=settings.momentum)
    raise ValueError(f"unknown optimizer {settings.optimizer}")


def body_of(model: nn.Module) -> list[nn.Parameter]:
    """The parameters outside of the layers called `head`, which turn the body's result into scores; none where no layer is.

    >>> model = nn.ModuleDict({"body": nn.Linear(2, 3), "head": nn.Linear(3, 1)})
    >>> [tuple(parameter.shape) for parameter in body_of(model)]
    [(3, 2), (3,)]
    """
    named = [(name.split("."), parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    return [parameter for name, parameter in named if "head" not in name] if any("head" in name for name, _ in named) else []


def average_of(model: nn.Module, decay: float) -> AveragedModel | None:
    """The exponential moving average of the weights that is evaluated and kept in their stead; None without one."""
    if not decay:
        return None
    move = get_ema_multi_avg_fn(decay)

    def average(averaged: Sequence[Tensor], current: Sequence[Tensor], count: Any) -> None:
        if averaged[0].is_floating_point():
            move(list(averaged), list(current), count)
        else:  # a whole number (an offset, a count) is taken over: its average is rounded, and an offset would be off by one
            for mine, theirs in zip(averaged, current, strict=True):
                mine.copy_(theirs)

    return AveragedModel(model, multi_avg_fn=average, use_buffers=True)


class Schedule:
    """How the learning rate moves: after each step, or after each epoch."""

    def __init__(self, optimizer: optim.Optimizer, settings: Train, steps_per_epoch: int):
        self.optimizer = optimizer
        steps = max(1, settings.epochs * steps_per_epoch)
        rises = (steps + 1) * settings.warmup  # one step of rise would make OneCycleLR divide by zero
        cut_epochs, factor = settings.schedule_epochs, settings.schedule_factor
        self.by_step: Any = None
        self.by_epoch: Any = None
        self.by_score: Any = None
        match settings.schedule:
            case "step":
                self.by_epoch = lr_scheduler.StepLR(optimizer, cut_epochs, factor)
            case "cosine":
                self.by_step = lr_scheduler.CosineAnnealingLR(optimizer, steps)
            case "one_cycle":
                self.by_step = lr_scheduler.OneCycleLR(
                    optimizer,
                    [group["lr"] for group in optimizer.param_groups],
                    total_steps=steps + 1 + (rises == 1),
                    pct_start=settings.warmup,
                    cycle_momentum=False,
                )
            case "inverse_sqrt":  # as Vaswani et al. 2017 (arXiv 1706.03762): up in a line, down with the root of the steps
                rise = max(1.0, steps * settings.warmup)
                self.by_step = lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / rise, (rise / (step + 1)) ** 0.5))
            case "plateau":
                self.by_score = lr_scheduler.ReduceLROnPlateau(optimizer, factor=factor, patience=cut_epochs)

    def after_step(self) -> None:
        if self.by_step is not None:
            self.by_step.step()

    def after_epoch(self, val_loss: float) -> None:
        if self.by_epoch is not None:
            self.by_epoch.step()
        if self.by_score is not None:
            self.by_score.step(val_loss)

    @property
    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def state(self) -> dict[str, Any]:
        moving = self.by_step or self.by_epoch or self.by_score
        return {} if moving is None else {k: v for k, v in moving.state_dict().items() if _is_plain(v)}

    def restore(self, state: dict[str, Any]) -> None:
        moving = self.by_step or self.by_epoch or self.by_score
        if moving is not None:
            moving.load_state_dict(state)


def optimizer_state(optimizer: optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The optimizer's tensors by name ("3.exp_avg"), and the rest as plain values."""
    state = optimizer.state_dict()
    tensors = {
        f"{index}.{name}": value
        for index, slots in state["state"].items()
        for name, value in slots.items()
        if isinstance(value, Tensor)
    }
    return tensors, {"param_groups": state["param_groups"]}


def restore_optimizer(optimizer: optim.Optimizer, tensors: dict[str, Tensor], rest: dict[str, Any]) -> None:
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, slot = name.split(".", 1)
        slots.setdefault(int(index), {})[slot] = value
    groups = [
        {name: tuple(value) if name == "betas" else value for name, value in group.items()} for group in rest["param_groups"]
    ]
    optimizer.load_state_dict({"state": slots, "param_groups": groups})
    for parameter, kept in optimizer.state.items():
        for name, value in kept.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:  # the fused step wants the layout of the weights
                kept[name] = torch.empty_like(parameter).copy_(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, (int, float, str, bool, list, tuple, type(None)))
