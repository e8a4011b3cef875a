"""The training loop: one for all kinds of data. Copied into ejected projects; this is the file to read first.

`train` is a generator that yields one record per epoch, so the caller prints, plots or stops; a checkpoint that is due is
saved before it yields.
Every figure is an exact mean over rows: sums are kept on the device and divided once, at the end of the epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .checkpoint import Checkpoints, Saved
from .config import Train
from .device import autocast, seed_step, to_device
from .faults import Fault, Stopped
from .optimize import Schedule, average_of, body_of, build_optimizer, optimizer_state, restore_optimizer

CHECK_EVERY = 16  # steps between two looks at the loss on an accelerator, where a look waits for the device
RESTLESS_SECONDS = 2.0  # an epoch's end is saved only this long after the last checkpoint: short epochs are cheaper to repeat


@dataclass
class Progress:
    """Where training stands: all that a checkpoint must know beside tensors."""

    epoch: int = 0  # the epoch under way
    step: int = 0  # its next batch
    steps: int = 0  # optimizer steps and batches so far, over all epochs
    best_score: float | None = None
    best_epoch: int = 0
    best_loss: float = float("inf")
    seconds: float = 0.0  # spent in the epoch under way
    history: dict[str, list[Any]] = field(default_factory=dict)


@dataclass
class Record:
    """What one epoch gave: a row of history.csv, whether it is the best so far, and why training ends here, if it does."""

    values: dict[str, Any]
    best: bool
    ending: str = ""


@dataclass(eq=False)
class NonFiniteLoss(Fault):
    """The loss became infinite or not a number.

    What it does: stops training with exit code 4, names epoch, step and rows, and keeps the weights of the best epoch so far;
    with these the run can be loaded, without test figures and report.
    Why: from then on every weight would be lost.
    Example: `plainloop train houses.csv --target price --learning-rate 50`
    Fix: a lower learning rate, or a limit on the gradient.
    """

    epoch: int
    step: int
    rows: list[int]
    cause: str
    learning_rate: float
    best_epoch: int = 0
    exit_code = 4

    def __post_init__(self) -> None:
        shown = ", ".join(map(str, self.rows[:5])) + (", ..." if len(self.rows) > 5 else "")
        self.what = f"The loss is not a finite number in epoch {self.epoch}, step {self.step} (rows {shown})."
        self.expected = "A finite loss in every step."
        kept = f"The weights of epoch {self.best_epoch} are kept." if self.best_epoch else "No epoch had ended yet."
        self.why = f"Likely cause: {self.cause}. {kept}"
        self.fix = f"train with --learning-rate {self.learning_rate / 10:g}, or with --set clip=1"

    @classmethod
    def example(cls) -> NonFiniteLoss:
        return cls(1, 7, [17, 204, 911, 3, 45, 6], "steps that were too large (learning rate 50)", 50.0)


def train(
    model: nn.Module,
    task: Any,
    batches: DataLoader,
    validation_batches: DataLoader,
    settings: Train,
    *,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    watch: Callable[[int, int], int] = lambda step, steps: 0,
    augment: Callable[[dict[str, Tensor], int, int], tuple[dict[str, Tensor], Any]] | None = None,
    schedule_of: Callable[[torch.optim.Optimizer, Train, int], Any] = Schedule,
) -> Iterator[Record]:
    """Trains the model in place and yields a `Record` after each epoch; when it ends the model has the weights to keep.

    batches: a DataLoader over `Rows` with an `EpochBatches` sampler; validation_batches: the same, in order.
    checkpoints: saves to, and goes on from, the newest one.
    watch(step, steps of the epoch): called after each step; the number of a signal as its answer saves and ends training.
    augment(inputs, epoch, step): changes the inputs of a batch, and says how rows were mixed, or None.
    schedule_of: makes what moves the learning rate, in place of the `Schedule` that the settings name.
    Raises: NonFiniteLoss, Stopped, StorageFailed, NoGoodCheckpoint.
    """
    device = next(model.parameters()).device
    order: Any = batches.sampler  # an EpochBatches
    optimizer = build_optimizer(model, settings)
    schedule = schedule_of(optimizer, settings, -(-len(order) // settings.accumulate))
    average = average_of(model, settings.ema)
    judged = model if average is None else average.module  # the weights that are evaluated and kept
    progress, best = Progress(), _copy(judged)
    tally: Any = None  # sums over the rows of the epoch so far
    if checkpoints is not None and (saved := checkpoints.load()) is not None:
        best, tally = _restore(saved, progress, model, average, optimizer, schedule, device)
    forward = torch.compile(model) if settings.compile else model
    body = body_of(model) if settings.freeze else []

    while not why_ended(progress.epoch, progress.best_epoch, settings):
        order.epoch, order.start = progress.epoch, progress.step
        for parameter in body:  # learns nothing in the first epochs: the head is new, and its first gradients would spoil it
            parameter.requires_grad_(progress.epoch >= settings.freeze * settings.epochs)
        started = time.perf_counter() - progress.seconds
        model.train()
        for inputs, target in batches:
            inputs, target = to_device(inputs, target, device)
            seed_step(seed, progress.epoch, progress.step, device)
            inputs, mixing = augment(inputs, progress.epoch, progress.step) if augment is not None else (inputs, None)
            with autocast(device, settings.precision):
                scores = forward(inputs).float()  # (B, out) or (B, K, out)
                loss = task.loss(scores, target) if mixing is None else mixing.loss(task, scores, target)
            if (device.type == "cpu" or progress.steps % CHECK_EVERY == 0) and not torch.isfinite(loss):
                raise _explain(progress, order, model, best, inputs, target, settings)

            if progress.step % settings.accumulate == 0:
                optimizer.zero_grad()
            share = order.share(progress.step, settings.accumulate)  # of the rows whose gradients are added up
            (loss * share if share < 1 else loss).backward()
            progress.step += 1
            progress.steps += 1
            if progress.step % settings.accumulate == 0 or progress.step == len(order):
                if settings.clip:
                    nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
                optimizer.step()
                schedule.after_step()
                if average is not None:
                    average.update_parameters(model)

            with torch.no_grad():
                sums = task.tally(scores.detach(), target, loss.detach())
                tally = sums if tally is None else tally + sums
            if progress.step % settings.accumulate == 0 and progress.step < len(order):  # between two steps of the optimizer
                signal = watch(progress.step, len(order))
                if checkpoints is not None and (signal or checkpoints.due()):
                    progress.seconds = time.perf_counter() - started
                    _save(checkpoints, progress, model, average, optimizer, schedule, best, tally)
                if signal:
                    raise Stopped(signal)

        trained = time.perf_counter() - started
        rate = schedule.rate
        val_rates = validate(judged, task, validation_batches, settings.precision)
        schedule.after_epoch(val_rates["loss"])
        train_rates = task.rates(tally.tolist(), order.num_rows)
        if not math.isfinite(train_rates["loss"]):
            raise _explain(progress, order, model, best, inputs, target, settings)
        values = _row(progress.epoch + 1, task, train_rates, val_rates)
        values |= {
            "learning_rate": rate,
            "seconds": round(time.perf_counter() - started, 4),
            "rows_per_second": round(order.num_rows / trained, 1),
        }
        for name, value in values.items():
            progress.history.setdefault(name, []).append(value)

        is_best = settings.keep == "last" or _is_better(task, val_rates, progress)
        if is_best:
            progress.best_score, progress.best_loss = val_rates[task.headline], val_rates["loss"]
            progress.best_epoch, best = progress.epoch + 1, _copy(judged)
        progress.epoch, progress.step, progress.seconds, tally = progress.epoch + 1, 0, 0.0, None
        ending, signal = why_ended(progress.epoch, progress.best_epoch, settings), watch(0, len(order))
        if checkpoints is not None and (ending or signal or checkpoints.due(min(RESTLESS_SECONDS, checkpoints.seconds))):
            _save(checkpoints, progress, model, average, optimizer, schedule, best, None)
        yield Record(values, is_best, ending)
        if signal and not ending:
            raise Stopped(signal)

    model.load_state_dict(best)
    model.eval()


def validate(model: nn.Module, task: Any, batches: DataLoader, precision: str = "float32") -> dict[str, float]:
    """The task's rates over all rows of the batches, with the model in evaluation mode."""
    device = next(model.parameters()).device
    model.eval()
    tally: Tensor | None = None
    with torch.inference_mode():
        for inputs, target in batches:
            inputs, target = to_device(inputs, target, device)
            with autocast(device, precision):
                scores = model(inputs).float()
            sums = task.tally(scores, target, task.loss(scores, target))
            tally = sums if tally is None else tally + sums
    assert tally is not None, "no validation rows"
    return task.rates(tally.tolist(), len(batches.dataset))  # type: ignore[arg-type]


def _row(epoch: int, task: Any, train_rates: dict[str, float], val_rates: dict[str, float]) -> dict[str, Any]:
    names = dict.fromkeys(["loss", task.headline, *train_rates])
    parts = (("train", train_rates), ("val", val_rates))
    return {"epoch": epoch, **{f"{part}_{name}": rates[name] for name in names for part, rates in parts}}


def _is_better(task: Any, rates: dict[str, float], progress: Progress) -> bool:
    """Whether the headline metric beat the best so far; between equals the lower loss wins. NaN never does."""
    score = rates[task.headline]
    if progress.best_score is None:
        return score == score
    if score == progress.best_score:
        return rates["loss"] < progress.best_loss
    return score > progress.best_score if task.higher_is_better else score < progress.best_score


def why_ended(epochs: int, best_epoch: int, settings: Train) -> str:
    """Why training is over after so many epochs, empty while it is not."""
    if settings.patience and epochs - best_epoch >= settings.patience:
        return f"no better validation score in {settings.patience} epochs"
    if epochs < settings.epochs:
        return ""
    return "the one epoch is done" if settings.epochs == 1 else f"all {settings.epochs} epochs done"


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _save(
    checkpoints: Checkpoints,
    progress: Progress,
    model: nn.Module,
    average: nn.Module | None,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    best: dict[str, Tensor],
    tally: Tensor | None,
) -> None:
    slots, rest = optimizer_state(optimizer)
    tensors = {"model": model.state_dict(), "best": best, "optimizer": slots}
    if average is not None:
        tensors["average"] = average.state_dict()
    if tally is not None:
        tensors["tally"] = {"tally": tally}
    checkpoints.save(progress.steps, tensors, {"progress": vars(progress), "optimizer": rest, "schedule": schedule.state()})


def _restore(
    saved: Saved,
    progress: Progress,
    model: nn.Module,
    average: nn.Module | None,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    device: torch.device,
) -> tuple[dict[str, Tensor], Tensor | None]:
    tensors, state = saved
    vars(progress).update(state["progress"])
    model.load_state_dict(tensors["model"])
    if average is not None:
        average.load_state_dict(tensors["average"])
    restore_optimizer(optimizer, tensors.get("optimizer", {}), state["optimizer"])
    schedule.restore(state["schedule"])
    tally = tensors["tally"]["tally"].to(device) if "tally" in tensors else None
    return {name: tensor.to(device) for name, tensor in tensors["best"].items()}, tally


def _explain(
    progress: Progress,
    order: Any,
    model: nn.Module,
    best: dict[str, Tensor],
    inputs: dict[str, Tensor],
    target: Tensor,
    settings: Train,
) -> NonFiniteLoss:
    """Names the step, its rows and the likely cause; gives the model its best weights back."""
    if not all(torch.isfinite(values).all() for values in inputs.values()):
        cause = "an input that is not finite"
    elif not torch.isfinite(target).all():
        cause = "a target that is not finite"
    elif progress.steps == 0:
        cause = "the model turns finite inputs into scores that are not finite before it has learned anything"
    else:
        cause = f"steps that were too large (learning rate {settings.learning_rate:g})"
    model.load_state_dict(best)
    order.start = min(progress.step, len(order) - 1)
    rows, rate = next(iter(order)).tolist(), settings.learning_rate
    return NonFiniteLoss(progress.epoch + 1, order.start + 1, rows, cause, rate, progress.best_epoch)
