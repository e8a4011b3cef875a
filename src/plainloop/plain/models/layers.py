"""layers: a stack of torch layers, written as a list in run.toml. Copied into ejected projects.

    layers = ["Linear(8, 64)", "ReLU()", "Dropout(p=0.2)", "Linear(64, 1)"]

Each entry is a class of torch.nn with literal arguments, as torch prints it. The inputs arrive as one float tensor.
Axes: B examples, F flat input slots, out outputs.
"""

from __future__ import annotations

import ast
from typing import Any

from torch import Tensor, nn

from .own import flat


class Model(nn.Module):
    """The layers, one after the other.

    Shape: inputs "numbers" float32 (B, N), "categories" int64 (B, M) -> scores float32 (B, out).
    """

    def __init__(self, shapes: dict[str, Any], num_outputs: int, *, layers: list[str]):
        super().__init__()
        self.shapes = shapes
        self.layers = nn.Sequential(*(build(layer) for layer in layers))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        scores = self.layers(flat(inputs, self.shapes))
        return scores[:, None] if scores.dim() == 1 else scores


def build(layer: str) -> nn.Module:
    """The torch.nn layer that the text describes.

    Raises: ValueError for anything but a call of a torch.nn class with literal arguments.

    >>> build("Linear(in_features=2, out_features=3, bias=True)")
    Linear(in_features=2, out_features=3, bias=True)
    """
    try:
        call = ast.parse(layer.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"layer {layer!r} is not a call such as Linear(8, 64)") from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError(f"layer {layer!r} is not a call such as Linear(8, 64)")
    kind = getattr(nn, call.func.id, None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise ValueError(f"torch.nn has no layer {call.func.id}")
    return kind(
        *(ast.literal_eval(value) for value in call.args), **{str(key.arg): ast.literal_eval(key.value) for key in call.keywords}
    )
