"""Small pictures made up for the tests: shapes that can be told apart, in many formats, and folders of them."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def pixels(seed: int, height: int = 40, width: int = 40, colour: bool = True) -> np.ndarray:
    """A smooth random picture. Shape: uint8 (height, width, 3)."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (4, 4, 3) if colour else (4, 4), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).convert("RGB").resize((width, height), Image.Resampling.BICUBIC))


def encoded(picture: Any, format: str = "JPEG", **options: Any) -> bytes:
    made = io.BytesIO()
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    picture.save(made, format, **options)
    return made.getvalue()


def jpeg(seed: int, height: int = 40, width: int = 40) -> bytes:
    return encoded(pixels(seed, height, width), "JPEG", quality=92)


def folder(place: Path, classes: tuple[str, ...] = ("cat", "dog"), number: int = 12, first: int = 0) -> Path:
    """Class folders of JPEGs that all differ."""
    for c, name in enumerate(classes):
        (place / name).mkdir(parents=True, exist_ok=True)
        for i in range(number):
            (place / name / f"{i:02d}.jpg").write_bytes(jpeg(first + 100 * c + i))
    return place


def zipped(place: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return place


def idx(values: np.ndarray, magic: int | None = None) -> bytes:
    head = struct.pack(">I", magic if magic is not None else 0x0800 + values.ndim)
    return head + struct.pack(f">{values.ndim}I", *values.shape) + values.astype(np.uint8).tobytes()


def idx_folder(place: Path, train: int = 40, test: int = 12, packed: bool = True) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for name, number in (("train", train), ("t10k", test)):
        images, labels = random.integers(0, 256, (number, 28, 28)), np.arange(number) % 3
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            data = idx(values)
            file = place / f"{name}-{kind}-ubyte{'.gz' if packed else ''}"
            file.write_bytes(gzip.compress(data) if packed else data)
    return place
