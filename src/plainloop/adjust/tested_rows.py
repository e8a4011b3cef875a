"""The test rows of a finished run, out of its folder alone: truth and prediction as judge reads them. Needs no data, no model."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..judge.scored import Scored
from ..judge.sentences import Sentences
from ..plain.evaluate import FORMULA
from ..run_files import content_of, json_of
from .adjust_problems import CannotCompare
from .tested_windows import Columns, Tested, windows

if TYPE_CHECKING:
    from ..run_folder import Run


def scored_of(run: Run) -> tuple[np.ndarray, Scored | Sentences | Tested]:
    """What names the rows of the run's predictions.csv, and what was said of them. Raises: CannotCompare, RunFileDamaged."""
    kind = run.config.task.name
    if kind not in READERS:
        raise CannotCompare([str(run.folder)], f"rows of the task {kind.lower()} cannot be paired yet")
    state = json_of(run.folder, "prepared.json")["task"]
    return content_of(run.folder, "predictions.csv", lambda data: read_as(kind, data, state))


def read_as(kind: str, data: bytes, state: dict[str, Any]) -> tuple[np.ndarray, Scored | Sentences | Tested]:
    """What the bytes of a predictions.csv say, by the kind of the run's task."""
    lines = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    columns = {name: [line[i] for line in lines[1:]] for i, name in enumerate(lines[0])}
    found = READERS[kind](columns, state)
    return found.rows if isinstance(found, Tested) else np.array(columns["row"], np.int64), found


def binary(columns: Columns, state: dict[str, Any]) -> Scored:
    labels = state["labels"]
    positive = np.array(columns[f"probability_{labels[1]}"], np.float64)
    return Scored("Binary", labels, codes(columns["truth"], labels), positive, (positive > 0.5).astype(np.int64))


def multiclass(columns: Columns, state: dict[str, Any]) -> Scored:
    labels = state["labels"]
    said = np.array([columns[f"probability_{label}"] for label in labels], np.float64).T  # (B, C)
    said /= said.sum(axis=1, keepdims=True)
    return Scored("Multiclass", labels, codes(columns["truth"], labels), said, said.argmax(axis=1))


def multilabel(columns: Columns, state: dict[str, Any]) -> Scored:
    labels, separator = state["labels"], state["separator"] or ","
    said = np.array([columns[f"probability_{label}"] for label in labels], np.float64).T  # (B, C)
    place = {label: i for i, label in enumerate(labels)}
    truth = np.zeros(said.shape, bool)
    for row, cell in enumerate(columns["truth"]):
        truth[row, [place[word.strip()] for word in cell.removeprefix("'").split(separator) if word.strip()]] = True
    cuts = np.asarray(state.get("thresholds") or [0.5] * len(labels))  # a label is said from its own threshold on
    return Scored("Multilabel", labels, truth, said, said > cuts)


def regression(columns: Columns, state: dict[str, Any]) -> Scored:
    said = np.array(columns["prediction"], np.float64)
    return Scored("Regression", [], np.array(columns["truth"], np.float64), said, said)


def sequence(columns: Columns, state: dict[str, Any]) -> Sentences:
    written, truth = ([bare(cell) for cell in columns[name]] for name in ("prediction", "truth"))
    return Sentences(written, truth, np.exp(np.array(columns["score"], np.float64)))


def bare(cell: str) -> str:
    """A text without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


READERS: dict[str, Callable[[Columns, dict[str, Any]], Scored | Sentences | Tested]] = {
    "Binary": binary,
    "Multiclass": multiclass,
    "Multilabel": multilabel,
    "Regression": regression,
    "Forecast": windows,
    "Sequence": sequence,
}


def codes(words: list[str], labels: list[str]) -> np.ndarray:
    """The class of each cell; an apostrophe before a label keeps a spreadsheet from running it. Shape: int64 (n,)."""
    place = {f"'{label}": code for code, label in enumerate(labels)} | {label: code for code, label in enumerate(labels)}
    return np.array([place[word] for word in words], np.int64)
