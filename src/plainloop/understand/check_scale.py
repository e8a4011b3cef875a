"""The size of the numbers that enter the first layer with weights.

Part of the pre-flight, see check.py. It is measured there and not on the data, so that a model that divides by 255 or begins with
a normalisation is judged by what it does.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .check_problems_data import InputsNotScaled
from .check_trace import Call
from .check_trial import Trial

WEIGHTED = ("linear", "conv1d", "conv2d", "conv3d", "lstm", "gru", "rnn_tanh", "rnn_relu", "matmul", "__matmul__", "addmm", "mm")
LARGE = 20.0  # root of the mean square of a column or channel


def inputs_scaled(trial: Trial) -> None:
    """Adds the finding where the first layer gets numbers far beyond 1."""
    if trial.inside:
        return
    given = {id(tensor) for tensor in trial.handed.inputs if tensor.is_floating_point() or tensor.dtype == torch.uint8}
    for call in trial.tape.calls:
        if call.name not in WEIGHTED or not call.tensors:
            continue
        x = call.tensors[0]
        if not x.is_floating_point() or not from_inputs(trial, x, given):
            continue
        say(trial, call, x.detach())
        return


def from_inputs(trial: Trial, x: Tensor, given: set[int]) -> bool:
    """Whether a tensor comes straight from the inputs, without a layer with weights in between."""
    history = trial.tape.history(x)
    last = history[-1].tensors[0] if history and history[-1].tensors else x
    return id(last) in given and not any(call.name in (*WEIGHTED, "embedding", "embedding_bag") for call in history)


def say(trial: Trial, call: Call, x: Tensor) -> None:
    low, high = float(x.min()), float(x.max())
    name, where = trial.data_name(0), (*trial.data_line(0), *trial.where(call))
    pixels = x.dim() >= 3 and low >= 0 and 100 < high <= 255
    if pixels:
        text = f"{trial.layer(call.layer)} gets pixels from {low:g} to {high:g}"
        trial.add(InputsNotScaled(text, "Pixels from 0 to 1.", f"{name} = {name} / 255", where=where))
        return
    given = trial.handed.inputs[0] if trial.handed.inputs else x
    if x.dim() >= 3 or (given.dim() >= 3 and low >= 0):
        step = float(given[given > 0].min()) if low >= 0 and bool((given > 0).any()) and given.is_floating_point() else 0.0
        if step > 0 and 0.5 / 255 < high <= 1.0001 / 255 and abs(step * 255 * 255 - round(step * 255 * 255)) < 0.01:
            text = f"{trial.layer(call.layer)} gets pixels from {low:g} to {high:.4f}: they were divided by 255 twice"
            trial.add(
                InputsNotScaled(
                    text, "Pixels from 0 to 1.", f"{name} = {name} * 255  # or one of the divisions left out", where=where
                )
            )
            return
    axis = 1 if x.dim() > 2 and isinstance(call.layer, nn.modules.conv._ConvNd) else x.dim() - 1
    sizes = x.double().square().mean([i for i in range(x.dim()) if i != axis]).sqrt() if x.dim() > 1 else x.double().abs()
    if float(sizes.max()) <= LARGE:
        return
    column = int(sizes.argmax())
    word = "channel" if axis == 1 and x.dim() > 2 else "column"
    span = f"from {low:.3g} to {high:.3g}"
    text = f"{trial.layer(call.layer)} gets numbers {span}: {word} {column} is about {float(sizes.max()):.3g} in size"
    fix = f"{name} = ({name} - {name}.mean(0)) / {name}.std(0)"
    trial.add(InputsNotScaled(text, "Numbers near 1: a mean of 0 and a deviation of 1 per column.", fix, where=where))
