"""Which parts of a batch are inputs and which are labels, by what `forward` asks for.

Part of the pre-flight, see check.py. A batch may be a tensor, a pair (x, y), several inputs and y, ((a, b), y), or a dictionary.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any

from torch import Tensor, nn

from .check_batch import LABEL_KEYS, Batch
from .check_lines import class_tree
from .check_trace import tensors_in


def wants(model: nn.Module) -> tuple[list[str], int | None, bool]:
    """The names of the arguments of forward, how many it takes by place (None: any number), whether it takes any name."""
    forward = getattr(model, "_orig_mod", model).forward
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        return [], 1, False
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY, p.POSITIONAL_ONLY)]
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY)]
    many = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    return names, None if many else len(by_place), any(p.kind == p.VAR_KEYWORD for p in parameters)


def parts_of(raw: Any, model: nn.Module) -> Batch:
    """The batch as the model and the loss get it."""
    names, places, any_name = wants(model)
    if isinstance(raw, dict):
        made = from_dictionary(raw, names, any_name, by_key(model))
        made.raw = raw
        return made
    if not isinstance(raw, (tuple, list)):
        return Batch((raw,), {}, raw, rebuilt=True)
    if len(raw) == 1:
        return Batch((raw[0],), {}, raw[0], rebuilt=True)
    if len(raw) == 2:
        return Batch(*inputs_as(raw[0], names, places, any_name), raw[1])
    most = len(raw) - 1 if places is None else max(1, min(places, len(raw) - 1))
    return Batch(tuple(raw[:most]), {}, raw[most], tuple(raw[most + 1 :]))


def inputs_as(x: Any, names: list[str], places: int | None, any_name: bool) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Inputs as arguments: a tuple is spread over several arguments, a dictionary over names that forward has."""
    if isinstance(x, (tuple, list)) and len(x) > 1 and (places is None or places >= len(x)):
        return tuple(x), {}
    if isinstance(x, dict) and (any_name or set(x) <= set(names)):
        return (), dict(x)
    return (x,), {}


def by_key(model: nn.Module) -> bool:
    """Whether forward asks its first argument for a key: batch["x"]."""
    found = class_tree(type(model))
    for node in found[1].body if found is not None else []:
        if isinstance(node, ast.FunctionDef) and node.name == "forward" and len(node.args.args) > 1:
            first = node.args.args[1].arg
            parts = [
                part for part in ast.walk(node) if isinstance(part, ast.Subscript) and getattr(part.value, "id", "") == first
            ]
            return any(isinstance(part.slice, ast.Constant) and isinstance(part.slice.value, str) for part in parts)
    return False


def from_dictionary(raw: dict[str, Any], names: list[str], any_name: bool, keyed: bool) -> Batch:
    key = next((key for key in LABEL_KEYS if key in raw), None)
    rest = {name: value for name, value in raw.items() if name != key}
    labels = raw[key] if key is not None else next(iter(tensors_in(rest)), None)
    rebuilt = key is None
    if any_name or set(rest) <= set(names):
        return Batch((), rest, labels, rebuilt=rebuilt)
    if set(names) & set(rest):
        return Batch((), {name: value for name, value in rest.items() if name in names}, labels, rebuilt=rebuilt)
    if len(rest) == 1 and not keyed:
        return Batch((next(iter(rest.values())),), {}, labels, rebuilt=rebuilt)
    return Batch((rest,), {}, labels, rebuilt=rebuilt)


def gives_back(scores: Any, batch: Batch) -> bool:
    """Whether the model gives its inputs back (an autoencoder), fed with data whose labels are classes that it does not need."""
    labels = batch.labels
    if not isinstance(scores, Tensor) or not isinstance(labels, Tensor) or not batch.inputs:
        return False
    x = batch.inputs[0]
    return scores.shape == x.shape and x.is_floating_point() and labels.shape != scores.shape and not labels.is_floating_point()
