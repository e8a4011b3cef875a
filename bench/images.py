"""How accurate an image model gets in how many CPU-seconds: plainloop's own loop on Fashion-MNIST, CIFAR-10 or photos in folders.

    OMP_NUM_THREADS=1 python bench/images.py fashion_mnist --epochs 4
    OMP_NUM_THREADS=1 python bench/images.py cifar10 --set model.width=32 --set train.precision=float32

One line per epoch: accuracy on the official test rows, CPU-seconds of this process and wall seconds since training began; reading
and decoding stand on a line of their own. On a busy machine only the CPU-seconds of one thread mean anything. The data sets are
looked for under $PLAINLOOP_DATA. The pictures are decoded here, so that the figures are those of model, augmentation and loop.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import io
import os
import time
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from plainloop.plain.augment import Augment, flip_average
from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.config import Augmentation, Train
from plainloop.plain.device import autocast, fits
from plainloop.plain.loop import train
from plainloop.plain.tasks.classify import Multiclass

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parent.parent.parent / "shared" / "data")) / "image"
FOLDERS = {"fashion_mnist": "fashion_mnist", "cifar10": "cifar10_jpg", "pizza_steak_sushi": "pizza_steak_sushi"}
Part = tuple[Tensor, Tensor]  # uint8 (n, C, H, W) with channels last, int64 (n,)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=list(FOLDERS))
    parser.add_argument("--model", default="image_resnet", help="file of plain/models")
    parser.add_argument("--epochs", type=int, help="passes over the train rows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=0, help="train on so many rows only, spread evenly; 0: all")
    parser.add_argument("--size", type=int, default=64, help="side of photos after resizing")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--label-smoothing", type=float, default=0.1)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="train.NAME, model.NAME or augment.NAME")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    measure(options)


def measure(options: argparse.Namespace) -> None:
    """Trains and prints."""
    started = time.process_time()
    (images, target), (test_images, test_target) = read(options.data, options.size)
    print(f"read and decoded {len(images)} + {len(test_images)} images in {time.process_time() - started:.1f} CPU-s")
    if options.rows:
        keep = torch.linspace(0, len(images) - 1, options.rows).long()
        images, target = images[keep].contiguous(memory_format=torch.channels_last), target[keep]
    given = asked(options)
    settings = Train(**(train_defaults(options.data, options.epochs) | given["train"]))
    augmentation = Augmentation(**(augment_defaults(options.data) | given["augment"]))
    labels = [str(code) for code in range(int(target.max()) + 1)]
    task, device = Multiclass(labels, label_smoothing=options.label_smoothing), torch.device(options.device)
    torch.manual_seed(options.seed)
    model = import_module(f"plainloop.plain.models.{options.model}").Model(shapes_of(images), len(labels), **given["model"])
    model.to(device)
    rows, test_rows = Rows({"image": images}, target), Rows({"image": test_images}, test_target)
    if fits(images.nbytes + test_images.nbytes, device):
        rows, test_rows = rows.to(device), test_rows.to(device)
    batches = loader(rows, EpochBatches(len(rows), settings.batch_size, seed=options.seed))
    test_batches = loader(test_rows, EpochBatches(len(test_rows), 250, shuffle=False))
    print(f"{sum(weights.numel() for weights in model.parameters()):,} weights; {settings}; {augmentation}")

    cpu, wall = time.process_time(), time.perf_counter()
    augment = Augment(augmentation, options.seed)
    for record in train(model, task, batches, test_batches, settings, seed=options.seed, augment=augment):
        values = record.values
        print(
            f"epoch {values['epoch']:3}  train {values['train_accuracy']:.4f}  test {values['val_accuracy']:.4f}  "
            f"cpu {time.process_time() - cpu:7.1f}  wall {time.perf_counter() - wall:7.1f}",
            flush=True,
        )
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    with torch.inference_mode(), autocast(device, settings.precision):
        found = [flip_average(model, {"image": inputs["image"].to(device)}).argmax(1).cpu() for inputs, _ in test_batches]
    flipped = (torch.cat(found) == test_target).float().mean().item()
    last = f"last epoch {values['val_accuracy']:.4f}, kept weights averaged over mirror images {flipped:.4f}"
    print(f"{options.data} {options.model}: {last}, cpu {cpu:.0f} s, wall {wall:.0f} s")


def train_defaults(data: str, epochs: int | None) -> dict[str, Any]:
    """What understand/resolve.py chooses for the default model."""
    small = data == "pizza_steak_sushi"
    return {
        "epochs": epochs or (100 if small else 10),
        "batch_size": 32 if small else 512,
        "learning_rate": 2e-3 if small else 1e-2,
        "weight_decay": 0.05,
        "schedule": "one_cycle",
        "warmup": 0.2,
        "patience": 0,
        "precision": "bfloat16",
    }


def augment_defaults(data: str) -> dict[str, Any]:
    """A light augmentation for small pictures, one with parts of the picture for photos."""
    if data == "pizza_steak_sushi":
        return {"flip": True, "zoom": 0.35, "colour": 0.3}
    return {"flip": True, "shift": 0.125 if data == "cifar10" else 0.07}


def asked(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The values of --set by section."""
    given: dict[str, dict[str, Any]] = {"train": {}, "model": {}, "augment": {}}
    for item in options.set:
        name, _, text = item.partition("=")
        section, _, key = name.partition(".")
        try:
            given[section][key] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            given[section][key] = text
    return given


def shapes_of(images: Tensor) -> dict[str, Any]:
    """What an image column tells a model, its mean and deviation from at most 5,000 images."""
    some = images[:: max(1, len(images) // 5000)].float()
    mean, std = some.mean((0, 2, 3)), some.std((0, 2, 3))
    return {"image": {"size": list(images.shape[2:]), "channels": images.shape[1], "mean": mean.tolist(), "std": std.tolist()}}


def read(data: str, size: int) -> tuple[Part, Part]:
    """Train and test rows of a data set."""
    home = DATA / FOLDERS[data]
    if data == "fashion_mnist":
        return idx(home, "train"), idx(home, "t10k")
    if data == "cifar10":
        return decoded(zipped(home / "train.zip")), decoded(zipped(home / "test.zip"))
    return decoded(walked(home / "train"), size), decoded(walked(home / "test"), size)


def idx(home: Path, part: str) -> Part:
    """The two files of a part in MNIST's format: a header of 16 and of 8 bytes, then the bytes."""
    pixels = np.frombuffer(gzip.decompress((home / f"{part}-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    codes = np.frombuffer(gzip.decompress((home / f"{part}-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return torch.from_numpy(pixels.reshape(-1, 1, 28, 28).copy()), torch.from_numpy(codes.astype(np.int64))


def zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    """The folder and the bytes of each picture in an archive."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.lower().endswith((".jpg", ".jpeg", ".png")):
                yield name.split("/")[-2], archive.read(name)


def walked(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The folder and the bytes of each picture below it."""
    for path in sorted(folder.rglob("*.jp*g")):
        yield path.parent.name, path.read_bytes()


def decoded(pictures: Iterator[tuple[str, bytes]], size: int = 0) -> Part:
    """The pictures as one tensor, resized to a square where a size is given."""
    from PIL import Image

    arrays, names = [], []
    for name, content in pictures:
        array = torch.from_numpy(np.array(Image.open(io.BytesIO(content)).convert("RGB"))).permute(2, 0, 1)[None]
        arrays.append(F.interpolate(array, (size, size), mode="bilinear", antialias=True) if size else array)
        names.append(name)
    labels = sorted(set(names))
    target = torch.tensor([labels.index(name) for name in names])
    return torch.cat(arrays).contiguous(memory_format=torch.channels_last), target


if __name__ == "__main__":
    main()
