"""Permutation importance: the right columns first, the same as shuffling cells, within its budget."""

import numpy as np
import pytest
import torch

from outcomes import finished
from plainloop.judge.importance import _affordable, importance
from plainloop.judge.scored import score


@pytest.mark.parametrize("kind", ["Binary", "Multiclass", "Multilabel", "Regression"])
def test_the_columns_that_made_the_target_come_first(kind):
    found = importance(finished(kind, rows=1000))
    assert set(found.columns) == {"a", "b", "gaps", "city", "when", "member", "tags"}
    assert set(found.columns[:2]) == {"a", "city"}
    assert found.rise[0] > 10 * abs(found.rise[-1])
    assert found.rise == sorted(found.rise, reverse=True)
    assert found.measure == ("mean absolute error" if kind == "Regression" else "log loss")


def test_shuffling_slots_equals_shuffling_cells_and_encoding_again():
    run = finished("Regression")
    rows = run.split["validation"]
    found = importance(run, repeats=1)
    rng = np.random.default_rng(0)
    rng.permutation(len(rows))  # the draw of the rows
    for name in run.preparation.columns:
        table = run.table.rows(rows)
        table.columns[name] = table[name][rng.permutation(len(rows))]
        with torch.no_grad():
            scores = run.model(run.preparation.inputs(table))
        loss = score(run.preparation.task, scores, run.targets["validation"]).losses.mean()
        assert loss - found.baseline == pytest.approx(found.rise[found.columns.index(name)], abs=1e-3), name


def test_it_is_seeded_and_never_reads_test_rows():
    run = finished("Binary")
    first = importance(run)
    run.scores.pop("test")
    run.targets.pop("test")
    run.split["test"] = np.zeros(0, np.int64)
    assert importance(run) == first
    assert importance(run, seed=1) != first


def test_a_dear_model_gets_fewer_repeats_and_rows():
    class Dear(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(2, 100_000)

        def forward(self, inputs):
            return self.layer(inputs["numbers"]).mean(1, keepdim=True)

    inputs = {"numbers": torch.zeros(2000, 2)}
    rows, repeats = _affordable(Dear(), inputs, columns=500, rows=2000, repeats=3)
    assert (rows, repeats) == (100, 1)
    assert _affordable(torch.nn.Identity(), {"numbers": torch.zeros(2000, 2)}, columns=2, rows=2000, repeats=3) == (2000, 3)


def test_too_few_validation_rows_give_none():
    run = finished("Binary")
    run.split["validation"] = run.split["validation"][:5]
    assert importance(run) is None
