"""A record of every torch operation of a forward pass: its tensors, the line of the user's code, the layer it ran in.

Part of the pre-flight, see check.py. `Tape` sees the calls as they are written (x.to(device), F.cross_entropy, a - b), because it
is a TorchFunctionMode; it changes nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from .check_lines import Line, line_here

PASSIVE = {  # they ask and change nothing
    *("size", "dim", "ndim", "shape", "dtype", "device", "requires_grad", "grad_fn", "is_leaf", "names", "layout", "is_nested"),
    *("is_cuda", "is_floating_point", "is_complex", "numel", "nelement", "stride", "is_contiguous", "_version", "is_sparse"),
    *("_set_grad_enabled", "set_grad_enabled", "is_quantized", "is_meta", "is_mkldnn", "data_ptr", "get_device", "type", "grad"),
    *(
        "__len__",
        "__hash__",
        "element_size",
        "storage_offset",
        "is_mps",
        "is_xpu",
        "itemsize",
        "nbytes",
        "ndimension",
        "_is_view",
    ),
}


@dataclass(eq=False)
class Call:
    """One operation: its arguments and what it gave, as they were."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    line: Line | None
    layer: nn.Module | None  # the innermost module that was running
    grad: bool  # whether gradients were recorded
    out: Any = None
    done: bool = False
    kept: list[Tensor] = field(default_factory=list)  # copies of its results, where they are compared

    @property
    def tensors(self) -> list[Tensor]:
        """Its tensor arguments."""
        return list(tensors_in((self.args, self.kwargs)))

    @property
    def outs(self) -> list[Tensor]:
        return list(tensors_in(self.out))


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        yield from tensors_in(list(vars(value).values()))


class Tape(TorchFunctionMode):
    """Records the calls that are made while it is on.

    keep: also copies of their results. before: is told of each call before it is made.
    """

    def __init__(self, keep: bool = False, before: Callable[[Call], None] | None = None):
        super().__init__()
        self.keep, self.before = keep, before
        self.calls: list[Call] = []
        self.layers: list[tuple[nn.Module, tuple[Any, ...]]] = []  # the modules that are running, with their arguments
        self.ran: list[nn.Module] = []  # all modules that ran
        self.makers: dict[int, list[int]] = {}  # id of a tensor -> the places in `calls` that gave it

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", str(func))
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", name)
        if name in PASSIVE:
            return func(*args, **kwargs)
        layer = self.layers[-1][0] if self.layers else None
        call = Call(name, args, kwargs, line_here(), layer, torch.is_grad_enabled())
        self.calls.append(call)
        if self.before is not None:
            self.before(call)
        call.out = func(*args, **kwargs)
        call.done = True
        for tensor in call.outs:
            self.makers.setdefault(id(tensor), []).append(len(self.calls) - 1)
        if self.keep:
            call.kept = [tensor.detach().clone() for tensor in call.outs]
        return call.out

    def entered(self, layer: nn.Module, given: tuple[Any, ...]) -> None:
        self.layers.append((layer, given))
        self.ran.append(layer)

    def left(self, layer: nn.Module, given: Any, out: Any) -> None:
        if self.layers and self.layers[-1][0] is layer:
            self.layers.pop()

    @property
    def failed(self) -> Call | None:
        """The call that raised, where the last one did."""
        return self.calls[-1] if self.calls and not self.calls[-1].done else None

    def maker(self, tensor: Tensor, before: int | None = None) -> Call | None:
        """The last call, of those before a place in `calls`, that gave a tensor."""
        places = [place for place in self.makers.get(id(tensor), []) if before is None or place < before]
        return self.calls[places[-1]] if places else None

    def history(self, tensor: Tensor, most: int = 200) -> list[Call]:
        """The calls that led to a tensor along its first tensor arguments, the last one first."""
        found: list[Call] = []
        before = len(self.calls)
        while len(found) < most and (call := self.maker(tensor, before)) is not None:
            found.append(call)
            if not call.tensors:
                break
            before, tensor = self.calls.index(call), call.tensors[0]
        return found


@contextmanager
def recording(tape: Tape) -> Iterator[Tape]:
    """Runs what follows under the tape, warnings kept off the terminal."""
    handles = [hooks.register_module_forward_pre_hook(tape.entered), hooks.register_module_forward_hook(tape.left)]
    try:
        with warnings.catch_warnings(), tape:
            warnings.simplefilter("ignore")
            yield tape
    finally:
        for handle in handles:
            handle.remove()
