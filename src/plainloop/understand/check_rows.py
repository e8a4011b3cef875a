"""Whether each row is judged by itself: other rows, other numbers of rows and evaluation mode must not change its scores.

Part of the pre-flight, see check.py. The model runs twice in evaluation mode, on a batch and on the same batch with all rows but
one exchanged. The row that stayed must keep its scores; where it does not, the first operation whose result has no axis with that
row unchanged is where rows mix.

Axes: n rows of the batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .check_batch import Batch
from .check_finding import Finding
from .check_forward import explain_size
from .check_lines import line_of_error, method_line
from .check_problems_data import InputUnused
from .check_problems_model import BatchOfOne, DropoutAlwaysOn, FixedBatchSize, OneRowFails, RowsMixed, WrongScores
from .check_problems_training import GradientsVanish
from .check_trace import Call, Tape, tensors_in
from .check_trial import Trial, seeded

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


def run(trial: Trial, batch: Batch) -> Ran | None:
    """A run in evaluation mode, always with the same random numbers; None where it fails."""
    tape = Ran(keep=True)
    seeded(trial, 0)
    try:
        with torch.no_grad():
            tape.result = trial.forward(batch.fresh(), tape)
    except Exception:
        return None
    return tape


def others_exchanged(batch: Batch, row: int) -> Batch:
    """The batch with every row but one replaced by the first; floats are changed too, in case all rows are alike."""
    n = batch.rows
    order = torch.zeros(n, dtype=torch.long)
    order[row] = row

    def one(tensor: Tensor) -> Tensor:
        if not tensor.dim() or len(tensor) != n:
            return tensor
        moved = tensor.index_select(0, order.to(tensor.device))
        if tensor.is_floating_point():
            factor = torch.full((n, *[1] * (tensor.dim() - 1)), 1.5, dtype=tensor.dtype, device=tensor.device)
            factor[row] = 1.0
            moved = moved * factor
        return moved

    return batch.over(one)


def same(a: Tensor, b: Tensor) -> bool:
    if not a.is_floating_point():
        return bool(torch.equal(a, b))
    scale = float(a.abs().max()) if a.numel() else 0.0
    return bool(torch.allclose(a.float(), b.float(), rtol=1e-3, atol=1e-5 + 1e-4 * min(scale, 1.0), equal_nan=True))


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
            with_batch_first(trial, holder),
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
        return RowsMixed(
            f"{title} attends across the rows: without batch_first it takes (tokens, rows, numbers)",
            own,
            with_batch_first(trial, outer(trial, attention)),
            where=where,
        )
    if call is not None and call.name.rstrip("_") in ALONG:
        text = call.line.text if call.line else ""
        fix = text.replace("dim=0", "dim=1").replace("(0)", "(1)").replace(", 0)", ", 1)")
        return RowsMixed(
            f"{call.name} goes along the axis of rows",
            "The axis of classes or numbers: dim=1, or -1.",
            fix if fix != text and fix else f"x = x.{call.name}(dim=1)",
            where=where,
        )
    if call is not None and call.name in ("view", "reshape", "flatten", "transpose", "permute", "T"):
        return RowsMixed(
            f"{call.name} tears rows apart: numbers of one row land in another",
            "An axis of rows that stays whole.",
            "x = x.permute(0, 2, 1)  # swaps axes; view only regroups numbers",
            where=where,
        )
    name = f"{call.name} in {title}" if call is not None else "The model"
    return RowsMixed(
        f"{name} mixes the rows: the scores of a row depend on the others in the batch",
        own,
        (call.line.text if call and call.line else "x = layer(x)") + "  # must not mix along axis 0",
        where=where,
    )


def outer(trial: Trial, attention: nn.Module) -> nn.Module:
    """The transformer layer that an attention is in, or itself."""
    kinds = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
    return next((m for m in trial.core.modules() if isinstance(m, kinds) and attention in m.modules()), attention)


def with_batch_first(trial: Trial, layer: nn.Module) -> str:
    """The line that makes a layer, with batch_first=True."""
    line = trial.made(layer)
    if line is not None and line.text.endswith(")") and line.text.count("(") == line.text.count(")"):
        return f"{line.text[:-1]}, batch_first=True)".replace("batch_first=False, ", "").replace(", batch_first=False", "")
    return f"nn.{type(layer).__name__}(..., batch_first=True)"


def lost_rows(trial: Trial, scores: Tensor) -> Finding:
    """Scores with another number of rows than the batch: the operation where the axis of rows was lost."""
    n = trial.rows
    found: Call | None = None
    for call in trial.tape.history(scores):
        inputs = [tensor for tensor in call.tensors if n in tensor.shape[:1]]
        if inputs and not any(n in out.shape[:1] for out in call.outs):
            found = call
            break
    got = f"forward gives scores of shape {trial.shape(scores)} for {n} rows"
    if found is None:
        return WrongScores(
            got,
            "One row of scores per row of the batch.",
            "return scores  # (rows, outputs)",
            where=trial.where(trial.tape.maker(scores)),
        )
    text = found.line.text if found.line else ""
    given, out = next(t for t in found.tensors if n in t.shape[:1]), found.outs[0] if found.outs else scores
    step = f"{found.name} turns {trial.shape(given)} into {trial.shape(out)}"
    fix = "x = x.flatten(1)" if found.name in ("view", "reshape", "flatten") else text
    if found.name == "__getitem__":
        step = f"[...] picks one row: it turns {trial.shape(given)} into {trial.shape(out)}"
        fix = text.replace("[-1]", "[:, -1]").replace("[0]", "[:, 0]") or "x = x[:, -1]"
    elif found.name.rstrip("_") in ALONG:
        fix = text.replace("dim=0", "dim=1").replace("(0)", "(1)") or "x = x.mean(1)"
        fix = f"x = x.{found.name}(1)  # along an axis that is not the rows" if fix == text else fix
    elif found.name in ("transpose", "permute", "T", "mT", "t"):
        fix = text + "  # swaps the rows away; swap them back before the scores are returned"
    return WrongScores(f"{got}: {step}", "One row of scores per row of the batch.", fix, where=trial.where(found))


def dropout_on(trial: Trial, tape: Tape) -> None:
    """F.dropout that is on in evaluation mode."""
    for call in tape.calls:
        if not call.name.startswith(("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")):
            continue
        rate = call.kwargs.get("p", call.args[1] if len(call.args) > 1 else 0.5)
        on = call.kwargs.get("training", call.kwargs.get("train", call.args[2] if len(call.args) > 2 else True))
        text = call.line.text if call.line else ""
        if on and rate and "training=True" not in text.replace(" ", ""):
            fix = (
                f"{text[: text.rindex(')')]}, training=self.training)"
                if text.count(")") == 1
                else "x = F.dropout(x, 0.5, training=self.training)"
            )
            trial.add(
                DropoutAlwaysOn(
                    "Dropout stays on in evaluation mode", "Dropout in training mode only.", fix, where=trial.where(call)
                )
            )
            return


def other_sizes(trial: Trial) -> None:
    """The model on one row less, and on a single row."""
    n = trial.rows
    if n < 3:
        return
    trial.model.eval()
    with torch.no_grad():
        less = trial.batch.take(torch.arange(n - 1))
        tape = run(trial, trial.batch) or Ran()
        try:
            scores = trial.forward(less.fresh())
        except Exception as error:
            trial.add(explain_size(error, tape, n, n - 1))
            return
        if isinstance(scores, Tensor) and isinstance(trial.scores, Tensor) and scores.dim() and len(scores) == n:
            trial.add(
                FixedBatchSize(
                    f"For {n - 1} rows the model gives {n} rows of scores",
                    "As many as there are rows.",
                    "x = x.reshape(len(x), -1)",
                )
            )
            return
        one_row(trial)


def one_row(trial: Trial) -> None:
    one = trial.batch.take(torch.arange(1))
    tape = Tape()
    wanted = tuple(trial.scores.shape) if isinstance(trial.scores, Tensor) else None
    try:
        scores = trial.forward(one.fresh(), tape)
    except Exception as error:
        line = line_of_error(error)
        text = " ".join(str(error).split())[:120]
        call = next((call for call in reversed(tape.calls) if call.name == "squeeze" and len(call.args) == 1), None)
        if call is not None:
            fix, where = squeezed(call), trial.where(call)
            trial.add(
                OneRowFails(
                    "For a single row squeeze() takes away the axis of rows, and the model fails",
                    "squeeze with an axis.",
                    fix,
                    where=where,
                )
            )
        else:
            trial.add(
                OneRowFails(
                    f"The model fails for a single row: {text}",
                    "A model for any number of rows.",
                    "model.eval(); model(X[:1])  # reproduces it",
                    where=(line,) if line else (),
                )
            )
        return
    if wanted is None or not isinstance(scores, Tensor) or tuple(scores.shape) == (1, *wanted[1:]) or wanted[0] != trial.rows:
        return
    call = next(
        (call for call in reversed(tape.calls) if call.name == "squeeze" and len(call.args) == 1 and not call.kwargs), None
    )
    where = trial.where(call)
    trial.add(
        OneRowFails(
            f"For a single row the scores have shape {tuple(scores.shape)}",
            f"Scores of shape {(1, *wanted[1:])}.",
            squeezed(call),
            where=where,
        )
    )


def squeezed(call: Call | None) -> str:
    text = call.line.text if call is not None and call.line is not None else ""
    fixed = text.replace(".squeeze()", ".squeeze(1)")
    return fixed if fixed != text else "x = x.squeeze(1)"


def last_batch(trial: Trial) -> None:
    """A batch of one row in training mode, where batch normalisation cannot work."""
    single = trial.data.batch_size == 1 or trial.data.last_rows == 1 or (trial.data.num_rows == 1)
    norms = [m for m in trial.core.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.training]
    if not single or trial.inside or not norms:
        return
    tape = Tape()
    try:
        trial.forward(trial.batch.take(torch.arange(1)).fresh(), tape)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            return
        layer = tape.layers[-1][0] if tape.layers else norms[0]
        size, rows = trial.data.batch_size, trial.data.num_rows
        text = "Every batch has one row" if size == 1 else f"{rows} rows in batches of {size}: the last batch has one row"
        fix = (
            "loader = DataLoader(dataset, batch_size=32, shuffle=True, drop_last=True)"
            if size == 1
            else f"loader = DataLoader(dataset, batch_size={size}, shuffle=True, drop_last=True)"
        )
        loader = trial.script.of(1, "data")
        where = tuple(line for line in (loader, trial.made(layer)) if line)
        trial.add(
            BatchOfOne(
                f"{text}, and {trial.layer(layer)} cannot train on it", "At least two rows in every batch.", fix, where=where
            )
        )
    except Exception:
        return


def inputs_used(trial: Trial) -> None:
    """Each input of several, and each column of a table, must have an effect on the scores."""
    trial.model.eval()
    batch, n = trial.batch, trial.rows
    named = {**{f"input {i + 1}": value for i, value in enumerate(batch.args)}, **batch.kwargs}
    if len(batch.args) == 1 and isinstance(batch.args[0], dict):
        named = dict(batch.args[0])
    with torch.no_grad():
        base = scores_of(trial, batch)
        if base is None or n < 3:
            return
        if len(named) > 1:
            for name, value in named.items():
                moved = {id(tensor) for tensor in tensors_in(value) if tensor.dim() and len(tensor) == n and varies(tensor)}
                if moved and (after := scores_of(trial, changed(batch, moved))) is not None and unmoved(base, after):
                    unused(trial, name, name)
        columns_used(trial, base)


def scores_of(trial: Trial, batch: Batch) -> list[Tensor] | None:
    seeded(trial, 0)
    try:
        return [tensor for tensor in tensors_in(trial.forward(batch.fresh())) if tensor.is_floating_point()]
    except Exception:
        return None


def varies(tensor: Tensor) -> bool:
    return not bool((tensor == tensor[:1]).all())


def changed(batch: Batch, moved: set[int]) -> Batch:
    return batch.over(lambda tensor: tensor.roll(1, 0) if id(tensor) in moved else tensor)


def unmoved(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(x.shape == y.shape and bool(torch.equal(x, y)) for x, y in zip(a, b, strict=True))


def unused(trial: Trial, name: str, said: str) -> None:
    where = () if trial.inside else tuple(line for line in [forward_line(trial)] if line)
    trial.add(
        InputUnused(
            f"{said[:1].upper()}{said[1:]} has no effect on the scores",
            "Scores that depend on every input.",
            "h = torch.cat([a, b], dim=1)  # or leave it out of the data",
            where=where,
        )
    )


def forward_line(trial: Trial) -> Any:
    return method_line(type(trial.core), "forward", returns=False)


def columns_used(trial: Trial, base: list[Tensor]) -> None:
    """Columns of a table of floats that have no effect, all by one gradient."""
    tables = [
        tensor
        for tensor in trial.batch.inputs
        if tensor.dim() == 2 and tensor.is_floating_point() and 1 < tensor.shape[1] <= 4096
    ]
    vanish = any(isinstance(finding, GradientsVanish) for finding in trial.findings)
    if len(tables) != 1 or vanish or any(p.requires_grad and not p.any() for p in trial.parameters.values() if p.dim() > 1):
        return
    table = tables[0]
    for column in range(table.shape[1]):
        if table.shape[1] > 64 and column % (table.shape[1] // 64):
            continue
        if not varies(table[:, column : column + 1]):
            continue
        other = table.clone()
        other[:, column] = other[:, column].roll(1) * 2 + 1
        after = scores_of(trial, trial.batch.over(lambda t: other if t is table else t))  # noqa: B023
        if after is not None and unmoved(base, after):
            unused(trial, f"column {column}", f"column {column} of the input")
            return
