"""The thresholds of labels: chosen on validation scores alone, kept, used wherever a label is said."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

import plainloop
from plainloop.judge.scored import score, with_own_thresholds
from plainloop.plain.tasks.multilabel import Multilabel, thresholds
from plainloop.training import Talk
from small import case


def rare(rows: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Honest probabilities of three labels, two of them rare, and the truth."""
    random = np.random.default_rng(seed)
    logits = random.normal([0.0, -2.5, -4.0], [1.5, 1.0, 1.0], (rows, 3))
    probabilities = 1 / (1 + np.exp(-logits))
    return probabilities, random.random((rows, 3)) < probabilities


def test_each_threshold_is_the_best_there_is():
    probabilities, truth = rare(400)
    for slot, cut in enumerate(thresholds(probabilities, truth)):
        best = f1_score(truth[:, slot], probabilities[:, slot] > cut)
        assert best == pytest.approx(
            max(f1_score(truth[:, slot], probabilities[:, slot] > c) for c in probabilities[:, slot] - 1e-12)
        )


def test_on_other_rows_rare_labels_gain():
    chosen = thresholds(*rare(seed=0))
    probabilities, truth = rare(seed=1)
    assert (
        f1_score(truth, probabilities > np.array(chosen), average="macro")
        > f1_score(truth, probabilities > 0.5, average="macro") + 0.1
    )


def test_labels_that_hardly_a_row_has():
    probabilities, truth = rare(300)
    truth[:, 2] = False
    truth[probabilities[:, 2].argmax(), 2] = True
    assert ((probabilities > np.array(thresholds(probabilities, truth)))[:, 2] == truth[:, 2]).all(), "one row tells enough"
    truth[:, 2] = False
    cuts = thresholds(probabilities, truth)
    assert cuts[2] == thresholds(probabilities.reshape(-1, 1), truth.reshape(-1, 1))[0]
    assert thresholds(probabilities, np.zeros_like(truth)) == [0.5] * 3
    equal = thresholds(np.full((6, 1), 0.3), np.array([[True]] * 3 + [[False]] * 3))
    assert 0 <= equal[0] < 0.3


def test_a_task_settles_once_and_keeps_it():
    task = case("Multilabel").task
    probabilities, truth = rare()
    scores, target = torch.from_numpy(np.log(probabilities / (1 - probabilities))).float(), torch.from_numpy(truth).float()
    before = task.decode(scores)
    task.calibrate(scores, target)
    cuts = list(task.thresholds)
    task.calibrate(-scores, target)
    assert task.thresholds == cuts
    assert task.decode(scores) != before
    again = Multilabel(**json.loads(json.dumps(task.state())))
    assert again.decode(scores) == task.decode(scores)
    again.calibrate(-scores, target)
    assert again.thresholds == cuts
    said = torch.tensor([[label in labels for label in task.labels] for labels in task.decode(scores)])
    columns = task.report_columns(scores)
    assert [columns[f"label_{label}"] for label in task.labels] == said.int().T.tolist()
    metrics = task.metrics(scores, target)
    assert metrics["f1_macro"] == pytest.approx(f1_score(truth, said.numpy(), average="macro"))
    assert metrics["f1_macro_at_half"] == pytest.approx(f1_score(truth, (scores > 0).numpy(), average="macro"))
    assert (score(task, scores, target).predicted == said.numpy()).all()


def test_an_epoch_is_judged_by_the_thresholds_that_would_be_chosen():
    probabilities, truth = rare()
    truth[:, 2] &= np.arange(len(truth)) < 300  # hardly a row has it
    scores, target = torch.from_numpy(np.log(probabilities / (1 - probabilities))).float(), torch.from_numpy(truth).float()
    task = case("Multilabel").task
    parts = [task.tally(s, t, task.loss(s, t)) for s, t in zip(scores.split(500), target.split(500), strict=True)]
    rates = task.rates(torch.stack(parts).sum(0).tolist(), len(target))
    half = Multilabel(task.labels).rates(torch.stack(parts).sum(0).tolist(), len(target))
    assert half["f1_macro"] == pytest.approx(f1_score(truth, (scores > 0).numpy(), average="macro"))
    task.calibrate(scores, target)
    assert rates["f1_macro"] == pytest.approx(task.metrics(scores, target)["f1_macro"], abs=5e-3)
    assert rates["f1_macro"] > half["f1_macro"] + 0.1


def test_another_model_is_judged_by_its_own_thresholds():
    task = case("Multilabel").task
    probabilities, truth = rare()
    scores, target = torch.from_numpy(np.log(probabilities / (1 - probabilities))).float(), torch.from_numpy(truth).float()
    assert with_own_thresholds(task) is task
    task.calibrate(scores, target)
    other = with_own_thresholds(task, scores - 3, target)
    assert other.thresholds != task.thresholds
    assert with_own_thresholds(task).thresholds is None
    assert task.metrics(scores, target)["f1_macro"] == pytest.approx(other.metrics(scores - 3, target)["f1_macro"], abs=1e-3)


@pytest.mark.parametrize("setting", ["validation", "half"])
def test_a_whole_run(setting: str, tmp_path: Path):
    random = np.random.default_rng(0)
    words = {"rude": "idiot", "loud": "hurrah", "sad": "alas"}
    lines = ["comment,rude,loud,sad"]
    for _ in range(400):
        on = [name for name in words if random.random() < 0.15]
        text = [
            *random.choice(["the", "a", "of", "this", "that", "here", "is", "was", "were", "all", "some"], 8),
            *(words[name] for name in on if random.random() < 0.8),
        ]
        lines.append(" ".join(random.permutation(text)) + "," + ",".join(str(int(name in on)) for name in words))
    (tmp_path / "comments.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = plainloop.train(
        tmp_path / "comments.csv",
        "rude,loud,sad",
        output=str(tmp_path / "run"),
        epochs=6,
        set=[f"thresholds={setting}"],
        baseline=False,
        talk=Talk(quiet=True),
    )
    kept = json.loads((run.folder / "prepared.json").read_text(encoding="utf-8"))["task"]["thresholds"]
    test = run.metrics["test"]
    if setting == "half":
        assert kept is None
        assert "f1_macro_at_half" not in test
        return
    assert run.metrics["thresholds"] == dict(zip(("rude", "loud", "sad"), kept, strict=True))
    assert test["f1_macro"]["value"] >= test["f1_macro_at_half"]["value"]
    assert test["f1_macro_at_half"]["low"] is not None
    assert "said from" in (run.folder / "report.html").read_text(encoding="utf-8")
    answers = run.predict(tmp_path / "comments.csv", tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name, cut in run.metrics["thresholds"].items():
        assert [float(row[f"probability_{name}"]) > cut for row in rows] == [row[f"label_{name}"] == "1" for row in rows]
        assert [name in labels for labels in answers] == [row[f"label_{name}"] == "1" for row in rows]
