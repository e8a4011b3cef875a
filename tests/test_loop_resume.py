"""Resuming the loop, within one process: whatever stops it, and with whatever settings, it ends as if it had not been stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from plainloop.plain.batches import class_weights
from plainloop.plain.checkpoint import Checkpoints
from plainloop.plain.config import Train
from plainloop.plain.faults import Stopped
from plainloop.plain.loop import Record, train
from plainloop.plain.models import table_mlp
from small import KINDS, Case, case, same_tensors

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")
SCHEDULES = ("constant", "step", "cosine", "one_cycle", "plateau")
SETTINGS = Train(epochs=3, batch_size=32, learning_rate=0.01, patience=0)


def net(made: Case, seed: int = 0, dropout: float = 0.1, **settings: Any) -> nn.Module:
    torch.manual_seed(seed)
    return table_mlp.Model(made.preparation.shapes, made.task.num_outputs, width=16, depth=1, dropout=dropout, **settings)


def begin(made: Case, model: nn.Module, settings: Train = SETTINGS, **more: Any) -> Iterator[Record]:
    batches = made.batches("train", settings.batch_size, weights=more.pop("weights", None))
    return train(model, made.task, batches, made.batches("validation", 50), settings, **more)


def history(records: list[Record]) -> list[dict[str, Any]]:
    return [{k: v for k, v in record.values.items() if k not in ("seconds", "rows_per_second")} for record in records]


class Stop:
    """Asks to stop after the given number of looks, as a signal does."""

    def __init__(self, after: int):
        self.left = after

    def __call__(self, step: int, steps: int) -> int:
        self.left -= 1
        return 15 if self.left == 0 else 0


@pytest.mark.parametrize("optimizer, schedule", [*product(OPTIMIZERS, SCHEDULES)])
def test_every_optimizer_and_schedule_runs_and_resumes_exactly(optimizer: str, schedule: str, tmp_path: Path):
    made = case("Multiclass", rows=170)
    settings = replace(SETTINGS, optimizer=optimizer, schedule=schedule, schedule_epochs=1, momentum=0.5)
    assert_exact(made, settings, tmp_path, (2, 9))


MORE = {
    "clip": {"clip": 0.1},
    "accumulate": {"accumulate": 2},
    "accumulate, schedule": {"accumulate": 3, "schedule": "one_cycle"},
    "average": {"ema": 0.9},
    "bfloat16": {"precision": "bfloat16"},
    "patience": {"patience": 1, "learning_rate": 0.3, "epochs": 6},
    "single rows": {"batch_size": 1, "epochs": 1},
    "one batch": {"batch_size": 1000},
}


@pytest.mark.parametrize("name", MORE)
def test_every_setting_resumes_exactly(name: str, tmp_path: Path):
    assert_exact(case(rows=110), replace(SETTINGS, **MORE[name]), tmp_path, (1, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_every_task_resumes_exactly(kind: str, tmp_path: Path):
    assert_exact(case(kind, rows=170), SETTINGS, tmp_path, (3, 5))


def test_a_weighted_sampler_resumes_exactly(tmp_path: Path):
    made = case(rows=170)
    assert_exact(made, SETTINGS, tmp_path, (3, 5), weights=class_weights(made.rows("train").target))


def assert_exact(made: Case, settings: Train, folder: Path, stops: tuple[int, ...], **more: Any) -> None:
    """A run stopped at these looks, each time in another process's place, ends as the run that was not."""
    whole = net(made)
    expected = list(begin(made, whole, settings, seed=4, **more))
    found: list[Record] = []
    for number, looks in enumerate((*stops, 0)):
        model = net(made, seed=number)  # only the first of them begins with weights that count
        torch.manual_seed(looks)  # whatever the random state is
        records = begin(made, model, settings, seed=4, checkpoints=Checkpoints(folder, "r", 1e9), watch=Stop(looks), **more)
        with pytest.raises(Stopped) if looks else nullcontext():
            found.extend(records)
    assert history(found) == history(expected)
    assert same_tensors(model.state_dict(), whole.state_dict())


def test_a_stop_in_the_middle_of_an_epoch_is_where_it_goes_on(tmp_path: Path):
    made = case(rows=240)
    with pytest.raises(Stopped):
        list(begin(made, net(made), watch=Stop(3), checkpoints=Checkpoints(tmp_path, "r", 1e9)))
    saved = Checkpoints(tmp_path, "r", 1e9).load()
    assert saved is not None
    assert saved[1]["progress"]["epoch"] == 0
    assert saved[1]["progress"]["step"] == 3
    seen: list[tuple[int, int]] = []
    list(begin(made, net(made), checkpoints=Checkpoints(tmp_path, "r", 1e9), watch=lambda *place: bool(seen.append(place))))  # type: ignore[func-returns-value]
    assert seen[0] == (4, 5)


def test_a_generator_left_in_the_middle_leaves_a_usable_checkpoint(tmp_path: Path):
    made = case(rows=150)
    whole = net(made)
    expected = list(begin(made, whole, replace(SETTINGS, epochs=4)))
    records = begin(made, net(made), replace(SETTINGS, epochs=4), checkpoints=Checkpoints(tmp_path, "r", 0.0))
    found = [next(records), next(records)]
    del records  # the caller goes away
    model = net(made, seed=9)
    found += list(begin(made, model, replace(SETTINGS, epochs=4), checkpoints=Checkpoints(tmp_path, "r", 0.0)))
    assert history(found) == history(expected)
    assert same_tensors(model.state_dict(), whole.state_dict())


def test_a_finished_run_does_no_work_again(tmp_path: Path):
    made = case(rows=150)
    first = net(made)
    list(begin(made, first, checkpoints=Checkpoints(tmp_path, "r", 0.0)))
    again = net(made, seed=1)
    assert list(begin(made, again, checkpoints=Checkpoints(tmp_path, "r", 0.0))) == []
    assert same_tensors(first.state_dict(), again.state_dict())
