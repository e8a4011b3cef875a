"""Why a forward pass failed: the operation that raised, its tensors and its layer, turned into a cause and a fix.

Part of the pre-flight, see check.py. The cause is found from the tensors of the failing operation (devices, types, indices,
sizes), and only where they say nothing from the kind of exception.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from .check_finding import Finding
from .check_lines import Line, function_at, line_of_error
from .check_names import no_attribute, no_forward, odd_value, other_inputs, unknown_name, wants_a_dictionary
from .check_problems_data import IndexOutOfRange, WrongDevice, WrongInputType
from .check_problems_model import FixedBatchSize, ForwardFails
from .check_problems_training import InPlaceChange
from .check_regrouped import failed_view
from .check_shapes import shape_fault
from .check_trace import Call, Tape, tensors_in
from .check_trial import Trial
from .check_tuples import pair_fault
from .check_uncut import without_numpy
from .check_written import class_called, on_the_device_of

SAME_TYPE = {  # operations whose tensors must be of one type
    *("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "bilinear"),
    *("matmul", "mm", "bmm", "addmm", "baddbmm", "addbmm", "__matmul__", "__rmatmul__", "einsum", "mv", "dot"),
    *("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"),
    *("batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "prelu"),
    *("multi_head_attention_forward", "scaled_dot_product_attention", "_scaled_dot_product_attention"),
}
NEED_FLOATS = re.compile(
    r"not implemented for '(Long|Int|Short|Byte|Char|Bool)'"
    r"|floating.point|Can only calculate the mean of|expected scalar type \w+ but found|dtype"
)
TYPES = {torch.float64: "float64", torch.float32: "float32", torch.float16: "float16", torch.bfloat16: "bfloat16"}


def explain(trial: Trial, error: Exception) -> Finding:
    """The finding for an error that forward raised."""
    call = trial.tape.failed
    line = line_of_error(error)
    layer, given = trial.tape.layers[-1] if trial.tape.layers else (None, ())
    if call is not None:
        for rule in (device_fault, index_fault, type_fault):
            found = rule(trial, call, error)
            if found is not None:
                return found
    elif isinstance(layer, nn.RNNBase) and (odd := other_types(layer, given)):
        return wrong_type(trial, layer, odd[0], next(layer.parameters()), line)
    found = shape_fault(trial, call, layer, given, line, error)
    return found if found is not None else other_fault(trial, error, call, line)


def other_types(layer: nn.Module, given: Any) -> list[Tensor]:
    """The inputs of a layer that are of another type than its weights."""
    return [tensor for tensor in tensors_in(given) if tensor.dtype != next(layer.parameters()).dtype]


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def whose(trial: Trial, tensor: Tensor) -> str:
    """What a tensor is, in words."""
    for name, value in [*trial.core.named_parameters(), *trial.core.named_buffers()]:
        if value is tensor:
            return name
    if trial.is_input(tensor):
        return "the input"
    for name, module in trial.core.named_modules():
        for attribute, value in vars(module).items():
            if any(value_ is tensor for value_ in tensors_in(value)) and attribute not in ("_parameters", "_buffers"):
                return f"self.{attribute}" if not name else f"{name}.{attribute}"
    for name, value in trial.loss.named_buffers() if isinstance(trial.loss, nn.Module) else []:
        if value is tensor:
            return f"{name} of the loss"
    call = trial.tape.maker(tensor)
    return f"the result of {call.name}" if call is not None else "a tensor"


def device_fault(trial: Trial, call: Call, error: Exception) -> Finding | None:
    """Tensors of several devices in one operation."""
    tensors = [tensor for tensor in call.tensors if tensor.dim() or tensor.device.type not in ("cpu",)]
    devices = {tensor.device for tensor in tensors}
    if len(devices) < 2 or not re.search(r"device|backend|CUDA|cuda|meta", str(error)):
        return None
    home = next((p.device for p in trial.model.parameters()), trial.batch.inputs[0].device)
    stray = next((tensor for tensor in tensors if tensor.device != home), tensors[0])
    what, maker = whose(trial, stray), trial.tape.maker(stray)
    where = trial.where(call, maker.line if maker else None)
    elsewhere = f"{what} is on {stray.device} and the model on {home}"
    if what.endswith(" of the loss"):
        line = None if trial.inside else trial.script.of(-1, "loss")
        fix = f'loss = loss.to("{home}")'
        return WrongDevice(elsewhere, f"A loss on {home}.", fix, where=trial.where(call, line))
    if what.startswith("self.") or "." in what:
        plain = what.rpartition(".")[2]
        fix = f'self.register_buffer("{plain}", {plain})  # in __init__, in place of self.{plain} = ...'
        return WrongDevice(
            f"{elsewhere}: a plain attribute is not moved along", "A buffer, which moves with the model.", fix, where=where
        )
    if maker is not None and not maker.tensors:
        function, argument = function_at(maker.line)
        fix = with_device(maker.line) or f"torch.{maker.name}(..., device={argument}.device)"
        return WrongDevice(
            f"A tensor made in {function} is on {stray.device} and the model on {home}", f"A tensor on {home}.", fix, where=where
        )
    return WrongDevice(
        f"In {call.name}, {elsewhere}",
        f"All tensors on {home}.",
        f'{trial.data_name(0)} = {trial.data_name(0)}.to("{home}")',
        where=where,
    )


def with_device(line: Line | None) -> str:
    """A line that makes a tensor, with device=x.device in the call; empty where it cannot be written safely."""
    text = line.code if line is not None else ""
    made = re.search(r"torch\.(zeros|ones|rand|randn|arange|tensor|eye|full|linspace|empty|randint)\(", text)
    if made is None or "device" in text:
        return ""
    depth = 0
    for i in range(made.end() - 1, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return f"{text[:i]}, device={function_at(line)[1]}.device{text[i:]}"
    return ""


def index_fault(trial: Trial, call: Call, error: Exception | None = None) -> Finding | None:
    """Lookups of an embedding: their type and their range."""
    if call.name not in ("embedding", "embedding_bag") or len(call.tensors) < 2:
        return None
    tensors = sorted(
        call.tensors[:2], key=lambda tensor: tensor.is_floating_point() and tensor.dim() == 2 and tensor.requires_grad
    )
    indices, table = (call.args[0], call.args[1]) if call.name == "embedding" and len(call.args) > 1 else (tensors[0], tensors[1])
    title, made = trial.layer(call.layer), trial.made(call.layer)
    if indices.is_floating_point():
        given = trial.is_input(indices)
        name = trial.data_name(0) if given else "x"
        return WrongInputType(
            f"{title} gets {name_of(indices.dtype)}; an embedding looks up rows by whole numbers",
            "Indices of int64.",
            f"{name} = {name}.long()",
            where=(*trial.where(call), *(trial.data_line(0) if given else ())),
        )
    low, high = int(indices.min()), int(indices.max())
    if low >= 0 and high < len(table):
        return None
    wrong, axes = (low, "") if low < 0 else (high, "")
    place = (indices == wrong).nonzero()[0].tolist()
    positions = indices.dim() == 1 and trial.rows not in indices.shape
    fix = trial.made_like(call.layer, high + 1, table.shape[1]) if call.layer is not None and low >= 0 else "x = x.clamp_min(0)"
    at = f" (row {place[0]} of the batch)" if place and not positions else ""
    return IndexOutOfRange(
        f"{title} has {len(table)} rows and is asked for row {wrong}{at}{axes}",
        f"Indices from 0 to {len(table) - 1}.",
        fix,
        where=trial.where(call, made),
    )


def type_fault(trial: Trial, call: Call, error: Exception) -> Finding | None:
    """Tensors of several types in one operation, or whole numbers where it wants floats."""
    tensors = [t for t in call.tensors if t.dtype != torch.bool or call.name in ("linear", "conv1d", "conv2d")]
    kinds = {tensor.dtype for tensor in tensors}
    if call.name in SAME_TYPE and len(kinds) > 1:
        weights = (
            [t for t in tensors if t.requires_grad and t.is_leaf] or [t for t in tensors if t.is_floating_point()] or tensors
        )
        odd = next((t for t in tensors if t.dtype != weights[0].dtype), tensors[0])
        return wrong_type(trial, call.layer, odd, weights[0], call.line)
    whole = [t for t in tensors if not t.is_floating_point() and not t.is_complex()]
    if whole and NEED_FLOATS.search(str(error)):
        odd = whole[0]
        given = trial.is_input(odd)
        name = trial.data_name(0) if given else "x"
        return WrongInputType(
            f"{call.name} gets {name_of(odd.dtype)} and computes with floats only",
            "Inputs of float32.",
            f"{name} = {name}.float()" + (" / 255" if odd.dtype == torch.uint8 else ""),
            where=(*trial.where(call), *(trial.data_line(0) if given else ())),
        )
    return None


def wrong_type(trial: Trial, layer: Any, odd: Tensor, weight: Tensor, line: Line | None) -> Finding:
    given, have, want = trial.is_input(odd), name_of(odd.dtype), name_of(weight.dtype)
    title = trial.layer(layer) if layer is not None else "The operation"
    lines = tuple(found for found in (line,) if found)
    if weight.dtype != torch.float32 and odd.dtype == torch.float32:
        text = f"{title} has weights of {want} and gets {have}"
        cast = {"float16": "half", "float64": "double", "bfloat16": "bfloat16"}.get(want, want)
        said = None if trial.inside else trial.script.called(cast)
        whole = None if trial.inside or said is not None else trial.script.call_of("set_default_dtype")
        if whole is not None:
            fix = "torch.set_default_dtype(torch.float32)"
            return WrongInputType(text, "Model and inputs of float32.", fix, where=(*lines, whole))
        where = (*lines, *filter(None, [said, trial.made(layer)]))
        made = next((line for line in where if f".{cast}()" in line.code), None)
        fix = made.code.replace(f".{cast}()", ".float()" if made is said else "") if made is not None else "model = model.float()"
        return WrongInputType(text, "Model and inputs of float32.", fix, where=where)
    name = trial.data_name(0) if given else "x"
    pixels = odd.dtype == torch.uint8 and odd.dim() >= 3
    if not given and (turned := where_it_turned(trial, odd)) is not None:
        call, fix = turned
        text = f"{name_of(odd.dtype)} comes in at {call.name.strip('_')}, and {title} has weights of {want}"
        return WrongInputType(text, f"Numbers of {want}.", fix, where=(*trial.where(call), *lines))
    return WrongInputType(
        f"{title} gets {have} and has weights of {want}" + (": pixels of 0 to 255 that are not scaled" if pixels else ""),
        f"Inputs of {want}" + (" from 0 to 1." if pixels else "."),
        f"{name} = {name}.{'float' if want == 'float32' else f'to(torch.{want})'}()".replace(")()", ")")
        + (" / 255" if pixels else ""),
        where=(*lines, *(trial.data_line(0) if given else ())),
    )


def where_it_turned(trial: Trial, odd: Tensor) -> tuple[Call, str] | None:
    """The operation of float32 and float64 that gave float64, and its line with the float64 made float32."""
    for call in trial.tape.history(odd)[:20]:
        kinds = {tensor.dtype for tensor in call.tensors if tensor.is_floating_point()}
        if len(kinds) > 1 and odd.dtype in kinds and call.line is not None:
            made = [trial.tape.maker(t) for t in call.tensors if t.dtype == odd.dtype]
            maker = next((m for m in made if m is not None and m.line == call.line), None)
            code = call.line.code
            if maker is not None and (found := re.search(rf"((?:torch|np)\.{maker.name}\([^()]*\))", code)):
                return call, code.replace(found[1], f"{found[1]}.float()")
            return (
                call,
                f"{function_at(call.line)[1]} = {function_at(call.line)[1]}.float()  # after it, or its other part before",
            )
    return None


def other_fault(trial: Trial, error: Exception, call: Call | None, line: Line | None) -> Finding:
    """What the tensors say nothing about: names that are not there, numbers of arguments, code of the user's own."""
    text, where = " ".join(str(error).split()), (line,) if line else ()
    if isinstance(error, NotImplementedError) and "forward" in text:
        return no_forward(trial, line)
    if "a leaf Variable that requires grad" in text or ("leaf variable" in text.lower() and "in-place" in text):
        return InPlaceChange(
            f"{call.name if call else 'An operation'} changes a parameter in place",
            "A copy, or no gradient.",
            "w = self.w.clone()  # and change the copy; or change weights under torch.no_grad()",
            "A parameter is changed by the optimizer alone.",
            where,
        )
    if isinstance(error, AttributeError) and (found := re.search(r"'(\w+)' object has no attribute '(\w+)'", text)):
        return no_attribute(trial, found[1], found[2], where)
    if isinstance(error, TypeError) and "positional argument" in text and "forward()" in text:
        return other_inputs(trial, text)
    if "must be Tensor, not tuple" in text or "'tuple' object" in text or "tuple indices must be" in text:
        return pair_fault(trial, call, where)
    if isinstance(error, NameError) and (found := re.search(r"name '(\w+)' is not defined", text)):
        return unknown_name(found[1], where)
    if isinstance(error, TypeError) and (odd := odd_value(trial, error, call, where)) is not None:
        return odd
    if isinstance(error, (KeyError, IndexError)) and (asked := wants_a_dictionary(trial, call, error, where)) is not None:
        return asked
    if "must be Tensor, not" in text:
        kind = text.rpartition("not ")[2].split()[0].strip(".,()")
        if (made := class_called(type(trial.core), kind)) is not None:
            code, line_made = made
            text = f"nn.{kind} is a class: given a tensor it makes a layer, and computes nothing"
            return ForwardFails(text, "An object of it, made once and then called.", code, where=(line_made,))
        return ForwardFails(
            f"An operation gets a {kind} in place of a tensor", "A tensor.", "x = torch.as_tensor(x)", where=where
        )
    if "not compiled with CUDA" in text or "No CUDA GPUs" in text or "Found no NVIDIA" in text:
        fix = on_the_device_of(line)
        what = "forward asks for a GPU by name, and there is none here"
        return WrongDevice(what, "The device of the inputs.", fix, where=where)
    if isinstance(error, torch.OutOfMemoryError):
        return ForwardFails(
            f"The device has no memory left for {trial.rows} rows",
            "A batch that fits.",
            "batch_size = batch_size // 2",
            where=where,
        )
    if "enforce_sorted" in text and line is not None:
        fix = line.code.replace("batch_first=True", "batch_first=True, enforce_sorted=False")
        fix = fix if fix != line.code else "packed = pack_padded_sequence(x, lengths, enforce_sorted=False)"
        what = "pack_padded_sequence gets lengths that are not sorted"
        return ForwardFails(what, "The longest row first, or enforce_sorted=False.", fix, where=where)
    if "view size is not compatible" in text:
        if (torn := failed_view(trial, call)) is not None:
            return ForwardFails(torn.what, torn.expected, torn.fix, torn.usual_why, where)
        fix = line.code.replace(".view(", ".reshape(") if line and ".view(" in line.code else "x = x.reshape(len(x), -1)"
        return ForwardFails(
            "view cannot be used on a tensor whose axes were swapped", "reshape, which copies where it must.", fix, where=where
        )
    if "can't call numpy" in text.lower() or "Can't call numpy()" in text:
        return ForwardFails(
            "NumPy cannot compute with a tensor that wants a gradient",
            "torch's own operations.",
            (without_numpy(line.code) if line is not None else "") or "x = torch.tanh(x)  # in place of np.tanh(x)",
            where=where,
        )
    fix = (line.code if line else "model(x)") + "  # reproduces it"
    if "forward(inputs: dict)" in text:  # of plain/models/own.py
        fix = f"def forward(self, inputs: dict):  # with {', '.join(trial.batch.args[0])}"
    doing = f"{call.name} fails: " if call is not None and call.name not in text else ""
    return ForwardFails(f"{doing}{type(error).__name__}: {text[:150]}", "A forward that runs on a batch.", fix, where=where)


def explain_size(error: Exception, tape: Tape, rows: int, fails: int) -> Finding:
    """An error that only another number of rows brings up; tape: of the run with the number that works."""
    line = next((c.line for c in tape.calls if c.line is not None and is_written(c, rows)), None) or line_of_error(error)
    text = line.code if line else ""
    fixed = re.sub(rf"\b{rows}\b", "len(x)", text, count=1)
    if "hidden" in str(error).lower() and fixed == text:  # a state that __init__ made for so many rows
        fixed = (
            "h0 = torch.zeros(layers, len(x), hidden).to(x)  # made in forward, for the rows at hand; or none: zeros are usual"
        )
    what = f"The model takes {rows} rows and fails for {fails}"
    if fixed == text and "must match the size of tensor" in str(error):  # (rows,) against (rows, columns)
        what += f": a tensor of shape (rows,) meets {rows} columns, and goes along them"
        fixed = "x = x.unsqueeze(1)  # the one of shape (rows,): one number for each row"
    return FixedBatchSize(
        what,
        "A model for any number of rows.",
        fixed if fixed != text else "x = x.reshape(len(x), -1)",
        where=(line,) if line else (),
    )


def is_written(call: Call, rows: int) -> bool:
    """Whether a number of rows stands in the code of a call itself."""
    return bool(re.search(rf"\b{rows}\b", call.line.code if call.line else "")) and rows in ints_in((call.args, call.kwargs))


def ints_in(value: Any) -> set[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return {number for item in value for number in ints_in(item)}
    return {value} if isinstance(value, int) and not isinstance(value, bool) else set()
