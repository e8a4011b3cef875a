"""The report of a run with pictures: sheets, saliency, baseline on thumbnails, size, and nothing that trips over a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from outcomes import Finished, words
from plainloop.judge.baselines import boosting, trivial
from plainloop.judge.errors import file_name
from plainloop.judge.image_pictures import image_column, sheets, training_batch
from plainloop.judge.importance import importance
from plainloop.judge.report import judge, text_report
from plainloop.judge.saliency import CAM, GRADIENT, saliency
from plainloop.judge.scored import score
from plainloop.judge.thumbnails import thumbnails, width
from plainloop.plain import config as c
from plainloop.plain.augment import Augment
from plainloop.plain.batches import EpochBatches
from plainloop.plain.models import image_convnet, image_resnet, image_vit, mixed
from plainloop.plain.prepare import Preparation
from plainloop.plain.ragged import Ragged
from plainloop.plain.table import Table
from plainloop.plain.tasks.classify import Binary

SHAPES = ("disc", "square", "stripes")
FLIP = c.Augmentation(flip=True, shift=0.125)


def drawn(shape: str, seed: int, side: int = 32) -> Image.Image:
    """A bright shape in the left half of a noisy picture."""
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(rng.integers(0, 70, (side, side, 3), dtype=np.uint8))
    draw, colour = ImageDraw.Draw(picture), tuple(rng.integers(150, 255, 3).tolist())
    left, top, size = int(rng.integers(1, 4)), int(rng.integers(2, side // 2)), side // 2 - 4
    box = (left, top, left + size, top + size)
    if shape == "disc":
        draw.ellipse(box, fill=colour)
    elif shape == "square":
        draw.rectangle(box, fill=colour)
    else:
        for y in range(top, top + size, 4):
            draw.line((left, y, left + size, y), fill=colour, width=2)
    return picture


def run_of(
    place: Path, kind: str = "Multiclass", *, model: Any = image_convnet, rows: int = 120, number: bool = False
) -> Finished:
    """A run on generated pictures: fitted for a few steps, so that some answers are right and some are wrong."""
    truth = np.random.default_rng(1).integers(0, 2 if kind == "Binary" else 3, rows)
    names = []
    for row, shape in enumerate(truth):
        file = place / "photos" / SHAPES[shape] / f"{row:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        drawn(SHAPES[shape], row).save(file)
        names.append(str(file))
    cells: dict[str, Any] = {"path": words(list(names))}
    columns = [c.Column(name="path", type="image", size=(32, 32), mode="rgb")]
    if number:
        cells["size"] = truth + np.random.default_rng(2).normal(size=rows) * 0.1
        columns.append(c.Column(name="size", type="number"))
    file, target = "classify", [c.Column(name="label", type="category", role="target")]
    cells["label"] = words([SHAPES[i] for i in truth])
    if kind == "Regression":
        file, target = "regress", [c.Column(name="label", type="number", role="target")]
        cells["label"] = truth * 10.0
    elif kind == "Multilabel":
        file, target = "multilabel", [c.Column(name=name, type="boolean", role="target") for name in SHAPES]
        cells |= {name: (truth == i).astype(float) for i, name in enumerate(SHAPES)}
    config = c.Config(
        source=c.Source(reader="images", format="images", data=("photos",)),
        columns=(*columns, *target),
        split=c.Split(),
        task=c.Task(name=kind, file=file),
        model=c.Model(file="image_convnet"),
        train=c.Train(epochs=2, batch_size=40),
        machine=c.Machine(),
        augment=FLIP,
    )
    table = Table(cells, {"data": range(rows)})
    split = {part: np.arange(rows)[i::3] for i, part in enumerate(("train", "validation", "test"))}
    preparation = Preparation.fit(config, table, split)
    torch.manual_seed(0)
    net = model.Model(preparation.shapes, preparation.task.num_outputs, width=8)
    run = Finished(config, table, split, preparation, Mixed(net) if number else net, best_epoch=2)
    inputs, goal = preparation.inputs(table), preparation.target(table)
    optimizer = torch.optim.Adam(run.model.parameters(), 3e-3)
    for _ in range(6):
        some = torch.from_numpy(split["train"])
        loss = preparation.task.loss(run.model({name: one[some] for name, one in inputs.items()}), goal[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    run.model.eval()
    for part in ("validation", "test"):
        some = torch.from_numpy(split[part])
        with torch.no_grad():
            run.scores[part] = run.model({name: one[some] for name, one in inputs.items()})
        run.targets[part] = goal[some]
    run.history = {"epoch": [1, 2], "train_loss": [1.1, 1.0], "val_loss": [1.1, 1.05], "learning_rate": [0.1, 0.1]}
    return run


class Mixed(torch.nn.Module):
    """A picture's scores, and a number that counts for more."""

    def __init__(self, net: torch.nn.Module):
        super().__init__()
        self.net, self.number = net, torch.nn.LazyLinear(3)

    def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        return self.net(inputs) + 5 * self.number(inputs["numbers"])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("kind", ["Binary", "Multiclass", "Multilabel", "Regression"])
def test_every_task_has_its_sheets_on_the_page_and_as_files(kind: str, tmp_path: Path):
    run = run_of(tmp_path, kind)
    judged = judge(run, tmp_path, baseline=kind == "Multiclass")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 1_000_000
    for name in ("training_batch", "worst_errors", "saliency"):
        with Image.open(tmp_path / "pictures" / f"{name}.png") as sheet:
            assert np.asarray(sheet).std() > 20, name
    assert text.count('<ul class="cards">') == 3
    assert text.count("<li style=") == 32 + len(sheets_of(run)["worst_errors"].cards) + len(sheets_of(run)["saliency"].cards)
    assert str(tmp_path / "photos") not in text  # names of files, not the places of somebody's disk
    assert "pictures of 32 x 32 rgb" in text
    assert "importance" not in judged
    assert judged["verdict"] in text_report(judged, run).replace("\n", " ")
    assert ("confused_pairs" in judged) == (kind == "Multiclass")


def sheets_of(run: Finished) -> dict[str, Any]:
    return sheets(run, score(run.preparation.task, run.scores["test"], run.targets["test"]))


def test_the_worst_errors_are_wrong_and_say_what_was_said(tmp_path: Path):
    run = run_of(tmp_path)
    cards = sheets_of(run)["worst_errors"].cards
    p, truth = run.scores["test"].softmax(1).numpy(), run.targets["test"].numpy()
    wrong = np.flatnonzero(p.argmax(1) != truth)
    worst = wrong[np.argmin(p[wrong, truth[wrong]])]
    assert 0 < len(cards) == min(24, len(wrong))
    row = run.split["test"][worst]
    assert cards[0].lines == (
        f"{SHAPES[p[worst].argmax()]} ({p[worst].max():.0%})",
        f"true: {SHAPES[truth[worst]]}",
        f"{row:03}.png",
    )
    assert np.array_equal(cards[0].pixels, np.asarray(drawn(SHAPES[truth[worst]], int(row))))


def test_the_batch_is_the_first_one_as_it_was_changed(tmp_path: Path):
    run = run_of(tmp_path)
    order = next(iter(EpochBatches(40, 40, seed=0)))
    inputs = run.preparation.inputs(run.table.rows(run.split["train"][order.numpy()]))
    changed, _ = Augment(FLIP, 0)(inputs, 0, 0)
    scored = score(run.preparation.task, run.scores["test"], run.targets["test"])
    batch = training_batch(run, scored, "path")
    assert len(batch.cards) == 32
    for place, card in enumerate(batch.cards):
        assert np.array_equal(card.pixels, changed["image"][place].permute(1, 2, 0).numpy())
        row = run.split["train"][order[place]]
        assert card.lines == (run.table["label"].tolist()[row],)
    run.config = replace(run.config, augment=c.Augmentation())
    assert "does not change" in training_batch(run, scored, "path").note


def test_mixed_pictures_say_both_labels_and_their_shares(tmp_path: Path):
    run = run_of(tmp_path)
    run.config = replace(run.config, augment=c.Augmentation(cutmix=1.0))
    lines = [card.lines for card in sheets_of(run)["training_batch"].cards]
    both = [one for one in lines if len(one) == 2]
    assert both
    assert all(sum(int(line.split("%")[0]) for line in one) in (99, 100, 101) for one in both)


@pytest.mark.parametrize(
    ("model", "method"), [(image_convnet, CAM), (image_resnet, CAM), (image_vit, GRADIENT)], ids=["convnet", "resnet", "vit"]
)
def test_saliency_is_a_map_of_the_picture_and_leaves_the_model_alone(tmp_path: Path, model: Any, method: str):
    run = run_of(tmp_path, model=model, rows=30)
    before = {name: one.clone() for name, one in run.model.state_dict().items()}
    for parameter in run.model.parameters():
        parameter.requires_grad_(False)  # as a frozen backbone has it
    inputs = run.preparation.inputs(run.table.rows(np.arange(4)))
    heat, how = saliency(run.model, run.preparation.task, inputs)
    assert how == method
    assert heat.shape == (4, 32, 32)
    assert 0 <= heat.min() <= heat.max() <= 1
    assert not any(len(module._forward_hooks) for module in run.model.modules())
    assert all(torch.equal(before[name], one) for name, one in run.model.state_dict().items())
    assert all(parameter.grad is None or not parameter.requires_grad for parameter in run.model.parameters())


def test_saliency_is_bright_where_the_answer_comes_from(tmp_path: Path):
    class LeftOnly(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
            return self.conv(inputs["image"].float())[:, :3, :, :16].relu().mean((2, 3))

    run = run_of(tmp_path, rows=30)
    inputs = {"image": run.preparation.inputs(run.table.rows(np.arange(6)))["image"]}
    inputs["image"][:, :, :, 16:] = 0
    heat, _ = saliency(LeftOnly(), run.preparation.task, inputs)
    assert heat[:, :, :16].mean() > heat[:, :, 17:].mean()

    class Deaf(torch.nn.Module):
        def forward(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
            return torch.zeros(len(inputs["image"]), 3)

    assert saliency(Deaf(), run.preparation.task, inputs) is None


def test_the_baseline_learns_from_thumbnails_and_says_so(tmp_path: Path):
    run = run_of(tmp_path, rows=240)
    found = boosting(run)
    assert found.metrics["accuracy"]["value"] > trivial(run).metrics["accuracy"]["value"] + 0.1
    assert "thumbnails of 8 x 8 pixels and the mean" in found.note
    column = run.preparation.columns["path"]
    small = thumbnails(column, run.table["path"])
    assert small.shape == (240, width(column)) == (240, 70)
    encoded = column.encode(run.table["path"][np.array([7])]).float()
    assert small[7, 0] == pytest.approx(encoded[0, :, :4, :4].mean().item(), rel=1e-4)
    assert small[7, 64:67] == pytest.approx(encoded[0].mean((1, 2)).numpy(), rel=1e-4)


def test_a_picture_beside_a_number_is_one_column_of_the_importance(tmp_path: Path):
    run = run_of(tmp_path, number=True)
    found = importance(run)
    assert set(found.columns) == {"path", "size"}
    assert found.columns[0] == "size"
    judged = judge(run, tmp_path)
    assert "8 x 8" in judged["notes"]["boosting"]
    assert judged["baselines"]["boosting"]["accuracy"]["value"] > 0.8  # the number says it all


def test_a_run_without_errors_has_no_sheet_of_them(tmp_path: Path):
    run = run_of(tmp_path, "Binary")
    run.scores["test"] = (run.targets["test"][:, None] - 0.5) * 20
    found = sheets_of(run)
    assert set(found) == {"training_batch", "saliency"}
    assert all(card.lines[0].startswith("right") for card in found["saliency"].cards)
    judge(run, tmp_path, baseline=False)


def test_large_sheets_leave_the_page_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from plainloop.judge import page

    run = run_of(tmp_path)
    monkeypatch.setattr(page, "MOST_BYTES", 420_000)
    judge(run, tmp_path, baseline=False)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 520_000
    assert "more in pictures/training_batch.png" in text


def test_tables_have_none_of_it():
    from outcomes import finished

    run = finished("Binary")
    assert image_column(run) == ""
    assert sheets_of(run) == {}


def test_names_of_files_are_short():
    cells = words(["/a/b/photos.zip::cat/1.jpg", None, "/a/train-images-idx3-ubyte.gz::00017"])
    assert [file_name(cells, row, folders=1) for row in range(3)] == ["cat/1.jpg", "(missing)", "00017"]
    assert file_name(cells, 0) == "1.jpg"


@pytest.mark.parametrize("source", ["folder", "table"])
def test_inspect_has_a_sheet_of_every_class(tmp_path: Path, source: str):
    from plainloop.options import DataOptions
    from plainloop.understand.look import look
    from plainloop.understand.look_images import write_class_sheet

    run_of(tmp_path, rows=30)
    (tmp_path / "photos" / "disc" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    if source == "table":
        lines = [f"{file},{file.parent.name}" for file in sorted((tmp_path / "photos").rglob("*.png"))]
        (tmp_path / "photos.csv").write_text("\n".join(["file,shape", *lines]) + "\n")
        seen = look(str(tmp_path / "photos.csv"), DataOptions(target="shape"))
    else:
        seen = look(str(tmp_path / "photos"), DataOptions())
    with Image.open(write_class_sheet(seen)) as sheet:
        rows = np.asarray(sheet)[8:].shape[0] // (96 + 8 + 15)
        assert rows == len(SHAPES)
        assert np.asarray(sheet).std() > 20
    assert not list((tmp_path / "photos").glob("*classes*"))


def test_a_net_for_pictures_and_texts_shows_where_it_looked():
    shapes = {
        "image": {"size": [32, 32], "channels": 3, "mean": [120.0] * 3, "std": [60.0] * 3},
        "text": {"vocabulary": 9, "length": 4},
    }
    net = mixed.Model(shapes, 1, parts={"image": "image_convnet", "text": "text_bag"}).eval()
    pictures = torch.randint(0, 255, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found = saliency(net, Binary(["no", "yes"]), {"image": pictures, "text": Ragged.of([[3, 4], [5]])})
    assert found is not None
    assert found[0].shape == (2, 32, 32)
