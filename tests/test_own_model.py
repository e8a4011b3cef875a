"""The user's own module: from a file, as a class, as an object; fed what it asks for, refused in words where it does not fit."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import plainloop
from plainloop.plain.config import read
from plainloop.plain.models import layers, own
from plainloop.training import Talk
from plainloop.understand.check_problems_data import WrongInputType
from plainloop.understand.check_problems_model import (
    CannotBuild,
    ForwardFails,
    RowsMixed,
    WrongInputShape,
    WrongOutputWidth,
    WrongScores,
)
from plainloop.understand.check_problems_training import GraphCut, LossAgainstActivation
from plainloop.understand.own_model import is_built_like
from plainloop.understand.setting_problems import BadSetting, ModelDoesNotFit, UnknownModel
from small import same_tensors, write_csv

SHAPES = {"numbers": 3, "categories": [4, 5]}
ROWS = {"numbers": torch.randn(6, 3), "categories": torch.tensor([[0, 4], [1, 3], [2, 2], [3, 1], [0, 0], [1, 1]])}

SIZES = """
import torch
from torch import nn


class MyNet(nn.Module):
    def __init__(self, in_features, num_classes, hidden=8, dropout=0.0):
        super().__init__()
        self.first = nn.Linear(in_features, hidden)
        self.drop = nn.Dropout(dropout)
        self.last = nn.Linear(hidden, num_classes)

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.first(x))))
"""
INPUTS = """
from torch import nn


class ByKind(nn.Module):
    def __init__(self, shapes, num_outputs):
        super().__init__()
        self.words = nn.ModuleList(nn.Embedding(size, 3) for size in shapes["categories"])
        self.last = nn.Linear(shapes["numbers"] + 3 * len(self.words), num_outputs)

    def forward(self, inputs):
        import torch
        words = [table(inputs["categories"][:, i]) for i, table in enumerate(self.words)]
        return self.last(torch.cat([inputs["numbers"], *words], 1))
"""
WRONG_INPUT = SIZES.replace("nn.Linear(in_features, hidden)", "nn.Linear(77, hidden)")
WRONG_OUTPUT = SIZES.replace("nn.Linear(hidden, num_classes)", "nn.Linear(hidden, 7)")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("data") / "pets.csv", "Multiclass", rows=150)


def train(data: Path, model: Any, output: Path, **options: Any) -> plainloop.Run:
    return plainloop.train(
        data, "label", model=model, output=str(output), epochs=1, batch_size=32, baseline=False, talk=Talk(quiet=True), **options
    )


def written(folder: Path, text: str, name: str = "mynet.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def imported(path: Path) -> Any:
    """The module of a file, as a script beside it would import it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[path.stem] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def first(data: Path, tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    """A run of MyNet in mynet.py."""
    folder = tmp_path_factory.mktemp("first")
    return train(data, f"{written(folder, SIZES)}:MyNet", folder / "run", set=["hidden=5"])


@pytest.fixture
def width(first: plainloop.Run) -> int:
    """How many numbers a module of one tensor gets for this data."""
    return int(first.model.module.first.in_features)


def test_a_class_in_a_file(data: Path, first: plainloop.Run):
    assert first.model.module.first.out_features == 5
    assert first.model.module.last.out_features == 3
    assert (first.folder / "plain" / "models" / "mynet.py").read_text(encoding="utf-8") == SIZES
    assert first.config.model.settings == {"file": "mynet", "name": "MyNet", "hidden": 5}
    again = plainloop.load(first.folder)
    assert same_tensors(again.model.state_dict(), first.model.state_dict())
    assert again.predict(data) == first.predict(data)


def test_a_class_that_asks_for_shapes_gets_the_inputs_by_kind_and_needs_no_name(data: Path, tmp_path: Path):
    run = train(data, str(written(tmp_path, INPUTS, "bykind.py")), tmp_path / "run")
    assert type(run.model.module).__name__ == "ByKind"
    assert run.model.takes_dict
    assert len(run.model.module.words) == 1


def test_two_runs_with_files_of_one_name_keep_their_own(data: Path, tmp_path: Path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    train(data, f"{written(tmp_path / 'a', SIZES)}:MyNet", tmp_path / "one")
    train(data, f"{written(tmp_path / 'b', SIZES.replace('torch.relu', 'torch.tanh'))}:MyNet", tmp_path / "two")
    one, two = plainloop.load(tmp_path / "one"), plainloop.load(tmp_path / "two")
    assert one.config.model == two.config.model
    weights = {name: tensor.clone() for name, tensor in two.model.state_dict().items()}
    one.model.load_state_dict(weights)
    x = torch.randn(4, one.model.module.first.in_features)
    assert torch.allclose(two.model.module(x), two.model.module.last(torch.tanh(two.model.module.first(x))))
    assert torch.allclose(one.model.module(x), one.model.module.last(torch.relu(one.model.module.first(x))))


def test_a_sequential_becomes_a_list_of_layers(data: Path, width: int, tmp_path: Path):
    model = nn.Sequential(nn.Linear(width, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    begun = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    run = train(data, model, tmp_path / "run")
    config = read(run.folder / "run.toml")
    assert config.model.file == "layers"
    assert config.model.settings["layers"][2] == "Dropout(p=0.3, inplace=False)"
    initial = plainloop.plain.checkpoint.load_weights(run.folder / "initial.safetensors")
    assert same_tensors(initial, {f"layers.{name}": tensor for name, tensor in begun.items()}), "it begins with its own weights"
    assert plainloop.load(run.folder).predict(data) == run.predict(data)
    with pytest.raises(ModelDoesNotFit, match="do not know their sizes yet"):
        train(data, nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.Linear(8, 3)), tmp_path / "lazy")


def test_an_object_of_a_class_in_a_file_is_built_again(data: Path, width: int, tmp_path: Path):
    run = train(data, imported(written(tmp_path, SIZES, "fromfile.py")).MyNet(width, 3), tmp_path / "run")
    assert read(run.folder / "run.toml").model.settings == {"file": "fromfile", "name": "MyNet"}
    assert plainloop.load(run.folder).predict(data) == run.predict(data)


class Odd(nn.Module):
    """Of this test file, with an argument that nobody knows."""

    def __init__(self, width: int, odd: str):
        super().__init__()
        self.last = nn.Linear(width, 3)
        self.norm = nn.BatchNorm1d(3)
        self.odd = odd

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.last(x))


def test_an_object_that_cannot_be_built_again_trains_and_says_what_is_not_possible(data: Path, width: int, tmp_path: Path):
    model = Odd(width, "argument")
    run = train(data, model, tmp_path / "run")
    assert run.model.module is model
    assert len(run.predict(data)) == 150
    with pytest.raises(plainloop.PlainloopError, match="given as an object"):
        plainloop.load(run.folder).model  # noqa: B018
    with pytest.raises(plainloop.PlainloopError, match="given as an object"):
        run.eject(tmp_path / "project")
    assert model.norm.num_batches_tracked is not None
    assert model.norm.num_batches_tracked.item() <= -(-run.metrics["rows"]["train"] // 32), "the try on one batch leaves no trace"


def test_an_object_with_other_arguments_is_not_built_again_with_the_usual_ones(data: Path, width: int, tmp_path: Path):
    """The same weights, but another dropout: building it from its class would train another model in silence."""
    kind = imported(written(tmp_path, SIZES, "dropped.py")).MyNet
    run = train(data, kind(width, 3, dropout=0.9), tmp_path / "run")
    assert run.model.module.drop.p == 0.9


def test_what_counts_as_built_alike():
    def net(dropout: float = 0.1, **more: Any) -> nn.Module:
        return nn.Sequential(nn.Linear(4, 4, **more), nn.Dropout(dropout), nn.Linear(4, 4))

    assert is_built_like(net(), net())
    assert not is_built_like(net(), net(dropout=0.2))
    assert not is_built_like(net(), net(dtype=torch.float64))
    assert not is_built_like(net(), net(bias=False))
    frozen = net()
    frozen[0].weight.requires_grad_(False)  # type: ignore[union-attr]
    assert not is_built_like(net(), frozen)
    tied = net()
    tied[2].weight = tied[0].weight  # type: ignore[index]
    assert not is_built_like(net(), tied)
    hooked = net()
    hooked[0].register_forward_hook(lambda *_: None)  # type: ignore[union-attr]
    assert not is_built_like(net(), hooked)


@pytest.mark.parametrize("form", ["file", "object"])
def test_a_wrong_number_of_outputs_names_shapes_and_line(form: str, data: Path, width: int, tmp_path: Path):
    path = written(tmp_path, WRONG_OUTPUT, "wrongout.py")
    with pytest.raises(WrongOutputWidth) as caught:
        train(data, f"{path}:MyNet" if form == "file" else imported(path).MyNet(width, 3), tmp_path / "run")
    assert "scores of shape (rows, 7)" in str(caught.value)
    assert "Scores of shape (rows, 3)" in str(caught.value)
    assert caught.value.line == "wrongout.py:14: return self.last(self.drop(torch.relu(self.first(x))))"
    assert "wrongout.py:11: self.last = nn.Linear(hidden, 7)" in str(caught.value)
    assert caught.value.fix == "self.last = nn.Linear(hidden, 3)"
    assert not (tmp_path / "run").exists(), "refused before it began: nothing is left over"


@pytest.mark.parametrize("form", ["file", "object"])
def test_a_wrong_number_of_inputs_names_shapes_and_line(form: str, data: Path, width: int, tmp_path: Path):
    path = written(tmp_path, WRONG_INPUT, "wrongin.py")
    with pytest.raises(WrongInputShape) as caught:
        train(data, f"{path}:MyNet" if form == "file" else imported(path).MyNet(width, 3), tmp_path / "run")
    assert f"gets {width} numbers per row" in str(caught.value)
    assert caught.value.line == "wrongin.py:14: return self.last(self.drop(torch.relu(self.first(x))))"
    assert caught.value.fix == f"self.first = nn.Linear({width}, hidden)"


@pytest.mark.parametrize(
    "line, cause, message",
    [
        ("return self.last(self.first(x)), x", WrongScores, "forward returns a tuple"),
        ("return self.last(self.first(x)).detach()", GraphCut, "detach cuts the loss off from the weights"),
        ("return self.last(self.first(x.long()))", WrongInputType, "Linear first gets int64"),
        ("return x.undefined", ForwardFails, "has no attribute undefined"),
        ("return torch.softmax(self.last(self.first(x)), 1)", LossAgainstActivation, "ends in softmax"),
        ("return self.last(self.first(x)) * torch.softmax(x.sum(1), 0)[:, None]", RowsMixed, "along the axis of rows"),
    ],
)
def test_other_mistakes_are_told_in_words(line: str, cause: type, message: str, data: Path, tmp_path: Path):
    text = SIZES.replace("return self.last(self.drop(torch.relu(self.first(x))))", line)
    path = written(tmp_path, text, "mistaken.py")
    with pytest.raises(cause, match=message) as caught:
        train(data, f"{path}:MyNet", tmp_path / "run")
    assert caught.value.line == f"mistaken.py:14: {line}"
    found = plainloop.check(f"{path}:MyNet", data, "label")
    assert [type(finding) for finding in found.findings] == [cause], "`check` says the same, without a run"


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("        super().__init__()\n", "        pass\n", "does not call that of nn.Module first"),
        ("hidden=8", "hidden", "nobody knows its argument hidden"),
        ("class MyNet", "import nothing_of_this_name\n\n\nclass MyNet", "cannot be imported"),
        ("def forward(self, x)", "def forward(self, x", "cannot be read"),
    ],
)
def test_a_class_that_cannot_be_built_is_told_in_words(old: str, new: str, message: str, data: Path, tmp_path: Path):
    path = written(tmp_path, SIZES.replace(old, new), "unbuilt.py")
    with pytest.raises(CannotBuild, match=message):
        train(data, f"{path}:MyNet", tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(CannotBuild, match=message):
        plainloop.check(f"{path}:MyNet", data, "label")


def test_settings_that_a_model_of_plainloop_cannot_have_are_told_in_words(data: Path, tmp_path: Path):
    with pytest.raises(BadSetting, match=r'model.width cannot be "50".\nExpected a multiple of the 4 heads'):
        train(data, "table_transformer", tmp_path / "run", set=["width=50"])
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "model, message",
    [
        ("layers", "in Python hand over an nn.Sequential"),
        ("pretrained", "as hf:DIR"),
        ("nowhere.py:MyNet", "there is no file"),
        ("{folder}/mynet.py:YourNet", "has the classes MyNet"),
        ("{folder}/own.py:MyNet", "rename it"),
        ("{folder}/random.py:MyNet", "rename it"),
        ("table_mpl", "There is no model"),
    ],
)
def test_a_model_that_is_not_there(model: str, message: str, data: Path, tmp_path: Path):
    for name in ("mynet.py", "own.py", "random.py"):
        written(tmp_path, SIZES, name)
    with pytest.raises(UnknownModel, match=message):
        train(data, model.format(folder=tmp_path), tmp_path / "run")


def test_one_tensor_is_all_numbers_and_then_each_category_one_hot():
    found = own.flat(ROWS, SHAPES)
    assert found.shape == (6, 3 + 4 + 5)
    assert torch.equal(found[:, :3], ROWS["numbers"])
    assert found[0, 3:].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert torch.equal(own.flat({"numbers": ROWS["numbers"]}, {"numbers": 3}), ROWS["numbers"])


@pytest.mark.parametrize("given, expected", [("in_features", 12), ("input_dim", 12), ("num_outputs", 2), ("n_classes", 2)])
def test_sizes_are_given_under_the_names_that_are_asked_for(given: str, expected: int):
    kind = type("Kind", (), {"__init__": eval(f"lambda self, {given}: None")})
    assert own.arguments(kind, SHAPES, 2, {}) == {given: expected}


def test_scores_without_their_last_axis_are_taken_as_one_column():
    class Flat(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.sum(1)

    assert own.Model.around(Flat(), SHAPES)(ROWS).shape == (6, 1)


def test_layers_are_built_from_what_torch_prints():
    for layer in (nn.Linear(3, 2), nn.BatchNorm1d(4), nn.GELU(), nn.Dropout(0.2), nn.LayerNorm((4,)), nn.Flatten(), nn.PReLU()):
        assert repr(layers.build(repr(layer))) == repr(layer)
    for text in ("__import__('os')", "Linear(3, len([]))", "Nothing(3)", "Linear", "nn.Linear(3, 2)", "Module(", "F(x)"):
        with pytest.raises(ValueError):
            layers.build(text)
