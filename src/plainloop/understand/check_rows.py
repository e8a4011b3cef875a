"""Whether each row is judged by itself: other rows, other numbers of rows and evaluation mode must not change its scores.

Part of the pre-flight, see check.py. The model runs twice in evaluation mode, on a batch and on the same batch with all rows but
one exchanged. The row that stayed must keep its scores; where it does not, the first operation whose result has no axis with that
row unchanged is where rows mix.

Axes: n rows of the batch.
"""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .check_batch import Batch
from .check_finding import Finding
from .check_loss import stretched
from .check_problems_model import DropoutAlwaysOn, RowsMixed, SilentBroadcast
from .check_shapes import BINARY
from .check_trace import Call, Tape, tensors_in
from .check_trial import Trial, seeded
from .check_written import rewritten, with_batch_first

NORMS = {"batch_norm", "instance_norm"}
ALONG = {"softmax", "log_softmax", "mean", "sum", "norm", "std", "var", "max", "min", "cumsum", "normalize", "layer_norm", "amax"}


def judged_alone(trial: Trial) -> None:
    """Adds findings about rows that mix, in evaluation mode."""
    trial.model.eval()
    batch = trial.batch
    row = trial.rows // 2
    before = run(trial, batch)
    if before is None or trial.rows < 3:
        return
    dropout_on(trial, before)
    if batch.end_to_end:
        return  # rows of other lengths cannot be exchanged
    after = run(trial, others_exchanged(batch, row))
    if after is None or len(before.calls) != len(after.calls):
        return
    first, second = list(tensors_in(before.result)), list(tensors_in(after.result))
    pairs = [(a, b) for a, b in zip(first, second, strict=False) if a.shape == b.shape and a.dim() and len(a) == trial.rows]
    if all(same(a[row], b[row]) for a, b in pairs):
        return
    if any(call.name in NORMS and not tracked(call) for call in before.calls):
        return  # normalised over the batch on purpose, in evaluation mode too
    again = run(trial, batch)
    if again is None or any(not same(a, b) for a, b in zip(first, tensors_in(again.result), strict=False) if a.shape == b.shape):
        return  # it keeps something from run to run, so that runs cannot be compared
    trial.add(mixed(trial, *culprit(before, after, row, trial.rows)))


class Ran(Tape):
    """A tape with the result of the run."""

    result: Any = None


def run(trial: Trial, batch: Batch, seed: int = 0) -> Ran | None:
    """A run in evaluation mode, with the random numbers of a seed; None where it fails."""
    tape = Ran(keep=True)
    seeded(trial, seed)
    np.random.seed(seed)
    try:
        tape.result = trial.forward(batch.fresh(), tape)
    except Exception:
        return None
    return tape


def fullest(batch: Batch, row: int) -> int:
    """Another row than this with the fewest zeros, which are padding where rows are texts: padding alone would hide a mix."""
    words = [t for t in batch.inputs if t.dim() == 2 and len(t) == batch.rows and not t.is_floating_point()]
    counts = words[0].ne(0).sum(1) if words else torch.zeros(batch.rows)
    counts[row] = -1
    return int(counts.argmax())


def others_exchanged(batch: Batch, row: int) -> Batch:
    """The batch with every row but one replaced by the fullest; floats are changed too, in case all rows are alike."""
    n = batch.rows
    order = torch.full((n,), fullest(batch, row), dtype=torch.long)
    order[row] = row

    def one(tensor: Tensor) -> Tensor:
        if not tensor.dim() or len(tensor) != n:
            return tensor
        moved = tensor.index_select(0, order.to(tensor.device))
        if tensor.is_floating_point():
            factor = torch.full((n, *[1] * (tensor.dim() - 1)), 3.0, dtype=tensor.dtype, device=tensor.device)
            factor[row] = 1.0
            moved = moved * factor
        return moved

    return batch.over(one)


def same(a: Tensor, b: Tensor) -> bool:
    if not a.is_floating_point():
        return bool(torch.equal(a, b))
    a, b = a.detach().float(), b.detach().float()
    scale = float(a.abs().max()) if a.numel() else 0.0
    return bool(torch.allclose(a, b, rtol=1e-3, atol=1e-5 + 1e-4 * min(scale, 1.0), equal_nan=True))


def keeps_row(a: Tensor, b: Tensor, row: int, n: int) -> bool:
    """Whether a tensor has an axis of rows along which the one row stayed, or did not change at all."""
    if a.shape != b.shape:
        return False
    if same(a, b):
        return True
    for axis, size in enumerate(a.shape):
        if size == n and same(a.select(axis, row), b.select(axis, row)):
            return True
        if size > n and size % n == 0:  # rows joined with another axis
            parts_a, parts_b = a.unflatten(axis, (n, -1)), b.unflatten(axis, (n, -1))
            if same(parts_a.select(axis, row), parts_b.select(axis, row)):
                return True
            parts_a, parts_b = a.unflatten(axis, (-1, n)), b.unflatten(axis, (-1, n))
            if same(parts_a.select(axis + 1, row), parts_b.select(axis + 1, row)):
                return True
    return False


def culprit(before: Tape, after: Tape, row: int, n: int) -> tuple[Call | None, Tensor | None]:
    """The first call whose result has lost the row, with the tensor that came in."""
    for a, b in zip(before.calls, after.calls, strict=True):
        if a.name in ("__setitem__", "copy_") or not a.kept or a.name != b.name:
            continue
        outputs = [(x, y) for x, y in zip(a.kept, b.kept, strict=False) if x.dim() and x.is_floating_point()]
        if outputs and not keeps_row(*outputs[0], row, n):
            return a, a.tensors[0] if a.tensors else None
    return None, None


def tracked(call: Call) -> bool:
    """Whether a batch normalisation uses its running statistics."""
    training = call.kwargs.get("training", call.args[5] if len(call.args) > 5 else True)
    return call.name == "batch_norm" and not training


def mixed(trial: Trial, call: Call | None, given: Tensor | None) -> Finding:
    """Rows that mix, by the operation where it begins."""
    layer: Any = call.layer if call is not None else None
    holder = next(
        (m for m in trial.tape.ran if isinstance(m, (nn.MultiheadAttention, nn.RNNBase)) and layer in m.modules()), layer
    )
    where, title = trial.where(call, trial.made(holder)), trial.layer(holder)
    own = "Rows that do not know of each other."
    if (
        call is not None
        and BINARY.match(call.name)
        and len(call.tensors) > 1
        and stretched(call.tensors[0], call.tensors[1], trial.rows)
    ):
        a, b = (trial.shape(tensor) for tensor in call.tensors[:2])
        fix = "b = b.unsqueeze(1)  # the one of shape (rows,)"
        return SilentBroadcast(f"{call.name.strip('_')} gets shapes {a} and {b}", "One shape for both.", fix, where=where)
    if isinstance(holder, nn.RNNBase) and not holder.batch_first:
        shape = f", and gets {trial.shape(given)}" if given is not None else ""
        if (given is not None and given.dim() == 2) or (
            call is not None and given is not None and given.dim() == 3 and given.shape[1] == 1
        ):
            return RowsMixed(
                f"{title} takes the rows for steps of one sequence{shape}",
                "Input of shape (rows, steps, numbers).",
                "x = x.unsqueeze(1)  # with batch_first=True",
                where=where,
            )
        return RowsMixed(
            f"{title} reads along the rows: without batch_first it takes (steps, rows, numbers){shape}",
            own,
            with_batch_first(holder, trial.made(holder)),
            where=where,
        )
    if isinstance(holder, nn.RNNBase):
        return RowsMixed(
            f"{title} takes the rows for steps of one sequence",
            "Input of shape (rows, steps, numbers).",
            "x = x.unsqueeze(1)",
            where=where,
        )
    attention = next((m for m in trial.tape.ran if isinstance(m, nn.MultiheadAttention) and not m.batch_first), None)
    if attention is not None and (
        isinstance(holder, (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer))
        or (call is not None and "attention" in call.name)
    ):
        layer = outer(trial, attention)
        line = trial.script.layer(type(layer).__name__) or trial.made(layer)  # nn.TransformerEncoder(layer, 2) copies it
        return RowsMixed(
            f"{title} attends across the rows: without batch_first it takes (tokens, rows, numbers)",
            own,
            with_batch_first(layer, line),
            where=trial.where(call, line),
        )
    if call is not None and call.name.rstrip("_") in ALONG:
        text = call.line.code if call.line else ""
        fix = text.replace("dim=0", "dim=1").replace("(0)", "(1)").replace(", 0)", ", 1)")
        if re.search(r"\b(std|var)\(", text):  # numbers are being standardised, by whatever rows are in the batch
            fix = "x = self.norm(x)  # with self.norm = nn.BatchNorm1d(...) in __init__; or standardise the data beforehand"
        return RowsMixed(
            f"{call.name} goes along the axis of rows",
            "The axis of classes or numbers: dim=1, or -1.",
            fix if fix != text and fix else f"x = x.{call.name}(dim=1)",
            where=where,
        )
    if call is not None and call.name in ("view", "reshape", "flatten", "transpose", "permute", "T"):
        turned = given is not None and call.outs and call.outs[0].shape[:2] == (*given.shape[1:2], *given.shape[:1])
        axes = "x.transpose(0, 1)" if turned else "x.permute(0, 2, 1)"
        return RowsMixed(
            f"{call.name} tears rows apart: numbers of one row land in another",
            "An axis of rows that stays whole.",
            rows_to_the_front(call, given, trial.rows) or f"x = {axes}  # swaps axes; {call.name} only regroups numbers",
            where=where,
        )
    name = f"{call.name} in {title}" if call is not None else "The model"
    code = call.line.code if call is not None and call.line is not None else ""
    alone = re.sub(r"\.(max|min)\(\)", r".a\1(dim=1, keepdim=True)", code)
    alone = re.sub(r"\.(mean|std|sum|norm|var)\(\)", r".\1(dim=1, keepdim=True)", alone)
    if alone != code and given is not None and given.dim() > 1:
        text = f"{name} uses a number of the whole batch: the scores of a row depend on the others in it"
        return RowsMixed(text, "A number of each row, or one that is known before.", alone, where=where)
    return RowsMixed(
        f"{name} mixes the rows: the scores of a row depend on the others in the batch",
        own,
        (call.line.code if call and call.line else "x = layer(x)") + "  # must not mix along axis 0",
        where=where,
    )


def rows_to_the_front(call: Call, given: Tensor | None, n: int) -> str:
    """The line of a view whose rows are the second axis of what came in, with the first two axes swapped; empty elsewhere."""
    code = call.line.code if call.line is not None else ""
    if given is None or given.dim() < 3 or given.shape[1] != n or given.shape[0] == n or code.count(f".{call.name}(") != 1:
        return ""
    return code.replace(f".{call.name}(", ".transpose(0, 1).reshape(")


def outer(trial: Trial, attention: nn.Module) -> nn.Module:
    """The transformer layer that an attention is in, or itself."""
    kinds = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
    return next((m for m in trial.core.modules() if isinstance(m, kinds) and attention in m.modules()), attention)


def dropout_on(trial: Trial, tape: Tape) -> None:
    """F.dropout that is on in evaluation mode."""
    for call in tape.calls:
        if not call.name.startswith(("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")):
            continue
        rate = call.kwargs.get("p", call.args[1] if len(call.args) > 1 else 0.5)
        on = call.kwargs.get("training", call.kwargs.get("train", call.args[2] if len(call.args) > 2 else True))
        text = call.line.code if call.line else ""
        if on and rate and "training=True" not in text.replace(" ", ""):
            fix = in_training_alone(text) or "x = F.dropout(x, 0.5, training=self.training)"
            trial.add(
                DropoutAlwaysOn(
                    "Dropout stays on in evaluation mode", "Dropout in training mode only.", fix, where=trial.where(call)
                )
            )
            return


def in_training_alone(code: str) -> str:
    """A line with its dropout in training mode only: training=self.training, or a layer that __init__ makes.

    >>> in_training_alone("x = F.dropout(torch.relu(self.a(x)), 0.5)")
    'x = F.dropout(torch.relu(self.a(x)), 0.5, training=self.training)'
    """
    made = re.search(r"nn\.(Dropout\w*\([^()]*\))\(", code)
    if made is not None:
        return code.replace(f"nn.{made[1]}(", "self.drop(") + f"  # with self.drop = nn.{made[1]} in __init__"

    def one(call: ast.Call) -> ast.expr:
        mode = ast.keyword("training", ast.parse("self.training", mode="eval").body)
        return ast.Call(call.func, call.args[:2], [*(word for word in call.keywords if word.arg != "training"), mode])

    return rewritten(code, "dropout", one)
