"""metrics.json, report.html and the terminal report: numbers, form, escaping, size."""

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from outcomes import finished
from plainloop.judge.report import finite, judge, text_report

SECTIONS = {
    "Binary": {
        "metrics",
        "data",
        "curves",
        "matrix",
        "classes",
        "ranking",
        "calibration",
        "importance",
        "errors",
        "settings",
        "files",
        "code",
        "timing",
    },
    "Regression": {"metrics", "data", "curves", "residuals", "importance", "errors", "settings", "files", "code", "timing"},
}
SECTIONS["Multiclass"] = SECTIONS["Binary"]
SECTIONS["Multilabel"] = SECTIONS["Binary"] - {"matrix"}


@dataclass
class Found:
    what: str
    expected: str = "Fewer."
    why: str = "A guess is worse than a value."
    fix: str = "plainloop train weather.csv --target target"


class Page(HTMLParser):
    """The tags, headings and text of a page; fails on a tag that is closed in the wrong order."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.open, self.headings, self.ids, self.images, self.text = [], [], [], set(), [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append((tag, values))
        self.ids |= {values["id"]} if "id" in values else set()
        if tag == "img":
            self.images.append(values)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_report_has_every_section_and_stands_alone(kind, tmp_path):
    judged = judge(
        finished(kind), tmp_path, notices=[Found("Column gaps is full of holes.")], reasons={"columns.city": "4 words <i>"}
    )
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert SECTIONS[kind] <= page.ids
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    assert judged["verdict"] in " ".join("".join(page.text).split())
    assert page.images
    assert all(image["alt"] and image["src"].startswith("data:image/png;base64,") for image in page.images)
    assert len(page.images) == len(list((tmp_path / "pictures").glob("*.png")))
    assert len(text.encode()) < 1_000_000
    names = {tag for tag, _ in page.tags}
    assert "script" not in names
    assert "link" not in names
    assert not [
        value for _, values in page.tags for name, value in values.items() if name in ("src", "href") and value.startswith("http")
    ]
    assert "Column gaps is full of holes." in text
    assert "4 words &lt;i&gt;" in text
    assert "def train(" in "".join(page.text)  # the loop itself
    assert all("scope" in values for tag, values in page.tags if tag == "th")
    targets = {values["href"][1:] for tag, values in page.tags if tag == "a"}
    assert targets <= page.ids


@pytest.mark.parametrize("kind", SECTIONS)
def test_metrics_json_has_the_promised_form(kind, tmp_path):
    run = finished(kind)
    judged = judge(run, tmp_path)
    stored = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert stored == {name: value for name, value in judged.items() if name not in ("report", "pictures")}
    assert stored["task"] == kind.lower()
    assert stored["headline"] == run.preparation.task.headline
    assert stored["rows"] == {"train": 300, "val": 150, "test": 150}
    assert (stored["epochs"], stored["best_epoch"]) == (6, 6)
    assert set(stored["baselines"]) == {"trivial", "boosting"}
    for figures in (stored["test"], stored["validation"], *stored["baselines"].values()):
        assert set(figures) == set(stored["test"])
        assert all(set(entry) == {"value", "low", "high"} for entry in figures.values())


def test_the_numbers_are_those_of_scikit_learn_on_the_predictions(tmp_path):
    run = finished("Binary")
    judged = judge(run, tmp_path)
    p, truth = run.scores["test"].sigmoid()[:, 0].numpy(), run.targets["test"].numpy()
    guess = p > 0.5
    assert judged["test"]["accuracy"]["value"] == sk.accuracy_score(truth, guess)
    assert judged["test"]["roc_auc"]["value"] == pytest.approx(sk.roc_auc_score(truth, p))
    assert judged["test"]["log_loss"]["value"] == pytest.approx(sk.log_loss(truth, p), rel=1e-5)
    report = sk.classification_report(truth, guess, output_dict=True)
    for line, key in zip(judged["classes"], ("0.0", "1.0"), strict=True):
        assert (line["precision"], line["recall"], line["f1"], line["support"]) == pytest.approx(
            tuple(report[key][name] for name in ("precision", "recall", "f1-score", "support"))
        )
    assert judged["confusion_matrix"]["counts"] == sk.confusion_matrix(truth, guess).tolist()


def test_a_class_name_cannot_run(tmp_path):
    evil = "<script>alert(1)</script>"
    run = finished("Binary", labels=[evil, "yes"])
    judge(run, tmp_path, notices=[Found(f"Label {evil}", fix=evil)], reasons={"train.epochs": evil})
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    Page(text)


def test_the_worst_errors_are_the_rows_of_highest_loss(tmp_path):
    run = finished("Regression")
    judge(run, tmp_path)
    task = run.preparation.task
    off = np.abs(np.array(task.decode(run.scores["test"])) - np.array(task.truth(run.targets["test"])))
    rows = run.split["test"][np.argsort(-off)[:10]]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    section = text[text.index('id="errors"') : text.index('id="settings"')]
    assert [int(row) for row in re.findall(r'<th scope="row" class="n">(\d+)</th>', section)] == rows.tolist()
    assert f"{run.table['a'][rows[0]]:.6g}" in section


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_terminal_report_fits_the_terminal(kind, tmp_path):
    run = finished(kind)
    text = text_report(judge(run, tmp_path), run)
    lines = text.splitlines()
    assert len(lines) <= 40
    assert all(len(line) <= 80 for line in lines if str(tmp_path) not in line)
    assert str(tmp_path / "report.html") in text
    assert "boosted trees" in text
    assert "always" in text
    assert " to " in lines[0]
    assert text.isascii()


def test_many_classes_stay_short_in_the_terminal(tmp_path):
    run = finished("Multiclass", labels=[f"class {i:02}" for i in range(20)])
    text = text_report(judge(run, tmp_path, baseline=False), run)
    assert len(text.splitlines()) <= 40
    assert "20 classes; hardest: " in text
    assert "boosted" not in text


def test_without_test_rows_the_validation_rows_are_judged_and_it_is_said(tmp_path):
    run = finished("Multiclass")
    for part in (run.scores, run.targets):
        part.pop("test")
    run.split["test"] = np.zeros(0, np.int64)
    judged = judge(run, tmp_path)
    assert judged["test"] == {}
    assert judged["scored"] == "validation"
    assert "on 150 validation rows" in judged["verdict"]


def test_the_users_own_metrics_are_computed_and_kept(tmp_path):
    class TopShare:
        """Share of rows whose true class is among the two most probable."""

        def reset(self):
            self.hits, self.rows = 0, 0

        def update(self, probabilities, target):
            self.hits += (probabilities.topk(2).indices == target[:, None]).any(1).sum()
            self.rows += len(target)

        def compute(self):
            return self.hits / self.rows

    class Broken(TopShare):
        def compute(self):
            raise RuntimeError("no such thing")

    run = finished("Multiclass")
    judged = judge(run, tmp_path, extra_metrics=[TopShare(), Broken()])
    order = np.argsort(-run.scores["test"].numpy(), axis=1)[:, :2]
    wanted = (order == run.targets["test"].numpy()[:, None]).any(axis=1).mean()
    assert judged["test"]["top_share"]["value"] == pytest.approx(wanted)
    assert judged["test"]["broken"] == {"value": None, "low": None, "high": None}
    assert judged["notes"]["broken"] == "not computed: RuntimeError: no such thing"
    assert "top share" in text_report(judged, run)


def test_torchmetrics_objects_are_accepted(tmp_path):
    torchmetrics = pytest.importorskip("torchmetrics")
    run = finished("Multilabel")
    metrics = {"mine": torchmetrics.F1Score(task="multilabel", num_labels=3, average="macro")}
    judged = judge(run, tmp_path, extra_metrics=metrics)
    assert judged["test"]["mine"]["value"] == pytest.approx(judged["test"]["f1_macro"]["value"], abs=1e-5)
    run = finished("Regression")
    judged = judge(run, tmp_path, extra_metrics=[torchmetrics.MeanAbsoluteError()])
    assert judged["test"]["mean_absolute_error"]["value"] == pytest.approx(judged["test"]["mae"]["value"], rel=1e-5)


def test_a_run_of_no_epochs_and_undefined_metrics_is_reported(tmp_path):
    run = finished("Binary")
    run.history, run.best_epoch = {}, 0
    run.targets["test"] = torch.ones_like(run.targets["test"])  # one class only: no AUC
    judged = judge(run, tmp_path)
    assert judged["test"]["roc_auc"] == {"value": None, "low": None, "high": None}
    assert "NaN" not in (tmp_path / "metrics.json").read_text()
    Page((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_nothing_that_json_lacks_is_left():
    assert finite({"a": np.float32(1.5), "b": [float("inf"), np.int64(3)], 4: (np.nan,)}) == {
        "a": 1.5,
        "b": [None, 3],
        "4": [None],
    }
