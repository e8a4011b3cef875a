"""A loss of the user's own, tried on scores that are right and on scores that are wrong, and on other labels.

Part of the pre-flight, see check.py. Scores can be made that agree with the labels as well as can be; a loss that likes them less
than scores that disagree is turned round. Both are tried as raw scores and as probabilities: a loss says not which it wants.

Axes: n rows, C classes.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .check_batch import mapped
from .check_lines import Line, function_line
from .check_problems_model import RowsMixed
from .check_problems_wiring import LabelsUnused, LossTurnedRound
from .check_trace import tensors_in
from .check_trial import Trial, seeded

FEW = 5  # rows


def own_loss(trial: Trial) -> None:
    """Adds findings about a loss that is not torch's own."""
    if trial.inside or isinstance(trial.loss, nn.modules.loss._Loss) or getattr(trial.loss, "__module__", "").startswith("torch"):
        return
    if trial.loss_value is None or trial.rows < FEW:
        return
    prior(trial)
    if trial.batch.rebuilt:
        return
    if labels_unused(trial):
        return
    direct(trial)
    signed(trial)
    along_the_rows(trial)


def signed(trial: Trial) -> None:
    """Adds the finding for a mean of differences with their sign: it falls without end below the labels."""
    scores, labels = trial.scores, trial.handed.labels
    if not isinstance(scores, Tensor) or not isinstance(labels, Tensor) or scores.shape != labels.shape:
        return
    if not labels.is_floating_point():
        return
    spread = float(labels.std()) or 1.0
    values = [value_of(trial, labels + step * spread, labels) for step in (0, 1, -1)]
    if any(value is None or not math.isfinite(value) for value in values):
        return
    none, up, down = (value or 0.0 for value in values)
    if abs(none) > 1e-6 * spread or abs(up) < 1e-3 * spread or abs(up + down) > 1e-3 * abs(up):
        return
    where = loss_lines(trial)
    code = where[0].code if where else ""
    fix = re.sub(r"\((\w+ - \w+)\)\.", r"(\1).abs().", code)
    text = (
        "The loss is a mean of differences with their sign: it is smaller, the further the scores lie on one side of the labels"
    )
    fix = fix if fix not in ("", code) else "loss = (scores - labels).abs().mean()"
    trial.add(LossTurnedRound(text, "Differences squared, or without their sign.", fix, where=where))


def along_the_rows(trial: Trial) -> None:
    """Adds the finding for a softmax of the scores over the rows of the batch, in a loss of the user's own."""
    scores = trial.scores
    if not isinstance(scores, Tensor) or scores.dim() != 2 or scores.shape[1] in (1, trial.rows):
        return
    for call in trial.tape.calls:
        axis = call.kwargs.get("dim", call.args[1] if len(call.args) > 1 else None)
        if call.name not in ("softmax", "log_softmax") or axis not in (0, -2) or not call.tensors or call.layer is not None:
            continue
        if call.tensors[0] is scores:
            code = call.line.code if call.line is not None else ""
            fix = code.replace("dim=0", "dim=1").replace(", 0)", ", 1)").replace("softmax(0)", "softmax(1)")
            text = f"{call.name} in the loss goes along the axis of rows"
            trial.add(
                RowsMixed(text, "The axis of classes: dim=1, or -1.", fix or "p = scores.softmax(1)", where=trial.where(call))
            )
            return


def prior(trial: Trial) -> None:
    """A variational autoencoder whose means may go anywhere: what should hold them near 0 is turned round."""
    if not isinstance(trial.scores, (tuple, list)) or len(trial.scores) != 3:
        return
    rebuilt, mean, spread = trial.scores
    if not all(isinstance(t, Tensor) for t in trial.scores) or mean.shape != spread.shape or mean.shape == rebuilt.shape:
        return
    rebuilt, mean, spread = (t.detach() for t in trial.scores)
    near, far, further = (value_of(trial, (rebuilt, mean + shift, spread), trial.handed.labels) for shift in (0, 3, 6))
    if near is None or far is None or further is None or not near > far > further:
        return
    where = divergence_lines(trial) or loss_lines(trial)
    code = where[0].code if where else ""
    sign = re.sub(r"= (?=\d)", "= -", code, count=1) if "= -" not in code else code.replace("= -", "= ", 1)
    text = "The further the means are from 0, the smaller is the loss: the divergence from the prior is turned round"
    expected = "A divergence that grows with the means: -0.5 * (1 + logvar - mean ** 2 - exp(logvar))."
    trial.add(LossTurnedRound(text, expected, sign if sign != code else "loss = reconstruction + kl", where=where))


def divergence_lines(trial: Trial) -> tuple[Line, ...]:
    """The line of the loss that takes the exponential of the variance."""
    place = max((i for i, call in enumerate(trial.tape.calls) if call.name == "exp" and call.line is not None), default=None)
    return trial.where(trial.tape.calls[place]) if place is not None else ()


def value_of(trial: Trial, scores: Any, labels: Any) -> float | None:
    seeded(trial, 2)
    batch = trial.handed.fresh()
    batch.labels = labels
    try:
        with torch.no_grad():
            return float(trial.loss_of(scores, batch))
    except Exception:
        return None


def labels_unused(trial: Trial) -> bool:
    """Whether other labels give the same loss; adds the finding."""
    labels = list(tensors_in(trial.handed.labels))
    if not trial.losses or not isinstance(trial.scores, Tensor):
        return False  # a loss of derivatives, or of two views, asks for no labels
    if not labels or any(len(t) != trial.rows if t.dim() else True for t in labels) or not any(varied(t) for t in labels):
        return False
    detached = detach(trial.scores)
    values = [value_of(trial, detached, detach(trial.handed.labels))]
    values.append(value_of(trial, detached, mapped(trial.handed.labels, lambda t: t.flip(0) if len(t) else t)))
    values.append(value_of(trial, detached, mapped(trial.handed.labels, lambda t: t.roll(1, 0))))
    constant = mapped(trial.handed.labels, lambda t: t[:1].expand_as(t).clone())
    values.append(value_of(trial, detached, constant))
    if any(value is None or value != values[0] for value in values):
        return False
    where = loss_lines(trial)
    y = label_argument(trial)
    text = "The loss does not depend on the labels: with those of other rows it is the same"
    code = where[0].code if where else ""
    fix = f"loss = nn.functional.mse_loss(scores, {y})  # scores and labels"
    changed = re.sub(r"(\w+_loss|cross_entropy\w*)\((\w+), .*\)$", rf"\1(\2, {y})", code)
    trial.add(
        LabelsUnused(text, "A loss that compares scores and labels.", changed if changed not in ("", code) else fix, where=where)
    )
    return True


def varied(tensor: Tensor) -> bool:
    return bool(tensor.dim()) and not bool((tensor == tensor[:1]).all())


def detach(value: Any) -> Any:
    return mapped(value, lambda t: t.detach().clone())


def label_argument(trial: Trial) -> str:
    """What the loss calls its labels."""
    try:
        names = list(inspect.signature(getattr(trial.loss, "forward", trial.loss)).parameters)
    except (TypeError, ValueError):
        names = []
    return names[1] if len(names) > 1 else "labels"


def loss_lines(trial: Trial) -> tuple[Line, ...]:
    """The return of the loss, or where it is made."""
    function = getattr(type(trial.loss), "forward", None) if isinstance(trial.loss, nn.Module) else trial.loss
    line = function_line(function) or trial.script.of(-1, "loss")
    return (line,) if line is not None else ()


def direct(trial: Trial) -> None:
    """Adds the finding for a loss that likes scores that disagree with the labels better than scores that agree."""
    scores, labels = trial.scores, trial.handed.labels
    if (
        not isinstance(scores, Tensor)
        or not isinstance(labels, Tensor)
        or any(f for f in trial.findings if isinstance(f, LossTurnedRound))
    ):
        return
    verdicts = []
    for agree, disagree in candidates(scores.detach(), labels.detach(), probable(trial, scores)):
        good, bad = value_of(trial, agree, labels), value_of(trial, disagree, labels)
        if good is None or bad is None or not math.isfinite(good) or not math.isfinite(bad):
            continue
        verdicts.append(0 if math.isclose(good, bad, rel_tol=1e-3, abs_tol=1e-6) else 1 if good > bad else -1)
    if len(verdicts) < 2 or set(verdicts) != {1}:
        return
    where = loss_lines(trial)
    text = "The loss is larger for scores that agree with the labels than for scores that do not: it is turned round"
    trial.add(LossTurnedRound(text, "A loss that is small where scores and labels agree.", turned(where), where=where))


def probable(trial: Trial, scores: Tensor) -> bool:
    """Whether the scores are, or become in the loss, probabilities of a yes."""
    names = {"sigmoid", "logsigmoid", "log_sigmoid", "softplus", "binary_cross_entropy", "binary_cross_entropy_with_logits"}
    maker = trial.tape.maker(scores)
    place = trial.tape.calls.index(maker) if maker is not None else 0
    return any(call.name.rstrip("_") in names for call in trial.tape.calls[place:])


def turned(where: tuple[Line, ...]) -> str:
    code = where[0].code if where else ""
    if code.startswith("return -"):
        return f"return {code.removeprefix('return -').strip()}"
    return f"return -({code.removeprefix('return ')})" if code.startswith("return ") else "loss = -loss"


def candidates(scores: Tensor, labels: Tensor, as_probabilities: bool) -> Iterator[tuple[Tensor, Tensor]]:
    """Scores that agree with labels and scores that do not, of several sizes; nothing where labels say not what agrees."""
    whole = not labels.is_floating_point()
    if (
        whole
        and scores.dim() == labels.dim() + 1
        and scores.shape[1] > 1
        and (scores.shape[0], *scores.shape[2:]) == labels.shape
    ):
        classes = scores.shape[1]
        if int(labels.min()) < 0 or int(labels.max()) >= classes:
            return
        hot = F.one_hot(labels, classes).movedim(-1, 1).to(scores)
        other = hot.roll(1, 1)
        rest = 0.1 / classes
        yield from ((6 * (a - 0.5), 6 * (b - 0.5)) for a, b in ((hot, other),))
        yield ((hot * 0.9 + rest).log_softmax(1), (other * 0.9 + rest).log_softmax(1))
        yield (hot * 0.9 + rest, other * 0.9 + rest)
        return
    if scores.shape != labels.shape:
        return
    target = labels.to(scores)
    if bool(((target == 0) | (target == 1)).all()):
        if not varied(target.flatten()) or not as_probabilities:
            return  # of a distance the small one agrees with a yes
        yield 8 * (target - 0.5), 8 * (0.5 - target)
        yield target * 0.9 + 0.05, (1 - target) * 0.9 + 0.05
    elif labels.is_floating_point():
        spread = float(target.std()) or 1.0
        noise = torch.where(torch.arange(target.numel(), device=target.device).reshape(target.shape) % 2 == 0, 1.0, -1.0)
        yield from ((target, target + step * spread) for step in (1, -1, 3, -3, noise, -3 * noise))
