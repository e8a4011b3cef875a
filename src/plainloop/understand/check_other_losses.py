"""What less common losses want: CTC, embeddings in pairs, counts, variances, divergences; and the weights of a loss.

Part of the pre-flight, see check.py. check_loss.py tells of each call before it is made.

Axes: n rows, T steps, C classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .check_finding import Finding
from .check_labels import lines, sign_range
from .check_problems_model import WrongScores
from .check_problems_training import LossAgainstActivation, LossFails
from .check_problems_wiring import LabelsLeftOut
from .check_trace import Call
from .check_trial import Trial

POSITIVE = ("exp", "softplus", "relu", "square", "sigmoid")  # operations that give no negative number


def argument(call: Call, place: int, name: str) -> Any:
    return call.args[place] if len(call.args) > place else call.kwargs.get(name)


def other_fault(trial: Trial, call: Call) -> Finding | None:
    """The first thing that is wrong with the arguments of a loss that is in the table."""
    rule = RULES.get(call.name)
    return rule(trial, call) if rule is not None else None


def ctc_fault(trial: Trial, call: Call) -> Finding | None:
    scores = argument(call, 0, "log_probs")
    if not isinstance(scores, Tensor) or scores.dim() != 3:
        return None
    where = lines(trial, call)
    if scores.shape[0] == trial.rows and scores.shape[1] != trial.rows:
        text = f"ctc_loss gets scores of shape {trial.shape(scores)}: it takes the steps first"
        return WrongScores(text, "Scores of shape (steps, rows, classes).", "scores = scores.transpose(0, 1)", where=where)
    if float(scores.detach().double().logsumexp(-1).abs().max()) > 1e-2:
        return LossAgainstActivation(
            "ctc_loss takes the logarithms of probabilities, and gets scores whose exponentials do not add up to 1",
            "log_softmax before the loss.",
            "scores = scores.log_softmax(-1)",
            "Other than cross_entropy, ctc_loss has no softmax of its own.",
            where,
        )
    return None


def pair_fault(trial: Trial, call: Call) -> Finding | None:
    scores, target = argument(call, 0, "input1"), argument(call, 2, "target")
    return sign_range(trial, call, scores, target) if isinstance(scores, Tensor) and isinstance(target, Tensor) else None


def count_fault(trial: Trial, call: Call) -> Finding | None:
    """Outputs that went through exp, or the like, and are taken for logarithms."""
    scores = argument(call, 0, "input")
    logs = call.kwargs.get("log_input", call.args[2] if len(call.args) > 2 else True)
    maker = trial.tape.maker(scores) if isinstance(scores, Tensor) else None
    if not logs or maker is None or maker.name.rstrip("_") not in POSITIVE:
        return None
    name = maker.name.rstrip("_")
    return LossAgainstActivation(
        f"poisson_nll_loss takes the logarithm of the rate, and gets the outputs of {name}",
        f"Outputs without {name}, or log_input=False.",
        "loss = nn.PoissonNLLLoss(log_input=False)",
        "The loss applies exp itself: it would be applied twice.",
        (*trial.where(maker), *lines(trial, call)),
    )


def variance_fault(trial: Trial, call: Call) -> Finding | None:
    variance = argument(call, 2, "var")
    if not isinstance(variance, Tensor) or not variance.numel() or float(variance.detach().min()) >= 0:
        return None
    return LossAgainstActivation(
        f"gaussian_nll_loss gets variances down to {float(variance.detach().min()):.2g}",
        "Variances above 0.",
        "variance = nn.functional.softplus(variance)",
        "A linear layer gives numbers of both signs.",
        lines(trial, call),
    )


def divergence_fault(trial: Trial, call: Call) -> Finding | None:
    target = argument(call, 1, "target")
    if not isinstance(target, Tensor) or call.kwargs.get("log_target") or not target.numel():
        return None
    low = float(target.detach().min())
    if low >= 0:
        return None
    sums = target.detach().double().exp().sum(-1)
    logs = bool(((sums - 1).abs() < 1e-2).all())
    return LossAgainstActivation(
        f"kl_div gets labels down to {low:.2g}" + (", the logarithms of probabilities" if logs else ""),
        "Probabilities, or log_target=True.",
        'loss = nn.KLDivLoss(reduction="batchmean", log_target=True)' if logs else "y = y.softmax(dim=-1)",
        "Without log_target the labels are probabilities, whose logarithm is taken in the loss.",
        lines(trial, call),
    )


def weight_fault(trial: Trial, call: Call) -> Finding | None:
    """Weights of a binary loss that do not fit its labels: torch would stretch the scores, or fail without saying why."""
    scores = argument(call, 0, "input")
    for name in ("pos_weight", "weight"):
        weight = call.kwargs.get(name)
        if not isinstance(weight, Tensor) or not isinstance(scores, Tensor) or weight.dim() > scores.dim() or not scores.dim():
            continue
        try:
            fits = torch.broadcast_shapes(weight.shape, scores.shape) == scores.shape
        except RuntimeError:
            fits = False
        if not fits:
            labels = scores.shape[-1] if scores.dim() > 1 else 1
            made = f"torch.ones({labels})" if labels > 1 else "torch.tensor([5.0])"
            return LossFails(
                f"{name} of the loss has {weight.numel()} numbers, and the scores have {labels} per row",
                f"{'One number' if labels == 1 else f'{labels} numbers, one per label'}: how much a yes weighs against a no.",
                f"loss = nn.BCEWithLogitsLoss({name}={made})",
                where=lines(trial, call),
            )
    return None


def left_out(trial: Trial, call: Call) -> None:
    """A class that the loss ignores; where a row has many labels, that is padding."""
    target, ignored = argument(call, 1, "target"), int(call.kwargs.get("ignore_index", -100))
    scores = argument(call, 0, "input")
    if not isinstance(target, Tensor) or target.dim() != 1 or not isinstance(scores, Tensor) or scores.dim() != 2:
        return
    if len(target) != trial.rows or not 0 <= ignored < scores.shape[1] or target.is_floating_point():
        return
    share = float((target == ignored).float().mean())
    if share:
        text = f"The loss leaves out class {ignored}, which {share:.0%} of the labels are"
        trial.add(LabelsLeftOut(text, "A loss for all classes.", "loss = nn.CrossEntropyLoss()", where=lines(trial, call)))


RULES: dict[str, Callable[[Trial, Call], Finding | None]] = {
    "ctc_loss": ctc_fault,
    "cosine_embedding_loss": pair_fault,
    "margin_ranking_loss": pair_fault,
    "poisson_nll_loss": count_fault,
    "gaussian_nll_loss": variance_fault,
    "kl_div": divergence_fault,
    "binary_cross_entropy_with_logits": weight_fault,
    "binary_cross_entropy": weight_fault,
}
