"""The loop: exact history, best weights, early stopping, schedules, accumulation, faults."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from plainloop.plain.checkpoint import Checkpoints
from plainloop.plain.config import Train
from plainloop.plain.history import best_epoch
from plainloop.plain.loop import NonFiniteLoss, Progress, _is_better, train, validate, why_ended
from plainloop.plain.models import table_linear
from plainloop.plain.tasks.classify import Binary
from plainloop.plain.tasks.multilabel import Multilabel
from small import KINDS, Case, case, exact_mean, same_tensors
from test_loop_resume import SETTINGS, begin, history, net


class Recording(nn.Module):
    """A model that keeps what it saw and said."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.inner = inner
        self.scores: list[Tensor] = []

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        scores = self.inner(inputs)
        self.scores.append(scores.detach().clone())
        return scores


@pytest.mark.parametrize("kind", KINDS)
def test_history_has_the_names_of_the_design(kind: str):
    made = case(kind, rows=120)
    values = next(begin(made, net(made), replace(SETTINGS, epochs=1))).values
    headline = made.task.headline
    first = ["epoch", "train_loss", "val_loss", f"train_{headline}", f"val_{headline}"]
    extra = ["train_mae", "val_mae"] if kind == "Regression" else ["train_accuracy", "val_accuracy"]
    assert list(values) == [*first, *extra, "learning_rate", "seconds", "rows_per_second"]
    assert all(isinstance(value, (int, float)) for value in values.values())


def settled(made: Case) -> Case:
    """Thresholds of labels that are not chosen any more; while they are, see test_thresholds.py."""
    if isinstance(made.task, Multilabel):
        made.task.settled = True
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_train_figures_are_means_over_the_rows_as_they_were_scored(kind: str):
    made = settled(case(kind, rows=207))
    model = Recording(net(made))
    batches = made.batches("train", 32)
    records = list(train(model, made.task, batches, made.batches("validation"), replace(SETTINGS, epochs=1)))
    batches.sampler.epoch, batches.sampler.start = 0, 0  # type: ignore[attr-defined]
    order = torch.cat(list(batches.sampler))
    scores, target = torch.cat(model.scores[: len(batches.sampler)]), made.rows("train").target[order]  # type: ignore[arg-type]
    losses = [made.task.loss(scores[i : i + 1], target[i : i + 1]).item() for i in range(len(target))]
    assert records[0].values["train_loss"] == pytest.approx(exact_mean(losses), rel=1e-5)
    metrics = made.task.metrics(scores, target)
    assert records[0].values[f"train_{made.task.headline}"] == pytest.approx(metrics[made.task.headline], rel=1e-5)
    if kind in ("Binary", "Multiclass"):
        assert records[0].values["train_accuracy"] == pytest.approx(metrics["accuracy"])


@pytest.mark.parametrize("kind", KINDS)
def test_validation_figures_are_those_of_the_whole_part_at_once(kind: str):
    made = settled(case(kind, rows=207))
    model, rows = net(made), made.rows("validation")
    found = [validate(model, made.task, made.batches("validation", size)) for size in (1000, 7, 1)]
    with torch.inference_mode():
        scores = model(rows.inputs)
    assert found[0]["loss"] == pytest.approx(made.task.loss(scores, rows.target).item(), rel=1e-5)
    assert found[0][made.task.headline] == pytest.approx(made.task.metrics(scores, rows.target)[made.task.headline], rel=1e-5)
    assert found[1] == pytest.approx(found[0], rel=1e-5)
    assert found[2] == pytest.approx(found[0], rel=1e-5)


@pytest.mark.parametrize("kind", ["Binary", "Multilabel"])
def test_the_best_weights_are_kept(kind: str):
    """One metric that falls and one that rises; with a rate that makes later epochs worse."""
    made = case(kind)
    model, kept, values = net(made), [], []
    for record in begin(made, model, replace(SETTINGS, epochs=8, learning_rate=0.3)):
        kept.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
        values.append(record.values)
    columns = {name: [row[name] for row in values] for name in values[0]}
    best = best_epoch(columns, made.task)
    scores = columns[f"val_{made.task.headline}"]
    assert scores[best - 1] == (max(scores) if made.task.higher_is_better else min(scores))
    assert best < 8, "the test needs a run that gets worse"
    assert same_tensors(model.state_dict(), kept[best - 1])
    assert not model.training
    assert validate(model, made.task, made.batches("validation", 50))["loss"] == pytest.approx(columns["val_loss"][best - 1])


def test_the_last_weights_are_kept_where_asked_for():
    made = case()
    model = net(made)
    settings = replace(SETTINGS, epochs=6, learning_rate=0.3, keep="last", patience=2)
    records = list(begin(made, model, settings))
    assert len(records) == 6, "the last epoch is always the one that is kept, so patience never ends"
    assert best_epoch({name: [r.values[name] for r in records] for name in records[0].values}, made.task, "last") == 6
    val_loss = validate(model, made.task, made.batches("validation", 50))["loss"]
    assert val_loss == pytest.approx(records[-1].values["val_loss"])
    assert val_loss > min(record.values["val_loss"] for record in records), "the test needs a run that gets worse"


def test_between_equal_scores_the_lower_loss_is_better():
    task = case("Multilabel").task
    columns = {"epoch": [1, 2, 3, 4], "val_loss": [0.5, 0.4, 0.4, 0.6], "val_f1_macro": [0.8, 0.8, 0.8, float("nan")]}
    assert best_epoch(columns, task) == 2
    assert best_epoch({}, task) == 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3, float("nan")]), st.sampled_from([1.0, 2.0])), min_size=1, max_size=8),
    st.sampled_from(["Binary", "Multilabel"]),
)
def test_the_epoch_that_the_loop_keeps_is_the_one_that_the_history_names(values: list[tuple[float, float]], kind: str):
    task: Any = {"Binary": Binary, "Multilabel": Multilabel}[kind]
    progress = Progress()
    for epoch, (score, loss) in enumerate(values, 1):
        if _is_better(task, {task.headline: score, "loss": loss}, progress):
            progress.best_score, progress.best_loss, progress.best_epoch = score, loss, epoch
    columns = {
        "epoch": list(range(1, len(values) + 1)),
        f"val_{task.headline}": [v[0] for v in values],
        "val_loss": [v[1] for v in values],
    }
    assert best_epoch(columns, task) == progress.best_epoch


def test_early_stopping_waits_for_its_patience():
    made = case()
    records = list(begin(made, net(made), replace(SETTINGS, epochs=50, learning_rate=0.3, patience=2)))
    best = best_epoch({name: [r.values[name] for r in records] for name in records[0].values}, made.task)
    assert len(records) == best + 2
    assert [bool(record.ending) for record in records] == [False] * (best + 1) + [True]
    assert records[-1].ending == "no better validation score in 2 epochs"
    assert why_ended(7, 7, replace(SETTINGS, epochs=7)) == "all 7 epochs done"


def test_no_epoch_leaves_the_model_as_it_was():
    made = case(rows=100)
    model = net(made)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert list(begin(made, model, replace(SETTINGS, epochs=0))) == []
    assert same_tensors(before, model.state_dict())


def test_accumulation_gives_the_gradient_of_the_large_batch():
    """Batches of 32 added up four at a time are batches of 128, also where the last ones are smaller."""
    made = case(rows=500)
    assert len(made.split["train"]) % 128 not in (0, 1)
    small, large = net(made, dropout=0.0), net(made, dropout=0.0)
    a = list(begin(made, small, replace(SETTINGS, accumulate=4, optimizer="sgd", learning_rate=0.1)))
    b = list(begin(made, large, replace(SETTINGS, batch_size=128, optimizer="sgd", learning_rate=0.1)))
    for one, other in zip(history(a), history(b), strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    for name, tensor in small.state_dict().items():
        assert torch.allclose(tensor, large.state_dict()[name], atol=1e-5), name


def test_clipping_limits_the_step():
    made = case("Regression", rows=120)
    moved = []
    for clip in (0.0, 0.01):
        model = net(made, dropout=0.0)
        before = nn.utils.parameters_to_vector(model.parameters()).clone()
        list(
            begin(
                made,
                model,
                Train(epochs=1, batch_size=1000, optimizer="sgd", momentum=0.0, learning_rate=1.0, clip=clip, weight_decay=0),
            )
        )
        moved.append((nn.utils.parameters_to_vector(model.parameters()) - before).norm().item())
    assert moved[1] == pytest.approx(0.01, rel=1e-3)
    assert moved[0] > 0.1


def test_the_average_is_what_is_evaluated_and_kept():
    made = case(rows=120)
    settings = Train(epochs=1, batch_size=32, optimizer="sgd", momentum=0.0, learning_rate=0.5, ema=0.5)
    model = net(made, dropout=0.0)
    expected: list[dict[str, Tensor]] = []

    def watch(step: int, steps: int) -> int:
        expected.append({name: tensor.detach().clone() for name, tensor in model.named_parameters()})
        return 0

    records = list(begin(made, model, settings, watch=watch))
    average = expected[0]
    for weights in expected[1:]:  # the last look is at the end of the epoch
        average = {name: 0.5 * average[name] + 0.5 * weights[name] for name in average}
    assert all(torch.allclose(tensor, average[name], atol=1e-6) for name, tensor in model.named_parameters())
    assert validate(model, made.task, made.batches("validation", 50))["loss"] == pytest.approx(records[0].values["val_loss"])


def test_an_average_leaves_offsets_whole():
    """A buffer of whole numbers must not be averaged: rounding would make an offset point at the row before."""
    made = case("Multiclass", inputs=["a", "city"], rows=200)
    shapes = {"numbers": 1, "categories": [9, 7, 12, 6]}
    torch.manual_seed(0)
    model = table_linear.Model(shapes, 3)
    from plainloop.plain.optimize import average_of

    average = average_of(model, 0.9)
    assert average is not None
    for _ in range(300):
        average.update_parameters(model)
    assert torch.equal(average.module.starts, torch.tensor([0, 9, 16, 28]))
    settings = replace(SETTINGS, ema=0.9, epochs=8, learning_rate=0.05, batch_size=8)
    records = list(begin(made, table_linear.Model(made.preparation.shapes, 3), settings))
    assert records[-1].values["val_accuracy"] > 0.6


def test_bfloat16_rounds_the_products_and_still_learns():
    made = case(rows=300)
    exact, rounded = ([r.values for r in begin(made, net(made), replace(SETTINGS, precision=p))] for p in ("float32", "bfloat16"))
    assert rounded[0]["train_loss"] != exact[0]["train_loss"]
    assert rounded[-1]["val_loss"] == pytest.approx(exact[-1]["val_loss"], rel=0.1)


@pytest.mark.parametrize("batch_size, epochs, warmup", [(1000, 9, 0.1), (32, 3, 0.1), (1000, 1, 0.5), (32, 2, 1.0), (32, 2, 0.0)])
def test_one_cycle_fits_any_number_of_steps(batch_size: int, epochs: int, warmup: float):
    made = case(rows=145)
    settings = replace(SETTINGS, schedule="one_cycle", batch_size=batch_size, epochs=epochs, warmup=warmup)
    rates = [record.values["learning_rate"] for record in begin(made, net(made), settings)]
    assert len(rates) == epochs
    assert all(0 <= rate <= settings.learning_rate * 1.000001 for rate in rates)


def test_schedules_move_the_rate_as_torch_does():
    made = case(rows=100)

    def rates(schedule: str, **more: Any) -> list[float]:
        settings = replace(SETTINGS, epochs=4, schedule=schedule, learning_rate=0.01, **more)
        return [record.values["learning_rate"] for record in begin(made, net(made), settings)]

    assert rates("constant") == [0.01] * 4
    assert rates("step", schedule_epochs=2, schedule_factor=0.1) == pytest.approx([0.01, 0.01, 0.001, 0.001])
    assert rates("cosine") == pytest.approx([0.005 * (1 + math.cos(math.pi * e / 4)) for e in range(1, 5)])
    assert rates("plateau", schedule_epochs=1, schedule_factor=0.5)[0] == 0.01


class Diverges(nn.Module):
    """Gives a score that is not a number from the given step on."""

    def __init__(self, at: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.at = at
        self.step = 0

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        self.step += self.training
        bad = float("nan") if self.step > self.at and self.training else 0.0
        return inputs["numbers"][:, :1] * self.weight + bad


@pytest.mark.parametrize("at", [0, 7])
def test_a_loss_that_is_not_finite_stops_and_names_step_and_rows(at: int, tmp_path: Path):
    made = case(rows=240)  # 5 batches of train rows
    model = Diverges(at)
    checkpoints = Checkpoints(tmp_path, "r", 0.0)
    best: list[Tensor] = []
    records = begin(made, model, replace(SETTINGS, epochs=9), checkpoints=checkpoints)
    with pytest.raises(NonFiniteLoss) as caught:
        best.extend(model.weight.detach().clone() for record in records if record.best)
    fault = caught.value
    batches = made.batches("train", 32)
    batches.sampler.epoch, batches.sampler.start = at // 5, at % 5  # type: ignore[attr-defined]
    assert (fault.epoch, fault.step) == (at // 5 + 1, at % 5 + 1)
    assert fault.rows == next(iter(batches.sampler)).tolist()
    assert fault.exit_code == 4
    assert f"epoch {at // 5 + 1}, step {at % 5 + 1}" in str(fault)
    assert "--learning-rate 0.001" in fault.fix
    assert torch.equal(model.weight, best[-1] if best else torch.zeros(1)), "the best weights are kept"
    saved = checkpoints.load()
    assert saved is None or all(torch.isfinite(tensor).all() for tensor in saved[0]["model"].values())


@pytest.mark.parametrize("where", ["input", "target", "rate"])
def test_the_likely_cause_is_named(where: str):
    made = case("Regression", inputs=["a", "b"], rows=120)
    batches = made.batches("train", 32)
    settings = replace(SETTINGS, epochs=20)
    if where == "input":
        batches.dataset.inputs["numbers"][3] = np.nan  # type: ignore[attr-defined]
    elif where == "target":
        batches.dataset.target[3] = np.inf  # type: ignore[attr-defined]
    else:
        settings = replace(settings, learning_rate=100.0, optimizer="sgd", clip=0.0)
    with pytest.raises(NonFiniteLoss) as caught:
        list(train(net(made, dropout=0.0), made.task, batches, made.batches("validation"), settings))
    cause = {"input": "an input that is not finite", "target": "a target that is not finite", "rate": "steps that were too large"}
    assert cause[where] in caught.value.why
    if where != "rate":
        assert 3 in caught.value.rows


def test_what_the_caller_or_the_model_raises_surfaces():
    made = case(rows=100)

    def watch(step: int, steps: int) -> int:
        raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="pulled the plug"):
        list(begin(made, net(made), watch=watch))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        list(begin(made, nn.Sequential(Numbers(), nn.Linear(3, 1))))


class Numbers(nn.Module):
    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return inputs["numbers"]


def test_dropout_is_a_function_of_seed_epoch_and_step():
    made = case(rows=150)
    runs = []
    for seed, disturb in ((1, False), (1, True), (2, False)):
        model = net(made, dropout=0.5)
        runs.append(
            history(
                list(begin(made, model, seed=seed, watch=lambda *_, disturb=disturb: int(disturb and torch.rand(3).sum() < 0)))
            )
        )
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
