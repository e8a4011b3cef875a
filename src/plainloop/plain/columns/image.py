"""A column of pictures: names of files as uint8 pixels of one size. Copied into ejected projects.

Fitted on the train rows (mean and spread of each channel); the pixels stay uint8, a quarter of the memory of floats, and the
model turns a batch into floats. `kind` names the tensor of the model's inputs: "image" uint8 (n, C, H, W).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..readers.containers import parts_of
from ..readers.content_digests import cache_folder, content_digests
from ..readers.pixel_cache import pixels_of
from ..readers.pixels import Size
from ..table import Cells, Words

SAMPLE = 2048  # pictures that mean and spread are taken from
LARGE = 2 * 2**30  # bytes of pixels that are mapped from the disk rather than held in memory


@dataclass
class Image:
    """A picture: cut to the wanted ratio around its centre, resized, RGB or grey. A missing one has the mean colour.

    mean, std: of each channel over the train rows, in units of the pixels' 0 to 255.
    """

    kind: ClassVar[str] = "image"
    size: list[int]  # height, width
    mode: str  # "rgb" or "grey"
    mean: list[float]
    std: list[float]

    @classmethod
    def fit(cls, values: Cells, size: Sequence[int] = (64, 64), mode: str = "rgb") -> Image:
        """Raises: UnreadablePictures, NoRoomForPixels."""
        assert isinstance(values, Words)
        wanted = Size(size[0], size[1], mode)
        known = values.codes[values.codes >= 0]
        sample = np.unique(known[np.linspace(0, len(known) - 1, min(SAMPLE, len(known))).astype(np.int64)])
        sums, squares = np.zeros(wanted.channels), np.zeros(wanted.channels)
        if len(sample):
            pixels = pixels_of(values.words, wanted)
            pixels.check(sample, values.words)
            for some in np.array_split(sample, max(1, len(sample) // 64)):
                block = pixels.array[some].astype(np.float64)  # (rows, H, W, C)
                sums += block.sum((0, 1, 2))
                squares += (block**2).sum((0, 1, 2))
        count = max(1, len(sample) * wanted.height * wanted.width)
        mean = sums / count
        std = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
        return cls([int(side) for side in size], mode, mean.tolist(), np.where(std < 1.0, 1.0, std).tolist())

    def encode(self, values: Cells) -> Tensor:
        """Shape: uint8 (n, C, H, W) in the memory order (n, H, W, C); mapped from the disk where large.

        Raises: UnreadablePictures, NoRoomForPixels.
        """
        assert isinstance(values, Words)
        codes, wanted = values.codes, Size(self.size[0], self.size[1], self.mode)
        shape = (len(codes), *self.size, wanted.channels)
        if not (codes >= 0).any():
            return self._missing(torch.empty(shape, dtype=torch.uint8)).permute(0, 3, 1, 2)
        pixels = pixels_of(values.words, wanted)
        pixels.check(codes[codes >= 0], values.words)
        if np.array_equal(codes, np.arange(codes[0], codes[0] + len(codes))):  # a run of pictures needs no copy
            rows = torch.from_numpy(pixels.array[codes[0] : codes[0] + len(codes)])
            return rows.permute(0, 3, 1, 2)
        rows = self._room(shape)
        for start in range(0, len(codes), 1024):
            some = torch.from_numpy(pixels.array[np.maximum(codes[start : start + 1024], 0)])
            rows[start : start + 1024] = some
        missing = torch.from_numpy(codes < 0)
        if missing.any():
            rows[missing] = self._missing(rows[missing])
        return rows.permute(0, 3, 1, 2)

    def _missing(self, rows: Tensor) -> Tensor:
        return rows.copy_(torch.tensor(self.mean).round().to(torch.uint8).expand(rows.shape))

    def _room(self, shape: tuple[int, ...]) -> Tensor:
        """Memory for the pixels, or a file without a name that goes when the tensor goes."""
        if int(np.prod(shape)) < LARGE:
            return torch.empty(shape, dtype=torch.uint8)
        with tempfile.NamedTemporaryFile(dir=cache_folder()) as file:
            file.truncate(int(np.prod(shape)))
            return torch.from_numpy(np.memmap(file.name, np.uint8, mode="r+", shape=shape))

    @staticmethod
    def join(parts: list[Tensor]) -> Tensor:
        """The pictures of several columns, channel beside channel. Shape: uint8 (n, C1 + C2 + ..., H, W)."""
        return torch.cat([part.permute(0, 2, 3, 1) for part in parts], 3).permute(0, 3, 1, 2)  # channels last, as each is

    @staticmethod
    def merge(shapes: list[dict[str, Any]]) -> dict[str, Any]:
        """What a model must know of the pictures of several columns, which have one size.

        >>> grey, rgb = ({"size": [8, 8], "channels": c, "mean": [9.0] * c, "std": [5.0] * c} for c in (1, 3))
        >>> Image.merge([grey, rgb])["channels"]
        4
        """
        joined = {name: [value for shape in shapes for value in shape[name]] for name in ("mean", "std")}
        return {"size": shapes[0]["size"], "channels": sum(shape["channels"] for shape in shapes), **joined}

    @staticmethod
    def digest(values: Cells) -> str:
        """SHA-256 over the contents of all pictures of the source, whatever they are called."""
        assert isinstance(values, Words)
        holders = sorted({parts_of(word)[0] for word in values.words})
        return hashlib.sha256(b"".join(content_digests(holders))).hexdigest()

    def decode(self, encoded: Tensor) -> list[np.ndarray]:
        """The pictures as they can be shown: uint8 (H, W, C)."""
        return [np.ascontiguousarray(one.permute(1, 2, 0).numpy()) for one in encoded]

    @property
    def shape(self) -> dict[str, Any]:
        """What a model must know of the pictures."""
        return {"size": list(self.size), "channels": len(self.mean), "mean": list(self.mean), "std": list(self.std)}

    def state(self) -> dict[str, Any]:
        return asdict(self)
