"""Preparation: fitted on train rows only, the same after its state went through JSON, ready for rows it has not seen."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from outcomes import words
from plainloop.plain import config as c
from plainloop.plain.prepare import Preparation
from plainloop.plain.table import Table, Words
from small import INPUTS, KINDS, Case, case


def encoded(preparation: Preparation, table: Table) -> dict[str, torch.Tensor]:
    return {**preparation.inputs(table), "target": preparation.target(table)}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def poisoned(made: Case) -> Table:
    """The table with nonsense in every input cell that is not a train cell, and in the validation and test numbers to predict."""
    others = np.setdiff1d(np.arange(len(made.table)), made.split["train"])
    cells: dict[str, Any] = {}
    for column in made.config.columns:
        values = made.table[column.name]
        if column.role == "target" and column.type != "number":
            cells[column.name] = values  # labels are those of all labelled rows
        elif isinstance(values, Words):
            lists = values.tolist()
            for i, row in enumerate(others):
                lists[row] = f"poison{i % 5}"
            cells[column.name] = words(lists)
        else:
            cells[column.name] = values.copy()
            cells[column.name][others] = np.where(np.arange(len(others)) % 2, 1e12, -1e12)
            if column.role == "input" and column.type != "boolean":
                cells[column.name][others[:9]] = np.nan
    return Table(cells, made.table.parts)


@pytest.mark.parametrize("kind", KINDS)
def test_poisoned_validation_and_test_rows_change_nothing(kind: str):
    made = case(kind, balance="weights" if kind != "Regression" else "none")
    table = poisoned(made)
    again = Preparation.fit(made.config, table, made.split)
    assert again.state() == made.preparation.state()
    train = made.split["train"]
    assert same(encoded(again, table.rows(train)), encoded(made.preparation, made.table.rows(train)))


@pytest.mark.parametrize("kind", KINDS)
def test_state_goes_through_json_and_back(kind: str):
    made = case(kind, balance="weights" if kind != "Regression" else "none", label_smoothing=0.0)
    state = json.loads(json.dumps(made.preparation.state(), allow_nan=False))
    again = Preparation.from_state(made.config, state)
    assert again.state() == made.preparation.state()
    assert again.shapes == made.preparation.shapes
    assert same(encoded(again, made.table), encoded(made.preparation, made.table))
    scores = torch.randn(len(made.table), made.task.num_outputs, generator=torch.Generator().manual_seed(0))
    target = made.preparation.target(made.table)
    assert again.task.loss(scores, target) == made.task.loss(scores, target)
    assert again.task.decode(scores) == made.task.decode(scores)


def test_shapes_tell_what_the_inputs_are():
    made = case()
    inputs, shapes = made.preparation.inputs(made.table), made.preparation.shapes
    assert inputs["numbers"].shape == (240, shapes["numbers"])
    assert inputs["categories"].shape == (240, len(shapes["categories"]))
    assert shapes["categories"] == [4 + 2]
    assert set(made.preparation.inputs(made.table.rows(np.arange(5)))) == {"numbers", "categories"}


@pytest.mark.parametrize("inputs, kinds", [(["a", "member", "when", "tags"], {"numbers"}), (["city"], {"categories"})])
def test_a_kind_without_columns_is_left_out(inputs: list[str], kinds: set[str]):
    made = case(inputs=inputs)
    assert set(made.preparation.inputs(made.table)) == kinds
    assert set(made.preparation.shapes) == kinds


def test_tags_without_a_label_in_the_train_rows_are_no_input():
    made = case(inputs=["city", "tags"])
    cells = {**made.table.columns, "tags": words([None] * 240)}
    again = Preparation.fit(made.config, Table(cells, made.table.parts), made.split)
    assert set(again.shapes) == set(again.inputs(Table(cells, made.table.parts))) == {"categories"}


@pytest.mark.parametrize("name", INPUTS)
def test_unseen_and_missing_cells_at_predict_time(name: str):
    """A column of nothing but missing cells, and one of nothing but unseen words, can be encoded."""
    made = case(inputs=["a", name] if name != "a" else ["a"])
    values = made.table[name]
    strange: list[Any] = [words([None] * 6), words(["never", "seen"] * 3)] if isinstance(values, Words) else [np.full(6, np.nan)]
    for cells in strange:
        table = Table({"a": np.zeros(6), name: cells}, {"data": range(6)})
        inputs = made.preparation.inputs(table)
        assert all(torch.isfinite(values).all() for values in inputs.values())
        assert {kind: values.shape[1] for kind, values in inputs.items()} == {
            kind: size if kind == "numbers" else len(size) for kind, size in made.preparation.shapes.items()
        }


def test_the_target_is_not_needed_to_encode():
    made = case()
    without = Table({name: made.table[name] for name in INPUTS}, made.table.parts)
    assert same(made.preparation.inputs(without), made.preparation.inputs(made.table))


def test_labels_are_those_of_all_labelled_rows_and_weights_those_of_the_train_rows():
    target = words(["a"] * 60 + ["b"] * 20 + ["only in test"] * 2)
    config = case("Multiclass", balance="weights").config
    table = Table({**case(rows=82).table.columns, "target": target}, {"data": range(82)})
    split = {"train": np.arange(60 + 15), "validation": np.arange(75, 80), "test": np.arange(80, 82)}
    task = Preparation.fit(config, table, split).task
    assert task.labels == ["a", "b", "only in test"]
    assert task.weights == pytest.approx([75 / (3 * 60), 75 / (3 * 15), 1.0])


def test_columns_are_encoded_in_the_order_of_the_config():
    made = case(inputs=["a", "b"])
    turned = replace(made.config, columns=(made.config.columns[1], made.config.columns[0], *made.config.columns[2:]))
    again = Preparation.fit(turned, made.table, made.split)
    assert torch.equal(again.inputs(made.table)["numbers"], made.preparation.inputs(made.table)["numbers"].flip(1))
    assert isinstance(turned, c.Config)
