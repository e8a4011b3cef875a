"""Which rows train: shares, classes, groups, times, own files; no row twice, none lost, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import words
from plainloop.plain.config import Split
from plainloop.plain.split import NoRowsLeft, split_rows
from plainloop.plain.table import Table

PARTS = ("train", "validation", "test")


def divide(
    cells: dict[str, Any], kind: str = "random", *, parts: dict[str, range] | None = None, **options: Any
) -> dict[str, Any]:
    rows = len(cells["target"])
    table = Table(cells, parts or {"data": range(rows)})
    return split_rows(table, Split(kind=kind, **options), [cells["target"]])


def labels(counts: dict[str, int], seed: int = 0) -> Any:
    found = [label for label, count in counts.items() for _ in range(count)]
    return words(np.random.default_rng(seed).permutation(found).tolist())


def whole(split: dict[str, np.ndarray]) -> list[int]:
    """All row numbers; the test that none is twice is that this list is as expected."""
    return sorted(np.concatenate([split[part] for part in PARTS]).tolist())


@pytest.mark.parametrize("kind", ["random", "stratified"])
def test_shares_are_kept_and_no_row_is_lost_or_twice(kind: str):
    split = divide({"target": labels({"a": 600, "b": 300, "c": 100})}, kind, validation=0.2, test=0.1)
    assert whole(split) == list(range(1000))
    assert len(split["test"]) == pytest.approx(100, abs=3)
    assert len(split["validation"]) == pytest.approx(200, abs=3)
    assert all((np.diff(split[part]) > 0).all() and split[part].dtype == np.int64 for part in PARTS)


def test_a_seed_gives_one_split_and_another_seed_another():
    cells = {"target": labels({"a": 60, "b": 40}), "group": labels({f"g{i}": 5 for i in range(20)}, seed=1)}
    for kind, by in (("random", ""), ("stratified", ""), ("grouped", "group")):
        first, again, other = (divide(cells, kind, by=by, seed=seed) for seed in (1, 1, 2))
        assert all(np.array_equal(first[part], again[part]) for part in PARTS), kind
        assert not np.array_equal(first["test"], other["test"]), kind


def test_stratified_keeps_the_share_of_each_class():
    target = labels({"rare": 20, "usual": 480})
    split = divide({"target": target}, "stratified", validation=0.2, test=0.2)
    for part in PARTS:
        share = np.mean([word == "rare" for word in target[split[part]].tolist()])
        assert share == pytest.approx(0.04, abs=0.01), part


def test_the_last_row_of_a_class_trains():
    target = labels({"a": 100, "b": 1, "c": 2})
    for seed in range(10):
        split = divide({"target": target}, "stratified", seed=seed)
        assert set(target[split["train"]].tolist()) == {"a", "b", "c"}


def test_rare_classes_leave_the_parts_their_size():
    target = labels({f"word{i}": 2 for i in range(300)})  # rounding 0.3 of a row down each time would leave nothing
    sizes = [len(divide({"target": target}, "stratified", validation=0.15, test=0.15, seed=seed)["test"]) for seed in range(5)]
    assert np.mean(sizes) == pytest.approx(90, abs=20)


def test_classes_too_small_for_their_share_still_leave_a_validation_row():
    target = labels({f"word{i}": 1 for i in range(20)} | {"three": 3})
    for seed in range(20):
        split = divide({"target": target}, "stratified", validation=0.1, test=0.1, seed=seed)
        assert len(split["validation"]) >= 1
        assert whole(split) == list(range(23))


def test_a_number_target_is_stratified_by_its_size():
    target = np.random.default_rng(0).lognormal(size=1000)
    split = divide({"target": target}, "stratified", validation=0.2, test=0.2)
    assert len(split["test"]) == pytest.approx(200, abs=6)
    tenths = np.quantile(target, [0.1, 0.5, 0.9])
    assert np.quantile(target[split["test"]], [0.1, 0.5, 0.9]) == pytest.approx(tenths, rel=0.1)


def test_groups_stay_together():
    groups = labels({f"g{i}": 1 + i % 7 for i in range(60)})
    split = divide({"target": labels({"a": 234}), "group": groups}, "grouped", by="group")
    found = [set(groups[split[part]].tolist()) for part in PARTS]
    assert len(found[0]) + len(found[1]) + len(found[2]) == 60, "a group is in two parts"
    assert whole(split) == list(range(234))
    assert len(split["test"]) == pytest.approx(35, abs=7)


def test_number_groups_and_missing_groups_are_groups_too():
    groups = np.repeat([1.0, 2.0, 3.0, np.nan], 25)
    split = divide({"target": labels({"a": 100}), "group": groups}, "grouped", by="group", validation=0.25, test=0.25)
    assert all(len(set(np.nan_to_num(groups[split[part]], nan=-1))) * 25 == len(split[part]) for part in PARTS)


def test_a_group_larger_than_a_part_trains():
    groups = words(["big"] * 90 + ["x"] * 5 + ["y"] * 5)
    for seed in range(10):
        split = divide({"target": labels({"a": 100}), "group": groups}, "grouped", by="group", seed=seed)
        assert [len(split[part]) for part in PARTS] == [90, 5, 5]


def test_the_latest_rows_are_the_test_rows():
    times = np.random.default_rng(0).permutation(100).astype(float)
    split = divide({"target": labels({"a": 100}), "time": times}, "time", by="time", validation=0.2, test=0.1)
    assert sorted(times[split["test"]]) == list(range(90, 100))
    assert sorted(times[split["validation"]]) == list(range(70, 90))


def test_equal_times_stay_together_and_a_missing_time_trains():
    times = np.repeat(np.arange(20.0), 5)
    times[:3] = np.nan
    split = divide({"target": labels({"a": 100}), "time": times}, "time", by="time", validation=0.17, test=0.17)
    assert times[split["test"]].min() > times[split["validation"]].max()
    assert times[split["validation"]].min() > np.nanmax(times[split["train"]])
    assert {0, 1, 2} <= set(split["train"].tolist())


def test_own_files_are_taken_as_they_are():
    parts = {"data": range(80), "validation": range(80, 90), "test": range(90, 100)}
    split = divide({"target": labels({"a": 50, "b": 50})}, "stratified", parts=parts)
    assert [split[part].tolist() for part in PARTS] == [list(range(80)), list(range(80, 90)), list(range(90, 100))]


def test_one_own_file_leaves_the_other_part_to_be_drawn():
    parts = {"data": range(80), "test": range(80, 100)}
    split = divide({"target": labels({"a": 50, "b": 50})}, "random", parts=parts, validation=0.25)
    assert split["test"].tolist() == list(range(80, 100))
    assert len(split["validation"]) == 20
    assert whole(split) == list(range(100))


def test_rows_without_a_target_are_nowhere():
    target = words([None if i % 4 == 0 else "a" for i in range(100)])
    split = divide({"target": target}, "stratified", parts={"data": range(90), "test": range(90, 100)})
    assert whole(split) == [i for i in range(100) if i % 4]


@pytest.mark.parametrize(
    "kind, options",
    [
        ("random", {"validation": 0.6, "test": 0.6}),
        ("random", {"validation": 0.0}),
        ("stratified", {"validation": 0.9, "test": 0.9}),
        ("grouped", {"by": "pair"}),
        ("time", {"by": "same"}),
    ],
)
def test_a_split_that_leaves_no_rows_is_refused(kind: str, options: dict[str, Any]):
    cells = {"target": labels({"a": 50, "b": 50}), "pair": words(["x", "y"] * 50), "same": np.zeros(100)}
    with pytest.raises(NoRowsLeft, match="leaves no"):
        divide(cells, kind, **options)


@settings(max_examples=150, deadline=None)
@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    kind=st.sampled_from(["random", "stratified", "grouped", "time"]),
    validation=st.floats(0.01, 0.5),
    test=st.sampled_from([0.0, 0.05, 0.2, 0.4]),
    seed=st.integers(0, 10),
)
def test_every_row_is_in_exactly_one_part(counts: list[int], kind: str, validation: float, test: float, seed: int):
    target = labels({f"label{i}": count for i, count in enumerate(counts)})
    rows = len(target)
    cells = {"target": target, "group": target, "time": np.arange(rows) // 3.0}
    try:
        split = divide(
            cells, kind, by={"grouped": "group", "time": "time"}.get(kind, ""), validation=validation, test=test, seed=seed
        )
    except NoRowsLeft:
        assert rows < 8 or (kind == "grouped" and len(counts) < 3) or (kind == "stratified" and max(counts) < 3)
        return
    assert whole(split) == list(range(rows))
    assert (len(split["test"]) > 0) == (test > 0) or rows < 8
    assert len(split["validation"]) > 0
