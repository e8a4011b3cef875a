"""Pictures in array files: MNIST-style idx files with a file of labels beside them, and npz files. Used by images.py.

Copied into ejected projects.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

import numpy as np

from .containers import arrays, is_array_file
from .image_faults import CountsDiffer, DamagedPictures

IDX_PICTURES = re.compile(r"(?P<before>.*?)images?(?P<idx>[-.]idx)[34](?P<byte>[-.]ubyte)(?P<gz>\.gz)?$", re.IGNORECASE)
# the arrays of an npz file: pictures, their labels, the part they are
NPZ_NAMES = (
    ("images", "labels", "data"),
    ("x_train", "y_train", "data"),
    ("train_images", "train_labels", "data"),
    ("x_val", "y_val", "validation"),
    ("val_images", "val_labels", "validation"),
    ("x_test", "y_test", "test"),
    ("test_images", "test_labels", "test"),
)


class Found(NamedTuple):
    """A picture, the part of the source it belongs to, and its labels by column."""

    part: str
    name: str
    labels: dict[str, str]


def array_files(files: list[str]) -> list[str]:
    """The files of pictures among the names, an unpacked one rather than its gzip copy."""
    found = [name for name in files if name.lower().endswith(".npz") or IDX_PICTURES.fullmatch(name)]
    return [name for name in found if not (name.lower().endswith(".gz") and name[:-3] in found)]


def files_behind(file: str) -> list[str]:
    """The file, and the file of labels that belongs to it."""
    labels = labels_file(file) if is_array_file(file) else ""
    return [file, labels] if labels and os.path.exists(labels) else [file]


def labels_file(file: str) -> str:
    """The idx file of labels beside a file of pictures, packed or not; "" for other files.

    >>> labels_file("a/train-images-idx3-ubyte.gz")
    'a/train-labels-idx1-ubyte.gz'
    """
    found = IDX_PICTURES.fullmatch(file)
    if not found:
        return ""
    s = "s" if found["before"] + "images" in file else ""
    plain = f"{found['before']}label{s}{found['idx']}1{found['byte']}"
    choices = (plain + ".gz", plain) if found["gz"] else (plain, plain + ".gz")
    return next((name for name in choices if os.path.exists(name)), choices[0])


def array_pictures(file: str) -> list[Found]:
    """One entry for each row of the file. Raises: DamagedPictures, CountsDiffer."""
    if not file.lower().endswith(".npz"):
        return _idx_pictures(file)
    content, found = arrays(file), []
    for key, labels_key, part in NPZ_NAMES:
        if key in content:
            check_pictures(file, key, content[key])
            labels = content.get(labels_key)
            if labels is not None and len(labels) != len(content[key]):
                raise CountsDiffer(f"{file} ({key})", len(content[key]), labels_key, len(labels))
            found += _rows(f"{file}::{key}::", content[key], labels, part)
    if not found:
        wanted = "arrays called images and labels, or x_train and y_train"
        raise DamagedPictures(file, f"its arrays are {', '.join(content) or 'none'}", wanted, tuple(content))
    return found


def _idx_pictures(file: str) -> list[Found]:
    pictures, name = arrays(file)[""], os.path.basename(file).lower()
    if pictures.ndim < 3:
        raise DamagedPictures(file, "it holds labels, not pictures", "the file of pictures, or the folder that has both")
    check_pictures(file, "", pictures)
    beside, labels = labels_file(file), None
    if beside and os.path.exists(beside):
        labels = arrays(beside)[""]
        if len(labels) != len(pictures) or labels.ndim != 1:
            raise CountsDiffer(file, len(pictures), os.path.basename(beside), len(labels))
    part = "test" if re.search(r"t10k|test", name) else "validation" if re.search(r"valid|val[-_.]|dev", name) else "data"
    return _rows(f"{file}::", pictures, labels, part)


def check_pictures(file: str, key: str, pictures: np.ndarray) -> None:
    """Raises: DamagedPictures where the array is not uint8 (n, H, W) or (n, H, W, 1, 3 or 4)."""
    if pictures.dtype != np.uint8 or pictures.ndim not in (3, 4) or (pictures.ndim == 4 and pictures.shape[3] not in (1, 3, 4)):
        found = f"{key or 'its array'} is {pictures.dtype} of shape {pictures.shape}"
        raise DamagedPictures(file, found, "uint8 pictures of shape (n, height, width) or (n, height, width, 3)")


def _rows(before: str, pictures: np.ndarray, labels: np.ndarray | None, part: str) -> list[Found]:
    width = len(str(max(len(pictures) - 1, 1)))  # so that names sort as rows do
    names = [f"{before}{row:0{width}d}" for row in range(len(pictures))]
    if labels is None:
        return [Found(part, name, {}) for name in names]
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim == 1:
        return [Found(part, name, {"label": str(label)}) for name, label in zip(names, labels.tolist(), strict=True)]
    columns = [f"label_{i}" for i in range(labels.shape[1])]
    return [
        Found(part, name, dict(zip(columns, map(str, row), strict=True)))
        for name, row in zip(names, labels.tolist(), strict=True)
    ]
