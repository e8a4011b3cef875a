"""What of a row its scores depend on: all its steps, and no token that is the answer; and on nothing but the row.

Part of the pre-flight, see check.py. Each question is a run in evaluation mode on a batch that was changed in one place.

Axes: n rows, T steps or tokens.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .check_inputs import forward_line, scores_of, unmoved
from .check_problems_data import InputUnused
from .check_problems_model import MaskedWhole, RowsMixed
from .check_problems_wiring import AnswerSeen, AxesRegrouped
from .check_rows import Ran, run, same
from .check_trace import Call, tensors_in
from .check_trial import Trial, seeded

FEW = 3  # steps that a row must have


def reach(trial: Trial) -> None:
    """Adds findings about steps without effect, answers that are seen, and places in the batch that matter."""
    if trial.mine or trial.rows < FEW or any(isinstance(f, (AxesRegrouped, MaskedWhole)) for f in trial.findings):
        return
    trial.model.eval()
    if in_place_of_the_row(trial):
        return
    steps = steps_of(trial)
    base = scores_of(trial, trial.batch) if steps is not None else None
    if steps is None or base is None:
        return
    first_step_alone(trial, steps, base)
    answers(trial, steps, base)


def steps_of(trial: Trial) -> Tensor | None:
    """The one input that is made of steps: tokens (n, T), or numbers (n, T, F)."""
    found = [
        t
        for t in trial.batch.inputs
        if t.dim() in (2, 3) and len(t) == trial.rows and t.is_floating_point() == (t.dim() == 3) and t.dtype != torch.bool
    ]
    labels = trial.batch.labels
    if len(found) > 1 and isinstance(labels, Tensor) and labels.dim() == 2:  # what is written, beside what it is written from
        found = [t for t in found if t.shape == labels.shape and torch.equal(t[:, 1:], labels[:, :-1])]
    return found[0] if len(found) == 1 and found[0].shape[1] >= FEW else None


def moved_from(trial: Trial, steps: Tensor, first: int, last: int | None = None) -> list[Tensor] | None:
    """The scores when the steps from first to last are those of other rows."""
    other = steps.clone()
    other[:, first:last] = steps.roll(1, 0)[:, first:last]
    return scores_of(trial, trial.batch.over(lambda t: other if t is steps else t))


def first_step_alone(trial: Trial, steps: Tensor, base: list[Tensor]) -> None:
    after, without = moved_from(trial, steps, 1), moved_from(trial, steps, 0, 1)
    if after is None or without is None or not unmoved(base, after) or unmoved(base, without):
        return
    count, recurrent = steps.shape[1], next((m for m in trial.core.modules() if isinstance(m, nn.RNNBase)), None)
    fix = "h = out[:, -1]  # the state after the last step" if recurrent is not None else "h = h.mean(dim=1)"
    line = forward_line(trial)
    text = f"Of the {count} places along axis 1 of the input only the first has an effect on the scores"
    trial.add(InputUnused(text, "Scores that depend on all of them.", fix, where=(line,) if line else ()))


def answers(trial: Trial, steps: Tensor, base: list[Tensor]) -> None:
    """A model of the next token whose scores depend on the tokens that follow."""
    labels = trial.batch.labels
    if steps.is_floating_point() or not isinstance(labels, Tensor) or labels.shape != steps.shape or labels.is_floating_point():
        return
    shifted, equal = bool(torch.equal(steps[:, 1:], labels[:, :-1])), bool(torch.equal(steps, labels))
    half, scores = steps.shape[1] // 2, base[0]
    axis = next((a for a in (2, 1) if scores.dim() == 3 and scores.shape[a] == steps.shape[1]), None)
    after = moved_from(trial, steps, half) if axis is not None and (shifted or equal) else None
    if after is None or axis is None:
        return
    seen = not same(scores.narrow(axis, 0, half), after[0].narrow(axis, 0, half))
    line = forward_line(trial)
    looks = [c for c in trial.tape.calls if c.name in ("multi_head_attention_forward", "scaled_dot_product_attention", "softmax")]
    seen_at = looks[-1].line if looks else None
    where = trial.data_line(1) if equal else tuple(found for found in (line, seen_at) if found is not None)
    if equal and not seen:  # what comes after is hidden, and the answer is what stands there
        text, y = "The labels are the inputs themselves: each token is asked for where it is given", trial.data_name(1)
        fix = f"x, y = {y}[:, :-1], {y}[:, 1:]  # the label of a token is the next one"
        trial.add(AnswerSeen(text, "Labels that are shifted by one.", fix, where=where))
    elif shifted and seen:
        recurrent = any(isinstance(m, nn.RNNBase) and m.bidirectional for m in trial.core.modules())
        both = any(isinstance(m, (nn.Transformer, nn.TransformerDecoder)) for m in trial.core.modules())
        given = "tgt_mask=mask in the call" if both else "encoder(x, mask=mask)"
        mask = "nn.Transformer.generate_square_subsequent_mask(x.size(1), device=x.device)"
        fix = "bidirectional=False  # in the recurrent layer" if recurrent else f"mask = {mask}  # and {given}"
        text = "The scores of a token depend on the tokens after it, and those are the labels"
        expected = "A model that reads one way." if recurrent else "A causal mask."
        trial.add(AnswerSeen(text, expected, fix, where=where))


def in_place_of_the_row(trial: Trial) -> bool:
    """Whether a row gets other scores in another place of the batch; adds the finding."""
    batch, n = trial.batch, trial.rows
    if batch.end_to_end:
        return False
    turned = batch.over(lambda t: t.flip(0) if t.dim() and len(t) == n else t)
    before, after = run(trial, batch), run(trial, turned)
    if before is None or after is None or len(before.calls) != len(after.calls) or by_chance(trial, before):
        return False
    pairs = zip(tensors_in(before.result), tensors_in(after.result), strict=False)
    if all(follows(a, b, n) for a, b in pairs):
        return False
    call = culprit(before, after, n)
    if call is None:
        return False
    code = call.line.code if call.line is not None else ""
    fix = "x = x + self.positions[: x.size(1)]  # places along the tokens, not along the rows"
    if ".size(0)]" in code:
        fix = code.replace(".size(0)]", ".size(1)].transpose(0, 1)")
    trial.add(
        RowsMixed(
            f"{call.name.strip('_')} gives a row other numbers in another place of the batch",
            "Scores that do not depend on where in the batch a row stands.",
            fix,
            "Which rows stand before a row is chance, and a prediction may be for one alone.",
            where=trial.where(call),
        )
    )
    return True


def by_chance(trial: Trial, before: Ran) -> bool:
    """Whether the scores are drawn: with other random numbers they differ."""
    seeded(trial, 1)
    try:
        again: Any = trial.forward(trial.batch.fresh())
    except Exception:
        return True
    return not all(same(a, b) for a, b in zip(tensors_in(before.result), tensors_in(again), strict=False) if a.shape == b.shape)


def follows(a: Tensor, b: Tensor, n: int) -> bool:
    """Whether a tensor is the other one with its rows turned round, or the same."""
    if a.shape != b.shape or same(a, b):
        return True
    if any(size == n and same(a.flip(axis), b) for axis, size in enumerate(a.shape)):
        return True
    for axis, size in enumerate(a.shape):
        if size > n and size % n == 0:  # rows joined with another axis
            joined = [
                (a.unflatten(axis, parts), b.unflatten(axis, parts), axis + k) for k, parts in enumerate(((n, -1), (-1, n)))
            ]
            if any(same(x.flip(place), y) for x, y, place in joined):
                return True
    return False


def culprit(before: Ran, after: Ran, n: int) -> Call | None:
    """The first call whose result does not follow the rows, though what came in does."""
    for a, b in zip(before.calls, after.calls, strict=True):
        if a.name in ("__setitem__", "copy_") or not a.kept or a.name != b.name:
            continue
        outputs = [(x, y) for x, y in zip(a.kept, b.kept, strict=False) if x.dim() and x.is_floating_point()]
        if outputs and not follows(*outputs[0], n):
            return a
    return None
