"""The splits of a backtest with a rolling origin: test stretches that follow one another, and nothing later is learned from."""

from __future__ import annotations

import pytest

from plainloop.plain.split_steps import rolling


@pytest.mark.parametrize(("steps", "horizon", "folds"), [(144, 12, 3), (3650, 30, 5), (200, 24, 2)])
def test_each_fold_is_tested_on_what_comes_after_the_last_one(steps: int, horizon: int, folds: int):
    parts = [rolling(steps, horizon, {"validation": 0.15, "test": 0.15}, folds, fold) for fold in range(folds)]
    starts = [train + validation for train, validation, _ in parts]
    tests = [test for *_, test in parts]
    assert [start + test for start, test in zip(starts, tests, strict=True)] == [*starts[1:], steps]
    assert all(train > 0 and validation >= horizon and test >= horizon for train, validation, test in parts)
