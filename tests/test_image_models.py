"""The image models: every size and number of channels, learning, saving, export, and what they do with the pixels."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from plainloop.plain.checkpoint import load_weights, save_weights

MODELS = {
    "image_convnet": {"width": 8},
    "image_resnet": {"width": 8},
    "image_vit": {"width": 32, "depth": 2, "heads": 2},
}
SIZES = [(28, 28, 1), (32, 32, 3), (30, 45, 3), (64, 64, 1), (224, 224, 3)]


def shapes(height: int = 28, width: int = 28, channels: int = 1) -> dict[str, Any]:
    return {"image": {"size": [height, width], "channels": channels, "mean": [80.0] * channels, "std": [60.0] * channels}}


def build(name: str, image: dict[str, Any], **settings: Any) -> nn.Module:
    torch.manual_seed(0)
    return import_module(f"plainloop.plain.models.{name}").Model(image, 10, **(MODELS[name] | settings))


def noise(rows: int, height: int, width: int, channels: int) -> Tensor:
    return torch.randint(0, 256, (rows, channels, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def digits(rows: int = 32) -> tuple[dict[str, Tensor], Tensor]:
    """Handwritten digits of 8 pixels, stretched to 28."""
    found = load_digits()
    images = torch.from_numpy(found.images[:rows] * 15.9).float()[:, None]
    images = F.interpolate(images, (28, 28), mode="bilinear").round().byte()
    return {"image": images}, torch.from_numpy(found.target[:rows]).long()


def fit(model: nn.Module, steps: int, stop: float = 0.0) -> float:
    inputs, target = digits()
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    for _ in range(steps):
        loss = F.cross_entropy(model(inputs), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < stop:
            break
    return float(loss.detach())


@pytest.mark.parametrize("height, width, channels", SIZES)
@pytest.mark.parametrize("name", MODELS)
def test_scores_and_gradients_at_every_size(name: str, height: int, width: int, channels: int) -> None:
    model = build(name, shapes(height, width, channels))
    scores = model({"image": noise(4, height, width, channels)})
    assert scores.shape == (4, 10)
    assert scores.dtype == torch.float32
    scores.square().sum().backward()
    missing = [label for label, weights in model.named_parameters() if weights.grad is None or not weights.grad.isfinite().all()]
    assert not missing


@pytest.mark.parametrize("name", MODELS)
def test_every_pixel_counts(name: str) -> None:
    """The gradient reaches each pixel of a picture whose sides no stride divides."""
    model = build(name, shapes(31, 45, 3)).eval()
    nn.init.normal_(model.get_parameter("head.weight" if name != "image_convnet" else "head.1.weight"))
    reached = torch.zeros(31, 45, dtype=torch.bool)
    for seed in range(12):
        image = torch.rand(8, 3, 31, 45, generator=torch.Generator().manual_seed(seed)).mul(255).requires_grad_()
        model({"image": image}).square().sum().backward()
        assert image.grad is not None
        reached |= (image.grad != 0).any(0).any(0)
    assert reached.all()


@pytest.mark.parametrize("name", MODELS)
def test_one_batch_is_learned_by_heart(name: str) -> None:
    model = build(name, shapes())
    assert fit(model, 200, stop=0.1) < 0.1


@pytest.mark.parametrize("name", MODELS)
def test_training_twice_gives_the_same_bits(name: str) -> None:
    first, second = build(name, shapes()), build(name, shapes())
    fit(first, 3)
    fit(second, 3)
    for label, weights in first.state_dict().items():
        assert torch.equal(weights, second.state_dict()[label]), label


@pytest.mark.parametrize("name", MODELS)
def test_saved_weights_give_the_same_scores(name: str, tmp_path: Path) -> None:
    model = build(name, shapes())
    fit(model, 2)
    save_weights(tmp_path / "weights.safetensors", model.state_dict())
    torch.manual_seed(5)
    other = import_module(f"plainloop.plain.models.{name}").Model(shapes(), 10, **MODELS[name])
    inputs, _ = digits()
    assert not torch.equal(model.eval()(inputs), other.eval()(inputs))
    other.load_state_dict(load_weights(tmp_path / "weights.safetensors"))
    assert torch.equal(model(inputs), other(inputs))


@pytest.mark.parametrize("name", MODELS)
def test_export_with_any_number_of_rows(name: str) -> None:
    model = build(name, shapes(32, 32, 3)).eval()
    example = {"image": noise(4, 32, 32, 3)}
    rows = torch.export.Dim("rows", min=1, max=1024)
    program = torch.export.export(model, (example,), dynamic_shapes=({"image": {0: rows}},))
    inputs = {"image": noise(7, 32, 32, 3)}
    torch.testing.assert_close(program.module()(inputs), model(inputs))


@pytest.mark.parametrize("name", MODELS)
def test_memory_layout_of_the_pixels_does_not_matter(name: str) -> None:
    model = build(name, shapes(32, 32, 3)).eval()
    images = noise(4, 32, 32, 3)
    torch.testing.assert_close(model({"image": images}), model({"image": images.to(memory_format=torch.channels_last)}))


@pytest.mark.parametrize("name", MODELS)
def test_pixels_are_standardised_inside(name: str) -> None:
    images = noise(4, 28, 28, 1) // 2
    brighter = shapes()
    brighter["image"]["mean"] = [100.0]
    plain, shifted = build(name, shapes()).eval(), build(name, brighter).eval()
    torch.testing.assert_close(plain({"image": images}), shifted({"image": images + 20}))


@pytest.mark.parametrize("name", ["image_convnet", "image_resnet"])
def test_convolutions_keep_channels_last(name: str, tmp_path: Path) -> None:
    """Also after weights were loaded: a CPU needs half the time for it."""
    model = build(name, shapes(32, 32, 3))
    save_weights(tmp_path / "weights.safetensors", model.state_dict())
    model.load_state_dict(load_weights(tmp_path / "weights.safetensors"))
    convs = [layer.weight for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    assert convs
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in convs)


@pytest.mark.parametrize("name", MODELS)
def test_dropout_is_off_in_evaluation(name: str) -> None:
    extra = {"hidden": 16} if name == "image_convnet" else {}
    model = build(name, shapes(), dropout=0.5, **extra)
    inputs, _ = digits(8)
    if name == "image_vit":  # its blocks begin as the identity
        fit(model, 1)
    assert not torch.equal(model.train()(inputs), model.train()(inputs))
    assert torch.equal(model.eval()(inputs), model.eval()(inputs))
