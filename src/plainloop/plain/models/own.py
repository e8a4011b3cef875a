"""A module of the user's own: built from its class, fed what its `forward` asks for. Copied into ejected projects.

A class written for plainloop takes (shapes, num_outputs, ...) and gets the inputs as a dictionary. Any other class gets the
sizes it names among its arguments (in_features, num_classes, ...) and one float tensor: all numbers, then each category one-hot.

Axes: B examples, F flat input slots, out outputs.
"""

from __future__ import annotations

import inspect
import math
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# argument names under which tutorials and libraries ask for the number of inputs and of outputs
IN_NAMES = (
    "in_features",
    "num_inputs",
    "n_inputs",
    "input_size",
    "input_dim",
    "in_dim",
    "num_features",
    "n_features",
    "input_features",
)
OUT_NAMES = (
    "num_outputs",
    "out_features",
    "output_size",
    "output_dim",
    "out_dim",
    "num_classes",
    "n_classes",
    "n_outputs",
    "output_features",
)
VOCABULARY_NAMES = ("vocabulary", "vocab_size", "vocabulary_size", "num_embeddings", "num_tokens", "n_tokens", "ntoken")


class Model(nn.Module):
    """The user's module with the contract of a plainloop model around it.

    Shape: inputs as prepared -> scores (B, out) or (B, K, out); a module that returns (B,) is taken as (B, 1).
    """

    def __init__(self, shapes: dict[str, Any], num_outputs: int, *, file: str, name: str, **settings: Any):
        super().__init__()
        kind = getattr(import_module(f".{file}", __package__), name)
        self.adopt(kind(**arguments(kind, shapes, num_outputs, settings)), shapes)

    def adopt(self, module: nn.Module, shapes: dict[str, Any]) -> None:
        self.shapes = shapes
        self.takes_dict = takes_dict(module)
        self.module = module

    @classmethod
    def around(cls, module: nn.Module, shapes: dict[str, Any]) -> Model:
        """The contract around a module that is already built."""
        model = cls.__new__(cls)
        nn.Module.__init__(model)
        model.adopt(module, shapes)
        return model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        scores = self.module(inputs if self.takes_dict else flat(inputs, self.shapes))
        return scores[:, None] if getattr(scores, "ndim", 0) == 1 else scores


def flat(inputs: dict[str, Tensor], shapes: dict[str, Any]) -> Tensor:
    """All inputs as one tensor.

    Shape: float32 (B, F), numbers first, then each category one-hot, then pixels; images alone stay (B, C, H, W). Pixels are
    standardised by the mean and deviation of their channel. Text alone stays int64 (B, T), 0 being padding.

    Raises: ValueError for text beside other inputs and for series, which one tensor cannot hold.
    """
    if "text" in inputs:
        if len(inputs) > 1:
            raise ValueError("text beside other inputs needs a module whose forward(inputs: dict) takes them by kind")
        return inputs["text"]
    parts = [inputs["numbers"]] if "numbers" in inputs else []
    if "categories" in inputs:
        codes = inputs["categories"].unbind(1)
        parts += [F.one_hot(code, size).float() for code, size in zip(codes, shapes["categories"], strict=True)]
    if "image" in inputs:
        mean, std = (
            torch.tensor(shapes["image"][name], device=inputs["image"].device).view(-1, 1, 1) for name in ("mean", "std")
        )
        pixels = (inputs["image"].float() - mean) / std
        parts.append(pixels.flatten(1) if parts else pixels)
    if not parts:
        raise ValueError(f"{', '.join(inputs)} need a module whose forward(inputs: dict) takes them by kind")
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def arguments(kind: type, shapes: dict[str, Any], num_outputs: int, settings: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments for the user's class: its settings, and the sizes it asks for by name."""
    names = inspect.signature(kind).parameters
    width, image = flat_width(shapes), shapes.get("image", {"channels": 0, "size": [0]})
    known = {"shapes": shapes, "in_channels": image["channels"], "image_size": image["size"][0]}
    known |= dict.fromkeys(VOCABULARY_NAMES, shapes["text"]["vocabulary"]) if "text" in shapes else {}
    given: dict[str, Any] = {name: value for name, value in known.items() if name in names}
    given |= {name: width for name in IN_NAMES if name in names} | {name: num_outputs for name in OUT_NAMES if name in names}
    return {**given, **settings}


def flat_width(shapes: dict[str, Any]) -> int:
    """How many numbers a row has as one flat tensor."""
    image = shapes.get("image", {"channels": 0, "size": [0]})
    return shapes.get("numbers", 0) + sum(shapes.get("categories", [])) + image["channels"] * math.prod(image["size"])


def takes_dict(module: nn.Module) -> bool:
    """Whether `forward` wants the dictionary of inputs: the class asks for `shapes`, or the argument is annotated as a dict."""
    first = next(iter(inspect.signature(module.forward).parameters.values()), None)
    return "shapes" in inspect.signature(type(module)).parameters or (
        first is not None and str(first.annotation).startswith("dict")
    )
