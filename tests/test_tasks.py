"""Tasks: losses against torch, metrics against scikit-learn, the ensemble axis, and figures that are exact means over rows."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from torch import Tensor, nn
from torch.nn import functional as F

from outcomes import words
from plainloop.plain import config as c
from plainloop.plain.tasks.classify import Binary, Multiclass, sorted_labels
from plainloop.plain.tasks.multilabel import Multilabel
from plainloop.plain.tasks.regress import Regression
from small import KINDS, case

B, K = 203, 4
OUTPUTS = {"Binary": 1, "Multiclass": 3, "Multilabel": 3, "Regression": 1}
WEIGHTS = {"Binary": [0.6, 3.0], "Multiclass": [0.5, 1.0, 4.0], "Multilabel": [3.0, 1.0, 0.5]}
FITTED = [(kind, False, 0.0) for kind in KINDS] + [
    (kind, weights, smoothing) for kind in WEIGHTS for weights, smoothing in ((True, 0.0), (False, 0.1), (True, 0.1))
]
fitted = pytest.mark.parametrize("kind, weights, smoothing", FITTED)


def task_of(kind: str, weights: bool = False, smoothing: float = 0.0) -> Any:
    chosen = WEIGHTS.get(kind) if weights else None
    if kind == "Binary":
        return Binary(["no", "yes"], chosen, smoothing)
    if kind == "Multiclass":
        return Multiclass(["a", "b", "c"], chosen, smoothing)
    if kind == "Multilabel":
        return Multilabel(["x", "y", "z"], ",", chosen, smoothing)
    return Regression(mean=50.0, std=4.0)


def target_of(kind: str, rows: int = B) -> Tensor:
    random = torch.Generator().manual_seed(1)
    if kind == "Multiclass":
        return torch.randint(0, 3, (rows,), generator=random)
    if kind == "Multilabel":
        return (torch.rand(rows, 3, generator=random) < torch.tensor([0.1, 0.4, 0.8])).float()
    if kind == "Binary":
        return (torch.rand(rows, generator=random) < 0.3).float()
    return torch.randn(rows, generator=random)


def scores_of(kind: str, members: int = 1, rows: int = B) -> Tensor:
    scores = 2 * torch.randn(rows, members, OUTPUTS[kind], generator=torch.Generator().manual_seed(members))
    return scores[:, 0] if members == 1 else scores


def reference_loss(kind: str, scores: Tensor, target: Tensor, weights: bool, smoothing: float) -> Tensor:
    """The mean over rows as torch has it, row by row."""
    w = torch.tensor(WEIGHTS[kind]) if weights else None
    if kind == "Binary":
        rows = F.binary_cross_entropy_with_logits(scores[:, 0], target * (1 - smoothing) + smoothing / 2, reduction="none")
        return (rows if w is None else rows * w[target.long()]).mean()
    if kind == "Multiclass":
        return nn.CrossEntropyLoss(w, label_smoothing=smoothing, reduction="none")(scores, target).mean()
    if kind == "Multilabel":
        return nn.BCEWithLogitsLoss(pos_weight=w)(scores, target * (1 - smoothing) + smoothing / 2)
    return nn.MSELoss()(scores[:, 0], target)


@fitted
def test_the_loss_is_that_of_torch(kind: str, weights: bool, smoothing: float):
    task, target, scores = task_of(kind, weights, smoothing), target_of(kind), scores_of(kind)
    assert torch.allclose(task.loss(scores, target), reference_loss(kind, scores, target, weights, smoothing), atol=1e-6)


@fitted
def test_the_loss_of_an_ensemble_is_the_mean_of_its_members_losses(kind: str, weights: bool, smoothing: float):
    task, target, scores = task_of(kind, weights, smoothing), target_of(kind), scores_of(kind, K)
    each = torch.stack([task.loss(scores[:, member], target) for member in range(K)])
    assert torch.allclose(task.loss(scores, target), each.mean(), atol=1e-6)
    assert torch.allclose(task.loss(scores[:, :1], target), each[0], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_prediction_of_an_ensemble_is_the_mean_of_its_members_predictions(kind: str):
    task, scores = task_of(kind), scores_of(kind, K)
    each = torch.stack([task.probabilities(scores[:, member]) for member in range(K)])
    assert torch.allclose(task.probabilities(scores), each.mean(0), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities(kind: str):
    task, scores = task_of(kind), scores_of(kind)
    expected = {
        "Binary": lambda: scores[:, 0].sigmoid(),
        "Multiclass": lambda: scores.softmax(1),
        "Multilabel": lambda: scores.sigmoid(),
        "Regression": lambda: scores[:, 0].double() * 4 + 50,
    }[kind]()
    assert torch.allclose(task.probabilities(scores), expected, atol=1e-6)


def summed(task: Any, scores: Tensor, target: Tensor, sizes: list[int]) -> dict[str, float]:
    """The rates of a loop over batches of these sizes."""
    total = None
    for rows, wanted in zip(scores.split(sizes), target.split(sizes), strict=True):
        sums = task.tally(rows, wanted, task.loss(rows, wanted))
        total = sums if total is None else total + sums
    assert total is not None
    return task.rates(total.tolist(), len(target))


@pytest.mark.parametrize("members", [1, K])
@fitted
def test_rates_are_exact_means_over_rows_whatever_the_batches(kind: str, weights: bool, smoothing: float, members: int):
    task, target, scores = task_of(kind, weights, smoothing), target_of(kind), scores_of(kind, members)
    whole = summed(task, scores, target, [B])
    for sizes in ([100, 100, 3], [1, 2, 200], [29] * 7, [1] * B):
        assert summed(task, scores, target, sizes) == pytest.approx(whole, rel=2e-5)
    assert whole["loss"] == pytest.approx(task.loss(scores, target).item(), rel=1e-5)
    metrics = task.metrics(scores, target)
    assert whole[task.headline] == pytest.approx(metrics[task.headline], rel=2e-5)
    for name in set(whole) & set(metrics):
        assert whole[name] == pytest.approx(metrics[name], rel=2e-5), name
    if kind == "Multilabel":
        assert whole["accuracy"] == pytest.approx(1 - metrics["hamming_loss"], rel=1e-5)


def test_binary_metrics_are_those_of_scikit_learn():
    task, scores, target = task_of("Binary"), scores_of("Binary"), target_of("Binary")
    found, p, y = task.metrics(scores, target), scores[:, 0].double().sigmoid().numpy(), target.numpy().astype(int)
    guess = p > 0.5
    assert found == pytest.approx(
        {
            "log_loss": sk.log_loss(y, p),
            "accuracy": sk.accuracy_score(y, guess),
            "balanced_accuracy": sk.balanced_accuracy_score(y, guess),
            "roc_auc": sk.roc_auc_score(y, p),
            "average_precision": sk.average_precision_score(y, p),
            "f1": sk.f1_score(y, guess),
            "precision": sk.precision_score(y, guess),
            "recall": sk.recall_score(y, guess),
            "f1_macro": sk.f1_score(y, guess, average="macro"),
            "brier": sk.brier_score_loss(y, p),
        },
        rel=1e-6,
    )


def test_multiclass_metrics_are_those_of_scikit_learn():
    task, scores, target = task_of("Multiclass"), scores_of("Multiclass"), target_of("Multiclass")
    found, p, y = task.metrics(scores, target), scores.double().softmax(1).numpy(), target.numpy()
    guess = p.argmax(1)
    assert found["log_loss"] == pytest.approx(sk.log_loss(y, p), rel=1e-6)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, guess))
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr", average="macro"), rel=1e-6)
    for average in ("macro", "weighted"):
        assert found[f"f1_{average}"] == pytest.approx(sk.f1_score(y, guess, average=average))
        assert found[f"precision_{average}"] == pytest.approx(sk.precision_score(y, guess, average=average))
        assert found[f"recall_{average}"] == pytest.approx(sk.recall_score(y, guess, average=average))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(np.eye(3)[y], p), rel=1e-6)


def test_multilabel_metrics_are_those_of_scikit_learn():
    task, scores, target = task_of("Multilabel"), scores_of("Multilabel"), target_of("Multilabel")
    found, p, y = task.metrics(scores, target), scores.double().sigmoid().numpy(), target.numpy().astype(int)
    guess = (p > 0.5).astype(int)
    for average in ("macro", "micro", "samples"):
        assert found[f"f1_{average}"] == pytest.approx(sk.f1_score(y, guess, average=average, zero_division=0))
    assert found["hamming_loss"] == pytest.approx(sk.hamming_loss(y, guess))
    assert found["exact_match"] == pytest.approx(sk.accuracy_score(y, guess))
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(y, p), rel=1e-6)
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(y, p), rel=1e-6)


def test_regression_metrics_are_those_of_scikit_learn_in_the_unit_of_the_target():
    task, scores, target = task_of("Regression"), scores_of("Regression"), target_of("Regression")
    found, guess, y = task.metrics(scores, target), scores[:, 0].numpy() * 4 + 50, target.numpy() * 4 + 50
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(y, guess), rel=1e-5)
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(y, guess), rel=1e-5)
    assert found["r2"] == pytest.approx(sk.r2_score(y, guess), abs=1e-6)
    assert task.truth(target) == pytest.approx(y.tolist(), rel=1e-5)
    assert task.decode(scores) == pytest.approx(guess.tolist(), rel=1e-5)


@pytest.mark.parametrize(
    "kind, part", [("Binary", torch.zeros(9)), ("Multiclass", torch.ones(9).long()), ("Multilabel", torch.ones(9, 3))]
)
def test_what_is_not_defined_is_none_and_nothing_fails(kind: str, part: Tensor):
    """Rows of one class alone: a curve needs two."""
    found = task_of(kind).metrics(scores_of(kind, rows=9), part)
    assert found["roc_auc"] is None
    assert found["average_precision"] is None
    assert all(value is None or math.isfinite(value) for value in found.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_trivial_scores_are_the_best_constant(kind: str):
    task, target = task_of(kind), target_of(kind)
    constant = task.trivial(target)
    assert constant.shape == (1, OUTPUTS[kind])
    loss = task.loss(constant.expand(B, -1), target)
    for step in 0.05 * torch.eye(OUTPUTS[kind]):
        assert loss < task.loss((constant + step).expand(B, -1), target)
        assert loss < task.loss((constant - step).expand(B, -1), target)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_another_shape_are_refused(kind: str):
    task, target = task_of(kind), target_of(kind)
    with pytest.raises(ValueError, match="the model gave scores of shape"):
        task.loss(torch.zeros(B, OUTPUTS[kind] + 1), target)
    with pytest.raises(ValueError, match="the model gave scores of shape"):
        task.loss(torch.zeros(B, 2, 2, OUTPUTS[kind]), target)


@pytest.mark.parametrize("kind", KINDS)
def test_target_tensors_have_the_form_of_the_design(kind: str):
    made = case(kind)
    target = made.preparation.target(made.table)
    shape = {"Multilabel": (240, 3)}.get(kind, (240,))
    assert target.shape == shape
    assert target.dtype == (torch.int64 if kind == "Multiclass" else torch.float32)
    assert made.task.num_outputs == OUTPUTS[kind]
    if kind == "Regression":
        train = target[torch.from_numpy(made.split["train"])]
        assert train.mean().item() == pytest.approx(0, abs=1e-5)
        assert train.std(correction=0).item() == pytest.approx(1, abs=1e-5)
        assert made.task.truth(target) == pytest.approx(made.table["target"].tolist(), rel=1e-5)
    elif kind != "Multilabel":
        assert made.task.truth(target) == made.table["target"].tolist()


def test_an_unknown_label_has_no_class():
    unknown = words(["no", "maybe", None])
    assert task_of("Binary").target([unknown]).isnan().tolist() == [False, True, True]
    assert task_of("Multiclass").target([words(["a", "d", None])]).tolist() == [0, -1, -1]
    tags = task_of("Multilabel").target([words(["y, x", "z", None])])
    assert tags[:2].tolist() == [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert tags[2].isnan().all()


def config_of(kind: str, balance: str, *targets: c.Column) -> Any:
    return SimpleNamespace(task=c.Task(name=kind, file="classify", balance=balance, label_smoothing=0.1), targets=list(targets))


def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    for kind, labels in ((Binary, ["a", "b"]), (Multiclass, ["a", "b", "c"])):
        cells = words([labels[i % len(labels)] for i in range(60)] + [labels[0]] * 140)
        train = np.arange(150)
        task = kind.fit([cells], train, config_of(kind.__name__, "weights"))
        found = np.array(cells[train].tolist())
        assert task.weights == pytest.approx(compute_class_weight("balanced", classes=np.array(labels), y=found).tolist())
        assert task.label_smoothing == 0.1


def test_multilabel_weights_are_negatives_per_positive():
    cells = [np.r_[np.ones(10), np.zeros(90)], np.r_[np.ones(50), np.zeros(50)]]
    columns = [c.Column(name=name, type="boolean", role="target") for name in "xy"]
    task = Multilabel.fit(cells, np.arange(100), config_of("Multilabel", "weights", *columns))
    assert task.labels == ["x", "y"]
    assert task.weights == pytest.approx([9.0, 1.0], rel=1e-4)


def test_labels_in_their_natural_order():
    assert sorted_labels(["10", "9", "-1"]) == ["-1", "9", "10"]
    assert sorted_labels(["b", "a", "10"]) == ["10", "a", "b"]


def test_huber_is_linear_far_away():
    task, target = Regression(0.0, 1.0, huber=True), torch.zeros(3)
    assert task.loss(torch.tensor([[0.5], [2.0], [-10.0]]), target).item() == pytest.approx((0.125 + 1.5 + 9.5) / 3)


@pytest.mark.parametrize("kind", KINDS)
def test_what_predictions_csv_says(kind: str):
    task, scores = task_of(kind), scores_of(kind, rows=2)
    columns = task.report_columns(scores)
    names = {
        "Binary": ["prediction", "probability_no", "probability_yes"],
        "Multiclass": ["prediction", "probability_a", "probability_b", "probability_c"],
        "Multilabel": ["prediction", *(f"{what}_{label}" for label in "xyz" for what in ("label", "probability"))],
        "Regression": ["prediction"],
    }[kind]
    assert list(columns) == names
    if kind == "Multilabel":
        assert columns["prediction"] == [",".join(labels) for labels in task.decode(scores)]
    else:
        assert columns["prediction"] == task.decode(scores)
    if kind in ("Binary", "Multiclass"):
        assert sum(values[0] for name, values in columns.items() if name != "prediction") == pytest.approx(1, abs=1e-6)
