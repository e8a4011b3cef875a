"""The pictures: every task gets its own, none is blank, odd labels and short histories are drawn."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from outcomes import finished
from plainloop.judge import plots, plots_scored
from plainloop.judge.baselines import boosting
from plainloop.judge.importance import importance
from plainloop.judge.pictures import confused_pairs, confusion_counts, draw
from plainloop.judge.report import per_class
from plainloop.judge.scored import Scored, score

COMMON = {"curve_loss", "learning_rate", "importance"}
EXPECTED = {
    "Binary": COMMON | {"curve_accuracy", "classes", "confusion_matrix", "roc", "precision_recall", "calibration"},
    "Multiclass": COMMON
    | {"curve_accuracy", "classes", "confusion_matrix", "confused_pairs", "roc", "precision_recall", "calibration"},
    "Multilabel": COMMON | {"curve_f1_macro", "classes", "labels", "roc", "precision_recall", "calibration"},
    "Regression": COMMON | {"curve_rmse", "target", "predicted_and_true", "residuals"},
}


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def drawn(kind: str, **options) -> dict[str, bytes]:
    run = finished(kind, **options)
    scored = score(run.preparation.task, run.scores["test"], run.targets["test"])
    classes = [] if kind == "Regression" else per_class(scored)
    pictures = draw(run, scored, boosting(run).scored, importance(run), classes)
    assert all(picture.alt for picture in pictures)
    return {picture.name: picture.png for picture in pictures}


@pytest.mark.parametrize("kind", EXPECTED)
def test_every_task_gets_its_pictures_and_none_is_blank(kind):
    pictures = drawn(kind)
    assert set(pictures) == EXPECTED[kind]
    for name, png in pictures.items():
        pixels = decoded(png)
        assert min(pixels.shape[:2]) > 150, name
        assert len(png) < 150_000, name
        inked = (pixels != 255).any(axis=2)
        assert inked.mean() > 0.01, name
        assert inked[pixels.shape[0] // 2].any(), name
        assert inked[:, pixels.shape[1] // 2].any(), name


@pytest.mark.parametrize("kind", ["Binary", "Multiclass", "Regression"])
def test_two_number_columns_get_a_decision_boundary_from_red_to_blue(kind):
    pixels = decoded(drawn(kind, two_numbers=True)["boundary"]).astype(int)
    red, blue = pixels[..., 0] - pixels[..., 2], pixels[..., 2] - pixels[..., 0]
    assert (red > 80).mean() > 0.05
    assert (blue > 50).mean() > 0.05


def test_the_net_decides_the_colour_of_the_plane():
    """The target grows with a: the left of the picture is red (no), the right blue (yes)."""
    pixels = decoded(drawn("Binary", two_numbers=True, rows=1000)["boundary"]).astype(int)
    height, width = pixels.shape[:2]
    middle = pixels[int(height * 0.40) : int(height * 0.55)]
    warmth = middle[..., 0] - middle[..., 2]
    assert warmth[:, int(width * 0.12) : int(width * 0.2)].mean() > 50
    assert warmth[:, int(width * 0.68) : int(width * 0.74)].mean() < -30


def test_the_confusion_matrix_is_darkest_where_the_share_is_largest():
    pixels = decoded(plots.confusion(np.array([[95, 5], [40, 60]]), ["no", "yes"])).astype(float).mean(axis=2)
    height, width = pixels.shape
    left, right = pixels[:, : width // 2 + 30], pixels[:, width // 2 + 80 :]
    assert np.median(left[height // 8 : height // 3]) < np.median(right[height // 8 : height // 3]) - 100


def test_many_classes_have_their_confused_pairs_alone():
    names = set(drawn("Multiclass", labels=[f"c{i:02}" for i in range(plots.MOST_CLASSES + 1)]))
    assert "confused_pairs" in names
    assert "confusion_matrix" not in names


def test_the_most_confused_pairs_come_first_with_their_share_of_the_true_class():
    counts = np.array([[6, 4, 0], [1, 8, 1], [5, 0, 15]])
    found = confused_pairs(counts, ["cat", "dog", "fox"])
    assert [(one["true"], one["predicted"], one["rows"]) for one in found[:2]] == [("fox", "cat", 5), ("cat", "dog", 4)]
    assert [one["share"] for one in found[:2]] == [0.25, 0.4]
    assert len(found) == 4
    assert confused_pairs(counts[:2, :2], ["cat", "dog"]) == []


def test_the_counts_are_those_of_true_and_predicted():
    truth, predicted = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0])
    scored = Scored("Multiclass", ["a", "b", "c"], truth, np.eye(3)[predicted], predicted)
    assert confusion_counts(scored).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_labels_with_odd_characters_are_drawn():
    for label in ("$x_1$", "\n\t", "<script>", "日本", "a" * 500, "\\frac"):
        assert len(decoded(plots.bars("Title", [label, "b"], [1.0, -2.0], "rise"))) > 100


def test_histories_with_gaps_and_one_epoch_are_drawn():
    history = {"epoch": [1], "train_loss": [float("nan")], "val_loss": [None], "learning_rate": [0.1]}
    assert (decoded(plots.curves(history, "loss", 1)) != 255).any()
    assert (decoded(plots.learning_rate(history)) != 255).any()


def test_equal_values_and_few_rows_are_drawn():
    one = Scored("Regression", [], np.array([2.0, 2.0]), np.array([2.0, 2.0]), np.array([2.0, 2.0]))
    assert (decoded(plots_scored.predicted_and_true(one, "price")) != 255).any()
    assert (decoded(plots.histogram("Residuals", {"net": np.zeros(2)}, "x", zero=True)) != 255).any()


def test_matplotlib_waits_for_the_first_picture_and_pyplot_is_never_loaded():
    code = (
        "import sys, plainloop.judge.report, plainloop.judge.plots as plots; assert 'matplotlib' not in sys.modules;"
        "plots.bars('T', ['a'], [1.0], 'x'); assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_logarithmic_axis_has_plain_numbers():
    with plots.panel("rates") as made:
        plots.logarithmic(made.axes)
        made.axes.plot([1e-6, 1e-3, 0.5], [3.0, 2.0, 1.0])
        made.figure.canvas.draw()
        words = [label.get_text() for which in ("major", "minor") for label in made.axes.get_xticklabels(which=which)]
    assert "0.001" in words
    assert not any("$" in word for word in words)


def test_a_curve_of_one_epoch_is_seen():
    assert plots.points([1])["marker"] == "o"
    assert plots.points(list(range(30)))["marker"] is None
    image = np.asarray(Image.open(io.BytesIO(plots.curves({"epoch": [1], "train_loss": [0.5], "val_loss": [0.7]}, "loss", 9))))
    blue = np.array([0, 114, 178])
    plot = image[60:, : image.shape[1] // 2 + 40, :3].astype(int)  # without the legend
    assert (np.abs(plot - blue).sum(2) < 40).any()
