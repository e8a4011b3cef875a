"""One trial of a model on one batch: a copy to try things on, what was found, and how tensors and layers are called in words.

Part of the pre-flight, see check.py. Everything that is tried is tried on copies; the random state of torch, NumPy and Python and
that of the data's samplers is given back.
"""

from __future__ import annotations

import ast
import copy
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..plain.models import layers, own
from ..problems import Notice, PlainloopError, listed
from .check_batch import Batch, Data
from .check_finding import Finding
from .check_lines import Line, Script, call_theirs, called_name, line_of_layer
from .check_trace import Call, Tape, recording, tensors_in

Loss = Callable[..., Any]


class Halt(Exception):
    """Stops a call whose fault is known before it is made: on a GPU a wrong index would end the process."""


class Trial:
    """What the parts of the check share.

    model, loss, optimizer: copies of what the user gave, or the things themselves where they cannot be copied; `rows` rows of
    `data` are in `batch`.
    """

    def __init__(self, model: nn.Module, data: Data, batch: Batch, loss: Any, optimizer: Any, script: Script):
        self.given, self.data, self.script = model, data, script
        self.model, self.loss, self.optimizer = self._copied(model, loss, optimizer)
        self.batch, self.rows = batch, batch.rows
        self.handed = batch  # the copy that the first forward got
        self.losses: list[tuple[Call, Tensor, Tensor]] = []  # calls of torch's losses, with scores and labels
        self.gradients: list[tuple[str, nn.Module, float, float]] = []  # name, layer, size of gradient and of weights
        self.inside_trained = False  # the weights are not new: the first loss says nothing
        self.findings: list[Finding] = []
        self.skipped: list[str] = []
        self.tape = Tape()
        self.scores: Any = None
        self.loss_value: Any = None
        self.loss_name = ""
        self.rate_fix = "learning_rate={rate}"
        self.usable = lambda: True  # whether the scores fit, as far as the caller knows
        self.mine = False  # the model is plainloop's own
        self.inside = False  # within plainloop: its loss, its optimizer, its batches
        self.begun = time.process_time()  # set anew once it begins
        core = {own.Model: "module", layers.Model: "layers"}.get(type(self.model))
        self.core: nn.Module = self.model if core is None else getattr(self.model, core)
        self.names = {id(module): name for name, module in self.core.named_modules()}
        self.parameters = dict(self.core.named_parameters())
        self.modes = [(module, module.training) for module in self.model.modules()]

    def to_training(self) -> None:
        """The modes that the model was given with; one given in evaluation mode is trained as a whole."""
        if not self.modes[0][1]:
            self.model.train()
            return
        for module, mode in self.modes:
            module.training = mode

    def _copied(self, model: nn.Module, loss: Any, optimizer: Any) -> tuple[nn.Module, Any, Any]:
        self.copied = True
        try:
            return copy.deepcopy((model, loss, optimizer))
        except Exception:  # what cannot be copied is tried itself; `as_it_was` puts its values back
            self.copied = False
            return model, loss, optimizer

    def add(self, finding: Finding) -> None:
        same = [other for other in self.findings if type(other) is type(finding) and other.what == finding.what]
        if not same:
            self.findings.append(finding)

    def findings_of(self, kind: type[Finding]) -> list[Finding]:
        return [finding for finding in self.findings if isinstance(finding, kind)]

    @property
    def failed(self) -> bool:
        """Whether an error was found."""
        return any(isinstance(finding, PlainloopError) for finding in self.findings)

    def seconds(self) -> float:
        """Of the processor, so that other work on the machine does not count."""
        return time.process_time() - self.begun

    # how things are called

    def shape(self, tensor: Tensor) -> str:
        """The shape of a tensor with its axis of rows called so."""
        return self.sizes(tuple(tensor.shape))

    def sizes(self, sizes: tuple[int, ...]) -> str:
        words = ["rows" if size == self.rows else str(size) for size in sizes]
        if sizes and sizes[0] != self.rows and self.rows > 2 and sizes[0] and sizes[0] % self.rows == 0:
            words[0] = f"{sizes[0] // self.rows} x rows"
        return f"({', '.join(words)}{',' if len(words) == 1 else ''})"

    def layer(self, module: nn.Module | None) -> str:
        """A layer as it is called: its class and its name."""
        if module is None:
            return "forward"
        name = self.names.get(id(module), "")
        return f"{type(module).__name__} {name}".strip()

    def path(self, module: nn.Module) -> str:
        """A layer as code reaches it: model.body[2]."""
        parts = self.names.get(id(module), "").split(".")
        return "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts if part)

    def parameter_path(self, name: str) -> str:
        """A parameter as code reaches it: model[0].weight."""
        owner, _, leaf = name.rpartition(".")
        return f"{self.path(self.core.get_submodule(owner))}.{leaf}"

    def made(self, module: nn.Module | None) -> Line | None:
        """Where a layer is made."""
        name = self.names.get(id(module)) if module is not None else None
        if module is self.core and not self.inside:
            return self.script.of(0, "model")
        if not name or module is None:
            return None
        found = line_of_layer(self.core, name, self.script)
        if found is None and not self.inside:  # made by a function or in a loop
            found = self.script.layer(type(module).__name__) or self.script.of(0, "model")
        return found

    def made_parameter(self, name: str) -> Line | None:
        owner, _, leaf = name.rpartition(".")
        return (
            line_of_layer(
                self.core, owner if owner and not isinstance(self.core.get_submodule(owner), OWNERS) else name, self.script
            )
            if leaf
            else None
        )

    def where(self, call: Call | None, *more: Line | None) -> tuple[Line, ...]:
        """The line of a call, and others."""
        return tuple(line for line in (call.line if call else None, *more) if line is not None)

    def data_line(self, part: int) -> tuple[Line, ...]:
        """Where the inputs (0) or the labels (1) are made."""
        if self.inside or self.data.line is not None or self.data.join_line is not None:
            return tuple(line for line in (self.data.line, self.data.join_line) if line is not None)
        name, line = self.script.data(part)
        return tuple(found for found in (line, self.script.changed(name)) if found is not None)

    def data_name(self, part: int) -> str:
        return (self.script.data(part)[0] if not self.inside and self.data.line is None else "") or ("x" if part == 0 else "y")

    def names_of(self, parameters: list[str]) -> str:
        return listed(parameters, 4)

    def made_like(self, module: nn.Module, *arguments: object) -> str:
        """The line that makes a layer, with other sizes; what stays is written as it was."""
        kind = type(module).__name__
        names = next((names for begin, names in SIZES.items() if kind.startswith(begin)), ())
        line = self.made(module)
        call = line.call(kind, [getattr(module, name, None) for name in names]) if line is not None else None
        written = [ast.unparse(argument) for argument in call.args] if call is not None else []
        changed = [
            written[i] if i < len(written) and i < len(names) and is_size(getattr(module, names[i], None), value) else str(value)
            for i, value in enumerate(arguments)
        ]
        keywords = [ast.unparse(word) for word in call.keywords if word.arg not in names] if call is not None else []
        text = f"nn.{kind}({', '.join([*changed, *written[len(changed) :], *keywords])})"
        code = line.code if line is not None else ""
        before, _, made = code.partition("=")
        if "(" in before or not before.strip().replace(".", "").isidentifier():
            return text
        if made.strip().startswith((f"nn.{kind}(", f"{kind}(", f"torch.nn.{kind}(")):
            return f"{before.strip()} = {text}"
        return replaced(code, kind, [getattr(module, name, None) for name in names], text)

    # what is run

    def forward(self, batch: Batch, tape: Tape | None = None) -> Any:
        if tape is None:
            return call_theirs(self.model, *batch.args, **batch.kwargs)
        with recording(tape):
            return call_theirs(self.model, *batch.args, **batch.kwargs)

    def loss_of(self, scores: Any, batch: Batch) -> Any:
        return call_theirs(self.loss, scores, batch.labels, *batch.extras)

    def is_input(self, tensor: Tensor) -> bool:
        """Whether a tensor is of the batch as it was given, or a view of it that the model made."""
        given = {id(t) for t in self.handed.inputs}
        chain = self.tape.history(tensor)
        views = {
            "view",
            "reshape",
            "flatten",
            "permute",
            "transpose",
            "squeeze",
            "unsqueeze",
            "T",
            "mT",
            "__getitem__",
            "to",
            "contiguous",
        }
        last = chain[-1].tensors[0] if chain and chain[-1].tensors else tensor
        return id(last) in given and all(call.name in views for call in chain)


SIZES = {  # the sizes that a layer is made with, in the order of its arguments
    "Linear": ("in_features", "out_features"),
    "Conv": ("in_channels", "out_channels", "kernel_size"),
    "BatchNorm": ("num_features",),
    "LayerNorm": ("normalized_shape",),
    "Embedding": ("num_embeddings", "embedding_dim"),
    "LSTM": ("input_size", "hidden_size"),
    "GRU": ("input_size", "hidden_size"),
    "RNN": ("input_size", "hidden_size"),
}


def replaced(code: str, kind: str, sizes: list[object], text: str) -> str:
    """A line that makes several layers with one of them made anew; that layer alone where it cannot be told from the others."""
    try:
        calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and called_name(node) == kind]
    except SyntaxError:
        return text
    parts = [
        ast.get_source_segment(code, call)
        for call in calls
        if all(not isinstance(a, ast.Constant) or is_size(size, a.value) for a, size in zip(call.args, sizes, strict=False))
    ]
    return code.replace(parts[0], text, 1) if len(parts) == 1 and parts[0] else text


def is_size(found: object, value: object) -> bool:
    """Whether a layer has a size already; 3 and (3, 3) are the same."""
    return found == value or (isinstance(found, tuple) and bool(found) and all(item == value for item in found))


OWNERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)


def is_error(finding: Finding) -> bool:
    return isinstance(finding, PlainloopError)


def is_notice(finding: Finding) -> bool:
    return isinstance(finding, Notice)


@contextmanager
def chance_as_it_was(*samplers: Any) -> Iterator[None]:
    """Gives the random states and the switches of torch back as they were."""
    generators = {id(g): g for s in samplers if isinstance(g := getattr(s, "generator", None), torch.Generator)}
    states = [(generator, generator.get_state()) for generator in generators.values()]
    numpy_state, python_state = np.random.get_state(), random.getstate()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    grad = torch.is_grad_enabled()
    try:
        with torch.random.fork_rng(devices=devices), torch.enable_grad():
            yield
    finally:
        torch.set_grad_enabled(grad)
        for generator, state in states:
            generator.set_state(state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)


@contextmanager
def values_as_they_were(model: nn.Module, optimizer: Any) -> Iterator[None]:
    """Gives a model that could not be copied its values, modes and gradients back, and its optimizer its state."""
    modes = [(module, module.training) for module in model.modules()]
    values = [(tensor, tensor.detach().clone()) for tensor in [*model.parameters(), *model.buffers()]]
    gradients = [(p, None if p.grad is None else p.grad.clone()) for p in model.parameters()]
    state = copy.deepcopy(optimizer.state_dict()) if optimizer is not None else None
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        with torch.no_grad():
            for tensor, value in values:
                tensor.copy_(value)
        for parameter, gradient in gradients:
            parameter.grad = gradient
        if optimizer is not None:
            optimizer.load_state_dict(state)


def seeded(trial: Trial, number: int) -> None:
    """Sets the random numbers of the trial's device; torch.manual_seed would also note a seed for devices that are not in use."""
    torch.default_generator.manual_seed(number)
    home = next((p.device for p in trial.model.parameters()), None)
    if home is not None and home.type == "cuda":
        with torch.cuda.device(home):
            torch.cuda.manual_seed(number)


def finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all()) if tensor.is_floating_point() else True


def floats(value: Any) -> list[Tensor]:
    return [tensor for tensor in tensors_in(value) if tensor.is_floating_point()]
