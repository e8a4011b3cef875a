"""Batches cut by tokens: every row once, as many batches in every epoch, gradients that add up to the mean over tokens."""

from __future__ import annotations

from importlib import import_module

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from plainloop.plain.batches import NOISE, EpochBatches, Rows, loader
from plainloop.plain.ragged import Ragged


def lengths_of(rows: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    source = torch.randint(1, 30, (rows,), generator=draw)
    return source, (source + torch.randint(-3, 9, (rows,), generator=draw)).clamp_min(1)


def padded(rows: torch.Tensor, *lengths: torch.Tensor) -> int:
    return len(rows) * sum(int(one[rows].max()) for one in lengths)


@settings(max_examples=80, deadline=None)
@given(rows=st.integers(1, 200), tokens=st.integers(1, 900), epoch=st.integers(0, 3), seed=st.integers(0, 5))
def test_every_row_comes_once_and_batches_stay_as_many(rows: int, tokens: int, epoch: int, seed: int):
    source, target = lengths_of(rows, seed)
    sampler = EpochBatches(rows, 8, seed=seed, lengths=source, target_lengths=target, tokens=tokens)
    counts = []
    for number in (0, epoch):
        sampler.epoch = number
        found = list(sampler)
        counts.append(len(found))
        assert sorted(torch.cat(found).tolist()) == list(range(rows))
        for batch in found:
            slack = len(batch) * int(NOISE)
            assert len(batch) == 1 or padded(batch, source, target) <= tokens + slack
    assert counts == [len(sampler)] * 2


def test_the_order_is_a_function_of_seed_and_epoch_and_goes_on_where_it_stopped():
    source, target = lengths_of(300)
    made = [EpochBatches(300, 8, seed=4, lengths=source, target_lengths=target, tokens=400) for _ in range(2)]
    made[0].epoch = 3
    list(made[0])
    for one in made:
        one.epoch, one.start = 5, 0
    first, second = (list(one) for one in made)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    made[0].start = 7
    assert all(torch.equal(a, b) for a, b in zip(list(made[0]), first[7:], strict=True))
    made[0].epoch, made[0].start = 6, 0
    assert not all(torch.equal(a, b) for a, b in zip(list(made[0]), first, strict=False))


def test_little_is_padding_and_batches_have_other_rows_each_epoch():
    source, target = lengths_of(3000)
    sampler = EpochBatches(3000, 8, lengths=source, target_lengths=target, tokens=1500)
    batches = list(sampler)
    real = int(source.sum() + target.sum())
    assert real / sum(padded(batch, source, target) for batch in batches) > 0.85
    sampler.epoch = 1
    before, after = ({frozenset(batch.tolist()) for batch in found} for found in (batches, list(sampler)))
    assert len(before & after) < 0.2 * len(before)


@pytest.mark.parametrize("tokens", [0, 120])
@pytest.mark.parametrize("accumulate", [1, 3, 100])
def test_shares_are_of_tokens_and_add_up(tokens: int, accumulate: int):
    source, target = lengths_of(90)
    sampler = EpochBatches(90, 8, lengths=source, target_lengths=target, tokens=tokens)
    sampler.epoch = 2
    batches = list(sampler)
    for first in range(0, len(batches), accumulate):
        group = batches[first : first + accumulate]
        shares = [sampler.share(first + place, accumulate) for place in range(len(group))]
        if accumulate > 1:
            counts = [int(target[rows].sum()) for rows in group]
            assert shares == pytest.approx([count / sum(counts) for count in counts])


def test_accumulated_gradients_are_those_of_one_batch():
    draw = torch.Generator().manual_seed(0)
    source, target = lengths_of(24)
    tokens = [Ragged.of([torch.randint(4, 20, (int(n),), generator=draw).tolist() for n in one]) for one in (source, target)]
    rows = Rows({"text": tokens[0]}, tokens[1], start=2)
    torch.manual_seed(0)
    shapes = {"text": {"vocabulary": 20}, "target": {"shared": True}}
    model = import_module("plainloop.plain.models.sequence_rnn").Model(shapes, 20, width=12, dropout=0.0).double()

    def gradients(sampler: EpochBatches, accumulate: int) -> list[torch.Tensor]:
        model.zero_grad()
        for step, (inputs, wanted) in enumerate(loader(rows, sampler)):
            scores = model(inputs)
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten(), ignore_index=0)
            (loss * sampler.share(step, accumulate)).backward()
        return [parameter.grad.clone() for parameter in model.parameters()]

    small = EpochBatches(24, 24, lengths=source, target_lengths=target, tokens=100)
    assert len(small) > 4
    one = gradients(EpochBatches(24, 24, lengths=source, target_lengths=target), 1)
    assert all(torch.allclose(a, b, atol=1e-9) for a, b in zip(gradients(small, 1000), one, strict=True))


def test_the_schedule_rises_and_falls_with_the_root():
    from plainloop.plain.config import Train
    from plainloop.plain.optimize import Schedule, build_optimizer

    settings = Train(schedule="inverse_sqrt", epochs=10, warmup=0.1, learning_rate=1e-3)
    optimizer = build_optimizer(nn.Linear(2, 2), settings)
    schedule = Schedule(optimizer, settings, 40)
    rates = []
    for _ in range(400):
        rates.append(schedule.rate)
        optimizer.step()
        schedule.after_step()
    assert max(rates) == pytest.approx(1e-3)
    assert rates.index(max(rates)) == 39
    assert rates[19] == pytest.approx(0.5e-3)
    assert rates[159] == pytest.approx(1e-3 * (40 / 160) ** 0.5)
    other = Schedule(build_optimizer(nn.Linear(2, 2), settings), settings, 40)
    other.restore(schedule.state())
    assert other.by_step.last_epoch == 400
