"""Units that begin alike and stay alike: a layer is then as wide as one unit.

Part of the pre-flight, see check.py.
"""

from __future__ import annotations

import ast
from typing import Any

import torch
from torch import nn

from .check_lines import Line, called_name, class_tree, line_of_node
from .check_problems_training import WeightsAlike
from .check_trial import Trial


def alike(trial: Trial) -> None:
    """Layers whose units all begin with the same weights, other than a last one of zeros."""
    layers = [m for m in trial.core.modules() if isinstance(m, (nn.Linear, nn.modules.conv._ConvNd)) and len(m.weight) > 1]
    for layer in layers[:-1]:
        weight = layer.weight.detach().flatten(1)
        equal = layer.weight.requires_grad and bool((weight == weight[:1]).all())
        if equal and (weight.any() or (stay_equal(layer) and not has_skip(trial, layer))):
            text = f"All {len(weight)} units of {trial.layer(layer)} begin with the same weights"
            fix = f"nn.init.xavier_uniform_({trial.path(layer)}.weight)"
            trial.add(
                WeightsAlike(text, "Units that differ.", fix, where=trial.where(None, trial.made(layer), filled(trial, SAME)))
            )
            return


SAME = ("zeros_", "ones_", "constant_", "fill_", "zero_")


def filled(trial: Trial, names: tuple[str, ...]) -> Line | None:
    """The one line of the user's code that fills first weights in one of these ways."""
    trees = [class_tree(type(module)) for module in trial.core.modules()]
    places = {(found[0], found[1]) for found in trees if found is not None}
    nodes: list[tuple[str, ast.AST]] = [(file, tree) for file, tree in places]
    if trial.script.tree is not None and not trial.inside:
        nodes.append((trial.script.file, trial.script.tree))
    lines = {
        line_of_node(file, node)
        for file, tree in nodes
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called_name(node) in names and (node.args or names is not SAME)
    }
    return min(lines, key=lambda line: line.number) if lines else None


def stay_equal(layer: Any) -> bool:
    """Whether the units get equal gradients; those of an output layer that begins at zero learn different things."""
    rows = layer.weight.grad.flatten(1) if layer.weight.grad is not None else None
    return rows is None or torch.allclose(rows, rows[:1].expand_as(rows), rtol=1e-4, atol=1e-8)


def has_skip(trial: Trial, layer: nn.Module) -> bool:
    """Whether what a layer of zeros says joins something before another layer reads it: a branch that begins as nothing."""
    places = [i for i, call in enumerate(trial.tape.calls) if call.layer is layer]
    for call in trial.tape.calls[places[-1] + 1 :] if places else []:
        if call.name.strip("_") in ("add", "iadd", "mul", "chunk", "split", "radd", "cat", "stack"):
            return True
        if isinstance(call.layer, (nn.Linear, nn.modules.conv._ConvNd, nn.RNNBase)):
            return False
    return False
