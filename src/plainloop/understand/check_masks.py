"""Masks of an attention that hide every token: the meaning of True was taken the other way round.

Part of the pre-flight, see check.py. torch then answers with zeros and says nothing, so that no gradient comes through.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .check_problems_model import MaskedWhole
from .check_trace import Call
from .check_trial import Trial

ATTENTION = ("multi_head_attention_forward", "scaled_dot_product_attention")


def masks(trial: Trial) -> None:
    """Adds the finding for the first attention all of whose tokens are masked, in every row."""
    for call in trial.tape.calls:
        if call.name in ATTENTION and hides_all(call):
            layer = trial.layer(call.layer) if call.layer is not None else call.name
            line = trial.made(call.layer) if call.layer is not None else None
            fix = f"mask = ~mask  # True {'hides a token' if call.name == ATTENTION[0] else 'lets a token be seen'}"
            text = f"{layer} gets a mask that hides every token of every row"
            trial.add(MaskedWhole(text, "A mask that hides the padding alone.", fix, where=trial.where(call, line)))
            return


def hides_all(call: Call) -> bool:
    """Whether nothing is left to attend to."""
    if call.name == ATTENTION[0]:
        mask = call.kwargs.get("key_padding_mask")
        return isinstance(mask, Tensor) and bool(hidden(mask).all())
    mask = call.kwargs.get("attn_mask", call.args[3] if len(call.args) > 3 else None)
    if not isinstance(mask, Tensor) or not mask.numel():
        return False
    return bool((~mask).all() if mask.dtype == torch.bool else hidden(mask).all())


def hidden(mask: Tensor) -> Tensor:
    return mask if mask.dtype == torch.bool else mask == float("-inf")
