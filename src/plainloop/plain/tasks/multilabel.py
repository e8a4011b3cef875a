# needs: scikit-learn
"""The multilabel task: each row has any number of labels. Copied into ejected projects.

The target is several 0/1 columns, or one column of tags. See classify.py for what a task is. A label is said where it is
more probable than its threshold: what gives the best F1 on the validation rows, of each epoch while training.
Axes: B examples, K members, C labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..config import Config
from ..table import Cells, Words, split_tags
from .classify import members

STEPS, REACH = 8, 8  # while training, scores are counted in eighths of a logit from -8 to 8: thresholds are sought between them


class Multilabel:
    """Any of C labels.

    Shape: target float32 (B, C), 0 or 1; scores (B, C) or (B, K, C), logits.
    """

    headline, higher_is_better = "f1_macro", True

    def __init__(
        self,
        labels: list[str],
        separator: str = "",
        weights: list[float] | None = None,
        label_smoothing: float = 0.0,
        thresholds: list[float] | None = None,
        settled: bool = True,
    ):
        self.labels, self.separator, self.weights, self.label_smoothing = labels, separator, weights, label_smoothing
        self.thresholds, self.settled = thresholds, settled  # settled: thresholds are not chosen any more
        self._weight = None if weights is None else torch.tensor(weights)

    @classmethod
    def fit(cls, cells: list[Cells], train: np.ndarray, config: Config) -> Multilabel:
        separator = config.targets[0].separator
        if isinstance(cells[0], Words):
            labels = sorted({label for word in cells[0].present() for label in split_tags(word, separator or ",")})
        else:
            labels = [column.name for column in config.targets]
        half = config.task.thresholds == "half"
        task = cls(labels, separator, None, config.task.label_smoothing, settled=half)
        if config.task.balance != "weights":
            return task
        positive = task.target(cells)[torch.from_numpy(train)].mean(0).clamp(1e-3, 1 - 1e-3)
        return cls(labels, separator, ((1 - positive) / positive).tolist(), config.task.label_smoothing, settled=half)

    @property
    def num_outputs(self) -> int:
        return len(self.labels)

    def target(self, cells: list[Cells]) -> Tensor:
        if not isinstance(cells[0], Words):
            return torch.from_numpy(np.stack([np.asarray(column) for column in cells], 1).astype(np.float32))
        place = {label: slot for slot, label in enumerate(self.labels)}
        lookup = np.zeros((len(cells[0].words) + 1, len(self.labels)), np.float32)
        lookup[-1] = np.nan  # code -1: the target is missing
        for code, word in enumerate(cells[0].words):
            lookup[code, [place[label] for label in split_tags(word, self.separator or ",") if label in place]] = 1.0
        return torch.from_numpy(lookup[cells[0].codes])

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        logits = members(scores, self.num_outputs)  # (B, K, C)
        wanted = target * (1 - self.label_smoothing) + self.label_smoothing / 2 if self.label_smoothing else target
        weight = None if self._weight is None else self._weight.to(scores.device)
        return F.binary_cross_entropy_with_logits(logits, wanted[:, None].expand_as(logits), pos_weight=weight)

    def probabilities(self, scores: Tensor) -> Tensor:
        """Shape: float32 (B, C), each label for itself."""
        return members(scores, self.num_outputs).sigmoid().mean(1)

    def calibrate(self, scores: Tensor, target: Tensor) -> None:
        """Chooses the thresholds on scores of rows that train nothing, once: later ones change them no more.

        Shape: scores (B, C) or (B, K, C), target (B, C).
        """
        if not self.settled:
            self.thresholds, self.settled = thresholds(self.probabilities(scores).double().numpy(), target.numpy() > 0.5), True

    def says(self, probabilities: Any) -> Any:
        """Which labels are said. Shape: (B, C), a tensor or an array -> bool (B, C)."""
        if self.thresholds is None:
            return probabilities > 0.5
        cuts = np.asarray(self.thresholds)
        return probabilities.double() > torch.from_numpy(cuts) if isinstance(probabilities, Tensor) else probabilities > cuts

    def decode(self, scores: Tensor) -> list[list[str]]:
        return self.truth(self.says(self.probabilities(scores)).float())

    def truth(self, target: Tensor) -> list[list[str]]:
        return [[label for label, on in zip(self.labels, row, strict=True) if on > 0.5] for row in target.tolist()]

    def tally(self, scores: Tensor, target: Tensor, loss: Tensor) -> Tensor:
        """Sums over the rows of a batch, on its device: [loss, hits at one half, then how many rows have each label, and how many
        have it not, by the step of logits that their score is in]."""
        probabilities, wanted = self.probabilities(scores), target > 0.5
        hits = ((probabilities > 0.5) == wanted).sum() / self.num_outputs
        step = ((probabilities.logit(1e-6) * STEPS).ceil().long() + STEPS * REACH - 1).clamp(0, 2 * STEPS * REACH - 1)  # (B, C)
        slot = torch.arange(self.num_outputs, device=scores.device).expand_as(step)
        counts = loss.new_zeros(2, self.num_outputs, 2 * STEPS * REACH)
        counts.index_put_(((~wanted).long(), slot, step), loss.new_ones(()), accumulate=True)
        return torch.cat([torch.stack([loss * len(target), hits.to(loss.dtype)]), counts.flatten()])

    def rates(self, tally: list[float], num_rows: int) -> dict[str, float]:
        """F1 is that of the thresholds which would be chosen on these rows; of one half where nothing is chosen."""
        counts = np.array(tally[2:]).reshape(2, self.num_outputs, -1)
        hits, wrong = counts[:, :, ::-1].cumsum(2)  # (C, steps): of saying the label from the last, the last but one, ... step on
        having = hits[:, -1:]
        f1 = 2 * hits / np.maximum(hits + wrong + having, 1)
        common = (2 * hits.sum(0) / np.maximum((hits + wrong + having).sum(0), 1)).argmax()
        found = np.where(having[:, 0] > 0, f1.max(1), f1[:, common])
        if self.settled:
            cuts = torch.tensor(self.thresholds or [0.5] * self.num_outputs).logit(1e-6).numpy()
            found = f1[range(self.num_outputs), np.clip(STEPS * REACH - 1 - np.ceil(cuts * STEPS), 0, len(f1[0]) - 1).astype(int)]
        return {"loss": tally[0] / num_rows, "f1_macro": float(found.mean()), "accuracy": tally[1] / num_rows}

    def metrics(self, scores: Tensor, target: Tensor) -> dict[str, float | None]:
        """Every figure of the report, by scikit-learn; None where it is not defined."""
        from sklearn import metrics as sk

        probabilities, truth = self.probabilities(scores).double().numpy(), target.numpy().astype(int)
        guess, half = self.says(probabilities).astype(int), (probabilities > 0.5).astype(int)
        seen = truth.any(0) & ~truth.all(0)
        averages = {
            f"{name}_{average}": score(truth, guess, average=average, zero_division=0)
            for average in ("macro", "micro", "samples")
            for name, score in (("f1", sk.f1_score), ("precision", sk.precision_score), ("recall", sk.recall_score))
        }
        if self.thresholds is not None:
            averages |= {
                f"f1_{name}_at_half": sk.f1_score(truth, half, average=name, zero_division=0) for name in ("macro", "micro")
            }
        curves = {"roc_auc": None, "average_precision": None}
        if seen.any():
            curves = {
                "roc_auc": sk.roc_auc_score(truth[:, seen], probabilities[:, seen], average="macro"),
                "average_precision": sk.average_precision_score(truth[:, seen], probabilities[:, seen], average="macro"),
            }
        likelihood = float(F.binary_cross_entropy(torch.from_numpy(probabilities).clamp(1e-7, 1 - 1e-7), target.double()))
        return {
            **averages,
            "hamming_loss": sk.hamming_loss(truth, guess),
            "exact_match": sk.accuracy_score(truth, guess),
            "log_loss": likelihood,
            **curves,
        }

    def trivial(self, target: Tensor) -> Tensor:
        """The scores of the constant prediction that fits the target best. Shape: (1, C)."""
        return target.mean(0).clamp(1e-6, 1 - 1e-6).logit()[None]

    def predict(self, model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        return model(inputs)

    def report_columns(self, scores: Tensor) -> dict[str, list]:
        """The columns of predictions.csv that say what was predicted."""
        probabilities = self.probabilities(scores).double()
        said = self.says(probabilities)
        columns: dict[str, list] = {"prediction": [(self.separator or ",").join(labels) for labels in self.decode(scores)]}
        for slot, label in enumerate(self.labels):
            columns[f"label_{label}"] = said[:, slot].int().tolist()
            columns[f"probability_{label}"] = probabilities[:, slot].tolist()
        return columns

    def state(self) -> dict[str, Any]:
        return {
            "labels": self.labels,
            "separator": self.separator,
            "weights": self.weights,
            "label_smoothing": self.label_smoothing,
            "thresholds": self.thresholds,
        }


def thresholds(probabilities: np.ndarray, truth: np.ndarray) -> list[float]:
    """For each label the threshold with the best F1 on these rows, between two probabilities that occur.

    A label that none of the rows has takes the best one for all labels together. Z. Lipton, C. Elkan, B. Naryanaswamy,
    Optimal Thresholding of Classifiers to Maximize F1 Measure (2014).

    Shape: probabilities float64 (B, C), truth bool (B, C).

    >>> thresholds(np.array([[0.1], [0.2], [0.3], [0.4], [0.5]]), np.array([[False], [False], [True], [True], [True]]))
    [0.25]
    """
    if not truth.any():
        return [0.5] * truth.shape[1]
    common = _best(probabilities.reshape(-1), truth.reshape(-1))
    return [_best(probabilities[:, slot], truth[:, slot]) if truth[:, slot].any() else common for slot in range(truth.shape[1])]


def _best(probabilities: np.ndarray, truth: np.ndarray) -> float:
    order = np.argsort(-probabilities, kind="stable")
    falling, hits = probabilities[order], truth[order].cumsum()
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())  # of saying the label in the first 1, 2, ... rows
    f1[:-1][falling[:-1] == falling[1:]] = -1.0  # no threshold parts equal probabilities
    last = int(f1.argmax())
    below = falling[last + 1] if last + 1 < len(falling) else 0.0
    return float((falling[last] + below) / 2)
