"""Batches: their order is a function of (seed, epoch) alone, every row comes once, drawing by weight is seeded and resumable."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import WeightedRandomSampler

from plainloop.plain.batches import EpochBatches, Rows, class_weights, loader, mix


def batches_of(sampler: EpochBatches, epoch: int = 0, start: int = 0) -> list[list[int]]:
    sampler.epoch, sampler.start = epoch, start
    return [rows.tolist() for rows in sampler]


def test_the_order_is_a_function_of_seed_and_epoch():
    first, second, other = EpochBatches(100, 16, seed=7), EpochBatches(100, 16, seed=7), EpochBatches(100, 16, seed=8)
    batches_of(first, 3)  # what was drawn before does not matter
    assert batches_of(first, 5) == batches_of(second, 5)
    assert batches_of(first, 5) != batches_of(first, 6)
    assert batches_of(first, 5) != batches_of(other, 5)


def test_the_seeds_are_the_same_in_every_release():
    """Pinned: a run that is resumed by another version must see the same batches."""
    assert mix(0, 0, 0) == 8842057972845644313
    assert mix(1, 2, 3) == 2506722789241559300


def test_neighbouring_seeds_epochs_and_steps_give_different_seeds():
    values = [mix(seed, epoch, step) for seed in range(12) for epoch in range(12) for step in range(12)]
    assert len(set(values)) == 12**3
    assert all(0 <= value < 2**63 for value in values)


@settings(max_examples=150, deadline=None)
@given(rows=st.integers(1, 300), size=st.integers(1, 70), shuffle=st.booleans(), epoch=st.integers(0, 3), data=st.data())
def test_every_row_comes_once_and_no_batch_is_a_single_row_after_others(
    rows: int, size: int, shuffle: bool, epoch: int, data: st.DataObject
):
    sampler = EpochBatches(rows, size, seed=3, shuffle=shuffle)
    found = batches_of(sampler, epoch)
    assert sorted(row for batch in found for row in batch) == list(range(rows))
    assert len(found) == len(sampler)
    if size > 1:
        assert all(len(batch) > 1 for batch in found) or rows == 1
    assert all(len(batch) == size for batch in found[:-1])
    start = data.draw(st.integers(0, len(found)))
    assert batches_of(sampler, epoch, start) == found[start:]


def test_a_last_batch_of_one_joins_the_one_before():
    assert [len(batch) for batch in batches_of(EpochBatches(65, 32))] == [32, 33]
    assert [len(batch) for batch in batches_of(EpochBatches(66, 32))] == [32, 32, 2]
    assert [len(batch) for batch in batches_of(EpochBatches(1, 32))] == [1]
    assert [len(batch) for batch in batches_of(EpochBatches(3, 1))] == [1, 1, 1]


def test_in_order_means_in_order():
    assert batches_of(EpochBatches(7, 3, shuffle=False), epoch=4) == [[0, 1, 2], [3, 4, 5, 6]]


def test_weights_set_how_often_a_row_is_drawn():
    weights = torch.tensor([1.0, 0.0, 3.0, 6.0])
    drawn = torch.bincount(
        torch.tensor([row for e in range(4000) for row in batches_of(EpochBatches(4, 4, weights=weights), e)[0]])
    )
    assert (drawn / drawn.sum()).tolist() == pytest.approx([0.1, 0.0, 0.3, 0.6], abs=0.015)


def test_drawing_by_weight_is_that_of_torch():
    """The same frequencies as WeightedRandomSampler, within what chance allows."""
    weights = torch.rand(50, generator=torch.Generator().manual_seed(0)).double()
    theirs = WeightedRandomSampler(weights, 200_000, generator=torch.Generator().manual_seed(1))  # type: ignore[arg-type]
    expected = torch.bincount(torch.tensor(list(theirs)), minlength=50) / 200_000
    draws = torch.cat([torch.tensor(batches_of(EpochBatches(50, 50, seed=s, weights=weights))[0]) for s in range(4000)])
    assert torch.allclose(torch.bincount(draws, minlength=50) / 200_000, expected, atol=0.003)


def test_drawing_by_weight_is_seeded_and_resumable_from_any_step():
    sampler = EpochBatches(100, 8, seed=5, weights=torch.arange(100.0))
    whole = batches_of(sampler, epoch=2)
    for start in range(len(whole) + 1):
        assert batches_of(EpochBatches(100, 8, seed=5, weights=torch.arange(100.0)), 2, start) == whole[start:]
    assert batches_of(sampler, epoch=3) != whole
    assert batches_of(EpochBatches(100, 8, seed=6, weights=torch.arange(100.0)), 2) != whole


def test_class_weights_draw_every_class_equally_often():
    target = torch.tensor([0.0] * 90 + [1.0] * 10)
    weights = class_weights(target)
    assert weights[:90].sum().item() == pytest.approx(weights[90:].sum().item())
    labels = torch.tensor([[1.0, 0.0]] * 80 + [[1.0, 1.0]] * 5 + [[0.0, 0.0]] * 15)
    several = class_weights(labels)
    assert several[0].item() == pytest.approx(1 / 85)
    assert several[80].item() == pytest.approx(1 / 5), "the rarest label of a row counts"
    assert several[-1].item() == pytest.approx(1 / 15)


def test_the_share_of_a_batch_in_its_group():
    sampler = EpochBatches(100, 32)  # batches of 32, 32, 32, 4
    assert [sampler.share(step, 1) for step in range(4)] == [1.0] * 4
    assert [sampler.share(step, 2) for step in range(4)] == [0.5, 0.5, 32 / 36, 4 / 36]
    assert [sampler.share(step, 3) for step in range(4)] == pytest.approx([1 / 3] * 3 + [1.0])
    joined = EpochBatches(97, 32)  # 32, 32, 33
    assert [joined.share(step, 2) for step in range(3)] == [0.5, 0.5, 1.0]
    assert [joined.share(step, 8) for step in range(3)] == pytest.approx([32 / 97, 32 / 97, 33 / 97])


def test_rows_come_as_whole_batches_of_inputs_and_target():
    rows = Rows({"numbers": torch.arange(20.0).reshape(10, 2), "categories": torch.arange(10)[:, None]}, torch.arange(10.0))
    inputs, target = rows[torch.tensor([3, 1])]
    assert inputs["numbers"].tolist() == [[6.0, 7.0], [2.0, 3.0]]
    assert inputs["categories"].tolist() == [[3], [1]]
    assert target.tolist() == [3.0, 1.0]
    assert len(rows) == 10


@pytest.mark.parametrize("workers", [0, 1])
def test_the_loader_does_not_move_the_global_generator(workers: int):
    rows = Rows({"numbers": torch.arange(40.0)[:, None]}, torch.arange(40.0))
    batches = loader(rows, EpochBatches(40, 16, seed=1), workers)
    before = torch.get_rng_state()
    found = [target.tolist() for _, target in batches]
    assert torch.equal(torch.get_rng_state(), before)
    assert [[int(value) for value in batch] for batch in found] == batches_of(EpochBatches(40, 16, seed=1))
