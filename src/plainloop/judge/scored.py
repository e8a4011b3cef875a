"""Scored rows: what a model said about some rows and what was true, as numpy arrays, one form per task.

Everything in judge starts here: intervals, baselines, pictures and the list of worst errors read these arrays and never a
tensor. The kinds are the names of the task classes: Binary, Multiclass, Multilabel, Regression.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

SMALLEST = float(np.finfo(np.float32).eps)  # of a baseline's probability: a float32 score cannot say less


@dataclass(frozen=True)
class Scored:
    """Predictions beside the truth.

    Shape: B rows, C classes or labels.
        Binary      truth (B,) int64 0/1    probabilities (B,) of label 1     predicted (B,) int64
        Multiclass  truth (B,) int64        probabilities (B, C)              predicted (B,) int64
        Multilabel  truth (B, C) bool       probabilities (B, C)              predicted (B, C) bool
        Regression  truth (B,) float64      probabilities = predicted, in the target's unit
    """

    kind: str
    labels: list[str]
    truth: np.ndarray
    probabilities: np.ndarray
    predicted: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def says_as(self, other: Any) -> bool:
        """Whether another model said the same of every row."""
        same = isinstance(other, Scored) and np.array_equal(self.probabilities, other.probabilities)
        return same and np.array_equal(self.predicted, other.predicted)

    @cached_property
    def per_class(self) -> np.ndarray:
        """(B, C) probabilities, for binary both columns."""
        p = self.probabilities
        return np.stack([1 - p, p], axis=1) if self.kind == "Binary" else p

    @cached_property
    def losses(self) -> np.ndarray:
        """(B,) how wrong each row is: minus log of the true class's probability (mean over labels), or the absolute error."""
        if self.kind == "Regression":
            return np.abs(self.predicted - self.truth)
        smallest = 1e-7 if self.kind == "Multilabel" else float(np.finfo(np.float64).eps)  # as the task's own log loss has it
        p = np.clip(self.per_class, smallest, 1 - smallest)
        if self.kind == "Multilabel":
            return -np.log(np.where(self.truth, p, 1 - p)).mean(axis=1)
        return -np.log(p[np.arange(len(self)), self.truth])

    def words(self, codes: Any) -> str:
        """One row's truth or prediction in the words of the data."""
        if self.kind == "Regression":
            return f"{float(codes):.6g}"
        if self.kind == "Multilabel":
            return ", ".join(label for label, on in zip(self.labels, codes, strict=True) if on) or "(none)"
        return self.labels[int(codes)]


def score(task: Any, scores: torch.Tensor, target: torch.Tensor) -> Scored:
    """The scored rows of raw scores (B, out) or (B, K, out) and their target tensor."""
    probabilities = task.probabilities(scores).detach().cpu().numpy().astype(np.float64)
    return scored_rows(task, probabilities, target)


def scored_rows(task: Any, probabilities: np.ndarray, target: torch.Tensor) -> Scored:
    """The scored rows of probabilities, or of predictions in the target's unit."""
    kind = type(task).__name__
    labels = [str(label) for label in getattr(task, "labels", None) or []]
    if kind == "Regression":
        values = probabilities.reshape(-1)
        return Scored(kind, labels, np.asarray(task.truth(target), np.float64), values, values)
    truth = target.cpu().numpy()
    if kind == "Multiclass":
        probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)  # float32 rows add up to 1 only roughly
        return Scored(kind, labels, truth.astype(np.int64), probabilities, probabilities.argmax(axis=1))
    if kind == "Multilabel":
        return Scored(kind, labels, truth > 0.5, probabilities, task.says(probabilities))
    return Scored(kind, labels, truth.astype(np.int64), probabilities, (probabilities > 0.5).astype(np.int64))


def with_own_thresholds(task: Any, scores: torch.Tensor | None = None, target: torch.Tensor | None = None) -> Any:
    """The task as it judges another model than the net: labels have the thresholds that suit that one's scores of these rows.

    Without scores a label is said from one half on; tasks without thresholds are what they are.
    """
    if getattr(task, "thresholds", None) is None:
        return task
    own = copy(task)
    own.thresholds, own.settled = None, scores is None
    if scores is not None:
        own.calibrate(scores, target)
    return own


def scores_from(task: Any, values: np.ndarray) -> torch.Tensor:
    """The raw scores that a net would have given for these probabilities (or predictions in the target's unit).

    So that a baseline goes through the very same metrics as the net.
    """
    kind = type(task).__name__
    values = np.asarray(values, np.float64)
    if kind == "Regression":
        return torch.from_numpy((values.reshape(-1, 1) - float(task.mean)) / float(task.std)).float()
    p = np.clip(values, SMALLEST, 1 - SMALLEST)
    if kind == "Multiclass":
        return torch.from_numpy(np.log(p)).float()
    logits = np.log(p) - np.log1p(-p)
    return torch.from_numpy(logits.reshape(len(logits), -1)).float()
