"""Bootstrap intervals: formulas equal to scikit-learn on explicit resamples, coverage, undefined metrics."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from outcomes import finished
from plainloop.judge import intervals as module
from plainloop.judge.intervals import intervals, weights
from plainloop.judge.scored import score, scored_rows
from plainloop.plain.tasks.classify import Binary
from plainloop.plain.tasks.regress import Regression

KINDS = ["Binary", "Multiclass", "Multilabel", "Regression"]


def test_the_weights_are_the_counts_of_a_seeded_draw():
    first, again = (np.concatenate(list(weights(300, 50, seed=3))) for _ in range(2))
    assert first.shape == (50, 300)
    assert (first.sum(axis=1) == 300).all()
    assert np.array_equal(first, again)
    assert not np.array_equal(first, np.concatenate(list(weights(300, 50, seed=4))))
    assert first.var() == pytest.approx(1.0, rel=0.05)  # multinomial counts have variance 1 - 1/n


@pytest.mark.parametrize("kind", KINDS)
def test_the_formulas_equal_scikit_learn_on_explicit_resamples(kind):
    run = finished(kind, rows=400)
    task, scores, target = run.preparation.task, run.scores["test"], run.targets["test"]
    scores = (scores * 2).round() / 2  # ties in the ranking
    scored = score(task, scores, target)
    forms = {**module._sums(scored), **module.ranking(scored)}
    drawn = np.concatenate(list(weights(len(target), 4, seed=1)))
    compared = set()
    for line in drawn:
        rows = torch.from_numpy(np.repeat(np.arange(len(target)), line.astype(int)))
        for name, value in task.metrics(scores[rows], target[rows]).items():
            if name in forms:
                assert forms[name](line[None])[0] == pytest.approx(value, rel=1e-4, abs=1e-5), name
                compared.add(name)
    assert set(task.metrics(scores, target)) - compared <= {"median_absolute_error"}


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_those_of_the_task_and_lie_within_their_ends(kind):
    run = finished(kind, rows=400)
    task, scores, target = run.preparation.task, run.scores["test"], run.targets["test"]
    found = intervals(task, scores, target)
    assert {name: entry["value"] for name, entry in found.items()} == task.metrics(scores, target)
    for name, entry in found.items():
        assert entry["low"] < entry["value"] < entry["high"], name
    assert found == intervals(task, scores, target)


def test_the_interval_covers_the_truth_about_95_times_in_100():
    rng, task, covered = np.random.default_rng(0), Binary(["no", "yes"]), np.zeros(2)
    sample = _simulated(rng, 200_000)
    wanted = [sk.accuracy_score(sample[1], sample[0] > 0), sk.roc_auc_score(sample[1], sample[0])]
    for _ in range(200):
        logits, truth = _simulated(rng, 250)
        found = intervals(task, torch.from_numpy(logits[:, None]).float(), torch.from_numpy(truth).float(), resamples=300)
        covered += [
            found[name]["low"] <= value <= found[name]["high"]
            for name, value in zip(("accuracy", "roc_auc"), wanted, strict=True)
        ]
    assert (covered / 200 > 0.90).all(), covered / 200
    assert (covered / 200 < 0.99).all(), covered / 200


def _simulated(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    truth = (rng.random(rows) < 0.4).astype(np.float64)
    return rng.normal(size=rows) + 1.6 * truth - 0.8, truth


def test_what_is_undefined_is_none():
    task = Binary(["no", "yes"])
    found = intervals(task, torch.tensor([[1.0], [2.0], [0.5]]), torch.ones(3))
    assert found["roc_auc"] == {"value": None, "low": None, "high": None}
    alone = intervals(Regression(0.0, 1.0), torch.tensor([[1.0]]), torch.tensor([2.0]))
    assert alone["rmse"] == {"value": 1.0, "low": None, "high": None}


def test_members_of_an_ensemble_are_averaged():
    task = Binary(["no", "yes"])
    scores, target = torch.randn(50, 4, 1, generator=torch.Generator().manual_seed(0)), (torch.arange(50) % 2).float()
    assert np.allclose(
        scored_rows(task, task.probabilities(scores).numpy(), target).probabilities, scores[..., 0].sigmoid().mean(1)
    )
    assert intervals(task, scores, target)["accuracy"]["value"] == task.metrics(scores, target)["accuracy"]


def test_no_error_in_few_rows_does_not_mean_that_there_are_none():
    """52 of 52 right: the share may well be 93%, as statsmodels' proportion_confint(52, 52, method="wilson") has it."""
    task, target = Binary(["no", "yes"]), (torch.arange(52) % 2).float()
    found = intervals(task, (target * 20 - 10)[:, None], target)
    assert found["accuracy"] == {"value": 1.0, "low": pytest.approx(0.9312, abs=1e-4), "high": 1.0}
    assert found["recall"]["low"] == pytest.approx(0.8713, abs=1e-4)
    assert found["f1_macro"] == {"value": 1.0, "low": None, "high": None}
