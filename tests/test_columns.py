"""Columns: a matrix over every class. Encode and decode, unseen and missing cells, state and back, extremes."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import words
from plainloop.plain.columns.tabular import Boolean, Category, Datetime, Number, Tags
from plainloop.plain.prepare import COLUMN_CLASSES, column_class
from plainloop.plain.table import split_tags

NAN = float("nan")
RNG = np.random.default_rng(0)
TIMES = 1.7e9 + RNG.integers(0, 10**8, 80).astype(float)
# name -> (type, train cells, other cells with unseen and missing ones, what decoding the other cells gives back)
MATRIX: dict[str, tuple[str, Any, Any, list[Any]]] = {
    "number": ("number", np.linspace(1, 9, 81), np.array([3.5, NAN, 9.25]), [3.5, 5.0, 9.25]),
    "number with gaps": ("number", np.r_[RNG.normal(5, 2, 80), NAN], np.array([3.5, NAN, 9.25]), [3.5, NAN, 9.25]),
    "number, mostly equal": ("number", np.r_[np.zeros(70), 1.0, 8.0, 2.0], np.array([0.0, 1.0, NAN]), [0.0, 1.0, 0.0]),
    "number, constant": ("number", np.full(40, 7.5), np.array([7.5, 8.0]), [7.5, 8.0]),
    "number, never there": ("number", np.full(40, NAN), np.array([NAN, 2.0]), [NAN, 2.0]),
    "boolean": ("boolean", RNG.integers(0, 2, 80).astype(float), np.array([1.0, 0.0, NAN]), [1.0, 0.0, NAN]),
    "boolean with gaps": ("boolean", np.r_[0.0, 1.0, NAN], np.array([1.0, 0.0, NAN]), [1.0, 0.0, NAN]),
    "category": ("category", words(["red", "blue", None] * 9), words(["blue", None, "violet"]), ["blue", None, None]),
    "category, each word once": ("category", words(["red", "blue"]), words(["blue", None]), [None, None]),
    "category, never there": ("category", words([None] * 5), words(["blue", None]), [None, None]),
    "datetime": ("datetime", TIMES, TIMES[:3], TIMES[:3].tolist()),
    "datetime with gaps": ("datetime", np.r_[TIMES, NAN], np.array([TIMES[0], NAN]), [TIMES[0], NAN]),
    "datetime within a day": ("datetime", np.arange(0.0, 80_000, 1000), np.array([5000.0]), [5000.0]),
    "tags": ("tags", words(["a;b", "b", None] * 5), words(["b; a", "b;c", None, ""]), [["a", "b"], ["b"], [], []]),
    "tags, never there": ("tags", words([None] * 5), words(["a", None]), [[], []]),
}


def fitted(name: str) -> tuple[Any, Any, Any, list[Any]]:
    kind, train, other, back = MATRIX[name]
    options = {"separator": ";"} if kind == "tags" else {}
    return column_class(kind).fit(train, **options), train, other, back


@pytest.mark.parametrize("name", MATRIX)
def test_encoded_as_the_model_wants_it(name: str):
    column, train, other, _ = fitted(name)
    for cells in (train, other):
        encoded = column.encode(cells)
        if column.kind == "numbers":
            assert encoded.dtype == torch.float32
            assert encoded.shape == (len(cells), column.slots)
            assert torch.isfinite(encoded).all()
            assert encoded.abs().max().item() <= 3 if encoded.numel() else True
        else:
            assert encoded.dtype == torch.int64
            assert encoded.shape == (len(cells), 1)
            assert encoded.min().item() >= 0
            assert encoded.max().item() < column.cardinality


@pytest.mark.parametrize("name", MATRIX)
def test_decode_gives_the_cells_back(name: str):
    column, _, other, back = fitted(name)
    decoded = column.decode(column.encode(other))
    if column.kind == "numbers" and not isinstance(column, Tags):
        assert decoded == pytest.approx(back, rel=1e-3, abs=1e-3, nan_ok=True)
    else:
        assert decoded == back


@pytest.mark.parametrize("name", MATRIX)
def test_state_goes_through_json_and_back(name: str):
    column, train, other, _ = fitted(name)
    again = type(column)(**json.loads(json.dumps(column.state(), allow_nan=False)))
    assert again == column
    for cells in (train, other):
        assert torch.equal(again.encode(cells), column.encode(cells))


def test_the_matrix_holds_every_column_type_of_tables():
    tabular = {kind for kind, (file, _) in COLUMN_CLASSES.items() if file == "tabular"}
    assert {kind for kind, *_ in MATRIX.values()} == tabular


def test_a_number_is_scaled_by_median_and_middle_half():
    values = RNG.normal(100, 15, 4001)
    column = Number.fit(values)
    assert column.center == pytest.approx(np.median(values))
    assert column.spread == pytest.approx(15, rel=0.1)
    encoded = column.encode(np.array([column.center, column.center + column.spread]))
    assert encoded[:, 0].tolist() == pytest.approx([0.0, 1 / math.sqrt(1 + 1 / 9)])


@pytest.mark.parametrize("values", [[1e308, -1e308, 0.0], [1e-320, 2e-320, 3e-320], [0.0, 1.0, 2.0], [5e-324, 1e308, 1.0]])
@pytest.mark.parametrize("asked", [1e200, -1e200, 1.7e308, -1.7e308, 5e-324, float("inf"), float("-inf")])
@pytest.mark.filterwarnings("error")
def test_extreme_numbers_stay_finite_and_keep_their_side(values: list[float], asked: float):
    column = Number.fit(np.array(values * 5))
    encoded = column.encode(np.array([asked]))
    assert torch.isfinite(encoded).all()
    if math.isfinite(asked) and abs(asked - column.center) > 10 * column.spread:
        assert encoded[0, 0].item() * math.copysign(1, asked) > 2.8, "an outlier must not become the median"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=50),
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=9),
)
def test_numbers_keep_their_order(train: list[float], asked: list[float]):
    encoded = Number.fit(np.array(train)).encode(np.array(sorted(asked)))[:, 0]
    assert (encoded.diff() >= 0).all()


def test_a_missing_number_has_a_slot_of_its_own_where_train_rows_miss_some():
    assert Number.fit(np.array([1.0, 2.0])).slots == 1
    column = Number.fit(np.array([1.0, 2.0, 3.0, NAN]))
    assert column.encode(np.array([NAN, 2.0])).tolist() == [[0.0, 1.0], [0.0, 0.0]]
    assert Boolean.fit(np.array([1.0, NAN])).encode(np.array([NAN])).tolist() == [[0.0, 1.0]]


def test_words_that_occur_once_teach_what_an_unseen_word_means():
    column = Category.fit(words(["a"] * 3 + ["b"] * 2 + ["once"]))
    assert column.words == ["a", "b"]
    assert column.encode(words(["a", "b", "once", "new", None])).flatten().tolist() == [2, 3, 0, 0, 1]


def test_only_the_most_frequent_words_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Category, "most", 2)
    assert Category.fit(words(["rare"] * 2 + ["x"] * 5 + ["y"] * 4)).words == ["x", "y"]
    monkeypatch.setattr(Tags, "most", 1)
    assert Tags.fit(words(["x", "x,y", "x"])).labels == ["x"]


def test_words_of_other_rows_do_not_change_a_category():
    """The list of words is that of the whole source; only the rows given count."""
    cells = words(["a", "a", "b", "b", "later", "later"])
    assert Category.fit(cells[np.arange(4)]).words == ["a", "b"]
    assert Tags.fit(cells[np.arange(4)]).labels == ["a", "b"]


def test_times_are_circles_where_they_turn():
    day, year = 86_400.0, 365.2425 * 86_400
    column = Datetime.fit(np.arange(0, 2 * year, 6 * 3600))
    assert column.parts == ["year", "week", "day"]
    first = column.encode(np.array([3 * day, 3 * day + 6 * 3600, 3 * day + year]))
    assert torch.allclose(first[0, 1:3], first[2, 1:3], atol=1e-4), "a year later the year's circle is where it was"
    assert first[0, -2:].tolist() == pytest.approx([0.0, 1.0], abs=1e-5)
    assert first[1, -2:].tolist() == pytest.approx([1.0, 0.0], abs=1e-5), "a quarter of the day later: a quarter turn"
    assert Datetime.fit(np.arange(100) * day).parts == ["year", "week"], "dates without hours have no circle of the day"
    assert Datetime.fit(np.array([0.0, 100.0])).parts == ["day"]


def test_a_missing_time_is_the_middle_of_every_circle():
    column = Datetime.fit(np.r_[TIMES, NAN])
    encoded = column.encode(np.array([NAN]))
    assert encoded[0, 0] == 0
    assert encoded[0, 1] == 1
    assert (encoded[0, 2:] == 0).all()


def test_tags_are_split_and_trimmed():
    assert split_tags(" a | b||c ", "|") == ["a", "b", "c"]
    assert split_tags("", ",") == []
    assert split_tags("['a', \"b\"]", ",") == ["a", "b"]
    assert split_tags("[]", ",") == []
    assert split_tags("[x], [y]", ",") == ["[x]", "[y]"]
    column = Tags.fit(words(["x,y", "y"]))
    assert column.encode(words(["y,y,x", "z", None])).tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
