"""Why the shape of a tensor does not fit a layer: which axis is missing, extra, in the wrong place or of the wrong size.

Part of the pre-flight, see check.py. One rule per kind of layer, which looks at the shape that came in and at the weights.

Axes: n rows of the batch, C channels, T steps, D numbers per step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from .check_finding import Finding
from .check_lines import Line
from .check_problems_model import WrongInputShape
from .check_trace import Call, tensors_in
from .check_trial import Trial
from .check_views import FLATTENS, Misfit, view_fault
from .check_written import with_batch_first

BINARY = re.compile(r"^_*[ri]?(add|sub|mul|div|truediv|pow|lt|gt|le|ge|eq|ne|maximum|minimum|where|rsub)_*$")
IMAGE_AXES = {1: "(rows, channels, steps)", 2: "(rows, channels, height, width)", 3: "(rows, channels, depth, height, width)"}


def shape_fault(
    trial: Trial, call: Call | None, layer: nn.Module | None, given: tuple[Any, ...], line: Line | None, error: Exception
) -> Finding | None:
    """The finding for an operation whose tensors do not fit each other; None where their shapes are not to blame."""
    inputs = [tensor for tensor in (call.tensors if call is not None else tensors_in(given)) if isinstance(tensor, Tensor)]
    if not inputs:
        return None
    text = " ".join(str(error).split())
    call_line = call.line if call is not None and call.line is not None else line
    rules: list[tuple[bool, Callable[[Misfit, Tensor | None, str], Finding | None]]] = []
    name = call.name if call is not None else ""
    weight = inputs[1] if len(inputs) > 1 else None
    rules = [
        (name == "linear", linear_fault),
        (name.startswith("conv") and name[-2:] in ("1d", "2d", "3d"), conv_fault),
        (isinstance(layer, nn.modules.batchnorm._BatchNorm), norm_fault),
        (isinstance(layer, nn.RNNBase), rnn_fault),
        (isinstance(layer, (nn.MultiheadAttention, nn.TransformerEncoderLayer)), attention_fault),
        (name in ("layer_norm", "rms_norm"), layer_norm_fault),
        (name in FLATTENS, view_fault),
        ("pool" in name, pool_fault),
        (name in ("cat", "concat", "concatenate", "stack", "hstack", "vstack"), cat_fault),
        (bool(BINARY.match(name)), pair_fault),
        (name in ("matmul", "__matmul__", "mm", "bmm", "__rmatmul__", "addmm", "baddbmm", "einsum"), product_fault),
    ]
    misfit = Misfit(trial, call, layer, inputs[0], call_line)
    misfit.given_args = given
    for fits, rule in rules:
        if fits and (found := rule(misfit, weight, text)) is not None:
            return found
    return None


def linear_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    if weight is None or m.x.dim() == 0 or m.x.shape[-1] == weight.shape[1]:
        return None
    shape, wide, rows = tuple(m.x.shape), weight.shape[1], m.trial.rows
    if len(shape) > 2 and math.prod(shape[1:]) == wide:
        return m.fault(
            f"{m.got} and takes {wide} numbers per row: the row is not flattened",
            f"(rows, {wide}).",
            f"{m.name} = {m.name}.flatten(1)",
        )
    if len(shape) > 2 and shape[1] == wide:
        return m.fault(
            f"{m.got} and takes {wide} numbers in the last axis: the axes are in another order",
            f"(rows, ..., {wide}).",
            f"{m.name} = {m.name}.transpose(1, -1)",
            data=True,
        )
    if len(shape) == 2 and shape[0] == wide and (shape[1] == rows or m.given):
        return m.fault(f"{m.got}: rows and columns are swapped", f"(rows, {wide}).", f"{m.name} = {m.name}.T", data=True)
    if len(shape) == 1 and shape[0] == rows and wide == 1:
        return m.fault(
            f"{m.got}, one number per row without an axis of its own",
            "(rows, 1).",
            f"{m.name} = {m.name}.unsqueeze(1)",
            data=True,
        )
    if len(shape) == 1 and shape[0] % rows == 0 and (flat := m.flattened()) is not None:
        size = shape[0] // rows
        lines = tuple(line for line in (flat.line, *m.where) if line is not None)
        text = f"{flat.name} joins all rows into one: {m.trial.shape(flat.tensors[0])} becomes {m.got}"
        return WrongInputShape(text, f"(rows, {size}).", "x = torch.flatten(x, 1)  # the axis of rows stays", where=lines)
    if len(shape) == 1:
        return m.fault(f"{m.got}: an axis is missing", f"(rows, {wide}).", f"{m.name} = {m.name}.unsqueeze(0)")
    if shape[0] % rows == 0 and shape[0] > rows and (joined := m.joined()) is not None:
        code = joined.line.code if joined.line is not None else ""
        fix = code.replace("dim=0", "dim=1") if "dim=0" in code else f"x = torch.{joined.name}([a, b], dim=1)"
        return m.fault(f"{m.got}: {joined.name} joins along the axis of rows", f"(rows, {wide}).", fix)
    need = math.prod(shape[1:]) if len(shape) > 2 and m.given else shape[-1]
    flat = m.flattened()
    note, expected = "", f"A layer for {need} numbers."
    if flat is not None and flat.tensors[0].dim() > 2:
        before = flat.tensors[0]
        note, expected = (
            f", {m.trial.shape(before)} flattened",
            f"A layer for {need} numbers: {' x '.join(map(str, before.shape[1:]))}.",
        )
        if math.prod(before.shape[1:]) != need:
            need = math.prod(before.shape[1:])
            return m.fault(
                f"{m.got} and takes {wide}: {m.trial.shape(before)} was flattened with its rows",
                f"(rows, {need}).",
                "x = x.flatten(1)",
            )
    elif len(shape) == 2 and m.given:
        expected = f"A layer for the {need} numbers of a row of the data."
    elif len(shape) > 2 and not m.given:
        note = f", the last axis of {m.got}"
        if len(shape) == 4:
            need = math.prod(shape[1:])
            return m.fault(
                f"{m.got}, which is not flattened, and takes {wide} numbers per row",
                f"(rows, {need}) and a layer for it.",
                f"x = x.flatten(1)  # and {m.trial.made_like(m.layer, need, weight.shape[0])}" if m.layer else "x = x.flatten(1)",
            )
    elif len(shape) > 2:
        return m.fault(
            f"{m.got} and takes {wide} numbers per row: the row is not flattened",
            f"(rows, {need}).",
            f"{m.name} = {m.name}.flatten(1)  # and a layer for {need} numbers",
        )
    fix = (
        m.trial.made_like(m.layer, need, weight.shape[0])
        if isinstance(m.layer, nn.Linear)
        else f"nn.Linear({need}, {weight.shape[0]})"
    )
    return m.fault(f"{need} numbers per row{note}, and takes {wide}", expected, fix)


def conv_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    if weight is None:
        return None
    axes, shape, rows = weight.dim() - 2, tuple(m.x.shape), m.trial.rows
    groups = getattr(m.layer, "groups", 1)
    transposed = isinstance(m.layer, nn.modules.conv._ConvTransposeNd)
    wide = weight.shape[0] if transposed else weight.shape[1] * groups
    takes = IMAGE_AXES[axes].replace("channels", str(wide))
    if len(shape) == axes + 1 and shape[0] == rows:
        return m.fault(
            f"{m.got} and takes {takes}: the axis of channels is missing",
            f"{takes}.",
            f"{m.name} = {m.name}.unsqueeze(1)" + (f".repeat(1, {wide}{', 1' * axes})" if wide > 1 else ""),
            data=True,
        )
    if len(shape) == 2 and axes == 2:
        side = math.isqrt(shape[1] // max(1, wide))
        size = f"{side}, {side}" if side * side * wide == shape[1] else "height, width"
        return m.fault(f"{m.got}: rows that are flat", f"{takes}.", f"{m.name} = {m.name}.reshape(-1, {wide}, {size})", data=True)
    if len(shape) not in (axes + 1, axes + 2):
        fix = f"{m.name} = {m.name}.squeeze(1)" if len(shape) > axes + 2 else f"{m.name} = {m.name}.unsqueeze(1)"
        return m.fault(f"{m.got} and takes {takes}", f"{takes}.", fix, data=True)
    channels = shape[1] if len(shape) == axes + 2 else shape[0]
    if channels != wide and shape[-1] == wide and m.given:
        order = {1: "0, 2, 1", 2: "0, 3, 1, 2", 3: "0, 4, 1, 2, 3"}[axes]
        return m.fault(
            f"{m.got} and takes {takes}: the channels are last", f"{takes}.", f"{m.name} = {m.name}.permute({order})", data=True
        )
    if channels != wide:
        kernel = tuple(weight.shape[2:])
        width: Any = kernel[0] if len(set(kernel)) == 1 else kernel
        out = weight.shape[1] if transposed else weight.shape[0]
        fix = (
            m.trial.made_like(m.layer, channels, out, width)
            if m.layer is not None
            else f"nn.Conv{axes}d({channels}, {out}, {width})"
        )
        return m.fault(f"{channels} channels, {m.got}, and takes {wide}", f"A layer for {channels} channels.", fix)
    return m.fault(
        f"{m.got}, which is smaller than its kernel {tuple(weight.shape[2:])}",
        "More points than the kernel has.",
        "padding=1  # in this layer, or one layer of pooling less",
    )


def norm_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    layer: Any = m.layer
    wanted, size = {"1": (2, 3), "2": (4,), "3": (5,)}.get(type(layer).__name__[-2:-1], (2, 3, 4, 5)), layer.num_features
    if m.x.dim() not in wanted:
        kind = {2: "1", 3: "1", 4: "2", 5: "3"}.get(m.x.dim(), "1")
        axes = " or ".join(map(str, wanted))
        return m.fault(
            f"{m.got}, {m.x.dim()} axes, and takes {axes}",
            f"BatchNorm{kind}d for {m.x.dim()} axes.",
            m.trial.made_like(layer, size).replace(type(layer).__name__, f"BatchNorm{kind}d"),
        )
    if m.x.shape[1] != size:
        if m.x.dim() > 2 and m.x.shape[-1] == size:
            return m.fault(
                f"{m.got} and takes {size} channels in the second axis",
                f"(rows, {size}, ...).",
                f"{m.name} = {m.name}.transpose(1, -1)",
            )
        return m.fault(
            f"{m.x.shape[1]} channels, {m.got}, and takes {size}",
            f"A layer for {m.x.shape[1]} channels.",
            m.trial.made_like(layer, m.x.shape[1]),
        )
    return None


def rnn_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    layer: Any = m.layer
    size, shape = layer.input_size, tuple(m.x.shape)
    hidden = layer.hidden_size
    if len(shape) in (2, 3) and shape[-1] == size and "hidden" in text.lower():
        axes = f"({layer.num_layers * (2 if layer.bidirectional else 1)}, rows, {hidden})"
        found = re.search(r"got \[?\(?([\d, ]+)", text)
        got = f" of shape ({found[1]})" if found else ""
        states = [t for value in m.given_args[1:] for t in tensors_in(value)]
        if len(shape) == 3 and not layer.batch_first and any(t.dim() == 3 and t.shape[1] == shape[0] for t in states):
            return m.fault(
                f"{m.got} and takes (steps, rows, {size}): without batch_first its first axis is that of the steps",
                f"batch_first=True, as the first state{got} has it.",
                with_batch_first(layer, m.trial.made(layer)),
            )
        return m.fault(
            f"a first state{got} that does not fit",
            f"A state of shape {axes}.",
            f"h0 = torch.zeros{axes.replace('rows', 'x.size(0)' if layer.batch_first else 'x.size(1)')}.to(x)",
        )
    if len(shape) == 2 and size == 1:
        return m.fault(
            f"{m.got} and takes steps of 1 number: the last axis is missing",
            "(rows, steps, 1).",
            f"{m.name} = {m.name}.unsqueeze(-1)",
            data=True,
        )
    if len(shape) == 3 and shape[-1] != size and shape[1] == size:
        return m.fault(
            f"{m.got} and takes {size} numbers per step: steps and numbers are swapped",
            f"(rows, steps, {size}).",
            f"{m.name} = {m.name}.transpose(1, 2)",
            data=True,
        )
    if len(shape) not in (2, 3):
        fix = f"{m.name} = {m.name}.flatten(2)" if len(shape) > 3 else f"{m.name} = {m.name}.unsqueeze(-1)"
        return m.fault(f"{m.got} and takes (rows, steps, {size})", f"(rows, steps, {size}).", fix, data=True)
    if shape[-1] != size:
        return m.fault(
            f"{shape[-1]} numbers per step, {m.got}, and takes {size}",
            f"A layer for {shape[-1]} numbers.",
            m.trial.made_like(layer, shape[-1], hidden),
        )
    return None


def attention_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    layer: Any = m.layer.self_attn if isinstance(m.layer, nn.TransformerEncoderLayer) else m.layer
    size = layer.embed_dim
    if m.x.shape[-1] != size:
        fix = f"{m.name} = nn.Linear({m.x.shape[-1]}, {size})(x)  # a layer of __init__ before it"
        return m.fault(f"{m.x.shape[-1]} numbers per token, {m.got}, and takes {size}", f"(rows, tokens, {size}).", fix)
    return None


def layer_norm_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    wanted = tuple(getattr(m.layer, "normalized_shape", ()) or (weight.shape if weight is not None else ()))
    found = tuple(m.x.shape[-len(wanted) :]) if wanted else ()
    if not wanted or found == wanted:
        return None
    fix = m.trial.made_like(m.layer, found[0] if len(found) == 1 else found) if m.layer is not None else f"nn.LayerNorm({found})"
    return m.fault(
        f"{found[-1]} numbers in the last axis, {m.got}, and takes {wanted[-1]}", f"A layer for {found[-1]} numbers.", fix
    )


def pool_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    if "too small" in text or "smaller than kernel" in text or "should be at least" in text:
        return m.fault(
            f"{m.got}, which is too small to pool",
            "More points than it pools.",
            "nn.AdaptiveAvgPool2d(1)  # in its place, or one layer of pooling less",
        )
    return None


def cat_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    tensors = m.call.tensors if m.call is not None else []
    shapes = " and ".join(m.trial.shape(tensor) for tensor in tensors[:4])
    if len({tensor.dim() for tensor in tensors}) > 1:
        short = min(tensors, key=lambda tensor: tensor.dim())
        return m.fault(
            f"tensors of shapes {shapes}",
            "Tensors with as many axes.",
            f"x = x.unsqueeze(1)  # the one of shape {m.trial.shape(short)}",
        )
    code = m.call.line.code if m.call is not None and m.call.line is not None else ""
    names = re.search(r"cat\(\s*[\[(]\s*(\w+)\s*,\s*(\w+)\s*[\])]", code)
    fix = "torch.cat([a, b], dim=1)  # dim: the axis that may differ"
    if names is not None and len(tensors) == 2 and tensors[0].dim() > 2 and tensors[0].shape[2:] != tensors[1].shape[2:]:
        large, small = names.groups() if tensors[0].numel() >= tensors[1].numel() else names.groups()[::-1]
        fix = f"{small} = F.interpolate({small}, size={large}.shape[2:])  # before they are joined"
    return m.fault(f"tensors of shapes {shapes}", "Tensors that differ along the joined axis alone.", fix)


def pair_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    tensors = m.call.tensors[:2] if m.call is not None else []
    if len(tensors) < 2 or "must match" not in text:
        return None
    a, b = tensors
    fix = (
        "x = self.shortcut(x) + out  # with self.shortcut = nn.Linear(...) in __init__"
        if a.dim() == b.dim()
        else "b = b.unsqueeze(1)"
    )
    if a.dim() == b.dim() > 2 and a.shape[1] != b.shape[1] and a.shape[2:] == b.shape[2:]:
        came = list(tensors_in(m.trial.tape.layers[-1][1])) if m.trial.tape.layers else []  # what the block was given
        skipped, other = (a, b) if any(a is tensor for tensor in came) else (b, a)
        layer = f"nn.Conv{a.dim() - 2}d({skipped.shape[1]}, {other.shape[1]}, 1)"
        fix = f"self.shortcut = {layer}  # in __init__, and self.shortcut(x) here"
    elif a.dim() == b.dim() and a.shape[-1] != b.shape[-1]:
        fix = f"self.shortcut = nn.Linear({a.shape[-1]}, {b.shape[-1]})  # in __init__, and self.shortcut(x) here"
    return m.fault(
        f"shapes {m.trial.shape(a)} and {m.trial.shape(b)}, which do not go together", "Two tensors of one shape.", fix
    )


def product_fault(m: Misfit, weight: Tensor | None, text: str) -> Finding | None:
    if (
        m.call is None
        or len(m.call.tensors) < 2
        or not re.search(r"shapes cannot|must match|size mismatch|Expected size|must be|dimension", text)
    ):
        return None
    a, b = m.call.tensors[:2]
    return m.fault(
        f"shapes {m.trial.shape(a)} and {m.trial.shape(b)}: the last axis of the first is not the last but one of the second",
        "Two shapes (..., a, b) and (..., b, c).",
        "x = x @ weight.T" if a.shape[-1] == b.shape[-1] else "x = x @ weight.transpose(-2, -1)",
    )
