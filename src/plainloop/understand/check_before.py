"""What can be seen before the model runs: what was handed over, devices, modes, the optimizer, the numbers of the batch.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn

from ..problems import listed
from .check_batch import Batch, Data
from .check_finding import Finding
from .check_graph import hidden_tensors
from .check_lines import Line, Script, attribute_line, line_of_layer
from .check_problems_data import NotFinite, WrongDevice
from .check_problems_model import LeftInEval, NotBuilt
from .check_problems_training import (
    GraphCut,
    NothingLearns,
    NotInOptimizer,
    PartOutsideOptimizer,
    UnregisteredLayers,
)
from .check_trace import tensors_in
from .check_trial import Trial

TWO_WAYS = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)  # they work otherwise in evaluation mode


def not_built(model: Any, loss: Any, optimizer: Any, script: Script) -> Finding | None:
    """A class, or something else, in the place of a model, a loss or an optimizer."""
    for place, name, value in ((0, "model", model), (-1, "loss", loss), (-1, "optimizer", optimizer)):
        line = script.of(place, name)
        where = (line,) if line else ()
        if isinstance(value, type):
            inside = "model.parameters(), lr=0.001" if name == "optimizer" else ""
            own = (
                f"torch.optim.{value.__name__}"
                if name == "optimizer"
                else f"nn.{value.__name__}"
                if name == "loss"
                else value.__name__
            )
            return NotBuilt(f"{name} is the class {value.__name__}", "An object of it.", f"{name} = {own}({inside})", where=where)
    if not isinstance(model, nn.Module):
        line = script.of(0, "model")
        return NotBuilt(
            f"model is a {type(model).__name__}",
            "A torch.nn.Module.",
            "model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))",
            where=(line,) if line else (),
        )
    if optimizer is not None and not hasattr(optimizer, "param_groups"):
        text, fix = f"optimizer is a {type(optimizer).__name__}", "optimizer = torch.optim.Adam(model.parameters(), lr=0.001)"
        return NotBuilt(text, "A torch.optim.Optimizer.", fix, where=maybe(script.of(-1, "optimizer")))
    if loss is not None and not callable(loss):
        text = f"loss is a {type(loss).__name__}: the function is wanted, not what it gave"
        return NotBuilt(
            text, "A function of scores and labels.", "loss = nn.CrossEntropyLoss()", where=maybe(script.of(-1, "loss"))
        )
    return None


def without_gradients(script: Script) -> Finding | None:
    """Gradients that are switched off for the whole program."""
    if torch.is_grad_enabled() and not torch.is_inference_mode_enabled():
        return None
    text = "Gradients are switched off where the check is called: nothing would learn"
    return GraphCut(text, "Gradients while training.", "torch.set_grad_enabled(True)", where=maybe(script.line))


def can_learn(model: nn.Module, script: Script) -> Finding | None:
    """Whether the model has parameters that learn."""
    lazy = [name for name, p in model.named_parameters() if isinstance(p, nn.parameter.UninitializedParameter)]
    if lazy:
        owner = lazy[0].rpartition(".")[0]
        line = line_of_layer(model, owner, script)
        text = f"{type(model.get_submodule(owner)).__name__} {owner} does not know its sizes yet"
        why = "A lazy layer takes them from the first batch; before that it has no weights to learn, to save or to load."
        fix = f"model({script.data(0)[0] or 'x'}[:2])  # once, before anything else; or the layer that is not lazy, with its size"
        return NotBuilt(text, "Layers with weights.", fix, why, where=(line,) if line else ())
    parameters = dict(model.named_parameters())
    line = script.of(0, "model")
    where: tuple[Line, ...] = (line,) if line else ()
    if not parameters:
        hidden = hidden_layers(model)
        if hidden is not None:
            return hidden
        return NothingLearns(
            "The model has no parameters",
            "At least one layer with weights, kept as an attribute.",
            "self.fc = nn.Linear(4, 3)  # in __init__",
            where=where,
        )
    if not any(p.requires_grad for p in parameters.values()):
        last = next((name.rpartition(".")[0] for name in reversed(parameters) if "." in name), "")
        owner = f"model[{last}]" if last.isdigit() else f"model.{last}".rstrip(".")
        return NothingLearns(
            f"All {len(parameters)} parameters are frozen",
            "At least one parameter that learns.",
            f"{owner}.requires_grad_(True)",
            where=(*maybe(script.attribute_set(("requires_grad",)) or script.call_of("requires_grad_")), *where),
        )
    return None


def hidden_layers(model: nn.Module) -> Finding | None:
    """Layers in a plain list or dictionary, in a model that has no others."""
    for attribute, value in vars(model).items():
        tensors = (
            []
            if attribute.startswith("_")
            else [t for t in hidden_tensors(value) if isinstance(t, nn.Parameter) or t.requires_grad]
        )
        if tensors:
            kind = (
                "nn.ModuleDict"
                if isinstance(value, dict)
                else "nn.ModuleList"
                if isinstance(value, (list, tuple))
                else "nn.Parameter"
            )
            held = f"the {type(value).__name__} self.{attribute}"
            text = f"The model has no parameters: {len(tensors)} weights are in {held}, which it does not know of"
            return UnregisteredLayers(
                text,
                "Layers that are registered.",
                f"self.{attribute} = {kind}(self.{attribute})",
                where=attribute_line(type(model), attribute),
            )
    return None


def devices(model: nn.Module, batch: Batch, data: Data, device: Any, script: Script) -> Finding | None:
    """Model, inputs and labels on one device; batches of a DataLoader are moved, as every loop does."""
    named = [*model.named_parameters(), *model.named_buffers()]
    homes: dict[torch.device, list[str]] = {}
    for name, tensor in named:
        homes.setdefault(tensor.device, []).append(name)
    if len(homes) > 1:
        most = max(homes, key=lambda home: len(homes[home]))
        other = next(home for home in homes if home != most)
        fix = f'model = model.to("{most}")'
        if "meta" in (other.type, most.type):  # it has no values that could be moved
            fix = 'model = model.to_empty(device="cpu")  # without values: better leave device="meta" out where the layer is made'
        return WrongDevice(
            f"The model is on several devices: {listed(homes[other], 3)} on {other}, the rest on {most}",
            f"All on {most}.",
            fix,
            where=maybe(script.of(0, "model")),
        )
    home = next(iter(homes), torch.device("cpu"))
    if home.type == "meta":
        apart = "" if any(t.device == home for t in batch.inputs) else f", and the inputs are on {batch.inputs[0].device}"
        return WrongDevice(
            f"The model is on meta, where tensors have no values{apart}",
            "A model with values.",
            'model = model.to_empty(device="cpu")',
            where=maybe(script.of(0, "model")),
        )
    wanted = torch.device(device) if device is not None else None
    if wanted is not None and (
        wanted.type != home.type or (wanted.index is not None and home.index is not None and wanted.index != home.index)
    ):
        return WrongDevice(
            f"The model is on {home} and training is to be on {wanted}",
            f"A model on {wanted}.",
            f'model = model.to("{wanted}")',
            where=maybe(script.of(0, "model")),
        )
    parts = [("inputs", tensor, 0) for tensor in batch.inputs] + [("labels", tensor, 1) for tensor in tensors_in(batch.labels)]
    for what, tensor, part in parts:
        moved = tensor.device.type == "cpu" and (data.kind != "tensors" or wanted is not None)
        if tensor.device != home and not moved:
            name = script.data(part)[0] or ("X" if part == 0 else "y")
            where = maybe(script.data(part)[1])
            if home.type == "cpu" and tensor.device.type != "cpu" and all(t.device == tensor.device for _, t, _ in parts):
                fix = f'model = model.to("{tensor.device}")'
                if tensor.device.type == "meta":
                    fix = f"{name} = torch.zeros({tuple(tensor.shape)})  # on meta there are no values to move"
                line = maybe(script.of(0, "model"))
                text = f"The model is on {home}, and the inputs and labels are on {tensor.device}"
                return WrongDevice(text, f"The model on {tensor.device}, too.", fix, where=(*line, *where))
            return WrongDevice(
                f"The model is on {home} and the {what} are on {tensor.device}",
                f"All on {home}.",
                f'{name} = {name}.to("{home}")',
                where=where,
            )
    return None


def maybe(line: Line | None) -> tuple[Line, ...]:
    return (line,) if line is not None else ()


def optimizer_holds(model: nn.Module, optimizer: Any, loss: Any, script: Script) -> Finding | None:
    """The parameters of the optimizer beside those of the model."""
    if optimizer is None:
        return None
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    known = {id(p) for p in model.parameters()}
    if isinstance(loss, nn.Module):
        known |= {id(p) for p in loss.parameters()}
        named |= {f"loss.{name}": p for name, p in loss.named_parameters() if p.requires_grad}
    lacking = [name for name, p in named.items() if id(p) not in held]
    strangers = [p for group in optimizer.param_groups for p in group["params"] if id(p) not in known]
    kind, rate = type(optimizer).__name__, optimizer.param_groups[0]["lr"] if optimizer.param_groups else 0.001
    fix = f"optimizer = torch.optim.{kind}(model.parameters(), lr={float(rate):g})"
    where = maybe(script.of(-1, "optimizer"))
    if lacking and strangers:
        text = f"The optimizer holds {len(strangers)} tensors that are not in the model, and lacks {listed(lacking, 4)}"
        why = (
            "The model, or a part of it, was made anew or copied after the optimizer was made."
            if held & known or strangers
            else ""
        )
        return NotInOptimizer(
            text, "An optimizer made after the model is complete.", f"{fix}  # after the last change of the model", why, where
        )
    if lacking and not held & known:
        return NotInOptimizer(
            f"The optimizer holds none of the model's parameters, such as {listed(lacking, 3)}",
            "All parameters that learn.",
            fix,
            where=where,
        )
    if lacking:
        held_of = f"{len(named) - len(lacking)} of {len(named)}"
        text = f"The optimizer holds {held_of} parameters that want a gradient; it lacks {listed(lacking, 4)}"
        return PartOutsideOptimizer(text, "All parameters that learn.", fix, where=where)
    return None


def modes(trial: Trial) -> None:
    """Dropout and batch normalisation in evaluation mode, where nothing says that it is meant."""
    off = [m for m in trial.core.modules() if isinstance(m, TWO_WAYS) and not m.training and rate_of(m)]
    frozen = [m for m in off if list(m.parameters()) and not any(p.requires_grad for p in m.parameters())]
    off = [m for m in off if m not in frozen]
    if not off or trial.inside:
        return
    whole = not trial.core.training
    if not whole and all(within_frozen(trial.core, m) for m in off):
        return
    what = "The model is in evaluation mode" if whole else "A part of the model is in evaluation mode"
    trial.add(
        LeftInEval(
            f"{what}: {listed([trial.layer(m) for m in off], 3)} are switched off",
            "Training mode.",
            "model.train()  # at the start of every epoch",
            where=trial.where(None, trial.script.called("eval"), trial.script.of(0, "model")),
        )
    )


def rate_of(module: nn.Module) -> float:
    return float(getattr(module, "p", 1.0))


def within_frozen(model: nn.Module, layer: nn.Module) -> bool:
    """Whether a layer belongs to a part whose parameters are all frozen."""
    parts = [m for m in model.modules() if m is not model and layer in m.modules() and list(m.parameters())]
    return any(not any(p.requires_grad for p in part.parameters()) for part in parts)


def numbers(trial: Trial) -> None:
    """Inputs and labels that are not finite."""
    whole = trial.data.whole if not trial.inside else []
    labels = label_tensors(trial) if not trial.inside else []  # a forecast's may have gaps
    for what, part, tensors in (("inputs", 0, [*whole, *trial.batch.inputs]), ("labels", 1, labels)):
        for tensor in tensors:
            if tensor.is_floating_point() and tensor.numel() < 50_000_000 and not bool(torch.isfinite(tensor).all()):
                row = (~torch.isfinite(tensor)).nonzero()[0].tolist()
                name = trial.data_name(part)
                place = f"row {row[0]}" + (f", column {row[1]}" if len(row) == 2 else "") if row else "the value"
                value = float(tensor[tuple(row)])
                text = f"The {what} are not finite: {place} is {value:g}"
                fix = (
                    without_zero(trial.data_line(part)) or f"{name} = torch.nan_to_num({name})"
                    if part == 0
                    else f"rows = torch.isfinite({name}); X, {name} = X[rows], {name}[rows]"
                )
                trial.add(NotFinite(text, f"Finite {what}.", fix, where=trial.data_line(part)))
                return


def without_zero(where: tuple[Line, ...]) -> str:
    """The line that divides by a deviation, with a little added, for columns whose numbers are all alike; or nothing."""
    code = where[0].code if where else ""
    changed = re.sub(r"/ ?([\w.]+\.std\([^()]*\))", r"/ (\1 + 1e-8)", code)
    return changed if changed != code else ""


def label_tensors(trial: Trial) -> list[Tensor]:
    whole = [trial.data.labels] if trial.data.labels is not None and not trial.inside else []
    return [*whole, *tensors_in(trial.batch.labels)]
