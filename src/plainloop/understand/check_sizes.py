"""Other numbers of rows: the batch that loses its axis of rows, one row less, a single row, a last batch of one.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast

import torch
from torch import Tensor, nn

from .check_finding import Finding
from .check_forward import explain_size
from .check_lines import line_of_error
from .check_problems_model import BatchOfOne, FixedBatchSize, OneRowFails, WrongScores
from .check_rows import ALONG, Ran, run
from .check_trace import Call, Tape
from .check_trial import Trial
from .check_written import rewritten


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
    if scores.dim() > 1 and scores.shape[1] == n:
        fix = "return scores.squeeze(0)  # of an LSTM's state: h[-1]" if len(scores) == 1 else "return scores.transpose(0, 1)"
        text = f"{got}: the rows are its second axis"
        return WrongScores(text, "The rows first.", fix, where=trial.where(trial.tape.maker(scores)))
    if found is None:
        return WrongScores(
            got,
            "One row of scores per row of the batch.",
            "return scores  # (rows, outputs)",
            where=trial.where(trial.tape.maker(scores)),
        )
    text = found.line.code if found.line else ""
    given, out = next(t for t in found.tensors if n in t.shape[:1]), found.outs[0] if found.outs else scores
    step = f"{found.name} turns {trial.shape(given)} into {trial.shape(out)}"
    fix = "x = x.flatten(1)" if found.name in ("view", "reshape", "flatten") else text
    if found.name == "__getitem__":
        step = f"[...] picks one row: it turns {trial.shape(given)} into {trial.shape(out)}"
        fix = text.replace("[-1]", "[:, -1]").replace("[0]", "[:, 0]") or "x = x[:, -1]"
    elif found.name.rstrip("_") in ALONG:
        fix = text.replace("dim=0", "dim=1").replace("(0)", "(1)") or "x = x.mean(1)"
        fix = f"x = x.{found.name}(1)  # along an axis that is not the rows" if fix == text else fix
    elif found.name in ("cat", "concat"):
        fix = along_the_columns(text, found.name) or "x = torch.cat([a, b], dim=1)"
    elif found.name in ("transpose", "permute", "T", "mT", "t"):
        fix = text + "  # swaps the rows away; swap them back before the scores are returned"
    return WrongScores(f"{got}: {step}", "One row of scores per row of the batch.", fix, where=trial.where(found))


def along_the_columns(code: str, name: str) -> str:
    """A line that joins tensors, along the columns."""

    def one(call: ast.Call) -> ast.expr:
        return ast.Call(call.func, call.args[:1], [ast.keyword("dim", ast.Constant(1))])

    return rewritten(code, name, one)


def other_sizes(trial: Trial) -> None:
    """The model on one row less, and on a single row."""
    n = trial.rows
    if n < 3 or trial.batch.end_to_end:
        return
    trial.model.eval()
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
    text = call.line.code if call is not None and call.line is not None else ""
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
