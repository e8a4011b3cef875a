"""Folders of made-up reviews for the tests."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

GOOD = ["wonderful", "great", "moving", "funny", "brilliant", "warm", "clever", "lovely"]
OTHER = ["the", "film", "was", "a", "story", "of", "people", "and", "house", "in", "north", "with", "music", "that", "went", "on"]
BAD = ["boring", "awful", "dull", "clumsy", "weak", "tired", "dreadful", "flat"]


def review(kind: str, random: np.random.Generator) -> str:
    """Some words, two of them of the kind."""
    words = [str(word) for word in random.choice(OTHER, random.integers(6, 18))]
    for word in random.choice(GOOD if kind == "pos" else BAD, 2):
        words.insert(int(random.integers(len(words))), str(word))
    return " ".join(words)


def reviews(place: Path, each: int = 40, parts: tuple[str, ...] = ("",), seed: int = 0) -> Path:
    """PART/pos/1.txt and so on; returns the place."""
    random = np.random.default_rng(seed)
    for part in parts:
        for kind in ("pos", "neg"):
            folder = place / part / kind
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(each):
                (folder / f"{number}.txt").write_text(review(kind, random) + "\n", encoding="utf-8")
    return place


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder.parent).as_posix())
    return path


def table(path: Path, rows: int = 120, seed: int = 0, header: str = "review,liked") -> Path:
    """A CSV file of reviews."""
    random = np.random.default_rng(seed)
    kinds = random.choice(["pos", "neg"], rows)
    lines = [header, *(f"{review(kind, random)},{kind}" for kind in kinds)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
