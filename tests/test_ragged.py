"""Rows of tokens of different lengths: batches are padded, rows share their tokens, several columns are joined row by row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.evaluate import score
from plainloop.plain.ragged import Ragged

LISTS = [[5, 6, 7], [8], [9, 10], [11, 12, 13, 14]]
rows_of_tokens = st.lists(st.lists(st.integers(1, 99), max_size=6), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(rows=rows_of_tokens, data=st.data())
def test_a_batch_is_the_rows_padded_to_the_longest(rows: list[list[int]], data: st.DataObject):
    asked = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=9))
    batch = Ragged.of(rows).index_select(0, torch.tensor(asked))
    width = max(1, max(len(rows[row]) for row in asked))
    assert batch.dtype == torch.int64
    assert batch.tolist() == [rows[row] + [0] * (width - len(rows[row])) for row in asked]


def test_rows_and_cuts_share_the_tokens():
    whole = Ragged.of(LISTS)
    some = whole.rows(torch.tensor([3, 0, 3]))
    assert some.index_select(0, torch.arange(3)).tolist() == [[11, 12, 13, 14], [5, 6, 7, 0], [11, 12, 13, 14]]
    assert some.cut(2).index_select(0, torch.arange(3)).tolist() == [[11, 12], [5, 6], [11, 12]]
    assert some.tokens.data_ptr() == whole.tokens.data_ptr() == some.cut(2).tokens.data_ptr()
    assert len(some) == 3


def test_no_rows_and_mapped_tokens(tmp_path):
    np.arange(1, 9, dtype=np.int32).tofile(tmp_path / "tokens")
    mapped = torch.from_numpy(np.memmap(tmp_path / "tokens", np.int32, mode="c"))
    rows = Ragged(mapped, torch.tensor([6, 0]), torch.tensor([2, 3]))
    assert rows.index_select(0, torch.tensor([0, 1])).tolist() == [[7, 8, 0], [1, 2, 3]]
    assert rows.index_select(0, torch.tensor([], dtype=torch.int64)).shape == (0, 1)


@settings(max_examples=60, deadline=None)
@given(first=rows_of_tokens, second=rows_of_tokens)
def test_joined_rows_stand_one_behind_the_other(first: list[list[int]], second: list[list[int]]):
    count = min(len(first), len(second))
    parts = [Ragged.of(first[:count]), Ragged.of(second).rows(torch.arange(count))]
    joined = Ragged.join(parts, between=3)
    wanted = Ragged.of([[*a, 3, *b] for a, b in zip(first, second, strict=False)])
    assert torch.equal(joined.lengths, wanted.lengths)
    every = torch.arange(count)
    assert torch.equal(joined.index_select(0, every), wanted.index_select(0, every))


@settings(max_examples=100, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=400),
    size=st.integers(1, 40),
    epoch=st.integers(0, 3),
    data=st.data(),
)
def test_batches_of_like_length_hold_every_row_once(lengths: list[int], size: int, epoch: int, data: st.DataObject):
    plain = EpochBatches(len(lengths), size, seed=2)
    sampler = EpochBatches(len(lengths), size, seed=2, lengths=torch.tensor(lengths))
    sampler.epoch = epoch
    found = [rows.tolist() for rows in sampler]
    assert sorted(row for batch in found for row in batch) == list(range(len(lengths)))
    assert [len(batch) for batch in found] == [len(batch) for batch in plain], "as many batches of the same sizes in every epoch"
    sampler.start = data.draw(st.integers(0, len(found)))
    assert [rows.tolist() for rows in sampler] == found[sampler.start :]


def test_batches_of_like_length_differ_by_seed_and_epoch_and_leave_little_padding():
    lengths = torch.randint(1, 200, (3170,), generator=torch.Generator().manual_seed(0))

    def drawn(seed: int, epoch: int) -> list[torch.Tensor]:
        sampler = EpochBatches(len(lengths), 32, seed=seed, lengths=lengths)
        sampler.epoch = epoch
        return list(sampler)

    one = drawn(0, 0)
    assert [b.tolist() for b in one] == [b.tolist() for b in drawn(0, 0)]
    assert [b.tolist() for b in one] != [b.tolist() for b in drawn(0, 1)] != [b.tolist() for b in drawn(1, 1)]
    padded = sum(int(lengths[batch].max()) * len(batch) for batch in one)
    assert padded < 1.06 * int(lengths.sum())
    middles = torch.tensor([lengths[batch].double().mean() for batch in one])
    assert abs(float(torch.corrcoef(torch.stack([middles, torch.arange(len(one)).double()]))[0, 1])) < 0.3, (
        "in no order of length"
    )
    last = [float(lengths[drawn(0, epoch)[-1]].double().mean()) for epoch in range(40)]
    assert max(last) - min(last) > 100, "the small last batch has rows of any length"


def test_drawing_by_weight_goes_with_lengths():
    sampler = EpochBatches(100, 8, weights=torch.arange(100.0), lengths=torch.arange(100) % 7 + 1)
    drawn = torch.cat(list(sampler))
    assert len(drawn) == 100
    assert (drawn >= 50).sum() > 60


class Sum(torch.nn.Module):
    """The sum of a row's tokens, which no padding changes."""

    def __init__(self):
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        return inputs["text"].float().sum(1, keepdim=True) * self.one


class Plain:
    def predict(self, model, inputs):
        return model(inputs)


@pytest.mark.parametrize("workers", [0, 2])
def test_scores_come_back_in_the_order_of_the_rows(workers: int):
    rows = Rows({"text": Ragged.of(LISTS * 5)}, torch.zeros(20))
    assert rows.lengths is not None
    batches = loader(rows, EpochBatches(20, 3, shuffle=False, lengths=rows.lengths), workers)
    found = score(Sum(), Plain(), batches)
    assert found[:, 0].tolist() == [float(sum(row)) for row in LISTS * 5]
    widths = [inputs["text"].shape[1] for inputs, _ in batches]
    assert widths == sorted(widths)


def test_lengths_of_rows():
    assert Rows({"numbers": torch.zeros(4, 2)}, torch.zeros(4)).lengths is None
    both = Rows({"text": Ragged.of(LISTS), "numbers": torch.zeros(4, 2)}, torch.zeros(4))
    assert both.lengths is not None
    assert both.lengths.tolist() == [3, 1, 2, 4]
    inputs, target = both[torch.tensor([1, 2])]
    assert inputs["text"].tolist() == [[8, 0], [9, 10]]
    assert target.shape == (2,)
    assert both.to(torch.device("cpu")).lengths is not None
