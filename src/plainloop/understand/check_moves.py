"""Tensors that would not move along to another device, found on the CPU alone.

Part of the pre-flight, see check.py. Every tensor of a forward pass either comes from the inputs, the parameters and the buffers,
and so moves with them; or it is made in forward without a device, or kept as a plain attribute, and stays. An operation that
takes one of each would fail on a GPU. Numbers without an axis may be mixed, and so may the indices in x[index].
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .check_forward import with_device
from .check_lines import attribute_line, function_at
from .check_problems_model import StaysOnCpu
from .check_trace import Call, tensors_in
from .check_trial import Trial

MAKERS = {
    *(
        "zeros",
        "ones",
        "empty",
        "full",
        "rand",
        "randn",
        "randint",
        "arange",
        "linspace",
        "eye",
        "tensor",
        "as_tensor",
        "tril_indices",
    ),
    *(
        "from_numpy",
        "randperm",
        "logspace",
        "triu_indices",
        "hann_window",
        "normal",
        "range",
        "scalar_tensor",
        "asarray",
        "frombuffer",
    ),
}
MOVERS = {"to", "cuda", "cpu", "type_as", "mps", "xpu"}
OF_CPU = {"ctc_loss", "_pack_padded_sequence", "pack_padded_sequence"}  # they take lengths from the CPU
MAY_MIX = {"__getitem__", "__setitem__", "copy_", "index_put_", *MOVERS, *OF_CPU}


def stays_behind(trial: Trial) -> None:
    """Adds the finding for the first operation that takes a tensor that moves and one that stays."""
    kept = plain_tensors(trial.core)
    moves = {id(t) for t in [*trial.model.parameters(), *trial.model.buffers(), *tensors_in(list(vars(trial.handed).values()))]}
    stays: dict[int, Call | tuple[nn.Module, str]] = {key: value for key, value in kept.items() if key not in moves}
    for call in trial.tape.calls:
        tensors = call.tensors
        still = [t for t in tensors if id(t) in stays and id(t) not in moves]
        moving = [t for t in tensors if id(t) in moves and t.dim()]
        if call.name in MOVERS and (len(call.args) > 1 or call.kwargs or call.name in ("cuda", "mps")) and changes_device(call):
            moves |= {id(t) for t in call.outs}
            for t in call.outs:
                stays.pop(id(t), None)
            continue
        if still and moving and call.name not in MAY_MIX and any(t.dim() for t in still):
            say(trial, call, stays[id(next(t for t in still if t.dim()))])
            return
        if moving or (tensors and not still):
            moves |= {id(t) for t in call.outs}
        elif still:
            for t in call.outs:
                stays.setdefault(id(t), stays[id(still[0])])
        elif call.name in MAKERS and call.kwargs.get("device") is None and call.line is not None and not given_tensor(call):
            for t in call.outs:
                if t.dim():
                    stays[id(t)] = call
        else:
            moves |= {id(t) for t in call.outs}


def given_tensor(call: Call) -> bool:
    return any(isinstance(arg, Tensor) for arg in call.args)


def changes_device(call: Call) -> bool:
    """Whether a call of .to() names a device or another tensor, not a type alone."""
    if call.name != "to":
        return True
    arguments: list[Any] = [*call.args[1:], *call.kwargs.values()]
    return any(isinstance(value, (torch.device, str, Tensor)) for value in arguments)


def plain_tensors(model: nn.Module) -> dict[int, Call | tuple[nn.Module, str]]:
    """Tensors that modules keep as plain attributes, also in lists and dictionaries."""
    found: dict[int, Call | tuple[nn.Module, str]] = {}
    for module in model.modules():
        for attribute, value in vars(module).items():
            if attribute in ("_parameters", "_buffers", "_modules") or isinstance(value, nn.Module):
                continue
            for tensor in tensors_in(value):
                if not isinstance(tensor, nn.Parameter) and tensor.dim() and tensor.grad_fn is None:
                    found[id(tensor)] = (module, attribute)
    return found


def say(trial: Trial, call: Call, origin: Call | tuple[nn.Module, str]) -> None:
    if isinstance(origin, tuple):
        module, attribute = origin
        name = trial.names.get(id(module), "")
        where = attribute_line(type(module), attribute)
        owner = f"self.{attribute} of {name}" if name else f"self.{attribute}"
        text = f"{owner} is a plain attribute: it is neither moved to a device nor saved with the weights"
        value = where[0].code.partition("=")[2].strip() if where else "tensor"
        value = f"torch.stack({value})" if value.startswith(("[", "(")) else value or "tensor"
        trial.add(
            StaysOnCpu(
                text,
                "A buffer, or nn.Parameter where it is to be learned.",
                f'self.register_buffer("{attribute}", {value})',
                where=(*where, *trial.where(call)),
            )
        )
        return
    text = origin.line.code if origin.line is not None else ""
    function, argument = function_at(origin.line)
    fix = with_device(origin.line) or (
        f"{text}.to({argument}.device)" if text and text.endswith(")") else f"torch.{origin.name}(..., device={argument}.device)"
    )
    trial.add(
        StaysOnCpu(
            f"{function} makes a tensor on the CPU, whatever device the model is on",
            "A tensor on the device of the inputs.",
            fix,
            where=trial.where(origin, call.line),
        )
    )
