"""Pictures as the few numbers that a classical model can learn from: a small grey thumbnail and the colours of the whole.

For the boosted trees that stand beside the net; the net itself sees every pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ..plain.table import Words

SIDE = 8  # of the thumbnail
ROWS_AT_ONCE = 512  # as floats
READ_SIDE = 64  # of larger pictures only every second, third ... pixel is read
BYTES_AT_ONCE = 2**29  # of pixels; many small reads would ask for the state of every file as many times


def width(column: Any) -> int:
    """How many numbers stand for one picture."""
    return SIDE * SIDE + (2 * len(column.mean) if len(column.mean) > 1 else 0)


def thumbnails(column: Any, cells: Words) -> np.ndarray:
    """The numbers of each picture; column: a fitted column of pictures.

    Shape: float32 (n, width): SIDE * SIDE grey values row by row, then mean and spread of each channel where there are several.
    """
    many = max(1, BYTES_AT_ONCE // (column.size[0] * column.size[1] * len(column.mean)))
    made = np.empty((len(cells), width(column)), np.float32)
    for start in range(0, len(cells), many):
        encoded = column.encode(cells[np.arange(start, min(start + many, len(cells)))])
        for first in range(0, len(encoded), ROWS_AT_ONCE):
            some = _some(encoded[first : first + ROWS_AT_ONCE])
            made[start + first : start + first + len(some)] = some.numpy()
    return made


def _some(pixels: Tensor) -> Tensor:
    step = max(1, min(pixels.shape[2:]) // READ_SIDE)
    values = pixels[:, :, ::step, ::step].float()
    grey = adaptive_avg_pool2d(values.mean(1, keepdim=True), SIDE).flatten(1)
    return grey if values.shape[1] == 1 else torch.cat([grey, values.mean((2, 3)), values.std((2, 3))], 1)
