"""Padding that has an effect: rows filled up to one length, read on through by a recurrent layer, counted by a mean, or learned.

Part of the pre-flight, see check.py.

Axes: n rows, T tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .check_inputs import scores_of
from .check_lines import function_at
from .check_problems_rows import PaddingCounts
from .check_rows import run, same
from .check_trace import Call
from .check_trial import Trial

PADDED, LENGTHS = 0.25, 3  # share of rows with padding; different lengths
SHARE = 0.15  # of the labels
RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def padding_counts(trial: Trial) -> None:
    """Adds the finding for scores that change when padding is cut off."""
    tokens = [t for t in trial.batch.inputs if is_padded(t) and len(t) == trial.rows]
    if trial.mine or trial.inside or len(tokens) != 1 or len(trial.batch.inputs) != 1 or not isinstance(trial.scores, Tensor):
        return
    ids = tokens[0]
    lengths = (ids != 0).sum(1)
    row = int(lengths.masked_fill(lengths < 1, ids.shape[1]).argmin())
    trial.model.eval()
    whole = run(trial, trial.batch)
    short = scores_of(trial, trial.batch.over(lambda t: t[:, : int(lengths[row])] if t is ids else t))
    if whole is None or short is None or not isinstance(whole.result, Tensor) or short[0].shape != whole.result.shape:
        return
    if same(whole.result[row], short[0][row]):
        return
    x = function_at(next((call.line for call in whole.calls if call.name == "embedding"), None))[1]
    last = next((c for c in whole.calls if c.name == "__getitem__" and picks_last(c, ids.shape[1])), None)
    recurrent = next((m for m in trial.tape.ran if isinstance(m, nn.RNNBase)), None)
    mean = next(
        (c for c in whole.calls if c.name == "mean" and axis_of(c) == 1 and c.tensors[0].shape[1:2] == ids.shape[1:]), None
    )
    begin = "The scores of a row change with its padding"
    if recurrent is not None and not recurrent.bidirectional and (last is not None or mean is None):
        fix = f"h = out[torch.arange(len({x})), ({x} != 0).sum(1) - 1]  # the state after the last token of each row"
        call = last or next((c for c in whole.calls if c.name in RECURRENT), None)
        text = f"{begin}: {trial.layer(recurrent)} reads on through it" + (", and the last step is padding" if last else "")
        trial.add(PaddingCounts(text, "The state after the last token.", fix, where=trial.where(call)))
    elif (seen := next((c for c in trial.tape.calls if unmasked(c)), None)) is not None:
        fix = f"h = self.{trial.names.get(id(trial.tape.ran[-1]), 'encoder').partition('.')[0]}(h, src_key_padding_mask={x} == 0)"
        holder = next((m for m in trial.core.modules() if isinstance(m, nn.TransformerEncoder)), None)
        if holder is not None:
            fix = f"h = self.{trial.names.get(id(holder), 'encoder')}(h, src_key_padding_mask={x} == 0)  # True hides a token"
        text = f"{begin}: attention looks at it"
        trial.add(PaddingCounts(text, "A mask that hides the padding.", fix, where=trial.where(seen)))
    elif mean is not None and recurrent is None and not any("attention" in c.name for c in whole.calls):
        fix = f"mask = ({x} != 0).unsqueeze(-1); h = (h * mask).sum(1) / mask.sum(1)  # h: what is averaged"
        text = f"{begin}: mean counts it as tokens"
        trial.add(PaddingCounts(text, "A mean over the tokens alone.", fix, where=trial.where(mean)))


def unmasked(call: Call) -> bool:
    return call.name == "multi_head_attention_forward" and call.kwargs.get("key_padding_mask") is None


def is_padded(ids: Tensor) -> bool:
    """Whether rows of tokens end in zeros, and zeros stand nowhere else."""
    if ids.dim() != 2 or ids.is_floating_point() or ids.dtype == torch.bool or ids.shape[1] < 4 or not len(ids):
        return False
    used = ids != 0
    lengths = used.sum(1)
    ends = bool((used.long().diff(dim=1) <= 0).all())  # no token after a zero
    return ends and float((lengths < ids.shape[1]).float().mean()) >= PADDED and len(lengths.unique()) >= LENGTHS


def axis_of(call: Call) -> int | None:
    value = call.kwargs.get("dim", call.args[1] if len(call.args) > 1 else None)
    return value if isinstance(value, int) else None


def picks_last(call: Call, steps: int) -> bool:
    index = call.args[1] if len(call.args) > 1 else None
    return isinstance(index, tuple) and len(index) > 1 and index[1] in (-1, steps - 1) and not isinstance(index[1], Tensor)


def padding_learned(trial: Trial) -> None:
    """Adds the finding for a loss over tokens of which many are padding that is not left out."""
    labels = trial.batch.labels
    if trial.inside or not isinstance(labels, Tensor) or not is_padded(labels):
        return
    share = float((labels == 0).float().mean())
    for call, scores, target in trial.losses:
        ignored = int(call.kwargs.get("ignore_index", -100))
        if call.name not in ("cross_entropy", "nll_loss") or ignored == 0 or share < SHARE or target.numel() != labels.numel():
            continue
        if call.kwargs.get("weight") is not None or call.kwargs.get("reduction") == "none" or scores.dim() < 2:
            continue
        code = call.line.code if call.line is not None else ""
        fix = (
            f"{code[:-1]}, ignore_index=0)"
            if code.endswith(")") and "cross_entropy(" in code
            else "loss = nn.CrossEntropyLoss(ignore_index=0)"
        )
        text = f"The loss counts padding as an answer: {share:.0%} of the labels are the zeros behind the last token"
        why = "Padding is learned first: the loss falls, and most of it says nothing."
        line = None if trial.where(call) else trial.script.of(-1, "loss")
        where = trial.where(call, line) or trial.data_line(1)
        trial.add(PaddingCounts(text, "A loss of the tokens alone.", fix, why, where))
        return
