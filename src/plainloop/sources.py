"""Data that is in memory - frames, arrays, datasets - as files that a run can read again: one door for everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .understand.image_problems import ArrayNotPictures
from .understand.setting_problems import BadSetting


def is_in_memory(source: Any) -> bool:
    return not (
        isinstance(source, (str, Path))
        or (isinstance(source, (list, tuple)) and source and all(isinstance(s, (str, Path)) for s in source))
    )


def as_frame(source: Any, target: Sequence[str] = ()) -> tuple[pl.DataFrame, list[str]]:
    """A frame, a pair (X, y) of arrays, a torch Dataset or a list of dictionaries, as one polars frame; the target columns.

    Arrays: X (n, columns), y (n,) or (n, labels); columns of arrays are called "0", "1", ..., the target "target".
    Raises: BadSetting.
    """
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if isinstance(source, Mapping):
        return pl.DataFrame({str(name): cells_of(values) for name, values in source.items()}), list(target)
    if isinstance(source, (list, tuple)) and source and isinstance(source[0], Mapping):
        names = list(dict.fromkeys(str(name) for row in source for name in row))
        return pl.DataFrame({name: cells_of([row.get(name) for row in source]) for name in names}), list(target)
    if isinstance(source, tuple) and len(source) == 2:
        return from_arrays(*source)
    if (
        hasattr(source, "__getitem__")
        and hasattr(source, "__len__")
        and not hasattr(source, "columns")
        and not hasattr(source, "shape")
    ):
        items = [source[i] for i in range(len(source))]
        if items and isinstance(items[0], (tuple, list)) and len(items[0]) == 2:
            return from_arrays(
                np.stack([to_numpy(x).reshape(-1) if np.ndim(to_numpy(x)) == 0 else to_numpy(x) for x, _ in items]),
                np.stack([to_numpy(y) for _, y in items]),
            )
    if hasattr(source, "columns"):
        return from_frame(source), list(target)
    values = to_numpy(source)
    if values.ndim == 2:
        return pl.DataFrame({str(i): cells_of(values[:, i]) for i in range(values.shape[1])}), list(target)
    raise BadSetting(
        "source",
        type(source).__name__,
        "a path, a frame, a pair (X, y) of arrays, a list of dictionaries or a torch Dataset of (x, y)",
        "houses.csv",
        how='plainloop.train("houses.csv", target="price")',
    )


def is_pictures(source: Any) -> bool:
    """Whether the source is a pair (pictures, labels) of arrays, or pictures alone."""
    first = source[0] if isinstance(source, tuple) and len(source) == 2 else source
    return len(getattr(first, "shape", ())) in (3, 4)


def write_pictures(source: Any, folder: Path, name: str) -> str:
    """Writes pictures, and labels where there are some, as arrays beside the run and returns the path.

    Shape: pictures (n, H, W), (n, H, W, C) or torch's (n, C, H, W); uint8, or floats from 0 to 1.
    Raises: ArrayNotPictures, BadSetting.
    """
    pair = source if isinstance(source, tuple) else (source,)
    content: dict[str, Any] = {"images": as_pixels(to_numpy(pair[0]))}
    if len(pair) == 2:
        labels = to_numpy(pair[1])
        content["labels"] = labels.astype(str) if labels.dtype.kind == "O" else labels
        if len(labels) != len(content["images"]):
            lengths = f"lengths {[len(content['images']), len(labels)]}"
            raise BadSetting(
                "(X, y)", lengths, "as many answers in y as pictures in X", "", how="plainloop.train((X, y[:len(X)]))"
            )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.npz"
    np.savez(path, **content)
    return str(path)


def as_pixels(values: np.ndarray) -> np.ndarray:
    """Pictures as uint8 (n, H, W) or (n, H, W, C). Raises: ArrayNotPictures."""
    found = f"{values.dtype} of shape {values.shape}"
    if values.ndim == 4 and values.shape[1] in (1, 3, 4) and values.shape[3] not in (1, 3, 4):
        values = values.transpose(0, 2, 3, 1)  # torch's order
    if values.ndim not in (3, 4) or (values.ndim == 4 and values.shape[3] not in (1, 3, 4)) or values.dtype.kind not in "uifb":
        raise ArrayNotPictures(found)
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(values * 255).astype(np.uint8)
    if low < 0 or high > 255 or (values.dtype.kind == "f" and (values != np.rint(values)).any()):
        raise ArrayNotPictures(f"{found} with values from {low:g} to {high:g}")
    return values.astype(np.uint8)


def from_arrays(inputs: Any, target: Any) -> tuple[pl.DataFrame, list[str]]:
    """X and y as one frame."""
    if hasattr(inputs, "columns"):
        columns = dict(from_frame(inputs).to_dict())
    else:
        values = to_numpy(inputs)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2:
            shape = f"array of shape {values.shape}"
            raise BadSetting("X", shape, "an array of shape (rows, columns)", "", how="X = X.reshape(len(X), -1)")
        columns = {str(i): cells_of(values[:, i]) for i in range(values.shape[1])}
    if hasattr(target, "columns"):
        answers = from_frame(target).to_dict()
    else:
        labels = to_numpy(target)
        labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
        name = str(getattr(target, "name", None) or "target")
        answers = (
            {name: cells_of(labels)}
            if labels.ndim == 1
            else {f"{name}_{i}": cells_of(labels[:, i]) for i in range(labels.shape[1])}
        )
    lengths = {len(values) for values in (*columns.values(), *answers.values())}
    if len(lengths) != 1:
        found = f"lengths {sorted(lengths)}"
        raise BadSetting("(X, y)", found, "as many answers in y as rows in X", "", how="plainloop.train((X, y[:len(X)]))")
    return pl.DataFrame({**columns, **answers}), list(answers)


def from_frame(frame: Any) -> pl.DataFrame:
    """A pandas, polars, pyarrow or other frame that narwhals knows, as a polars frame."""
    import narwhals.stable.v1 as nw

    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    known = nw.from_native(frame, eager_only=True)
    names = [str(name) for name in known.columns]
    return pl.DataFrame(
        [pl.Series(name, cells_of(known[column].to_list())) for name, column in zip(names, known.columns, strict=True)]
    )


def cells_of(values: Any) -> pl.Series:
    """Cells of one column; a column of mixed types becomes words."""
    if isinstance(values, pl.Series):
        return values
    array = values if isinstance(values, np.ndarray) else None
    if array is not None and array.dtype.kind in "iufb":
        return pl.Series(array)
    cells = [None if is_absent(value) else value for value in (values.tolist() if array is not None else list(values))]
    kinds = {bool if isinstance(value, (bool, np.bool_)) else type(value) for value in cells if value is not None}
    if kinds <= {int, float} or len(kinds) == 1:
        try:
            return pl.Series(cells, strict=not kinds <= {int, float})
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass
    return pl.Series([None if value is None else str(value) for value in cells], dtype=pl.String)


def is_absent(value: Any) -> bool:
    """Whether a cell holds no value: None, NaN, NaT, or the NA of pandas, which is neither equal to itself nor unequal."""
    unequal = value != value
    return value is None or (bool(unequal) if isinstance(unequal, (bool, np.bool_)) else type(value).__name__ == "NAType")


def to_numpy(values: Any) -> np.ndarray:
    return values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)


def write(frame: pl.DataFrame, folder: Path, name: str) -> str:
    """Writes the frame beside the run and returns the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    frame.write_parquet(path)
    return str(path)
