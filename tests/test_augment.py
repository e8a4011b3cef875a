"""Image augmentation: reproducible, uint8 in and out, and every change against a reference that works one image at a time."""

import random

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from torch import Tensor, nn
from torch.nn import functional as F

from plainloop.plain.augment import (
    Augment,
    Draw,
    Mixing,
    coloured,
    erased,
    flip_average,
    gather,
    mirrored,
    mixed,
    zoomed,
)
from plainloop.plain.config import Augmentation
from plainloop.plain.tasks.classify import Multiclass

SINGLE = [
    {"flip": True},
    {"shift": 0.125},
    {"zoom": 0.4},
    {"colour": 0.3},
    {"erase": 1.0},
    {"mixup": 0.4},
    {"cutmix": 1.0},
    {"flip": True, "shift": 0.1, "zoom": 0.5, "colour": 0.2, "erase": 0.3, "mixup": 0.2, "cutmix": 1.0},
]


class Fixed(Draw):
    """Gives the same number where a random one between two bounds is asked for."""

    def __init__(self, count: int, *values: float):
        super().__init__(torch.Generator(), count)
        self.values = list(values)

    def between(self, low: float, high: float) -> Tensor:
        return torch.full((self.count,), self.values.pop(0))


def draw(count: int, seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), count)


def noise(count: int = 16, channels: int = 3, height: int = 20, width: int = 14) -> Tensor:
    generator = torch.Generator().manual_seed(count + channels)
    return torch.randint(0, 256, (count, channels, height, width), dtype=torch.uint8, generator=generator)


def photo(count: int = 4, height: int = 32, width: int = 24) -> Tensor:
    """Smooth pictures in the middle of the range."""
    small = torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(2))
    return (80 + 90 * F.interpolate(small, (height, width), mode="bicubic").clamp(0, 1)).byte()


@pytest.mark.parametrize("settings", SINGLE)
@pytest.mark.parametrize("channels", [1, 3])
def test_uint8_of_the_same_shape_and_reproducible(settings: dict, channels: int) -> None:
    images, augment = noise(channels=channels), Augment(Augmentation(**settings), seed=3)
    before, state = images.clone(), torch.get_rng_state()
    first, mixing = augment({"image": images, "numbers": torch.ones(16, 2)}, 1, 7)
    torch.manual_seed(99)
    second, _ = augment({"image": images}, 1, 7)
    assert first["image"].dtype == torch.uint8
    assert first["image"].shape == images.shape
    assert torch.equal(first["image"], second["image"])
    assert torch.equal(first["numbers"], torch.ones(16, 2))
    assert torch.equal(images, before), "the images of the data were changed"
    others = [
        augment({"image": images}, 1, 8),
        augment({"image": images}, 2, 7),
        Augment(augment.settings, 4)({"image": images}, 1, 7),
    ]
    assert all(not torch.equal(first["image"], other["image"]) for other, _ in others)
    assert (mixing is not None) == ("mixup" in settings or "cutmix" in settings)
    torch.set_rng_state(state)


def test_the_global_generator_stays_where_it_is() -> None:
    state = torch.get_rng_state()
    Augment(Augmentation(**SINGLE[-1]))({"image": noise()}, 0, 0)
    assert torch.equal(state, torch.get_rng_state())


def test_nothing_asked_for_changes_nothing() -> None:
    images = noise()
    inputs, mixing = Augment(Augmentation())({"image": images}, 0, 0)
    assert torch.equal(inputs["image"], images)
    assert mixing is None


def test_flip_mirrors_about_half_of_the_images() -> None:
    images = noise(200)
    after = Augment(Augmentation(flip=True))({"image": images}, 0, 0)[0]["image"]
    same, flipped = (after == images).flatten(1).all(1), (after == images.flip(3)).flatten(1).all(1)
    assert (same ^ flipped).all()
    assert 70 < flipped.sum() < 130


def test_mirrored_places_are_those_of_a_reflecting_pad() -> None:
    for size in (1, 2, 5):
        reach = min(size - 1, 3)
        wanted = np.pad(np.arange(size), reach, mode="reflect")
        assert mirrored(torch.arange(-reach, size + reach), size).tolist() == wanted.tolist()


def test_shift_is_a_crop_out_of_a_reflecting_pad() -> None:
    images = noise(40, 3, 16, 16)
    after = Augment(Augmentation(shift=0.125))({"image": images}, 0, 0)[0]["image"]
    padded = F.pad(images.float(), (2, 2, 2, 2), mode="reflect").byte()
    seen = set()
    for index in range(len(images)):
        places = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if torch.equal(after[index], padded[index, :, down : down + 16, right : right + 16])
        ]
        assert len(places) == 1
        seen.update(places)
    assert len(seen) > 12


def test_gather_reads_rows_and_columns_of_each_image() -> None:
    images = noise(3, 2, 5, 4).to(memory_format=torch.channels_last)
    rows, cols = torch.randint(0, 5, (3, 5)), torch.randint(0, 4, (3, 4))
    after = gather(images, rows, cols)
    assert after.is_contiguous(memory_format=torch.channels_last)
    for index in range(3):
        assert torch.equal(after[index], images[index][:, rows[index]][:, :, cols[index]])


def test_zoom_of_the_whole_is_the_image_itself() -> None:
    images = noise(3, 3, 10, 8)
    after = zoomed(images, Augmentation(zoom=0.5), torch.tensor([False, True, False]), Fixed(3, 1.0, 0.0, 0.3, 0.6))
    assert torch.equal(after, torch.stack([images[0], images[1].flip(2), images[2]]))


def test_zoom_is_a_crop_stretched_by_bilinear_interpolation() -> None:
    images = photo(4, 32, 32)
    # area 1/4, ratio 1, a quarter of the way down and half the way across: rows 4 to 20, columns 8 to 24
    after = zoomed(images, Augmentation(zoom=0.25), torch.tensor([False, False, True, True]), Fixed(4, 0.25, 0.0, 0.25, 0.5))
    wanted = F.interpolate(images[:, :, 4:20, 8:24].float(), (32, 32), mode="bilinear")
    wanted[2:] = wanted[2:].flip(3)
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))  # at its edge the crop itself sees less than the whole image
    assert (after.float() - wanted)[inner].abs().max() <= 1.0


@pytest.mark.parametrize("brightness, contrast, saturation", [(1.2, 1, 1), (1, 0.7, 1), (1, 1, 0.4), (0.9, 1.1, 1.3)])
def test_colours_are_those_of_pillow(brightness: float, contrast: float, saturation: float) -> None:
    images = photo()
    after = coloured(images, Augmentation(colour=0.5), Fixed(len(images), brightness, contrast, saturation))
    for index, image in enumerate(images):
        wanted = Image.fromarray(image.permute(1, 2, 0).numpy())
        wanted = ImageEnhance.Brightness(wanted).enhance(brightness)
        wanted = ImageEnhance.Contrast(wanted).enhance(contrast)
        wanted = ImageEnhance.Color(wanted).enhance(saturation)
        difference = np.asarray(wanted).astype(int) - after[index].permute(1, 2, 0).numpy().astype(int)
        assert np.abs(difference).max() <= 3  # Pillow rounds three times, we once


def test_colours_stay_in_range() -> None:
    images = torch.tensor([0, 255], dtype=torch.uint8).repeat(2, 3, 4, 2)
    after = coloured(images, Augmentation(colour=0.5), Fixed(2, 1.5, 1.5, 1.0))
    assert after.max() == 255
    assert after.min() == 0


def test_erasing_takes_one_box() -> None:
    images = noise(60, 3, 24, 30)
    after = erased(images, 1.0, draw(60))
    fill = images.float().mean((0, 2, 3)).round().byte()
    for before, now in zip(images, after, strict=True):
        changed = (now != before).any(0)
        rows, cols = changed.any(1).nonzero().flatten(), changed.any(0).nonzero().flatten()
        box = now[:, rows.min() : rows.max() + 1, cols.min() : cols.max() + 1]
        assert (box == fill[:, None, None]).all()
        assert 0.01 < box[0].numel() / before[0].numel() < 0.4
    assert 8 < (erased(images, 0.3, draw(60)) != images).flatten(1).any(1).sum() < 30


def test_mixup_blends_each_image_with_its_partner() -> None:
    images = noise(12)
    after, mixing = mixed(images, Augmentation(mixup=1.0), draw(12), random.Random(1))
    assert mixing is not None
    assert 0.5 <= mixing.share <= 1
    wanted = mixing.share * images.double() + (1 - mixing.share) * images[mixing.partner].double()
    assert (after.double() - wanted).abs().max() <= 0.51


def test_cutmix_says_which_share_is_left() -> None:
    images = torch.arange(12, dtype=torch.uint8).view(-1, 1, 1, 1).expand(12, 3, 16, 16).contiguous()
    for seed in range(5):
        after, mixing = mixed(images, Augmentation(cutmix=1.0), draw(12, seed), random.Random(seed))
        assert mixing is not None
        moved = mixing.partner != torch.arange(12)
        own = (after == images).float().mean((1, 2, 3))[moved]
        assert torch.allclose(own, torch.tensor(mixing.share), atol=1e-6)
        assert ((after == images) | (after == images[mixing.partner])).all()


def test_both_kinds_of_mixing_take_turns() -> None:
    images = torch.tensor([0, 200], dtype=torch.uint8).repeat(6).view(-1, 1, 1, 1).expand(12, 1, 8, 8).contiguous()
    settings = Augmentation(mixup=1.0, cutmix=1.0)
    after = [mixed(images, settings, draw(12, seed), random.Random(seed))[0] for seed in range(40)]
    assert 8 < sum(bool((images % 200 != 0).any()) for images in after) < 32


def test_a_single_image_is_not_mixed() -> None:
    assert mixed(noise(1), Augmentation(mixup=1.0, cutmix=1.0), draw(1), random.Random(0))[1] is None


def test_the_loss_of_a_mixture_is_that_of_soft_targets() -> None:
    task, scores = Multiclass(["a", "b", "c"]), torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    target, partner = torch.tensor([0, 1, 2, 0, 1, 2]), torch.tensor([1, 2, 3, 4, 5, 0])
    soft = 0.7 * F.one_hot(target, 3) + 0.3 * F.one_hot(target[partner], 3)
    torch.testing.assert_close(Mixing(partner, 0.7).loss(task, scores, target), F.cross_entropy(scores, soft))


def test_flip_average_does_not_see_left_from_right() -> None:
    torch.manual_seed(0)
    model = Flat(nn.Linear(3 * 8 * 6, 4)).requires_grad_(False)
    images = noise(5, 3, 8, 6)
    scores = flip_average(model, {"image": images})
    torch.testing.assert_close(scores, flip_average(model, {"image": images.flip(3)}))
    assert not torch.allclose(scores, model({"image": images}))


class Flat(nn.Module):
    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.layer(inputs["image"].float().flatten(1) / 255)
