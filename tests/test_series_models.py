"""Models of series: a matrix over the four files, their settings, forecasts of every shape and whole series."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import plainloop.plain.models
from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.checkpoint import load_weights, save_weights
from plainloop.plain.config import Train
from plainloop.plain.loop import train
from plainloop.plain.models.series_linear import averaged
from plainloop.plain.slices import Slices
from plainloop.plain.tasks.forecast import Forecast
from plainloop.understand.defaults import MODELS as KINDS
from small import same_tensors

FOLDER = Path(plainloop.plain.models.__file__).parent
# what is tried: file and settings
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("series_linear", {}),
    "linear, DLinear": ("series_linear", {"normalise": "none", "kernel": 5}),
    "linear, each": ("series_linear", {"normalise": "mean_std", "individual": True, "kernel": 4}),
    "rnn": ("series_rnn", {"width": 16}),
    "rnn, lstm by steps": ("series_rnn", {"width": 16, "cell": "lstm", "decode": "steps", "linear": "none", "normalise": "last"}),
    "rnn, rnn alone": ("series_rnn", {"width": 16, "cell": "rnn", "normalise": "none", "linear": "each"}),
    "patches": ("series_patches", {"width": 16}),
    "patches that overlap": ("series_patches", {"width": 16, "overlap": True, "normalise": "last"}),
    "conv": ("series_conv", {"width": 8}),
    "conv, inception": ("series_conv", {"width": 6, "kind": "inception", "members": 2, "normalise": "last"}),
}
MEMBERS = {"rnn": 3, "rnn, rnn alone": 2, "conv, inception": 2}  # of a forecast
# variables, targets, look-back, horizon, figures, known-future columns
WINDOWS = {
    "one": (1, 1, 30, 6, 1, 0),
    "seven": (7, 7, 33, 12, 1, 0),
    "covariates": (4, 2, 30, 5, 1, 0),
    "known future": (2, 2, 30, 7, 1, 3),
    "quantiles": (3, 2, 30, 6, 3, 2),
    "one step": (2, 1, 9, 1, 1, 0),
}
WHOLE = {"one": (1, 24), "six": (6, 50)}
every_model = pytest.mark.parametrize("name", MODELS)
every_window = pytest.mark.parametrize("window", WINDOWS)
ROWS = 9


def build(name: str, shapes: dict[str, Any], num_outputs: int, **settings: Any) -> nn.Module:
    file, more = MODELS[name]
    torch.manual_seed(0)
    return import_module(f"plainloop.plain.models.{file}").Model(shapes, num_outputs, **(more | settings))


def forecaster(name: str, window: str, **settings: Any) -> tuple[nn.Module, dict[str, Tensor], int]:
    """A model, a batch for it, and how many scores a row has."""
    variables, targets, lookback, horizon, figures, known = WINDOWS[window]
    shapes: dict[str, Any] = {"series": {"variables": variables, "targets": targets, "lookback": lookback, "horizon": horizon}}
    random = torch.Generator().manual_seed(1)
    inputs = {"series": torch.randn(ROWS, variables, lookback, generator=random).cumsum(2)}
    if known:
        shapes["future"] = known
        inputs["future"] = torch.randn(ROWS, known, lookback + horizon, generator=random)
    out = horizon * targets * figures
    return build(name, shapes, out, **settings), inputs, out


def classifier(name: str, kind: str, **settings: Any) -> nn.Module:
    variables, steps = WHOLE[kind]
    return build(name, {"series": {"variables": variables, "targets": 0, "lookback": steps, "horizon": 0}}, 3, **settings)


def whole(kind: str, ragged: bool) -> dict[str, Tensor]:
    variables, steps = WHOLE[kind]
    series = torch.randn(ROWS, variables, steps, generator=torch.Generator().manual_seed(2))
    if not ragged:
        return {"series": series}
    lengths = torch.tensor([steps, 1, 2, 5, steps - 1, steps // 2, 7, 11, 19])
    return {"series": series * (torch.arange(steps) < lengths[:, None, None]), "lengths": lengths}


def stirred(model: nn.Module) -> nn.Module:
    """Zero weights would hide a mistake."""
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.1 * torch.randn(weights.shape, generator=random))
    return model


def untrained(model: nn.Module) -> list[str]:
    return [name for name, weights in model.named_parameters() if weights.grad is None or not weights.grad.isfinite().all()]


def test_the_matrix_holds_every_model_of_series() -> None:
    files = {path.stem for path in FOLDER.glob("series_*.py")} - {"series_parts"}
    assert files == {file for file, _ in MODELS.values()} == {name for name, kind in KINDS.items() if kind.takes == "series"}


@every_window
@every_model
def test_scores_and_gradients_of_a_forecast(name: str, window: str) -> None:
    model, inputs, out = forecaster(name, window)
    scores = stirred(model)(inputs)
    assert scores.dtype == torch.float32
    assert scores.shape == ((ROWS, MEMBERS[name], out) if name in MEMBERS else (ROWS, out))
    scores.square().sum().backward()
    assert untrained(model) == []


@pytest.mark.parametrize("kind, ragged", [("one", False), ("six", True)])
@every_model
def test_scores_and_gradients_of_whole_series(name: str, kind: str, ragged: bool) -> None:
    model = classifier(name, kind)
    scores = stirred(model)(whole(kind, ragged))
    assert scores.shape == ((ROWS, 2, 3) if "members" in MODELS[name][1] else (ROWS, 3))
    scores.square().sum().backward()
    assert untrained(model) == []


@every_window
@every_model
def test_each_window_is_scored_by_itself(name: str, window: str) -> None:
    model, inputs, _ = forecaster(name, window)
    stirred(model).eval()
    with torch.no_grad():
        together = model(inputs)
        alone = model({kind: values[4:5] for kind, values in inputs.items()})
    assert torch.allclose(together[4:5], alone, atol=1e-4, rtol=1e-4)


@every_model
def test_padding_says_nothing(name: str) -> None:
    """A series alone, cut at its end, has the scores it has among longer ones; so has one whose padding holds noise."""
    if name.startswith("linear"):
        pytest.skip("it weighs every step, zeros where there is none")
    model, inputs = stirred(classifier(name, "six")).eval(), whole("six", ragged=True)
    with torch.no_grad():
        scores = model(inputs)
        full = inputs["series"] + torch.where(inputs["series"] == 0, 5.0, 0.0)
        noisy = model({**inputs, "series": full}) if name.startswith("conv") else scores
    assert torch.allclose(noisy, scores, atol=1e-5)
    if not name.startswith("patches"):
        row, used = 7, int(inputs["lengths"][7])
        with torch.no_grad():
            alone = model({"series": inputs["series"][row : row + 1, :, :used], "lengths": inputs["lengths"][row : row + 1]})
        assert torch.allclose(alone, scores[row : row + 1], atol=1e-5)


@pytest.mark.parametrize("name", [name for name, (_, more) in MODELS.items() if more.get("normalise") != "none"])
def test_a_higher_window_has_a_higher_forecast(name: str) -> None:
    """The level is taken off and put back: what is added to every step is added to the forecast."""
    model, inputs, _ = forecaster(name, "seven")
    stirred(model).eval()
    with torch.no_grad():
        base, higher = model(inputs), model({"series": inputs["series"] + 10})
    assert torch.allclose(higher, base + 10, atol=1e-3)


@pytest.mark.parametrize("name", [name for name, (_, more) in MODELS.items() if more.get("normalise") != "none"])
def test_at_first_the_forecast_is_the_level(name: str) -> None:
    model, inputs, _ = forecaster(name, "seven")
    x, scores = inputs["series"], model.eval()(inputs)
    members = scores if scores.dim() == 3 else scores[:, None]
    levels = [values[:, None].expand(-1, 12, -1).flatten(1) for values in (x[..., -1], x.mean(2))]
    for member in members.unbind(1):
        assert any(torch.allclose(member, level, atol=1e-3) for level in levels)


@every_model
def test_quantiles_stand_last(name: str) -> None:
    """(steps, targets, quantiles), as the task reads them: a shift of one target moves that target's scores alone."""
    model, inputs, _ = forecaster(name, "quantiles", **({"normalise": "last"} if "normalise" not in MODELS[name][1] else {}))
    stirred(model).eval()
    moved = {**inputs, "series": inputs["series"].clone()}
    moved["series"][:, 1] += 3
    with torch.no_grad():
        change = (model(moved) - model(inputs)).unflatten(-1, (6, 2, 3)).abs()
    assert change[..., 0, :].max() < 1e-4
    assert change[..., 1, :].min() > 0


@every_model
def test_what_is_known_of_the_future_counts(name: str) -> None:
    model, inputs, _ = forecaster(name, "known future")
    stirred(model).eval()
    other = {**inputs, "future": inputs["future"].clone()}
    other["future"][:, :, -1] += 1  # the last step ahead
    with torch.no_grad():
        change = (model(other) - model(inputs)).unflatten(-1, (7, 2)).abs()
    assert change[..., :-1, :].max() < 1e-4
    assert change[..., -1, :].min() > 0


@every_model
def test_covariates_count(name: str) -> None:
    model, inputs, _ = forecaster(name, "covariates")
    stirred(model).eval()
    other = {"series": inputs["series"].clone()}
    other["series"][:, 3] = other["series"][:, 3].flip(1)
    with torch.no_grad():
        assert ((model(other) - model(inputs)).abs().amax(-1) > 1e-5).all()


@every_model
def test_one_batch_overfits(name: str) -> None:
    """Windows of a wave: the error falls far below that of the level."""
    model, _, _ = forecaster(name, "one", dropout=0.0) if not name.startswith("linear") else forecaster(name, "one")
    starts = torch.arange(16.0)[:, None]
    waves = torch.sin((starts + torch.arange(36.0)) * 2 * torch.pi / 12)
    inputs, target = {"series": waves[:, None, :30]}, waves[:, 30:]
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(120):
        scores = model(inputs)
        loss = F.mse_loss(scores, target if scores.dim() == 2 else target[:, None].expand_as(scores))
        if loss < 0.1 * target.square().mean():
            return
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    raise AssertionError(f"the error is {loss.item()} after 120 steps")


@every_model
def test_whole_series_are_learned_by_heart(name: str) -> None:
    model, inputs = classifier(name, "six", **({} if name.startswith("linear") else {"dropout": 0.0})), whole("six", ragged=True)
    target = torch.arange(ROWS) % 3
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(120):
        scores = model(inputs)
        members = scores if scores.dim() == 3 else scores[:, None]
        loss = F.cross_entropy(members.flatten(0, 1), target.repeat_interleave(members.shape[1]))
        if loss < 0.3:
            return
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    raise AssertionError(f"the loss is {loss.item()} after 120 steps")


@every_model
def test_training_is_deterministic(name: str) -> None:
    data = torch.randn(2, 90, generator=torch.Generator().manual_seed(5)).cumsum(1)
    first = torch.arange(30, 80)
    rows = Rows({"series": Slices(data, first - 30, 30)}, Slices(data, first, 6, steps_first=True))  # type: ignore[dict-item, arg-type]
    shapes = {"series": {"variables": 2, "targets": 2, "lookback": 30, "horizon": 6}}
    task = Forecast(6, 7, "mse", [{"names": [""], "mean": [0.0], "std": [1.0]}] * 2, [[1.0]] * 2)

    def trained() -> dict[str, Tensor]:
        model = build(name, shapes, 12)
        batches = loader(rows, EpochBatches(len(rows), 16))
        assert len(list(train(model, task, batches, batches, Train(epochs=2), seed=3))) == 2
        return model.state_dict()

    once = trained()
    torch.rand(7)  # whatever was drawn before
    assert same_tensors(once, trained())


@every_model
def test_saved_and_loaded_it_is_the_same(name: str, tmp_path: Path) -> None:
    model, inputs, _ = forecaster(name, "covariates")
    save_weights(tmp_path / "weights.safetensors", stirred(model).eval().state_dict())
    other, _, _ = forecaster(name, "covariates")
    other.eval().load_state_dict(load_weights(tmp_path / "weights.safetensors"))
    with torch.no_grad():
        assert torch.equal(other(inputs), model(inputs))


@every_model
def test_an_exported_forecast_gives_the_same_scores(name: str) -> None:
    model, inputs, _ = forecaster(name, "quantiles")
    exported_is_alike(stirred(model).eval(), inputs)


@every_model
def test_exported_whole_series_give_the_same_scores(name: str) -> None:
    exported_is_alike(stirred(classifier(name, "six")).eval(), whole("six", ragged=True))


def exported_is_alike(model: nn.Module, inputs: dict[str, Tensor]) -> None:
    rows = torch.export.Dim("rows")
    program = torch.export.export(model, (inputs,), dynamic_shapes=({kind: {0: rows} for kind in inputs},))
    other = {kind: values[:5] for kind, values in inputs.items()}
    run: Callable[..., Tensor] = program.module()
    with torch.no_grad():
        assert torch.allclose(run(other), model(other), atol=1e-5)


@every_model
def test_dropout_is_off_in_evaluation(name: str) -> None:
    if name.startswith("linear"):
        pytest.skip("it has none")
    model, inputs, _ = forecaster(name, "seven", dropout=0.5)
    stirred(model)
    assert not torch.equal(model.train()(inputs), model.train()(inputs))
    assert torch.equal(model.eval()(inputs), model.eval()(inputs))


@pytest.mark.parametrize("kernel", [1, 2, 5, 24, 25, 50])
def test_the_folded_average_is_the_moving_average(kernel: int) -> None:
    random = torch.Generator().manual_seed(0)
    steps, weight = torch.randn(4, 40, generator=random), torch.randn(1, 7, 40, generator=random)
    before = (kernel - 1) // 2
    padded = F.pad(steps[:, None], (before, kernel - 1 - before), mode="replicate")
    average = F.avg_pool1d(padded, kernel, 1)[:, 0]
    torch.testing.assert_close(steps @ averaged(weight, kernel)[0].T, average @ weight[0].T, atol=1e-4, rtol=1e-4)


def test_dlinear_and_nlinear_are_those_of_the_paper() -> None:
    """Each written out as its authors did, with the same weights."""
    x = torch.randn(5, 3, 48, generator=torch.Generator().manual_seed(0))
    shapes = {"series": {"variables": 3, "targets": 3, "lookback": 48, "horizon": 6}}
    model = stirred(build("linear, DLinear", shapes, 18, kernel=25))
    average = F.avg_pool1d(F.pad(x, (12, 12), mode="replicate"), 25, 1)
    weight, trend, bias = model.weight[0], model.trend[0], model.bias[0, 0]
    wanted = (x - average) @ weight.T + average @ trend.T + bias
    torch.testing.assert_close(model({"series": x}), wanted.mT.flatten(1), atol=1e-4, rtol=1e-4)
    model = stirred(build("linear", shapes, 18))
    wanted = (x - x[..., -1:]) @ model.weight[0].T + model.bias[0, 0] + x[..., -1:]
    torch.testing.assert_close(model({"series": x}), wanted.mT.flatten(1), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("decode", ["direct", "steps"])
def test_every_cell_reads_and_writes(cell: str, decode: str) -> None:
    """The gradient of the last step ahead reaches the first step behind."""
    model, inputs, _ = forecaster("rnn", "seven", cell=cell, decode=decode, linear="none")
    series = inputs["series"].requires_grad_()
    stirred(model).eval()(inputs)[..., -7:].sum().backward()
    assert series.grad is not None
    assert (series.grad[:, :, 0] != 0).any()
