"""The sweep of the learning rate has no side effects, bit for bit; what it suggests, and that "auto" is that rate."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import plainloop
from clocks import write_load
from phrases import phrases, write_table
from pictures import folder as folder_of_pictures
from plainloop.adjust.lr_find import suggest, the_fall
from plainloop.adjust.sweep import Sweep, smoothed, sweep
from plainloop.cli import main
from plainloop.options import TrainOptions
from plainloop.plain.config import Train
from plainloop.plain.loop import train
from plainloop.plain.run import Ready, augmentation, make_ready
from plainloop.problems import TYPED
from plainloop.run_problems import NoRun
from plainloop.training import Talk, decide, machine_as_it_was
from plainloop.understand.setting_problems import BadSetting
from small import case, said, write_csv

QUIET = Talk(quiet=True)
QUICK: dict[str, Any] = {"epochs": 2, "baseline": False, "talk": QUIET}


class Moody(nn.Module):
    """A net with everything a sweep could disturb: batch statistics, dropout, a counter that is no tensor."""

    def __init__(self, numbers: int, out: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(numbers, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, out))
        self.calls = 0

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        self.calls += 1
        return self.layers(inputs["numbers"])


def trained(made: Any, parts: Any, settings: Train, *, sweeping: bool, augment: Any = None) -> tuple[Any, ...]:
    """Two epochs; where asked, a sweep on the same model and batches comes before them and another in between."""
    model, task, batches, validation = copy.deepcopy(made), *parts
    state = [torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()]

    def between() -> None:
        if sweeping:
            rates, losses = sweep(model, task, batches, validation, settings, augment=augment, steps=40)
            assert len(rates) == len(losses) > 5

    between()
    if sweeping:
        assert torch.equal(state[0], torch.get_rng_state())
        assert (np.random.get_state()[1].tolist(), random.getstate()) == tuple(state[1:])
    records = []
    for record in train(model, task, batches, validation, settings, seed=5, augment=augment):
        records.append({name: value for name, value in record.values.items() if "second" not in name})
        between()
    return records, {name: tensor.clone() for name, tensor in model.state_dict().items()}, getattr(model, "calls", 0)


def same(first: tuple[Any, ...], second: tuple[Any, ...]) -> bool:
    weights = all(torch.equal(first[1][name], second[1][name]) for name in first[1])
    return first[0] == second[0] and weights and first[2] == second[2]


@pytest.mark.parametrize("values", [{}, {"schedule": "one_cycle", "accumulate": 2, "ema": 0.9, "clip": 1.0, "optimizer": "sgd"}])
def test_a_table_trains_the_same_after_a_sweep(values: dict[str, Any]):
    made = case("Binary", inputs=("a", "b", "gaps"))
    model = Moody(made.preparation.shapes["numbers"], 1)
    settings = Train(epochs=2, batch_size=32, **values)
    parts = (made.task, made.batches(batch_size=32), made.batches("validation", 64))
    assert same(trained(model, parts, settings, sweeping=False), trained(model, parts, settings, sweeping=True))
    assert model.calls == 0


def ready(source: Any, place: Path, **options: Any) -> tuple[Ready, Any]:
    decided = decide(source, TrainOptions(**options), QUIET, lambda name="data": place)
    with machine_as_it_was():
        return make_ready(decided.config, place), decided.config


def test_images_with_augmentation_train_the_same_after_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))
    options: dict[str, Any] = {"model": "image_resnet", "augment": "strong", "batch_size": 8, "set": ["epochs=2", "width=8"]}
    made, config = ready(folder_of_pictures(tmp_path / "pets"), tmp_path, image_size="16", **options)
    augment = augmentation(config)
    assert augment is not None
    parts = (made.preparation.task, made.batches, made.evaluation["validation"])
    assert any("running_mean" in name for name in made.model.state_dict())
    without = trained(made.model, parts, config.train, sweeping=False, augment=augment)
    assert same(without, trained(made.model, parts, config.train, sweeping=True, augment=augment))


def test_text_trains_the_same_after_a_sweep(tmp_path: Path):
    draw = random.Random(0)
    words = ["good", "fine", "nice", "bad", "poor", "ugly", "the", "a", "film", "book"]
    lines = ["text,label"]
    for _ in range(160):
        said_ = [draw.choice(words) for _ in range(draw.randint(2, 12))]
        lines.append(
            f"{' '.join(said_)},{'yes' if sum(w in words[:3] for w in said_) > sum(w in words[3:6] for w in said_) else 'no'}"
        )
    (tmp_path / "texts.csv").write_text("\n".join(lines) + "\n")
    options: dict[str, Any] = {"target": "label", "types": "text=text", "epochs": 2, "batch_size": 16}
    made, config = ready(str(tmp_path / "texts.csv"), tmp_path, **options)
    assert made.batches.dataset.lengths is not None  # type: ignore[attr-defined]
    parts = (made.preparation.task, made.batches, made.evaluation["validation"])
    assert same(trained(made.model, parts, config.train, sweeping=False), trained(made.model, parts, config.train, sweeping=True))


def test_a_forecast_trains_the_same_after_a_sweep(tmp_path: Path):
    data = write_load(tmp_path / "load.csv", 300)
    options: dict[str, Any] = {"time": "date", "horizon": 6, "lookback": 24, "model": "series_rnn", "set": ["dropout=0.2"]}
    made, config = ready(str(data), tmp_path, target="load", epochs=2, batch_size=32, **options)
    parts = (made.preparation.task, made.batches, made.evaluation["validation"])
    assert same(trained(made.model, parts, config.train, sweeping=False), trained(made.model, parts, config.train, sweeping=True))


def test_pairs_train_the_same_after_a_sweep(tmp_path: Path):
    options: dict[str, Any] = {"target": "german", "task": "sequence", "epochs": 2, "set": ["width=16", "batch_tokens=200"]}
    made, config = ready(write_table(tmp_path, phrases(80)), tmp_path, **options)
    parts = (made.preparation.task, made.batches, made.evaluation["validation"])
    assert same(trained(made.model, parts, config.train, sweeping=False), trained(made.model, parts, config.train, sweeping=True))


def test_the_rates_rise_by_one_factor_and_end_where_the_loss_is_lost():
    made = case("Regression", inputs=("a", "b"))
    model = nn.Linear(2, 1)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = model

        def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.layer(inputs["numbers"])

    settings = Train(epochs=1, batch_size=32, optimizer="sgd", momentum=0.0)
    parts = (made.task, made.batches(batch_size=32), made.batches("validation", 64))
    rates, losses = sweep(Net(), *parts, settings, low=1e-4, high=100.0, steps=60)
    assert np.allclose(np.diff(np.log(rates)), np.log(100 / 1e-4) / 59)
    assert rates[0] == pytest.approx(1e-4)
    assert rates[-1] < 100, "it ended before the last rate"
    assert np.isfinite(losses).all()
    assert 1e-3 < suggest(rates, losses, 0.5).learning_rate < 1.0
    full, _ = sweep(Net(), *parts, settings, low=1e-5, high=1e-3, steps=40)
    assert len(full) == 40
    assert full[-1] == pytest.approx(1e-3)


def test_the_suggestion_on_curves_that_are_known():
    rates = np.logspace(-6, 0, 121).tolist()
    fall = [1.0 if rate < 1e-4 else max(0.2, 1 - 0.4 * np.log10(rate / 1e-4)) for rate in rates]
    curve = suggest(rates, [*fall[:100], *[3.0] * 21], 0.5)
    assert 1e-4 < curve.learning_rate < 1e-2
    assert "loss" in curve.reason
    flat = suggest(rates, [1.0] * 121, 0.5)
    assert flat.learning_rate == 0.5
    assert "does not fall" in flat.reason
    assert flat.valley is flat.steepest is None
    assert the_fall([1.0, 1.0, 1.0]) == (0, 0)
    assert smoothed([1.0, 1.0, 1.0]) == [1.0, 1.0, 1.0]


def test_what_only_validates_is_not_noted():
    made = case("Binary", inputs=("a",))
    noted = Sweep(made.task, 1e-4, 1.0, 10)
    with torch.no_grad():
        noted.loss(torch.zeros(3, 1), torch.zeros(3))
    assert noted.pending == []
    noted.loss(torch.zeros(3, 1), torch.zeros(3))
    assert len(noted.pending) == 1
    assert noted.headline == made.task.headline


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("sweep") / "pets.csv", rows=300)


def test_auto_is_the_rate_that_lr_find_suggests(data: Path, tmp_path: Path):
    curve = plainloop.lr_find(data, "label", output=str(tmp_path / "curve"), talk=QUIET)
    auto = plainloop.train(data, "label", learning_rate="auto", output=str(tmp_path / "auto"), **QUICK)
    assert auto.config.train.learning_rate == curve.learning_rate
    assert f"learning_rate = {curve.learning_rate} # found: " in (auto.folder / "run.toml").read_text()
    assert json.loads((auto.folder / "lr_find.json").read_text())["rates"] == curve.rates
    said_so = plainloop.train(data, "label", learning_rate=curve.learning_rate, output=str(tmp_path / "said"), **QUICK)
    for name in ("weights.safetensors", "prepared.json"):
        assert (auto.folder / name).read_bytes() == (said_so.folder / name).read_bytes()
    child = auto.retrain(learning_rate="auto", width=8, output=str(tmp_path / "child"), talk=QUIET)
    assert child.lineage["changed"]["train.learning_rate"] == [curve.learning_rate, child.config.train.learning_rate]
    assert child.config.train.learning_rate != curve.learning_rate
    of_run = plainloop.lr_find(auto, output=str(tmp_path / "of_run"), talk=QUIET)
    assert (of_run.rates, of_run.losses) == (curve.rates, curve.losses), "of the run: the same model from the same beginning"
    assert of_run.picture is not None
    assert of_run.picture.read_bytes().startswith(b"\x89PNG")


def test_a_model_given_as_an_object_is_not_touched(tmp_path: Path):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 3)).astype("float32")
    net = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    before = copy.deepcopy(net.state_dict())
    plainloop.lr_find(x, x[:, 0] * 2, model=net, output=str(tmp_path / "curve"), talk=QUIET)
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert sorted(path.name for path in (tmp_path / "curve").iterdir()) == ["lr_find.json", "lr_find.png"]


def test_lr_sweep_trains_with_each_rate_and_leaves_the_test_rows_alone(data: Path, tmp_path: Path):
    made = plainloop.lr_sweep(data, "label", rates=[1e-2, 1e-5], epochs=3, output=str(tmp_path / "sweep"), talk=QUIET)
    assert made.rates == [1e-5, 1e-2]
    assert made.best == 1
    direct = plainloop.train(data, "label", output=str(tmp_path / "run"), **{**QUICK, "epochs": 3, "learning_rate": 1e-2})
    assert made.attempts[1].history["val_loss"] == direct.history["val_loss"]
    facts = json.loads((tmp_path / "sweep" / "rate-0.01" / "metrics.json").read_text())
    assert "test" not in facts
    assert facts["rows"]["test"] == 0
    assert json.loads((tmp_path / "sweep" / "lr_sweep.json").read_text())["learning_rate"] == 1e-2
    assert "highest that was tried" in str(made)
    assert made.picture.exists()


def test_a_notebook_shows_what_the_terminal_does(data: Path, tmp_path: Path):
    made = plainloop.lr_sweep(data, "label", rates=[1e-3, 1e-2], output=str(tmp_path / "s"), **QUICK)
    assert repr(made).startswith(f"RateSweep('{tmp_path}/s', 2 rates, best 0.0")
    assert "validation log loss" in made._repr_html_()
    curve = plainloop.lr_find(data, "label", steps=30, output=str(tmp_path / "f"), talk=QUIET)
    assert curve._repr_html_().startswith("<pre>learning rate ")


def test_a_rate_that_fails_is_said_and_the_others_go_on(data: Path, tmp_path: Path):
    options: dict[str, Any] = {"set": ["optimizer=sgd"], "epochs": 3, "output": str(tmp_path / "sweep"), "talk": QUIET}
    made = plainloop.lr_sweep(data, "label", rates=[1e-3, 100.0], **options)
    assert made.best == 0
    assert made.attempts[1].value is None
    assert "The loss is not a finite number" in str(made)


def test_what_cannot_be_swept_is_refused(data: Path, tmp_path: Path):
    with pytest.raises(BadSetting):
        plainloop.lr_find(data, "label", low=0.1, high=0.01, talk=QUIET)
    with pytest.raises(BadSetting):
        plainloop.lr_sweep(data, "label", rates=[-1.0], talk=QUIET)
    run = plainloop.train(data, "label", output=str(tmp_path / "run"), **QUICK)
    with pytest.raises(plainloop.PlainloopError, match="read its data already"):
        plainloop.lr_find(run, target="label", talk=QUIET)
    with pytest.raises((NoRun, plainloop.PlainloopError)):
        plainloop.lr_find(tmp_path / "nowhere", talk=QUIET)


@pytest.mark.parametrize(
    "line, fixed",
    [
        ("lr-find a.csv --target y --steps 10", "lr-find a.csv --target y --steps 150"),
        ("lr-find a.csv --target=y --high 1e-9", "lr-find a.csv --target y --high 1"),
        ("lr-sweep runs/a-1 --rates a,b", "lr-sweep runs/a-1 --rates 1e-4,1e-3,1e-2"),
        ("lr-sweep runs/a-1 --rates 200", "lr-sweep runs/a-1 --rates 1e-4,1e-3,1e-2"),
        ("tune a.csv --target y --minutes 0", "tune a.csv --target y --minutes 20"),
        ("train a.csv --target y --folds 1", "train a.csv --target y --folds 5"),
        ("train a.csv --target y --log tensorbord", "train a.csv --target y --log tensorboard"),
    ],
)
def test_the_fix_of_an_option_is_the_line_that_was_typed(line: str, fixed: str, capsys: pytest.CaptureFixture[str]):
    before = list(TYPED)
    with pytest.raises(SystemExit):
        main(line.split())
    TYPED[:] = before  # in Python nothing was typed
    assert capsys.readouterr().err.splitlines()[-1] == f"Fix: plainloop {fixed}"


def test_the_commands(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    code, out = said("lr-find", data, "--target", "label", "--json")
    assert code == 0, out
    found = json.loads(out)
    assert found["picture"] == "runs/pets-lr-find-1/lr_find.png"
    code, out = said("lr-sweep", data, "--target", "label", "--rates", "1e-3,1e-2", "--epochs", "2")
    assert code == 0, out
    assert "picture  runs/pets-lr-sweep-1/lr_sweep.png" in out
    code, out = said("lr-sweep", data, "--target", "label", "--rates", "1e-3;1e-2")
    assert code == 2, out
    assert plainloop.runs("runs") == [], "a sweep is no run"
