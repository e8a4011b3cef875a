# needs: scikit-learn
"""Classification tasks: one of two classes, one of many, any number of labels. Copied into ejected projects.

A task owns all that differs between kinds of problem: target dtype and shape, loss, activation, decoding, metrics.
The model returns raw scores, (B, out) or (B, K, out) for K ensemble members: the loss is the mean of the members' losses, the
prediction the mean of their probabilities. A task holds fitted facts, never a model, an optimizer or a device.

Axes: B examples, K members, C classes or labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..config import Config
from ..table import Cells, Words


def members(scores: Tensor, num_outputs: int) -> Tensor:
    """Scores with the member axis: (B, out) or (B, K, out) -> (B, K, out)."""
    if scores.shape[-1] != num_outputs or scores.dim() not in (2, 3):
        raise ValueError(
            f"the model gave scores of shape {tuple(scores.shape)}; "
            f"expected (rows, {num_outputs}) or (rows, members, {num_outputs})"
        )
    return scores if scores.dim() == 3 else scores[:, None]


def sorted_labels(labels: list[str]) -> list[str]:
    """Numbers in numeric order, words in alphabetic order.

    >>> sorted_labels(["10", "9", "2"])
    ['2', '9', '10']
    """
    try:
        return sorted(labels, key=float)
    except ValueError:
        return sorted(labels)


def codes_of(cells: Cells, labels: list[str]) -> np.ndarray:
    """The class number of each cell, -1 where it is missing or not among the labels. Shape: int64 (n,)."""
    assert isinstance(cells, Words)
    place = {label: code for code, label in enumerate(labels)}
    lookup = np.array([*(place.get(word, -1) for word in cells.words), -1], np.int64)
    return lookup[cells.codes]


def balanced_weights(codes: np.ndarray, num_classes: int) -> list[float]:
    """rows / (classes * rows of the class), as scikit-learn's "balanced"; 1 for a class without rows."""
    counts = np.bincount(codes, minlength=num_classes)
    return [len(codes) / (num_classes * count) if count else 1.0 for count in counts.tolist()]


class Binary:
    """One of two classes; the second label is the positive one.

    Shape: target float32 (B,), 0 or 1; scores (B, 1) or (B, K, 1), logits of the positive class.
    """

    headline, higher_is_better = "log_loss", False
    num_outputs = 1

    def __init__(self, labels: list[str], weights: list[float] | None = None, label_smoothing: float = 0.0):
        self.labels, self.weights, self.label_smoothing = labels, weights, label_smoothing

    @classmethod
    def fit(cls, cells: list[Cells], train: np.ndarray, config: Config) -> Binary:
        assert isinstance(cells[0], Words)
        labels = sorted_labels(cells[0].present())
        weights = balanced_weights(codes_of(cells[0], labels)[train], 2) if config.task.balance == "weights" else None
        return cls(labels, weights, config.task.label_smoothing)

    def target(self, cells: list[Cells]) -> Tensor:
        codes = codes_of(cells[0], self.labels)
        return torch.from_numpy(np.where(codes < 0, np.nan, codes).astype(np.float32))

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        logits = members(scores, 1)[..., 0]  # (B, K)
        wanted = target * (1 - self.label_smoothing) + self.label_smoothing / 2 if self.label_smoothing else target
        wanted = wanted[:, None].expand_as(logits)
        if self.weights is None:
            return F.binary_cross_entropy_with_logits(logits, wanted)
        weight = torch.where(target > 0.5, self.weights[1], self.weights[0])[:, None].expand_as(logits)
        return F.binary_cross_entropy_with_logits(logits, wanted, weight)  # a mean over rows, so that batches add up

    def probabilities(self, scores: Tensor) -> Tensor:
        """P(positive). Shape: float32 (B,)."""
        return members(scores, 1)[..., 0].sigmoid().mean(1)

    def decode(self, scores: Tensor) -> list[str]:
        return [self.labels[int(code)] for code in (self.probabilities(scores) > 0.5).tolist()]

    def truth(self, target: Tensor) -> list[str]:
        return [self.labels[int(code)] for code in target.tolist()]

    def tally(self, scores: Tensor, target: Tensor, loss: Tensor) -> Tensor:
        """Sums over the rows of a batch, on its device: [loss, hits, negative log likelihood]."""
        raw = members(scores, 1)
        if raw.shape[1] == 1:
            hits = ((raw[:, 0, 0] > 0) == (target > 0.5)).sum()
            same = self.weights is None and not self.label_smoothing
            likelihood = loss if same else F.binary_cross_entropy_with_logits(raw[:, 0, 0], target)
        else:
            positive = self.probabilities(raw)
            hits = ((positive > 0.5) == (target > 0.5)).sum()
            likelihood = F.binary_cross_entropy(positive, target)
        return torch.stack([loss * len(target), hits.to(loss.dtype), likelihood * len(target)])

    def rates(self, tally: list[float], num_rows: int) -> dict[str, float]:
        return {"loss": tally[0] / num_rows, "log_loss": tally[2] / num_rows, "accuracy": tally[1] / num_rows}

    def metrics(self, scores: Tensor, target: Tensor) -> dict[str, float | None]:
        """Every figure of the report, by scikit-learn; None where it is not defined."""
        from sklearn import metrics as sk

        positive, truth = self.probabilities(scores).double().numpy(), target.numpy().astype(int)
        guess = (positive > 0.5).astype(int)
        both = len(np.unique(truth)) == 2
        return {
            "log_loss": sk.log_loss(truth, positive, labels=[0, 1]),
            "accuracy": sk.accuracy_score(truth, guess),
            "balanced_accuracy": sk.recall_score(truth, guess, average="macro", zero_division=0, labels=[0, 1]) if both else None,
            "roc_auc": sk.roc_auc_score(truth, positive) if both else None,
            "average_precision": sk.average_precision_score(truth, positive) if both else None,
            "f1": sk.f1_score(truth, guess, zero_division=0),
            "precision": sk.precision_score(truth, guess, zero_division=0),
            "recall": sk.recall_score(truth, guess, zero_division=0),
            "f1_macro": sk.f1_score(truth, guess, average="macro", zero_division=0, labels=[0, 1]),
            "brier": sk.brier_score_loss(truth, positive, pos_label=1),
        }

    def trivial(self, target: Tensor) -> Tensor:
        """The scores of the constant prediction that fits the target best. Shape: (1, 1)."""
        return target.mean().clamp(1e-6, 1 - 1e-6).logit().reshape(1, 1)

    def predict(self, model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        return model(inputs)

    def report_columns(self, scores: Tensor) -> dict[str, list]:
        """The columns of predictions.csv that say what was predicted."""
        positive = self.probabilities(scores).double()
        probabilities = {self.labels[0]: (1 - positive).tolist(), self.labels[1]: positive.tolist()}
        return {"prediction": self.decode(scores), **{f"probability_{label}": values for label, values in probabilities.items()}}

    def state(self) -> dict[str, Any]:
        return {"labels": self.labels, "weights": self.weights, "label_smoothing": self.label_smoothing}


class Multiclass:
    """One of C classes.

    Shape: target int64 (B,); scores (B, C) or (B, K, C), logits.
    """

    headline, higher_is_better = "log_loss", False

    def __init__(self, labels: list[str], weights: list[float] | None = None, label_smoothing: float = 0.0):
        self.labels, self.weights, self.label_smoothing = labels, weights, label_smoothing
        self._weight = None if weights is None else torch.tensor(weights)

    @classmethod
    def fit(cls, cells: list[Cells], train: np.ndarray, config: Config) -> Multiclass:
        assert isinstance(cells[0], Words)
        labels = sorted_labels(cells[0].present())
        weights = balanced_weights(codes_of(cells[0], labels)[train], len(labels)) if config.task.balance == "weights" else None
        return cls(labels, weights, config.task.label_smoothing)

    @property
    def num_outputs(self) -> int:
        return len(self.labels)

    def target(self, cells: list[Cells]) -> Tensor:
        return torch.from_numpy(codes_of(cells[0], self.labels))

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        logits = members(scores, self.num_outputs)  # (B, K, C)
        wanted = target if logits.shape[1] == 1 else target.repeat_interleave(logits.shape[1])
        weight = None if self._weight is None else self._weight.to(scores.device)
        if weight is None:
            return F.cross_entropy(logits.flatten(0, 1), wanted, label_smoothing=self.label_smoothing)
        total = F.cross_entropy(logits.flatten(0, 1), wanted, weight, label_smoothing=self.label_smoothing, reduction="sum")
        return total / len(wanted)  # over rows; torch's mean is over the weights of the batch, so that batches do not add up

    def probabilities(self, scores: Tensor) -> Tensor:
        """Shape: float32 (B, C), rows add up to 1."""
        return members(scores, self.num_outputs).softmax(-1).mean(1)

    def decode(self, scores: Tensor) -> list[str]:
        return [self.labels[code] for code in self.probabilities(scores).argmax(1).tolist()]

    def truth(self, target: Tensor) -> list[str]:
        return [self.labels[code] for code in target.tolist()]

    def tally(self, scores: Tensor, target: Tensor, loss: Tensor) -> Tensor:
        """Sums over the rows of a batch, on its device: [loss, hits, negative log likelihood]."""
        raw = members(scores, self.num_outputs)
        if raw.shape[1] == 1:
            hits = (raw[:, 0].argmax(1) == target).sum()
            same = self.weights is None and not self.label_smoothing
            likelihood = loss if same else F.cross_entropy(raw[:, 0], target)
        else:
            probabilities = self.probabilities(raw)
            hits = (probabilities.argmax(1) == target).sum()
            likelihood = F.nll_loss(probabilities.clamp_min(1e-12).log(), target)
        return torch.stack([loss * len(target), hits.to(loss.dtype), likelihood * len(target)])

    def rates(self, tally: list[float], num_rows: int) -> dict[str, float]:
        return {"loss": tally[0] / num_rows, "log_loss": tally[2] / num_rows, "accuracy": tally[1] / num_rows}

    def metrics(self, scores: Tensor, target: Tensor) -> dict[str, float | None]:
        """Every figure of the report, by scikit-learn; None where it is not defined."""
        from sklearn import metrics as sk

        probabilities, truth = self.probabilities(scores).double().numpy(), target.numpy()
        probabilities = probabilities / probabilities.sum(1, keepdims=True)
        guess, codes = probabilities.argmax(1), np.arange(self.num_outputs)
        one_hot = np.eye(self.num_outputs, dtype=int)[truth]
        seen = one_hot.any(0) & ~one_hot.all(0)  # a class without a row, or with all of them, has no curve
        curves = {"roc_auc": None, "average_precision": None}
        if seen.any():
            curves = {
                "roc_auc": sk.roc_auc_score(one_hot[:, seen], probabilities[:, seen], average="macro"),
                "average_precision": sk.average_precision_score(one_hot[:, seen], probabilities[:, seen], average="macro"),
            }
        averages = {
            f"{name}_{average}": score(truth, guess, labels=codes, average=average, zero_division=0)
            for average in ("macro", "weighted")
            for name, score in (("f1", sk.f1_score), ("precision", sk.precision_score), ("recall", sk.recall_score))
        }
        return {
            "log_loss": sk.log_loss(truth, probabilities, labels=codes),
            "accuracy": sk.accuracy_score(truth, guess),
            **averages,
            **curves,
        }

    def trivial(self, target: Tensor) -> Tensor:
        """The scores of the constant prediction that fits the target best. Shape: (1, C)."""
        counts = torch.bincount(target, minlength=self.num_outputs).double()
        return (counts / counts.sum()).clamp_min(1e-6).log().float()[None]

    def predict(self, model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        return model(inputs)

    def report_columns(self, scores: Tensor) -> dict[str, list]:
        """The columns of predictions.csv that say what was predicted."""
        probabilities = self.probabilities(scores).double()
        per_label = {f"probability_{label}": probabilities[:, code].tolist() for code, label in enumerate(self.labels)}
        return {"prediction": self.decode(scores), **per_label}

    def state(self) -> dict[str, Any]:
        return {"labels": self.labels, "weights": self.weights, "label_smoothing": self.label_smoothing}
