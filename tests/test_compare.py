"""Compare: the statistics against worked cases and simulation, the runs that may be compared, the page and the command."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plainloop
from plainloop.adjust import paired
from plainloop.adjust.adjust_problems import CannotCompare
from plainloop.adjust.paired import OnRows, both_sides, differences, mcnemar, on_rows
from plainloop.adjust.tested_rows import scored_of
from plainloop.judge.scored import Scored
from plainloop.run_problems import FolderOfRuns, RunFileDamaged
from plainloop.training import Talk
from small import KINDS, said, write_csv

QUIET = Talk(quiet=True)
QUICK: dict[str, Any] = {"epochs": 2, "baseline": False, "talk": QUIET}


def regression(errors: np.ndarray, name: str = "a") -> OnRows:
    truth = np.zeros(len(errors))
    scored = Scored("Regression", [], truth, errors, errors)
    return on_rows(name, np.arange(len(errors)), scored, {"rmse": float(np.sqrt((errors**2).mean()))})


def binary(right: list[int]) -> Scored:
    """Rows of class 1 that are said rightly (1) or wrongly (0)."""
    said_ = np.array(right, np.int64)
    return Scored("Binary", ["no", "yes"], np.ones(len(right), np.int64), np.where(said_, 0.9, 0.1), said_)


def test_mcnemar_is_the_exact_binomial_test():
    from scipy.stats import binomtest

    for a, b in ((0, 0), (1, 0), (0, 5), (2, 8), (12, 30), (400, 470)):
        wanted = binomtest(a, a + b, 0.5).pvalue if a + b else 1.0
        assert both_sides(a, b) == pytest.approx(wanted)
    assert both_sides(900, 1000) == pytest.approx(binomtest(900, 1900, 0.5).pvalue, rel=0.02), "the normal curve, above 1000"
    assert mcnemar(binary([1, 1, 1, 0]), binary([1, 0, 0, 1])) == {"only_first": 2, "only_second": 1, "p": 1.0}


def test_the_quantile_of_t():
    from scipy.stats import t

    for freedom in (3, 5, 10, 100):
        assert paired.student(freedom) == pytest.approx(t.ppf(0.975, freedom), rel=0.05)


def test_rows_that_are_hard_for_both_cancel(monkeypatch: pytest.MonkeyPatch):
    """Errors that differ by little on every row: each RMSE alone is uncertain, the difference is not."""
    monkeypatch.setattr(paired, "SEED_SHARE", 0.0)
    errors = np.random.default_rng(0).normal(size=400)
    first, second = regression(errors), regression(errors * 0.97)
    found = differences([first], [second])["rmse"]
    assert found.real
    assert found.better
    alone = np.percentile(first.draws["rmse"], [2.5, 97.5])
    assert found.high - found.low < 0.1 * (alone[1] - alone[0])


def test_the_interval_over_rows_covers(monkeypatch: pytest.MonkeyPatch):
    """Models that are equally good on the population: 95% of the intervals hold zero."""
    monkeypatch.setattr(paired, "SEED_SHARE", 0.0)
    rng = np.random.default_rng(1)
    wrong = sum(
        differences([regression(rng.normal(size=200))], [regression(rng.normal(size=200))])["rmse"].real for _ in range(150)
    )
    assert 2 <= wrong <= 16


def test_seeds_that_were_run_widen_the_interval_by_what_they_show():
    rng = np.random.default_rng(2)
    rows = rng.normal(size=5000)

    def seeds(spread: float) -> list[OnRows]:
        return [regression(rows * (1 + spread * rng.normal()), str(i)) for i in range(4)]

    calm, wild = (differences(seeds(spread), seeds(spread))["rmse"] for spread in (0.001, 0.05))
    assert wild.high - wild.low > 5 * (calm.high - calm.low)
    assert not wild.real


@pytest.mark.parametrize("kind", KINDS)
def test_the_test_rows_of_a_run_folder_give_its_metrics(kind: str, tmp_path: Path):
    """predictions.csv alone gives every metric that metrics.json has a formula for."""
    target, options = {"Regression": "price", "Multilabel": "tags"}.get(kind, "label"), {**QUICK}
    if kind == "Multilabel":
        lines = [
            "a,b,tags",
            *(f"{i % 7},{i % 5},{';'.join(t for t in ('=x', 'wet') if (i * 3 + len(t)) % 4 > 1)}" for i in range(120)),
        ]
        (tmp_path / "data.csv").write_text("\n".join(lines) + "\n")
        options |= {"task": "multilabel", "tags": ";"}
    else:
        write_csv(tmp_path / "data.csv", kind, rows=150)
    run = plainloop.train(str(tmp_path / "data.csv"), target, output=str(tmp_path / "run"), **options)
    rows, scored = scored_of(run)
    assert scored.kind == kind
    assert len(scored) == len(rows) == run.metrics["rows"]["test"]
    values = {name: found["value"] for name, found in run.metrics["test"].items()}
    drawn = on_rows("run", rows, scored, values).draws
    assert run.metrics["headline"] in drawn, "labels are said from the thresholds on that the run has chosen"
    assert len(drawn) >= 3


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[plainloop.Run]:
    """A run, a child with another seed, and one that has hardly learned."""
    folder = tmp_path_factory.mktemp("compare")
    data = write_csv(folder / "pets.csv", rows=500)
    first = plainloop.train(data, "label", output=str(folder / "runs" / "pets-1"), **{**QUICK, "epochs": 8})
    return [first, first.retrain(seed=1, talk=QUIET), first.retrain(epochs=1, learning_rate=1e-5, talk=QUIET)]


def test_a_real_difference_is_seen_and_another_seed_is_not(runs: list[plainloop.Run]):
    seen = plainloop.compare(runs[0], runs[2], output="")
    headline = seen.as_dict()["differences"][0]["metrics"]["log_loss"]
    assert headline["real"]
    assert headline["low"] > 0
    assert "worse than" in str(seen)
    assert seen.settings == {"train.epochs": [8, 1], "train.learning_rate": [0.002, 1e-05]}
    same = plainloop.compare(runs[0], runs[1], output="")
    assert "cannot be told apart" in str(same)
    assert same.settings == {"machine.seed": [0, 1]}


def test_seeds_count_as_one_setting_and_the_page_has_it_all(runs: list[plainloop.Run], tmp_path: Path):
    seen = plainloop.compare(*runs, output=str(tmp_path / "page"))
    assert [len(pair.first.runs) for pair in seen.pairs] == [2]
    assert seen.page is not None
    page = seen.page.read_text(encoding="utf-8")
    for text in ("worse than", "train.learning_rate", "ROC AUC", "McNemar", "data:image/png"):
        assert text in page
    assert "http" not in page, "one page that needs nothing else"
    written = json.loads((tmp_path / "page" / "compare.json").read_text())
    assert written["rows"] == len(np.unique(scored_of(runs[0])[0]))
    assert written["differences"][0]["metrics"]["accuracy"].keys() == {"difference", "low", "high", "real"}


def test_runs_on_other_rows_are_refused(runs: list[plainloop.Run], tmp_path: Path):
    other = runs[0].retrain(**{"split.seed": 1}, epochs=1, output=str(tmp_path / "other"), talk=QUIET)
    with pytest.raises(CannotCompare, match="in common") as refused:
        plainloop.compare(runs[0], other, output="")
    assert refused.value.fix.startswith(f"plainloop retrain {runs[0].folder} --se")
    with pytest.raises(CannotCompare, match="one run, named twice") as refused:
        plainloop.compare(runs[0], runs[0].folder, output="")
    assert refused.value.fix.startswith(f"plainloop compare {runs[0].folder} {runs[0].folder.parent}/")
    prices = plainloop.train(write_csv(tmp_path / "p.csv", "Regression"), "price", output=str(tmp_path / "p"), **QUICK)
    with pytest.raises(CannotCompare, match="learn different things"):
        plainloop.compare(runs[0], prices, output="")
    more = plainloop.train(write_csv(tmp_path / "more.csv", seed=3), "label", output=str(tmp_path / "more"), **QUICK)
    with pytest.raises(CannotCompare, match="data is not the same"):
        plainloop.compare(runs[0], more, output="")
    with pytest.raises(CannotCompare, match="no second run"):
        plainloop.compare(runs[0], output="")


def test_runs_that_say_the_same_are_called_so(runs: list[plainloop.Run], tmp_path: Path):
    twin = runs[0].retrain(output=str(tmp_path / "twin"), talk=QUIET)
    text = str(plainloop.compare(runs[0], twin, output=str(tmp_path / "page")))
    assert f"{twin.folder} predicts the same as {runs[0].folder}, row for row." in text
    assert "not told apart" not in text
    assert "row for row" in (tmp_path / "page" / "compare.html").read_text()


def test_folders_of_several_runs_are_refused_with_the_runs_to_compare(tmp_path: Path):
    data = write_csv(tmp_path / "pets.csv", rows=120)
    first, second = (
        plainloop.train(data, "label", folds=2, model=name, output=str(tmp_path / name), **{**QUICK, "epochs": 1})
        for name in ("table_mlp", "table_linear")
    )
    with pytest.raises(CannotCompare, match="it is the folder of a cross-validation") as refused:
        plainloop.compare(str(first.folder), str(second.folder))
    assert refused.value.fix == f"plainloop compare {first.folder}/fold-1 {second.folder}/fold-1"
    assert plainloop.compare(*refused.value.fix.split()[2:], output="").num_rows == 60
    lines: list[str] = []
    with pytest.raises(FolderOfRuns):
        plainloop.retrain(first.folder, talk=Talk(say=lines.append))
    assert lines == [], "it is refused before anything is said of its settings"
    with pytest.raises(CannotCompare) as refused:
        plainloop.compare(str(first.folder), str(second.folder / "fold-1"))
    assert "--folds, too" in refused.value.fix
    (first.folder / "fold-1" / "predictions.csv").unlink()
    with pytest.raises(RunFileDamaged, match=r"predictions\.csv cannot be read: it is not there"):
        plainloop.compare(first.folder / "fold-1", second.folder / "fold-1", output="")


def test_the_command(runs: list[plainloop.Run], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(runs[0].folder.parent.parent)
    code, out = said("compare", "runs/pets-1", "runs/pets-3", "--json")
    assert code == 0, out
    found = json.loads(out)
    assert found["page"] == "runs/comparison-1/compare.html"
    assert Path(found["page"]).exists()
    assert [Path(run["run"]).name for run in plainloop.runs("runs")] == ["pets-3", "pets-2", "pets-1"], "a comparison is no run"


def test_windows_of_forecasts_are_paired_where_they_do_not_overlap(tmp_path: Path):
    data = daily(tmp_path / "load.csv", rows=300)
    options: dict[str, Any] = {**QUICK, "time": "day", "horizon": 4, "model": "series_linear"}
    slow = {"epochs": 1, "set": "learning_rate=1e-6"}
    first = plainloop.train(data, "load", output=str(tmp_path / "a"), **{**options, "epochs": 20})
    second = plainloop.train(data, "load", output=str(tmp_path / "b"), **{**options, **slow}, lookback=20)
    made = plainloop.compare(first, second, output="")
    assert (made.unit, made.headline) == ("windows apart", "mae")
    assert made.settings["source.lookback"][1] == 20
    assert made.num_rows == len({line["row"] for line in lines_of(first.folder / "predictions.csv")}) >= 8
    found = made.pairs[0].metrics["mae"]
    errors = [mean_error(run.folder) for run in (first, second)]
    assert found.difference == pytest.approx(errors[1] - errors[0])
    assert found.real
    assert not found.better
    lines = str(made).splitlines()
    assert any(line.startswith("all test windows ") for line in lines), "the table is of all of them"
    assert any(line.startswith(f"difference on {made.num_rows} windows apart ") for line in lines)
    assert any(line.startswith("not compared: MASE; ") for line in lines)


def test_sentences_are_paired_and_counted_as_right_or_wrong(tmp_path: Path):
    rows = [(f"w{i % 7} w{i % 5}", f"v{i % 7} v{i % 5}") for i in range(160)]
    data = tmp_path / "pairs.tsv"
    data.write_text("\n".join(["source\ttarget", *("\t".join(row) for row in rows)]) + "\n", encoding="utf-8")
    options: dict[str, Any] = {**QUICK, "task": "sequence", "model": "sequence_rnn", "types": "source=text"}
    small = ["width=16", "dropout=0.0", "batch_tokens=200", "text.tokens=word", "sequence.tokens=word"]
    first = plainloop.train(data, "target", output=str(tmp_path / "a"), **options, set=[*small, "learning_rate=1e-5"])
    options |= {"epochs": 15, "set": [*small, "learning_rate=0.02"]}
    second = plainloop.train(data, "target", output=str(tmp_path / "b"), **options)
    made = plainloop.compare(first, second, output=str(tmp_path / "c"))
    pair = made.pairs[0]
    assert (made.unit, made.headline) == ("sentences", "exact_match")
    wanted = [run.metrics["test"]["exact_match"]["value"] for run in (first, second)]
    assert pair.metrics["exact_match"].difference == pytest.approx(wanted[1] - wanted[0])
    assert pair.metrics["exact_match"].better
    assert pair.metrics["chrf"].real
    assert pair.mcnemar is not None
    assert pair.mcnemar["only_second"] > pair.mcnemar["only_first"]
    assert "not compared: token accuracy; perplexity (" in str(made)
    assert "Not compared: token accuracy; perplexity (" in (tmp_path / "c" / "compare.html").read_text()


def test_few_rows_widen_the_interval(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paired, "SEED_SHARE", 0.0)
    draw = np.random.default_rng(0)
    for rows, most in ((4, 0.15), (10, 0.12)):  # of pairs that differ by chance alone
        pairs = [[regression(draw.normal(size=rows)), regression(draw.normal(size=rows))] for _ in range(120)]
        assert np.mean([differences([a], [b])["rmse"].real for a, b in pairs]) <= most
    two = differences([regression(np.array([1.0, 2.0]))], [regression(np.array([5.0, 6.0]))])["rmse"]
    assert not two.real


def daily(path: Path, rows: int) -> Path:
    """A load by day with a week in it."""
    draw = np.random.default_rng(0)
    begin = np.datetime64("2022-01-01")
    lines = [f"{begin + i},{10 + 3 * np.sin(2 * np.pi * i / 7) + 0.3 * draw.normal():.3f}" for i in range(rows)]
    path.write_text("\n".join(["day,load", *lines]) + "\n", encoding="utf-8")
    return path


def lines_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def mean_error(folder: Path) -> float:
    return float(
        np.mean([abs(float(line["truth"]) - float(line["prediction"])) for line in lines_of(folder / "predictions.csv")])
    )
