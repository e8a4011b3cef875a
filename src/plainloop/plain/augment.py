"""Whole-batch image augmentation, between the batch and the model, while training. Copied into ejected projects.

Every random number of a step comes from a generator of its own, seeded by (seed, epoch, step) on the CPU, so that a resumed
run, a run with data workers and a run on another device change their images in the same way. Images stay uint8.
Moving an image (flip, shift) is one gather: output row i is the input row rows[i], output column j the input column cols[j].
Zooming is two gathers along each side and a mean of the two; colours are one small matrix per image.

Axes: B images, C channels, H height, W width.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .batches import mix
from .config import Augmentation

STREAM = 0x1A6E  # keeps these random numbers apart from those of dropout, which has the same seed, epoch and step
GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue look (ITU-R BT.601, as Pillow's mode L)


@dataclass(frozen=True)
class Mixing:
    """Which image each image was mixed with, and how much of its own is left."""

    partner: Tensor  # int64 (B,)
    share: float  # of the first image in the mixture; its loss weighs as much

    def loss(self, task: Any, scores: Tensor, target: Tensor) -> Tensor:
        """The mean of the losses against both targets, weighed by their shares (Zhang et al. 2018, arXiv 1710.09412)."""
        own, other = task.loss(scores, target), task.loss(scores, target[self.partner])
        mean: Tensor = self.share * own + (1 - self.share) * other
        return mean


class Augment:
    """Changes the images of a batch as the settings say; the same images for the same (seed, epoch, step).

    Shape: uint8 (B, C, H, W) -> uint8 (B, C, H, W), channels last in memory, on the device of the images.

    >>> images = torch.arange(2 * 3 * 8 * 8, dtype=torch.uint8).reshape(2, 3, 8, 8)
    >>> inputs, mixing = Augment(Augmentation(flip=True, shift=0.125))({"image": images}, epoch=0, step=0)
    >>> inputs["image"].shape, inputs["image"].dtype, mixing
    (torch.Size([2, 3, 8, 8]), torch.uint8, None)
    """

    def __init__(self, settings: Augmentation, seed: int = 0):
        self.settings, self.seed = settings, seed

    def __call__(self, inputs: dict[str, Tensor], epoch: int, step: int) -> tuple[dict[str, Tensor], Mixing | None]:
        """The inputs with their images changed, and how these were mixed, if they were."""
        number = mix(self.seed ^ STREAM, epoch, step)
        draw = Draw(torch.Generator().manual_seed(number), len(inputs["image"]))
        images = moved(inputs["image"], self.settings, draw)
        images = coloured(images, self.settings, draw)
        if self.settings.erase:
            images = erased(images, self.settings.erase, draw)
        images, mixing = mixed(images, self.settings, draw, random.Random(number))
        return {**inputs, "image": images}, mixing


class Draw:
    """Random numbers for one batch."""

    def __init__(self, generator: torch.Generator, count: int):
        self.generator, self.count = generator, count

    def between(self, low: float, high: float) -> Tensor:
        """One number per image. Shape: float32 (B,)."""
        return low + (high - low) * torch.rand(self.count, generator=self.generator)

    def happens(self, chance: float) -> Tensor:
        """Shape: bool (B,)."""
        return torch.rand(self.count, generator=self.generator) < chance

    def order(self) -> Tensor:
        """Shape: int64 (B,)."""
        return torch.randperm(self.count, generator=self.generator)


def moved(images: Tensor, settings: Augmentation, draw: Draw) -> Tensor:
    """Images flipped left to right, zoomed into and shifted; what comes in at the edge is the mirror image of what is there."""
    height, width = images.shape[2:]
    flip = draw.happens(0.5) if settings.flip else torch.zeros(draw.count, dtype=torch.bool)
    if settings.zoom < 1:
        return zoomed(images, settings, flip, draw)
    if not settings.flip and not settings.shift:
        return images
    rows, cols = torch.arange(height), torch.arange(width)  # (H,), (W,)
    down = shifts(settings.shift, height, draw)[:, None]  # (B, 1)
    right = shifts(settings.shift, width, draw)[:, None]
    cols = torch.where(flip[:, None], cols.flip(0), cols)  # (B, W)
    return gather(images, mirrored(rows + down, height), mirrored(cols + right, width))


def shifts(share: float, size: int, draw: Draw) -> Tensor:
    """Whole pixels, between minus and plus that share of the side. Shape: int64 (B,)."""
    most = round(share * size)
    return torch.randint(-most, most + 1, (draw.count,), generator=draw.generator)


def mirrored(place: Tensor, size: int) -> Tensor:
    """Places beyond an edge, reflected back inside; the edge itself is not repeated.

    >>> mirrored(torch.tensor([-2, -1, 0, 4, 5]), 5).tolist()
    [2, 1, 0, 4, 3]
    """
    place = place.abs()
    return torch.minimum(place, 2 * (size - 1) - place).clamp_min(0)


def gather(images: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """For each image the pixels where its rows and its columns cross.

    Shape: (B, C, H, W), int64 (B, H), int64 (B, W) -> (B, C, H, W), channels last in memory.
    """
    count, channels, height, width = images.shape
    rows, cols = rows.to(images.device, non_blocking=True), cols.to(images.device, non_blocking=True)
    pixels = images.permute(0, 2, 3, 1).reshape(-1, channels)  # no copy where the channels are last
    first = torch.arange(count, device=images.device)[:, None, None] * (height * width)
    places = first + rows[:, :, None] * width + cols[:, None, :]  # (B, H, W)
    return pixels.index_select(0, places.flatten()).view(count, height, width, channels).permute(0, 3, 1, 2)


def zoomed(images: Tensor, settings: Augmentation, flip: Tensor, draw: Draw) -> Tensor:
    """A random part of each image, stretched to the whole: `zoom` to 1 of the area, sides up to 4:3 to each other; flipped."""
    count, channels, height, width = images.shape
    area, ratio = draw.between(settings.zoom, 1.0), (draw.between(-1.0, 1.0) * math.log(4 / 3) / 2).exp()
    tall, wide = ((area.sqrt() * side).clamp_max(1.0) for side in (ratio, 1 / ratio))  # shares of the sides, (B,)
    high, low, down = between(height, tall, draw.between(0.0, 1.0), torch.zeros_like(flip), images.device)
    left, right, across = between(width, wide, draw.between(0.0, 1.0), flip, images.device)
    first = torch.arange(count, device=images.device)[:, None]
    lines = images.permute(0, 2, 3, 1).reshape(count * height, -1)  # (B * H, W * C)
    upper, lower = (lines.index_select(0, (first * height + row).flatten()).float() for row in (high, low))
    pixels = upper.lerp_(lower, down.flatten()[:, None]).view(-1, channels)  # (B * H * W, C)
    begin = torch.arange(count * height, device=images.device).view(count, height, 1) * width
    before, after = (pixels.index_select(0, (begin + column[:, None]).flatten()) for column in (left, right))
    values = before.view(count, height, -1).lerp_(after.view(count, height, -1), across.repeat_interleave(channels, 1)[:, None])
    return values.round_().byte().view(count, height, width, channels).permute(0, 3, 1, 2)


def between(size: int, share: Tensor, place: Tensor, flip: Tensor, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The two input pixels that each output pixel of a line lies between, and how near it is to the second, 0 to 1.

    share: of the line that is kept; place: where it begins, 0 at one end, 1 at the other. Shape: (B,) -> three times (B, size).
    """
    out = (torch.arange(size) + 0.5) / size
    out = torch.where(flip[:, None], 1 - out, out)
    centre = (((place * (1 - share))[:, None] + out * share[:, None]) * size - 0.5).clamp(0, size - 1)
    first = centre.floor().long()
    second = (first + 1).clamp_max(size - 1)
    return first.to(device), second.to(device), (centre - first).to(device)


def coloured(images: Tensor, settings: Augmentation, draw: Draw) -> Tensor:
    """Images with another brightness, contrast and saturation: one affine map of the colours per image."""
    if not settings.colour:
        return images
    count, channels = images.shape[:2]
    low, high = 1 - settings.colour, 1 + settings.colour
    brightness, contrast, saturation = (draw.between(low, high).to(images.device)[:, None, None] for _ in range(3))
    values = images.permute(0, 2, 3, 1).reshape(count, -1, channels).float()  # (B, H * W, C)
    grey = torch.tensor(GREY if channels == 3 else [1 / channels] * channels, device=images.device)
    middle = (values.mean(1, keepdim=True) @ grey)[..., None]  # (B, 1, 1)
    same = torch.eye(channels, device=images.device)
    tint = saturation * same + (1 - saturation) * grey[:, None] if channels == 3 else same  # (B or 1, C, C)
    matrix = (brightness * contrast * tint).expand(count, -1, -1)
    values = torch.baddbmm((brightness * (1 - contrast) * middle).expand(-1, 1, channels), values, matrix)
    return values.round_().clamp_(0, 255).byte().view(count, *images.shape[2:], channels).permute(0, 3, 1, 2)


def erased(images: Tensor, chance: float, draw: Draw) -> Tensor:
    """Some images with a box of 2 to 33 % of their area in the mean colour of the batch (Zhong et al. 2017, arXiv 1708.04896)."""
    height, width = images.shape[2:]
    area, ratio = draw.between(0.02, 1 / 3), (draw.between(-1.0, 1.0) * math.log(10 / 3)).exp()
    tall, wide = ((area * side).sqrt().clamp_max(1.0) for side in (ratio, 1 / ratio))
    box = boxes(height, width, tall, wide, draw.between(0.0, 1.0), draw.between(0.0, 1.0))
    box &= draw.happens(chance)[:, None, None]
    fill = images.float().mean((0, 2, 3), keepdim=True).round().byte()  # (1, C, 1, 1)
    return torch.where(box.to(images.device)[:, None], fill, images)


def boxes(height: int, width: int, tall: Tensor, wide: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Where the boxes are. Shape: bool (n, H, W).

    tall, wide: shares of the sides; down, right: where between the edges, 0 to 1.
    """

    def line(size: int, length: Tensor, place: Tensor) -> Tensor:
        pixels = (length * size).round()
        first = (place * (size - pixels)).round()
        at = torch.arange(size)
        return (at >= first[:, None]) & (at < (first + pixels)[:, None])  # (n, size)

    return line(height, tall, down)[:, :, None] & line(width, wide, right)[:, None, :]


def mixed(images: Tensor, settings: Augmentation, draw: Draw, dice: random.Random) -> tuple[Tensor, Mixing | None]:
    """Each image blended with another (mixup), or with a box of another in it (cutmix, Yun et al. 2019, arXiv 1905.04899).

    A batch is mixed in one way or the other, by the same share.
    """
    if not (settings.mixup or settings.cutmix) or draw.count < 2:
        return images, None
    cut = bool(settings.cutmix) and (not settings.mixup or dice.random() < 0.5)
    strength = settings.cutmix if cut else settings.mixup
    share = dice.betavariate(strength, strength)
    partner = draw.order().to(images.device)
    if not cut:
        share = max(share, 1 - share)
        other = images[partner]
        blend = torch.lerp(other.float(), images.float(), share).round_().byte()
        return blend, Mixing(partner, share)
    height, width = images.shape[2:]
    side = torch.tensor([math.sqrt(1 - share)])
    box = boxes(height, width, side, side, torch.tensor([dice.random()]), torch.tensor([dice.random()]))
    share = 1 - box.float().mean().item()
    return torch.where(box.to(images.device)[:, None], images[partner], images), Mixing(partner, share)


def flip_average(model: torch.nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    """The mean of the raw scores of the images and of their mirror images. Shape: (B, out) or (B, K, out)."""
    return (model(inputs) + model({**inputs, "image": inputs["image"].flip(3)})) / 2
