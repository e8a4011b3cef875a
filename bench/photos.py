"""Does the default on a few hundred photos beat the net of the tutorials, trained for as long? Prints the interval of the lead.

    OMP_NUM_THREADS=1 python bench/photos.py [--seeds 5] [--data DIR] [-- options of `plainloop train`]

For each seed `plainloop train DIR` runs in a process of its own, with nothing but its seed and one thread; then TinyVGG (two
blocks of two convolutions of 10 channels, as the CNN Explainer has it) trains the usual way: 64 pixels, Adam at 1e-3, batches of
32, no augmentation, on the train and validation rows together, for as many CPU-seconds as the whole other process took, start,
decoding and report included. Both are judged on the photos of test/. The goal is a lead of 10 points in the mean.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image as Picture
from scipy.stats import t as student
from torch import nn
from torch.nn import functional as F

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parent.parent.parent / "shared" / "data")) / "image"
GOAL = 0.10


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA / "pizza_steak_sushi")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--no-tiny", action="store_true", help="only plainloop, to compare its settings")
    parser.add_argument("options", nargs="*", help="given to plainloop train")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    ours, theirs = [], []
    for seed in range(asked.seeds):
        found, seconds = by_plainloop(asked.data, seed, asked.options)
        ours.append(found)
        line = f"seed {seed}: plainloop {found:.4f} in {seconds:.0f} CPU-s"
        if not asked.no_tiny:
            theirs.append(by_tiny_vgg(asked.data, seed, seconds))
            line += f", TinyVGG {theirs[-1]:.4f}, lead {ours[-1] - theirs[-1]:+.4f}"
        print(line, flush=True)
    print(f"plainloop: mean {np.mean(ours):.4f}, sd {np.std(ours, ddof=1):.4f}")
    if asked.no_tiny:
        return 0
    lead = np.array(ours) - np.array(theirs)
    half = student.ppf(0.975, len(lead) - 1) * lead.std(ddof=1) / len(lead) ** 0.5
    print(f"TinyVGG: mean {np.mean(theirs):.4f}, sd {np.std(theirs, ddof=1):.4f}")
    print(f"lead {lead.mean():+.4f}, 95% interval {lead.mean() - half:+.4f} to {lead.mean() + half:+.4f} over {len(lead)} seeds")
    print(f"goal {GOAL:+.2f}: {'met' if lead.mean() >= GOAL else 'missed'}")
    return 0 if lead.mean() >= GOAL else 1


def by_plainloop(data: Path, seed: int, options: list[str]) -> tuple[float, float]:
    """Test accuracy and CPU-seconds of the command line."""
    with tempfile.TemporaryDirectory() as scratch:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "plainloop", "train", str(data), "--seed", str(seed), "--no-baseline"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PLAINLOOP_CACHE": f"{scratch}/cache"}
        done = subprocess.run(
            [*command, "--output", f"{scratch}/run", *options], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        metrics = json.loads((Path(scratch) / "run" / "metrics.json").read_text())
    return metrics["test"]["accuracy"]["value"], after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_tiny_vgg(data: Path, seed: int, seconds: float) -> float:
    """Test accuracy after so many CPU-seconds of training."""
    pixels, target, train, test = photos(data)
    torch.manual_seed(seed)
    convs = [(3, 10), (10, 10), (10, 10), (10, 10)]
    layers: list[nn.Module] = []
    for number, (fan_in, fan_out) in enumerate(convs):
        layers += [nn.Conv2d(fan_in, fan_out, 3, padding=1), nn.ReLU()]
        if number % 2:
            layers.append(nn.MaxPool2d(2))
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(10 * 16 * 16, int(target.max()) + 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    end = time.process_time() + seconds
    while time.process_time() < end:
        for rows in train[torch.randperm(len(train))].split(32):
            loss = F.cross_entropy(model(pixels[rows]), target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.inference_mode():
        return (model(pixels[test]).argmax(1) == target[test]).float().mean().item()


def photos(data: Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """All photos squeezed to 64 pixels, from 0 to 1, their classes, and the rows that train and that test."""
    files = [path for part in ("train", "test") for path in sorted((data / part).rglob("*.jp*g"))]
    names = sorted({path.parent.name for path in files})
    pixels = []
    for path in files:
        photo = torch.from_numpy(np.array(Picture.open(path).convert("RGB"))).permute(2, 0, 1)[None]
        pixels.append(F.interpolate(photo, (64, 64), mode="bilinear", antialias=True).float() / 255)
    in_test = torch.tensor([path.is_relative_to(data / "test") for path in files])
    target = torch.tensor([names.index(path.parent.name) for path in files])
    return torch.cat(pixels), target, torch.nonzero(~in_test)[:, 0], torch.nonzero(in_test)[:, 0]


if __name__ == "__main__":
    sys.exit(main())
