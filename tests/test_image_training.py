"""Image training through the loop: augmented, mixed, stopped and gone on with to the same bits."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from pictures import folder
from plainloop.options import TrainOptions
from plainloop.plain.augment import Augment
from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.checkpoint import Checkpoints
from plainloop.plain.config import Augmentation, Train
from plainloop.plain.evaluate import evaluation_batches
from plainloop.plain.faults import Stopped
from plainloop.plain.loop import train
from plainloop.plain.models.image_resnet import Model
from plainloop.plain.tasks.classify import Multiclass
from plainloop.training import Talk, decide

SHAPES = {"image": {"size": [28, 28], "channels": 1, "mean": [77.0], "std": [95.0]}}
STRONG = Augmentation(shift=0.1, zoom=0.7, erase=0.25, mixup=0.2, cutmix=1.0)


def digits() -> tuple[Rows, Rows]:
    found = load_digits()
    images = F.interpolate(torch.from_numpy(found.images).float()[:, None] * 15.9, (28, 28), mode="bilinear").round().byte()
    target = torch.from_numpy(found.target).long()
    return Rows({"image": images[:256]}, target[:256]), Rows({"image": images[1400:]}, target[1400:])


def trained(
    folder: Path | None, augmentation: Augmentation, settings: Train, watch: Callable[[int, int], int] = lambda step, steps: 0
) -> dict[str, Tensor]:
    rows, validation = digits()
    torch.manual_seed(0)
    model = Model(SHAPES, 10, width=8)
    batches = loader(rows, EpochBatches(len(rows), 64))
    checkpoints = None if folder is None else Checkpoints(folder, "run", 60.0)
    augment = Augment(augmentation, 0)
    evaluation = evaluation_batches(validation, model, 64)
    task = Multiclass([str(digit) for digit in range(10)])
    for _ in train(model, task, batches, evaluation, settings, checkpoints=checkpoints, watch=watch, augment=augment):
        pass
    return model.state_dict()


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_stopped_in_an_epoch_and_gone_on_with_gives_the_same_bits(optimizer: str, tmp_path: Path) -> None:
    """Needs the optimizer's state back in the layout of the weights, which is channels last here."""
    settings = Train(epochs=2, batch_size=64, learning_rate=1e-3, optimizer=optimizer, ema=0.9)
    wanted = trained(None, STRONG, settings)
    with pytest.raises(Stopped):
        trained(tmp_path, STRONG, settings, lambda step, steps: 15 if step == 3 else 0)
    found = trained(tmp_path, STRONG, settings)
    assert [name for name, values in wanted.items() if not torch.equal(values, found[name])] == []


def test_augmentation_changes_what_is_learned() -> None:
    settings = Train(epochs=1, batch_size=64)
    plain, strong = trained(None, Augmentation(), settings), trained(None, STRONG, settings)
    assert not torch.equal(plain["head.weight"], strong["head.weight"])


@pytest.mark.parametrize(("level", "said"), [(None, "flip, shift 0.125 - small images"), ("none", "none - none was asked for")])
def test_what_is_done_to_the_pictures_is_said_before_training(tmp_path: Path, level: str | None, said: str):
    lines: list[str] = []
    options = TrainOptions(augment=level, set=["augment.erase=0.5"] if level is None else None)
    decide(str(folder(tmp_path / "photos")), options, Talk(say=lines.append), lambda name="": tmp_path)
    text = "\n".join(lines)
    assert "pictures of path: 40 x 40 pixels: all sampled pictures are 40 x 40: kept; rgb: the pictures have colours" in text
    assert f"augmentation: {said}" in text.replace(", erase 0.5", "")
    assert ("erase 0.5" in text and "erase asked for" in text) is (level is None)
