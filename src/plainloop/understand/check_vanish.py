"""Gradients that are nothing: of all layers, of one beside the others, and what is behind it.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import re

from torch import Tensor, nn

from ..problems import listed
from .check_activation import without
from .check_alike import filled
from .check_finding import Finding
from .check_problems_training import GradientsVanish, GraphCut
from .check_trial import Trial

FLAT = {"round", "sign", "floor", "ceil", "trunc", "heaviside", "floor_divide", "frac"}
VANISHED = 1e-6  # of the largest gradient, both per weight


def vanished(trial: Trial, layers: list[tuple[str, nn.Module, float, float]]) -> None:
    """Layers whose gradient is nothing beside that of the others, or nothing at all."""
    if not layers:
        return
    largest = max(layers, key=lambda layer: layer[2])
    flat = [c for c in trial.tape.calls if c.name.strip("_") in FLAT and any(t.requires_grad for t in c.tensors)]
    if largest[2] == 0 and flat:
        name, code = flat[0].name.strip("_"), flat[0].line.code if flat[0].line else ""
        fix = without(code, name) or f"{code or 'x = layer(x)'}  # without {name}"
        text = f"{name} has a gradient of 0 everywhere: no layer gets any"
        trial.add(GraphCut(text, "A gradient for every parameter.", fix, where=trial.where(flat[0])))
        return
    if largest[2] == 0 and (found := all_off(trial)) is not None:
        trial.add(found)
        return
    if largest[2] == 0:
        title = listed([trial.layer(module) for _, module, _, _ in layers], 3)
        trial.add(
            GradientsVanish(
                f"The gradients of all layers are 0 ({title})",
                "Gradients that are not 0.",
                "nn.LeakyReLU()  # where every unit is off; or other first weights",
            )
        )
        return
    least = min(layers, key=lambda layer: layer[2])
    if least[2] == 0 and flat:
        text = f"{flat[0].name.strip('_')} has a gradient of 0 everywhere: {trial.layer(least[1])} gets none"
        name, code = flat[0].name.strip("_"), flat[0].line.code if flat[0].line else ""
        fix = without(code, name) or f"{code or 'x = layer(x)'}  # without {name}"
        trial.add(GraphCut(text, "A gradient for every parameter.", fix, where=trial.where(flat[0])))
        return
    if any(size == 0 for *_, size in layers):  # branches that begin as nothing need more steps than are tried here
        return
    if least[2] < VANISHED * largest[2]:
        line = trial.made(least[1])
        kinds = [type(m).__name__ for m in trial.core.modules()]
        fix = (
            "nn.ReLU()  # in place of nn.Sigmoid()"
            if "Sigmoid" in kinds
            else "nn.ReLU()  # in place of nn.Tanh()"
            if "Tanh" in kinds
            else "nn.init.kaiming_normal_(layer.weight)  # or batch normalisation, or skip connections"
        )
        trial.add(
            GradientsVanish(
                f"The gradient of {trial.layer(least[1])} is {least[2] / largest[2]:.1g} of that of {trial.layer(largest[1])}",
                "Gradients of like size in all layers.",
                fix,
                where=(line,) if line else (),
            )
        )


def all_off(trial: Trial) -> Finding | None:
    """A layer after which nothing is left: dropout of everything, or a ReLU whose units are all off."""
    for layer in trial.core.modules():
        if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.p >= 1:
            text = f"{trial.layer(layer)} drops everything: p is the share that is dropped, and no gradient is left"
            line = trial.made(layer)
            return GradientsVanish(text, "A share below 1.", trial.made_like(layer, 0.5), where=(line,) if line else ())
    begun = trial.tape.maker(trial.scores) if isinstance(trial.scores, Tensor) else None
    for place, call in enumerate(trial.tape.calls):
        if call.name in ("relu", "relu_", "clamp_min", "clamp") and call.outs and not bool(call.outs[0].any()):
            if begun is not None and place > trial.tape.calls.index(begun):
                text = f"{call.name.rstrip('_')} in the loss gives 0 for every row: no gradient comes through"
                code = call.line.code if call.line is not None else "loss = torch.relu(distance + margin).mean()"
                fix = re.sub(r" - (\d[\d.]*)\)", r" + \1)", code)
                return GradientsVanish(text, "A margin that some rows do not keep.", fix, where=trial.where(call))
            flat = next((n for n, p in trial.parameters.items() if p.dim() > 1 and p.requires_grad and not bool(p.any())), None)
            if flat is not None:
                text = f"The weights {flat} are all 0, and {call.name.rstrip('_')} after them lets no gradient through"
                made = (trial.made_parameter(flat), filled(trial, ("zeros_", "constant_", "fill_")))
                where = tuple(line for line in made if line is not None)
                fix = f"nn.init.normal_({trial.parameter_path(flat)}, std=0.02)"
                return GradientsVanish(text, "First weights that differ.", fix, where=where)
            text = f"{trial.layer(call.layer)} gives 0 everywhere: all units are off, and no gradient comes through"
            where = trial.where(call, trial.made(call.layer))
            return GradientsVanish(
                text, "Units of which about half are on.", "nn.LeakyReLU()  # or first weights of the usual size", where=where
            )
    return None
