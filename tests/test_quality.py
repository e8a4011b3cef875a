"""Checks across rows, splits and columns: copies, conflicts, leaks, groups, imbalance."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from plainloop.plain.readers import tables
from plainloop.problems import Notice
from plainloop.understand.infer import infer
from plainloop.understand.probe import probe
from plainloop.understand.quality import check
from plainloop.understand.quality_problems import CopyOfTarget

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[1] / "../shared/data")) / "table"
ROWS = 400
RANDOM = np.random.default_rng(0)


def notices(columns: dict[str, list], target: str = "y", allow_leak: bool = False) -> dict[str, Notice]:
    """The notices by name; the first 60 % of the rows train, the next 20 % validate."""
    frame = pl.DataFrame({name: [None if cell is None else str(cell) for cell in cells] for name, cells in columns.items()})
    rows = np.arange(len(frame))
    parts = dict(zip(("train", "validation", "test"), np.split(rows, [len(frame) * 3 // 5, len(frame) * 4 // 5]), strict=True))
    found = check(frame, infer(frame, None, [target]), parts, allow_leak=allow_leak)
    return {type(notice).__name__: notice for notice in found}


def noise(rows: int = ROWS) -> list[float]:
    return RANDOM.normal(size=rows).round(6).tolist()


def coin(rows: int = ROWS) -> list[str]:
    return RANDOM.choice(["a", "b"], rows).tolist()


def test_clean_data_gives_nothing() -> None:
    assert notices({"x": noise(), "z": noise(), "y": coin()}) == {}
    assert notices({"x": noise(), "z": noise(), "y": noise()}) == {}


def test_copies_across_the_split() -> None:
    x, z, y = noise(), noise(), coin()
    for row in range(10):
        x[390 + row], z[390 + row] = x[row], z[row]
    y[390:400] = y[:10]
    found = notices({"x": x, "z": z, "y": y})["CopiesAcrossSplit"]
    assert "10 of 80 test rows (12.5 %)" in found.what
    assert "10 of them with the same target; for example row 1 and row 391" in found.what


def test_nearly_copies() -> None:
    x, z, y = [value + 10 for value in noise()], noise(), coin()
    for row in range(10):
        x[390 + row], z[390 + row] = round(x[row], 5) + 1e-6, z[row]
    assert "of 80 test rows, but for case" in notices({"x": x, "z": z, "y": y})["CopiesAcrossSplit"].what


def test_conflicting_labels_bound_the_accuracy() -> None:
    y = ["a", "b"] * 10 + coin(380)
    found = notices({"x": [1] * 20 + noise(380), "z": [2] * 20 + noise(380), "y": y})["ConflictingLabels"]
    assert "20 of 400 rows" in found.what
    assert "97.50 %" in found.what


def test_a_copy_of_the_target_is_refused() -> None:
    y = coin()
    with pytest.raises(CopyOfTarget, match='Column "again" equals the target'):
        notices({"x": noise(), "again": y, "y": y})
    assert "CopyOfTarget" not in notices({"x": noise(), "again": y, "y": y}, allow_leak=True)


def test_a_column_that_gives_the_class_away() -> None:
    y = coin()
    code = [{"a": "u", "b": "v"}[label] for label in y]
    assert 'Column "code" alone' in notices({"x": noise(), "code": code, "y": y})["LeakingColumn"].what
    score = [(label == "a") + value / 10 for label, value in zip(y, noise(), strict=True)]
    assert 'Column "score" alone' in notices({"x": noise(), "score": score, "y": y})["LeakingColumn"].what


def test_a_column_that_gives_the_number_away() -> None:
    y = noise(4000)
    found = notices({"x": noise(4000), "twin": [value**3 for value in y], "y": y})["LeakingColumn"]
    assert "of its variance" in found.what


def test_a_rare_class_is_not_a_leak() -> None:
    found = notices({"x": noise(4000), "w": RANDOM.choice(["p", "q"], 4000).tolist(), "y": ["a"] * 20 + ["b"] * 3980})
    assert set(found) == {"RareClass"}
    assert "99.5 % of the rows" in found["RareClass"].what


def test_a_sum_that_is_the_target() -> None:
    a, b, c = noise(), noise(), noise()
    y = [round(2 * p + q, 4) for p, q in zip(a, b, strict=True)]
    found = notices({"a": a, "c": c, "b": b, "y": y})["LeakingSum"]
    assert "2 a + 1 b (" in found.what
    assert "--ignore a,b" in found.fix


def test_groups_in_train_and_test() -> None:
    found = notices({"patient_id": RANDOM.integers(100, 150, ROWS).tolist(), "x": noise(), "y": coin()})["GroupsAcrossSplit"]
    assert "--group patient_id" in found.fix


def test_a_long_tail() -> None:
    found = notices({"x": noise(), "y": [*noise(399), 500.0]})["SkewedTarget"]
    assert "--set task.loss=huber" in found.fix


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="PLAINLOOP_DATA is not there")
def test_the_sum_in_video_game_sales() -> None:
    source, _ = probe(DATA / "video_games_sales/Video_Games_Sales.csv")
    frame, _ = tables.read_text(source)
    rows = np.random.default_rng(0).permutation(len(frame))
    parts = {"train": rows[:12000], "validation": rows[12000:14000], "test": rows[14000:]}
    found = {type(notice).__name__: notice for notice in check(frame, infer(frame, source, ["Global_Sales"]), parts, source)}
    assert "--ignore NA_Sales,EU_Sales,JP_Sales,Other_Sales" in found["LeakingSum"].fix
