"""Made-up reviews for the tests: as folders and tables, and as finished runs for the tests of judge."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from outcomes import Finished, words
from plainloop.plain import config as c
from plainloop.plain.batches import EpochBatches, loader
from plainloop.plain.evaluate import evaluation_batches, score
from plainloop.plain.prepare import Preparation
from plainloop.plain.run import build_model
from plainloop.plain.table import Table

GOOD = ["wonderful", "great", "moving", "funny", "brilliant", "warm", "clever", "lovely"]
OTHER = ["the", "film", "was", "a", "story", "of", "people", "and", "house", "in", "north", "with", "music", "that", "went", "on"]
BAD = ["boring", "awful", "dull", "clumsy", "weak", "tired", "dreadful", "flat"]


def review(kind: str, random: np.random.Generator) -> str:
    """Some words, two of them of the kind."""
    found = [str(word) for word in random.choice(OTHER, random.integers(6, 18))]
    for word in random.choice(GOOD if kind == "pos" else BAD, 2):
        found.insert(int(random.integers(len(found))), str(word))
    return " ".join(found)


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


def text_run(
    kind: str = "Binary",
    model: str = "text_bag",
    *,
    rows: int = 240,
    steps: int = 30,
    beside: bool = False,
    texts: list[str] | None = None,
    **settings: Any,
) -> Finished:
    """A trained run on reviews: liked or not (Binary), good, bad or neither (Multiclass), both marks (Multilabel), stars.

    beside: a number and a category as well, which say nothing.
    """
    random = np.random.default_rng(0)
    kinds = random.integers(0, 3 if kind == "Multiclass" else 2, rows)
    texts = texts or [review("pos" if one == 1 else "neg", random) if one < 2 else "nothing was said of it" for one in kinds]
    cells: dict[str, Any] = {"review": words(texts)}
    columns = [c.Column(name="review", type="text")]
    if beside:
        cells |= {"age": random.normal(size=rows), "city": words([("Oslo", "Rome")[i] for i in random.integers(0, 2, rows)])}
        columns += [c.Column(name="age", type="number"), c.Column(name="city", type="category")]
    targets = [c.Column(name="liked", type="number" if kind == "Regression" else "category", role="target")]
    file = {"Multilabel": "multilabel", "Regression": "regress"}.get(kind, "classify")
    if kind == "Regression":
        cells["liked"] = 3.0 + 2.0 * (kinds - 0.5) + random.normal(size=rows) * 0.1
    elif kind == "Multilabel":
        targets = [c.Column(name=name, type="boolean", role="target") for name in ("good", "bad")]
        cells |= {"good": (kinds == 1).astype(float), "bad": (kinds == 0).astype(float)}
    else:
        cells["liked"] = words([("no", "yes", "neither")[one] for one in kinds])
    config = c.Config(
        source=c.Source(reader="tables", format="csv", data=("reviews.csv",)),
        columns=(*columns, *targets),
        split=c.Split(),
        task=c.Task(name=kind, file=file),
        model=c.Model(file=model, settings=settings),
        train=c.Train(epochs=1),
        machine=c.Machine(),
        text=c.Text(tokens="ngrams" if model in ("text_bag", "mixed") else "word", least=1),
    )
    order = random.permutation(rows)
    split = dict(zip(("test", "validation", "train"), np.split(order, [rows // 4, rows // 2]), strict=True))
    data = Table(cells, {"data": range(rows)})
    preparation = Preparation.fit(config, data, split)
    run = Finished(config, data, split, preparation, build_model(config, preparation, Path()))
    optimizer = torch.optim.Adam(run.model.parameters(), 0.02 if model in ("text_bag", "mixed") else 0.003)
    batches = loader(preparation.rows(data.rows(split["train"])), EpochBatches(len(split["train"]), 40))
    for _ in range(steps // 3):
        for inputs, target in batches:
            loss = preparation.task.loss(run.model(inputs), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    run.model.eval()
    for part in ("validation", "test"):
        of_part = preparation.rows(data.rows(split[part]))
        run.scores[part] = score(run.model, preparation.task, evaluation_batches(of_part, run.model, 64))
        run.targets[part] = of_part.targets()
    if hasattr(preparation.task, "calibrate"):
        preparation.task.calibrate(run.scores["validation"], run.targets["validation"])
    run.history = {"epoch": [1], "train_loss": [0.5], "val_loss": [0.5], "learning_rate": [0.01]}
    run.best_epoch = 1
    return run
