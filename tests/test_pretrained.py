"""A pretrained model from a directory: read out, frozen and let go, resumed and ejected to the same bits; what is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import plainloop
from pictures import folder
from plainloop.plain.config import Column, Train
from plainloop.plain.loop import train
from plainloop.plain.models.pretrained import Model
from plainloop.plain.models.pretrained_faults import NotPretrained, NoTransformers
from plainloop.plain.optimize import body_of, build_optimizer
from plainloop.plain.run import DataChanged, first_weights
from plainloop.training import Talk
from plainloop.understand.pretrained import pretrained
from plainloop.understand.setting_problems import ModelDoesNotFit
from small import case, same_tensors

has_transformers = pytest.mark.skipif(find_spec("transformers") is None, reason="the package transformers is not installed")
ALONE = "import sys, runpy; sys.modules['plainloop'] = None; sys.argv = ['plain', 'run.toml']; sys.path.insert(0, '.'); "
ALONE += "runpy.run_module('plain', run_name='__main__')"
TINY = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "hidden_size": 16}
BODIES: dict[str, dict[str, Any]] = {
    "vit": {"model_type": "vit", **TINY, "image_size": 32, "patch_size": 8},
    "resnet": {
        "model_type": "resnet",
        "embedding_size": 8,
        "hidden_sizes": [8, 16],
        "depths": [1, 1],
        "layer_type": "basic",
        "num_channels": 3,
    },
    "bert": {"model_type": "bert", **TINY, "vocab_size": 50, "max_position_embeddings": 32},
}
SHAPES: dict[str, dict[str, Any]] = {
    "vit": {"image": {"size": [32, 32], "channels": 3, "mean": [120.0] * 3, "std": [60.0] * 3}},
    "resnet": {"image": {"size": [40, 40], "channels": 3, "mean": [120.0] * 3, "std": [60.0] * 3}},
    "bert": {"text": {"vocabulary": 51, "length": 12}},
}


def build(kind: str, seed: int = 0, **settings: Any) -> Model:
    torch.manual_seed(seed)
    return Model(SHAPES[kind], 5, architecture=json.dumps(BODIES[kind]), **settings)


def batch(kind: str, rows: int = 6) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    if kind == "bert":
        return {"text": torch.randint(1, 51, (rows, 9), generator=random)}
    return {"image": torch.randint(0, 256, (rows, 3, *SHAPES[kind]["image"]["size"]), dtype=torch.uint8, generator=random)}


def directory(place: Path, **more: Any) -> Path:
    """A tiny vision transformer as save_pretrained writes it, with the head of another task."""
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(7)
    facts = {name: value for name, value in BODIES["vit"].items() if name != "model_type"}
    ViTForImageClassification(ViTConfig(**facts, num_labels=9)).save_pretrained(place)
    pictures = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.1], "rescale_factor": 1 / 255, "size": {"height": 32}}
    (place / "preprocessor_config.json").write_text(json.dumps(pictures | more), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    place = tmp_path_factory.mktemp("pretrained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAINLOOP_CACHE", str(place / "cache"))
        return plainloop.train(
            folder(place / "pets", number=20),
            model=f"hf:{directory(place / 'vit')}",
            output=str(place / "run"),
            epochs=4,
            set=["freeze=0.5", "checkpoint_seconds=0.01"],
            baseline=False,
            talk=Talk(quiet=True),
        )


@has_transformers
@pytest.mark.parametrize("kind", BODIES)
def test_scores_and_gradients(kind: str):
    model = build(kind)
    scores = model(batch(kind))
    assert scores.shape == (6, 5)
    assert scores.dtype == torch.float32
    scores.square().sum().backward()
    assert [name for name, weights in model.named_parameters() if weights.grad is None] == []
    assert same_tensors(build(kind).state_dict(), build(kind).state_dict())


@has_transformers
def test_padding_of_a_text_does_not_matter():
    model, rows = build("bert").eval(), batch("bert")
    longer = torch.cat([rows["text"], torch.zeros(6, 3, dtype=torch.int64)], 1)
    torch.testing.assert_close(model({"text": longer}), model(rows))
    other = rows["text"].clone()
    other[:, 4] = other[:, 4] % 50 + 1
    assert not torch.allclose(model({"text": other}), model(rows))


@has_transformers
def test_pixels_are_standardised_as_the_body_knows_them():
    dark, shifted = build("vit", mean=[100.0] * 3, std=[50.0] * 3).eval(), build("vit", mean=[110.0] * 3, std=[50.0] * 3).eval()
    images = batch("vit")["image"] // 2
    torch.testing.assert_close(dark({"image": images}), shifted({"image": images + 10}))


@has_transformers
def test_the_first_weights_are_those_of_the_directory(tmp_path: Path):
    from transformers import ViTModel

    place = directory(tmp_path / "vit")
    model, wanted = build("vit"), ViTModel.from_pretrained(place).state_dict()
    model.begin_with(place)
    assert all(torch.equal(weights, wanted[name]) for name, weights in model.body.state_dict().items())
    other = json.dumps({**BODIES["vit"], "num_hidden_layers": 2})
    with pytest.raises(NotPretrained, match=r"lacks \d+ of \d+ weights"):
        Model(SHAPES["vit"], 5, architecture=other).begin_with(place)


@has_transformers
def test_what_the_directory_says(tmp_path: Path):
    made = pretrained(f"hf:{directory(tmp_path / 'vit')}")
    assert made is not None
    assert made.size() == (32, 32)
    assert made.mean_and_std()[0] == pytest.approx([127.5, 102.0, 76.5])
    assert made.mean_and_std()[1] == pytest.approx([51.0, 51.0, 25.5])
    plain = pretrained(f"hf:{directory(tmp_path / 'plain', do_normalize=False)}")
    assert plain is not None
    assert plain.mean_and_std() == ([0.0] * 3, pytest.approx([255.0] * 3))


@has_transformers
def test_a_run_takes_size_and_pixels_from_the_directory(run: plainloop.Run):
    config = run.config
    assert config.columns[0].size == (32, 32)
    assert config.model.settings["mean"] == pytest.approx([127.5, 102.0, 76.5])
    assert config.model.directory == "../vit"
    assert config.train.body_rate < 1
    assert run.metrics["epochs"] == 4


@has_transformers
def test_the_ejected_project_trains_the_same_weights_and_takes_the_directory_along(run: plainloop.Run, tmp_path: Path):
    project = run.eject(tmp_path / "project", with_data=True)
    assert "transformers" in (project / "requirements.txt").read_text(encoding="utf-8")
    assert (project / "pretrained" / "model.safetensors").exists()
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = [place / "weights.safetensors" for place in (run.folder, project / "output")]
    assert len({hashlib.sha256(file.read_bytes()).hexdigest() for file in made}) == 1


@has_transformers
def test_predicting_needs_the_directory_no_more_and_training_does(run: plainloop.Run, tmp_path: Path):
    place = run.folder.parent
    copy = shutil.copytree(place, tmp_path / "copy")
    shutil.rmtree(copy / "vit")
    pictures = sorted(str(path) for path in (place / "pets" / "cat").iterdir())
    assert plainloop.load(copy / "run").predict(pictures) == run.predict(pictures)
    with pytest.raises(DataChanged, match=r"the pretrained model .* is not there"):
        first_weights(build("vit"), run.config, copy / "run")
    shutil.copytree(place / "vit", copy / "vit")
    first_weights(build("vit"), run.config, copy / "run")
    config = (copy / "vit" / "config.json").read_text(encoding="utf-8")
    (copy / "vit" / "config.json").write_text(config + " ", encoding="utf-8")
    with pytest.raises(DataChanged, match="has SHA-256"):
        first_weights(build("vit"), run.config, copy / "run")


@has_transformers
@pytest.mark.parametrize("form", ["onnx", *(pytest.param(form, marks=pytest.mark.slow) for form in ("pt2", "state_dict"))])
def test_export(run: plainloop.Run, form: str, tmp_path: Path):
    assert run.export(form, tmp_path / "model").exists()


@has_transformers
def test_directories_that_are_refused(tmp_path: Path):
    def reason(place: Path) -> str:
        with pytest.raises(NotPretrained) as caught:
            pretrained(f"hf:{place}")
        return caught.value.what

    place = directory(tmp_path / "vit")
    assert "no such directory" in reason(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert "no config.json" in reason(tmp_path / "empty")
    (place / "model.safetensors").rename(place / "pytorch_model.bin")
    assert "pytorch_model.bin and no safetensors" in reason(place)
    (place / "pytorch_model.bin").rename(place / "model.safetensors")
    (place / "config.json").write_text('{"model_type": "no-such"}', encoding="utf-8")
    assert "'no-such'" in reason(place)
    (place / "config.json").write_text("{", encoding="utf-8")
    assert "cannot be read" in reason(place)


@has_transformers
def test_inputs_that_the_body_does_not_take_are_refused(tmp_path: Path):
    made = pretrained(f"hf:{directory(tmp_path / 'vit')}")
    assert made is not None
    photo, weight = Column(name="photo", type="image"), Column(name="weight", type="number")
    made.check([photo, Column(name="kind", type="category", role="target")])
    with pytest.raises(ModelDoesNotFit, match="weight are none"):
        made.check([photo, weight])
    (tmp_path / "vit" / "config.json").write_text('{"model_type": "wav2vec2"}', encoding="utf-8")
    sounds = pretrained(f"hf:{tmp_path / 'vit'}")
    assert sounds is not None
    with pytest.raises(ModelDoesNotFit, match="neither of pictures nor of the words"):
        sounds.check([photo])


def test_without_the_package_it_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(NoTransformers):
        pretrained(f"hf:{tmp_path}")
    with pytest.raises(NoTransformers, match="pip install"):
        build("vit")


def with_head() -> nn.Module:
    """A table model of the tests' three columns of numbers with a body and a head."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.fixed, self.head = nn.Linear(2, 6), nn.Linear(6, 6), nn.Linear(6, 3)
            self.fixed.requires_grad_(False)  # by its author, for good

        def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.head(self.fixed(torch.relu(self.first(inputs["numbers"][:, :2]))))

    torch.manual_seed(0)
    return Net()


def test_the_body_is_held_still_first_and_then_moves_with_the_head():
    made, model = case("Multiclass", rows=120), with_head()
    first = {name: weights.clone() for name, weights in model.state_dict().items()}
    moved = []
    for _ in train(model, made.task, made.batches(), made.batches("validation"), Train(epochs=4, freeze=0.5, keep="last")):
        moved.append(
            {name.split(".")[0] for name, weights in model.state_dict().items() if not torch.equal(weights, first[name])}
        )
    assert moved == [{"head"}, {"head"}, {"first", "head"}, {"first", "head"}]


def test_the_body_has_a_rate_of_its_own_through_the_whole_schedule():
    from plainloop.plain.optimize import Schedule

    model, settings = with_head(), Train(learning_rate=0.01, body_rate=0.1, schedule="one_cycle", epochs=2)
    optimizer = build_optimizer(model, settings)
    schedule = Schedule(optimizer, settings, 5)
    body = {id(parameter) for parameter in body_of(model)}
    assert len(body) == 2
    for _ in range(9):
        rates = {id(p) in body: group["lr"] for group in optimizer.param_groups for p in group["params"]}
        assert rates[True] == pytest.approx(0.1 * rates[False])
        assert schedule.rate == rates[False]
        optimizer.step()
        schedule.after_step()


@pytest.mark.parametrize("stop", [3, 11])
def test_stopped_while_frozen_or_after_it_goes_on_to_the_same_bits(stop: int, tmp_path: Path):
    from plainloop.plain.checkpoint import Checkpoints
    from plainloop.plain.faults import Stopped

    made, settings = case("Multiclass", rows=120), Train(epochs=4, freeze=0.5, body_rate=0.1, schedule="one_cycle")
    seen = [0]

    def watch(step: int, steps: int) -> int:
        seen[0] += 1
        return 15 if seen[0] == stop else 0

    def trained(folder: Path | None, **more: Any) -> dict[str, torch.Tensor]:
        model = with_head()
        checkpoints = Checkpoints(folder, "run", 60.0) if folder else None
        list(train(model, made.task, made.batches(), made.batches("validation"), settings, checkpoints=checkpoints, **more))
        return model.state_dict()

    with pytest.raises(Stopped):
        trained(tmp_path, watch=watch)
    assert same_tensors(trained(tmp_path), trained(None))
