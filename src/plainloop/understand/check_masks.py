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
        if call.name in ATTENTION and hides_words(trial, call):
            line = trial.made(call.layer) if call.layer is not None else None
            text = "The padding mask hides every token but the padding: it is the wrong way round"
            fix = "mask = ~mask  # True hides a token"
            trial.add(MaskedWhole(text, "A mask that hides the padding alone.", fix, where=trial.where(call, line)))
            return


def hides_words(trial: Trial, call: Call) -> bool:
    """Whether a mask hides all tokens but the padding, which is one token alone."""
    mask = call.kwargs.get("key_padding_mask") if call.name == ATTENTION[0] else None
    tokens = [t for t in trial.handed.inputs if t.dim() == 2 and not t.is_floating_point() and t.dtype != torch.bool]
    words = next((t for t in tokens if isinstance(mask, Tensor) and t.shape == mask.shape), None)
    if words is None or not isinstance(mask, Tensor):
        return False
    unseen, seen = words[hidden(mask)], words[~hidden(mask)]
    return len(seen) > 0 and bool((seen == seen[0]).all()) and not bool((unseen == seen[0]).any()) and len(unseen.unique()) > 1


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
