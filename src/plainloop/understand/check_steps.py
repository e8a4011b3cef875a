"""The first steps: the first loss beside chance, gradients of all layers beside each other, a few steps of the optimizer.

Part of the pre-flight, see check.py. The steps are taken on a copy, on one batch, always with the same random numbers.
The bounds are wide on purpose: what they find is out of scale by an order of magnitude, not a matter of taste.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .check_alike import filled
from .check_finding import Finding
from .check_lines import Line, attribute_line, class_tree
from .check_problems_data import InputsNotScaled, TargetsNotScaled
from .check_problems_training import (
    GradientsExplode,
    GraphKept,
    LearningRateOutOfScale,
    LossFarFromChance,
)
from .check_trace import Tape
from .check_trial import Trial, seeded
from .check_vanish import vanished

STEPS = 5
SLOW = 1.0  # seconds
FAR_ABOVE_CHANCE = 8.0  # times the loss of guessing
FAR_MEAN = 25.0  # mean of squares over variance: a mean of five deviations
LARGE_SPREAD = 100.0
LARGE_WEIGHTS = 10.0  # times the usual size
EXPLODED = 1e4  # gradient over weights, both as lengths
LOSS_BLOWN = 10.0  # times the loss before
STILL = 1e-6  # change of the weights in a step, relative


def first_loss(trial: Trial) -> None:
    """The loss of the untrained model beside that of guessing."""
    if not trial.losses or trial.inside_trained:
        return
    call, scores, target = trial.losses[-1]
    loss = float(trial.loss_value.detach()) if trial.loss_value is not None else 0.0
    if call.name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        first_squares(trial, scores, target)
        return
    chance = guess_of(call.name, scores)
    if call.kwargs.get("reduction") == "sum":
        loss /= max(1, target.numel())  # beside that of guessing for one label
    if chance is None or len(trial.losses) > 1 or loss <= FAR_ABOVE_CHANCE * chance:
        return
    classes = scores.shape[1] if scores.dim() > 1 and call.name == "cross_entropy" else 2
    text, fix = f"The first loss is {loss:.3g}; guessing among {classes} classes gives {chance:.3g}", ""
    where: tuple[Line, ...] = ()
    if (large := large_weights(trial)) is not None:
        layer, size, usual = large
        text += f": the weights of {trial.layer(layer)} are about {size:.2g} in size, where {usual:.2g} is usual"
        fix = f"nn.init.kaiming_uniform_({trial.path(layer)}.weight)"
        where = trial.where(None, filled(trial, ("normal_", "uniform_", "ones_", "constant_")), trial.made(layer))
    trial.add(
        LossFarFromChance(
            text,
            f"A loss near {chance:.2g}: scores near 0, from inputs and weights of the usual size.",
            fix or "nn.init.xavier_uniform_(layer.weight)  # and inputs near 1",
            where=where,
        )
    )


def large_weights(trial: Trial) -> tuple[nn.Module, float, float] | None:
    """The first layer whose weights are ten times as large as its number of inputs calls for, with both sizes."""
    for module in trial.core.modules():
        if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
            size = float(module.weight.detach().square().mean().sqrt())
            usual = (1 / max(1, module.weight[0].numel())) ** 0.5
            if size > LARGE_WEIGHTS * usual:
                return module, size, usual
    return None


def guess_of(name: str, scores: Tensor) -> float | None:
    if name in ("cross_entropy", "nll_loss") and scores.dim() > 1 and scores.shape[1] > 1:
        return math.log(scores.shape[1])
    return math.log(2) if name in ("binary_cross_entropy_with_logits", "binary_cross_entropy") else None


def first_squares(trial: Trial, scores: Tensor, target: Tensor) -> None:
    whole, handed = target, trial.handed.labels
    given = isinstance(handed, Tensor) and target.shape == handed.shape and torch.equal(target, handed)
    if given and trial.data.labels is not None and not trial.inside and not trial.batch.rebuilt:
        whole = trial.data.labels  # of all rows, unless the loss scales them
    values = whole.detach().double()
    if values.numel() < 3 or trial.batch.rebuilt:
        return
    mean, spread = float(values.mean()), float(values.std())
    if spread <= LARGE_SPREAD and (spread == 0 or mean * mean <= FAR_MEAN * spread * spread or abs(mean) <= 10):
        return
    first = float(scores.detach().double().mean())
    if abs(first - mean) <= 2 * spread and abs(first) > 0.3 * abs(mean):
        return  # the model turns its numbers back into the unit of the targets itself
    y = trial.data_name(1)
    trial.add(
        TargetsNotScaled(
            f"The targets have mean {mean:.3g} and deviation {spread:.3g}, and a new network gives numbers near 0",
            "A mean near 0 and a deviation near 1.",
            f"{y} = ({y} - {y}.mean()) / {y}.std()  # and turn predictions back",
            where=trial.data_line(1),
        )
    )


def second_step(trial: Trial) -> bool:
    """Whether forward and backward can be done again; the gradients of the first time are kept."""
    for name, module in trial.core.named_modules():
        weight = getattr(module, "weight", None)
        if (
            isinstance(weight, nn.Parameter)
            and weight.dim() > 1
            and weight.grad is not None
            and not isinstance(module, nn.Embedding)
        ):
            sizes = float(weight.grad.square().mean().sqrt()), float(weight.detach().square().mean().sqrt())
            trial.gradients.append((name, module, *sizes))
    another(trial)
    return not trial.failed


def gradients(trial: Trial) -> None:
    """Gradients of the layers beside each other and beside the weights."""
    total = sum(float(p.grad.square().sum()) for p in trial.parameters.values() if p.grad is not None) ** 0.5
    length = sum(float(p.detach().square().sum()) for p in trial.parameters.values() if p.grad is not None) ** 0.5
    if length and total / length > EXPLODED and not off_scale(trial):
        trial.add(
            GradientsExplode(
                f"The first gradient is {total / length:.2g} times as long as the weights",
                "A gradient of the size of the weights, or below.",
                "nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # before optimizer.step(); or smaller inputs, targets",
            )
        )


def rate_of(optimizer: Any) -> float:
    """The learning rate that training comes to: a schedule that warms up begins far below it."""
    groups = optimizer.param_groups
    return max(float(group.get("max_lr", max(float(group["lr"]), float(group.get("initial_lr", 0))))) for group in groups)


def steps(trial: Trial) -> None:
    """A few steps on one batch: a second one must be possible, the loss must not blow up, the weights must move."""
    optimizer, losses = trial.optimizer, [float(trial.loss_value.detach()) if trial.loss_value is not None else 0.0]
    before = {name: p.detach().clone() for name, p in trial.parameters.items() if p.requires_grad and p.grad is not None}
    rate = 0.0
    if optimizer is not None:
        rate = rate_of(optimizer)
        for group in optimizer.param_groups:
            if "max_lr" not in group:
                group["lr"] = max(float(group["lr"]), float(group.get("initial_lr", 0)))
            else:
                group["lr"] = group["max_lr"]
    count = STEPS if trial.seconds() < SLOW / 2 else 1
    moved = 0.0
    for step in range(count):
        seeded(trial, 1)
        take(optimizer, trial)
        if step == 0:
            moved = movement(trial, before)
        loss = another(trial)
        if loss is None:
            return
        losses.append(loss)
        if not math.isfinite(loss):
            break
    if optimizer is not None and optimizer.param_groups:
        out_of_scale(trial, losses, rate, moved, len(before))
    late: list[tuple[str, nn.Module, float, float]] = []
    for name, module, _, size in trial.gradients:
        grad = getattr(getattr(module, "weight", None), "grad", None)
        if grad is not None:
            late.append((name, module, float(grad.square().mean().sqrt()), size))
    first, second = [{name: g for name, _, g, _ in layers} for layers in (trial.gradients, late)]
    both = [(name, module, max(first[name], second.get(name, 0.0)), size) for name, module, _, size in trial.gradients]
    if all(math.isfinite(g) for _, _, g, _ in both):
        vanished(trial, both)


def take(optimizer: Any, trial: Trial) -> None:
    """A step of the optimizer; without one, of a hundredth of each weight's length."""
    if optimizer is not None:
        optimizer.step()
        return
    with torch.no_grad():
        for p in trial.parameters.values():
            if p.requires_grad and p.grad is not None and float(p.grad.norm()):
                length = float(p.norm()) or 0.1 * p.numel() ** 0.5
                p.sub_(p.grad * (1e-2 * length / float(p.grad.norm())))


def movement(trial: Trial, before: dict[str, Tensor]) -> float:
    """How far a step moved the weights, as a share of their length."""
    gone = sum(float((trial.parameters[name].detach() - p).square().sum()) for name, p in before.items()) ** 0.5
    length = sum(float(p.square().sum()) for p in before.values()) ** 0.5
    return gone / (length or 1.0)


def another(trial: Trial) -> float | None:
    """Forward, loss and backward once more; None where that fails, with the finding added."""
    trial.to_training()
    batch, tape = trial.batch.fresh(), Tape()
    try:
        scores = trial.forward(batch, tape)
        loss = trial.loss_of(scores, batch)
        trial.model.zero_grad(set_to_none=True)
        loss.backward()
    except RuntimeError as error:
        text = " ".join(str(error).split())
        if "second time" in text:
            trial.add(kept(trial))
        return None
    except Exception:
        return None
    return float(loss.detach())


def kept(trial: Trial) -> Finding:
    """What lives on from one step to the next: a tensor attribute with a graph."""
    for name, module in trial.core.named_modules():
        for attribute, value in vars(module).items():
            tensors = value if isinstance(value, (tuple, list)) else (value,)
            if any(isinstance(t, Tensor) and t.grad_fn is not None for t in tensors):
                owner = f"self.{attribute}" + (f" of {name}" if name else "")
                where = attribute_line(type(module), attribute, last=True)
                pair = isinstance(value, (tuple, list))
                cut = f"tuple(h.detach() for h in self.{attribute})" if pair else f"self.{attribute}.detach()"
                fix = f"self.{attribute} = {cut}  # before it is used again"
                if where and within_init(type(module), where[0].number):
                    value_ = where[0].code.partition("=")[2].strip() or "..."
                    fix = f"{attribute} = {value_}  # in forward, not in __init__"
                return GraphKept(
                    f"The second step goes back through the graph of the first: {owner} is kept with its graph",
                    "Steps that stand for themselves.",
                    fix,
                    where=where,
                )
    return GraphKept(
        "The second step goes back through the graph of the first",
        "Steps that stand for themselves.",
        "h = h.detach()  # what is kept from batch to batch",
    )


def off_scale(trial: Trial) -> bool:
    """Whether inputs or targets are off scale, which is then the cause of what follows."""
    return any(isinstance(finding, (InputsNotScaled, TargetsNotScaled)) for finding in trial.findings)


def within_init(kind: type, number: int) -> bool:
    """Whether a line of a class's file stands in its __init__."""
    found = class_tree(kind)
    functions = [node for node in ast.walk(found[1]) if isinstance(node, ast.FunctionDef)] if found is not None else []
    return any(f.name == "__init__" and f.lineno <= number <= (f.end_lineno or 0) for f in functions)


def out_of_scale(trial: Trial, losses: list[float], rate: float, moved: float, learning: int) -> None:
    """A learning rate that blows the loss up, or moves nothing."""
    kind = type(trial.optimizer).__name__
    better = {"SGD": 0.1}.get(kind, 1e-3)
    where = () if trial.inside else tuple(line for line in [trial.script.of(-1, "optimizer")] if line)
    first, last = losses[0], losses[-1]
    if off_scale(trial):
        return
    chance = 1.0
    if not math.isfinite(last) or max(losses) > LOSS_BLOWN * max(abs(first), chance):
        lower = min(better, rate / 100) if rate else better
        top, count = max(losses) if math.isfinite(last) else last, len(losses) - 1
        steps_taken = f"{count} step{'s' if count > 1 else ''}"
        text = f"With a learning rate of {rate:g} the loss of one batch goes from {first:.3g} to {top:.3g} in {steps_taken}"
        if (sums := summed(trial)) is not None:
            trial.add(sums(text, where))
            return
        trial.add(
            LearningRateOutOfScale(
                text, "A loss that falls on the batch it learns from.", fix_rate(trial, kind, lower), where=where
            )
        )
    elif (pull := max((float(group.get("weight_decay", 0)) for group in trial.optimizer.param_groups), default=0.0)) > 1:
        text = f"A weight decay of {pull:g} pulls the weights to 0 faster than they can learn"
        fix = f"optimizer = torch.optim.{kind}(model.parameters(), lr={rate:g}, weight_decay=0.01)"
        fix = "weight_decay=0.01  # on the command line: --set weight_decay=0.01" if trial.inside else fix
        trial.add(LearningRateOutOfScale(text, "A weight decay far below 1, such as 0.01.", fix, where=where))
    elif max((float(group.get("momentum", 0)) for group in trial.optimizer.param_groups), default=0.0) >= 1:
        text = "A momentum of 1 or more never forgets a step: they add up without end"
        fix = f"optimizer = torch.optim.{kind}(model.parameters(), lr={rate:g}, momentum=0.9)"
        trial.add(LearningRateOutOfScale(text, "A momentum below 1, such as 0.9.", fix, where=where))
    elif moved < STILL and learning and any(layer[2] for layer in trial.gradients):
        text = f"With a learning rate of {rate:g} a step moves the weights by {moved:.1g} of their length"
        trial.add(
            LearningRateOutOfScale(
                text, "Steps of about a thousandth of the weights.", fix_rate(trial, kind, better), where=where
            )
        )


def summed(trial: Trial) -> Callable[[str, tuple[Line, ...]], LearningRateOutOfScale] | None:
    """The finding for a loss that adds up over the rows, which is as if the learning rate were as many times as large."""
    call = next((call for call, _, _ in trial.losses if call.kwargs.get("reduction") == "sum"), None)
    if call is None or trial.inside:
        return None
    made = trial.script.of(-1, "loss")
    place = trial.where(call, None if call.line is not None else made)

    def finding(text: str, where: tuple[Line, ...]) -> LearningRateOutOfScale:
        what = f'The loss is a sum over the rows, reduction="sum". {text}'
        code = place[0].code if place else ""
        fix = re.sub(r"reduction=([\"'])sum\1", r"reduction=\1mean\1", code)
        fix = fix if fix not in ("", code) else f"loss = F.{call.name}(scores, labels)  # the mean over the rows"
        why = "A sum grows with the batch: its gradient is as many times that of the mean as there are rows."
        return LearningRateOutOfScale(what, "A loss that is the mean over the rows.", fix, why, (*place, *where))

    return finding


def fix_rate(trial: Trial, kind: str, rate: float) -> str:
    if trial.inside:
        return trial.rate_fix.format(rate=f"{rate:g}")
    return f"optimizer = torch.optim.{kind}(model.parameters(), lr={rate:g})"
