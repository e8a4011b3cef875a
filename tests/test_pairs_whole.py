"""Sentence pairs from end to end: lines to a judged run, predicted, evaluated, ejected with equal weights, killed and resumed."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import plainloop
from phrases import phrases, write_pairs
from plainloop.cli import main
from plainloop.training import Talk
from plainloop.understand.generated import dates
from plainloop.use_problems import BadDecoding, NotForThisTask
from small import forked, history_of
from test_images_whole import ALONE
from test_resume import finish, kill, newest, until

SMALL = ["width=32", "dropout=0.0", "learning_rate=0.01", "schedule=one_cycle"]


def write_days(folder: Path, rows: int = 500) -> Path:
    """Days in ISO form out of four ways to write them, in words so that a small net learns them in seconds."""
    path = folder / "days.tsv"
    pairs = [(f"{iso[8:]} . {iso[5:7]} . x{iso[:3]}", f"{iso[:3]} {iso[5:7]} {iso[8:]}") for _, iso in dates(rows)]
    path.write_text("\n".join(["written\tiso", *("\t".join(pair) for pair in dict(pairs).items())]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    place = tmp_path_factory.mktemp("days")
    return plainloop.train(
        write_days(place),
        "iso",
        task="sequence",
        model="sequence_rnn",
        epochs=12,
        set=[*SMALL, "text.tokens=char", "sequence.tokens=char", "batch_tokens=1000"],
        output=str(place / "run"),
        talk=Talk(quiet=True),
    )


def test_the_net_learns_to_write(run: plainloop.Run):
    found = run.metrics["test"]
    assert run.metrics["task"] == "sequence"
    assert run.metrics["headline"] == "token_accuracy"
    assert found["token_accuracy"]["value"] > 0.6
    assert found["token_accuracy"]["low"] < found["token_accuracy"]["value"] < found["token_accuracy"]["high"]
    assert run.metrics["baselines"]["copy"]["exact_match"]["value"] == 0.0
    assert set(run.metrics["baselines"]) == {"trivial", "copy"}
    assert "the source copied" in run.metrics["verdict"]
    assert run.metrics["examples"]["worst"][0]["chrf"] <= run.metrics["examples"]["best"][0]["chrf"]
    assert run.metrics["signatures"]["bleu"].startswith("nrefs:1")


def test_the_run_folder_says_what_was_written(run: plainloop.Run):
    with open(run.folder / "predictions.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["row", "source", "truth", "prediction", "score"]
    right = np.mean([row["truth"] == row["prediction"] for row in rows])
    assert right == pytest.approx(run.metrics["test"]["exact_match"]["value"])
    names = {path.stem for path in (run.folder / "pictures").glob("*.png")}
    assert {"loss", "token_accuracy", "exact_match", "learning_rate", "attention_1"} <= names
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "The worst answers, the surest of them first" in page
    assert "Attention" in page
    assert list(run.history)[:3] == ["epoch", "train_loss", "val_loss"]
    assert {"val_token_accuracy", "val_exact_match", "val_perplexity"} <= set(run.history)


def test_lines_in_and_lines_out(run: plainloop.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    new = tmp_path / "new.txt"
    new.write_text("03 . 05 . x199\n\n12 . 07 . x200\n", encoding="utf-8")
    answers = run.predict(new, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8").splitlines() == answers
    assert len(answers) == 3
    with pytest.raises(SystemExit) as caught:
        main(["predict", str(run.folder), str(new), "-o", str(tmp_path / "out.csv"), "--beam", "3"])
    assert not caught.value.code
    assert "3 predictions" in capsys.readouterr().out
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["row", "source", "prediction", "score"]
    assert [row["source"] for row in rows] == ["03 . 05 . x199", "", "12 . 07 . x200"]
    assert [bool(row["prediction"]) for row in rows] == [True, False, True], "nothing is written for nothing"
    assert not answers[1]
    table = tmp_path / "new.tsv"
    table.write_text("other\twritten\n1\t03 . 05 . x199\n2\t12 . 07 . x200\n", encoding="utf-8")
    assert run.predict(table) == [answers[0], answers[2]]


def test_a_text_is_said_to_be_cut_where_it_is_cut(run: plainloop.Run, tmp_path: Path):
    """One token more than a run reads, not as many as it reads; and a source may be longer than those of the train rows."""
    column = run.preparation.columns["written"]
    assert column.longest == 1_000
    new = tmp_path / "new.txt"
    said = []
    try:
        column.longest = 10
        for text in ("0" * 10, "0" * 11):
            new.write_text(f"{text}\n03\n", encoding="utf-8")
            run.predict(new)
            said.append([notice.count for notice in run.notices if type(notice).__name__ == "TextsCut"])
    finally:
        column.longest = 1_000
    assert said == [[], [1]]


def test_a_run_of_other_code_writes_with_its_own(run: plainloop.Run, tmp_path: Path):
    """The files in its folder are not those that are installed: they are imported beside these."""
    place = shutil.copytree(run.folder, tmp_path / "run")
    toml, code = place / "run.toml", place / "plain" / "decode.py"
    before = hashlib.sha256(code.read_bytes()).hexdigest()
    code.write_text(code.read_text(encoding="utf-8") + "# another version\n", encoding="utf-8")
    after = hashlib.sha256(code.read_bytes()).hexdigest()
    toml.write_text(toml.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    (tmp_path / "new.txt").write_text("03 . 05 . x199\n12 . 07 . x200\n", encoding="utf-8")
    other = plainloop.load(place)
    assert other._plain("decode").__name__ != run._plain("decode").__name__
    for name in ("out.csv", "out.txt"):
        assert other.predict(tmp_path / "new.txt", tmp_path / name, beam=2) == run.predict(tmp_path / "new.txt", beam=2)


def test_beams_and_draws(run: plainloop.Run, tmp_path: Path):
    new = tmp_path / "new.txt"
    new.write_text("".join(f"{day:02} . 05 . x199\n" for day in range(1, 29)), encoding="utf-8")
    greedy = run.predict(new)
    assert run.predict(new, beam=1) == greedy
    wide = run.predict(new, beam=4)
    assert len(wide) == 28
    one, same, other = (run.predict(new, temperature=3.0, seed=seed) for seed in (1, 1, 2))
    assert one == same != other
    assert run.predict(new, temperature=1.0, top=1) == greedy
    assert run.predict(new) == greedy  # what was asked for once is not kept


OUT_OF_BOUNDS = [{"beam": 0}, {"beam": 1.5}, {"temperature": -1}, {"top": -3}, {"beam": 4, "temperature": 1.0}]
NO_EFFECT = [{"top": 3}, {"seed": 1}, {"length_penalty": 0.5}, {"top": 3, "temperature": 0}, {"beam": 1, "length_penalty": 0.5}]


@pytest.mark.parametrize("how", [*OUT_OF_BOUNDS, *NO_EFFECT])
def test_ways_to_look_for_an_answer_that_cannot_be(run: plainloop.Run, how: dict[str, Any], tmp_path: Path):
    (tmp_path / "new.txt").write_text("03 . 05 . x199\n")
    with pytest.raises(BadDecoding) as caught:
        run.predict(tmp_path / "new.txt", **how)
    assert ("has no effect" in str(caught.value)) == (how in NO_EFFECT)


def test_a_run_of_classes_writes_nothing(tmp_path: Path):
    (tmp_path / "data.csv").write_text("a,b\n" + "".join(f"{i * i % 17},{i % 2}\n" for i in range(80)))
    made = plainloop.train(
        tmp_path / "data.csv", "b", epochs=1, baseline=False, output=str(tmp_path / "run"), talk=Talk(quiet=True)
    )
    with pytest.raises(NotForThisTask):
        made.predict(tmp_path / "data.csv", beam=5)


def test_evaluate_other_rows(run: plainloop.Run, tmp_path: Path):
    other = run.evaluate(write_days(tmp_path, 60))
    assert other["rows"] > 40
    assert other["metrics"]["token_accuracy"]["value"] > 0.6
    assert other["metrics"]["exact_match"]["low"] is not None
    found = run.evaluate(write_days(tmp_path, 60), beam=3)["metrics"]
    assert found["perplexity"] == other["metrics"]["perplexity"]  # of the target, whatever is written


def test_answers_are_judged_by_the_targets_as_the_rows_have_them(tmp_path: Path):
    rows = [line.split("\t") for line in write_days(tmp_path).read_text(encoding="utf-8").splitlines()]
    rows = [rows[0], *([said, f"{iso}  once{i}" if i % 3 == 0 else iso] for i, (said, iso) in enumerate(rows[1:]))]
    (tmp_path / "days.tsv").write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    options: dict[str, Any] = {"model": "sequence_rnn", "epochs": 1, "talk": Talk(quiet=True), "task": "sequence"}
    kinds = ["text.tokens=char", "sequence.tokens=word"]
    made = plainloop.train(str(tmp_path / "days.tsv"), "iso", set=[*SMALL, *kinds], output=str(tmp_path / "run"), **options)
    with open(made.folder / "predictions.csv", encoding="utf-8", newline="") as file:
        truth = {row["source"]: row["truth"] for row in csv.DictReader(file)}
    wanted = {said: " ".join(iso.split()) for said, iso in rows[1:]}
    assert truth == {said: wanted[said] for said in truth}
    assert any("once" in text for text in truth.values())
    assert any("once" in one["truth"] for one in made.metrics["examples"]["worst"])


def test_answers_and_texts_that_were_cut_are_said(run: plainloop.Run, tmp_path: Path):
    (tmp_path / "new.txt").write_text("03 . 05 . x199 " * 40 + "\n03 . 05 . x199\n")
    task = run.preparation.task
    before, task.answer = task.answer, 4
    try:
        run.predict(tmp_path / "new.txt")
    finally:
        task.answer = before
    assert "AnswersCut" in [type(notice).__name__ for notice in run.notices]
    assert any("2 of 2 answers" in notice.what for notice in run.notices)


def same_when_ejected(run: plainloop.Run, place: Path) -> Path:
    """The project, which has trained the run's weights to the last bit without plainloop."""
    project = run.eject(place, with_data=True)
    process = subprocess.run([sys.executable, "-I", "-c", ALONE], cwd=project, capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stderr
    first, second = (path / "weights.safetensors" for path in (run.folder, project / "output"))
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()
    assert (project / "output" / "predictions.csv").read_bytes() == (run.folder / "predictions.csv").read_bytes()
    return project


def test_the_ejected_project_trains_the_same_weights(run: plainloop.Run, tmp_path: Path):
    project = same_when_ejected(run, tmp_path / "project")
    assert not any((project / "plain" / "models" / name).exists() for name in ("sequence_transformer.py", "table_mlp.py"))
    assert {"tokenizers", "sacrebleu"} <= {
        line.split(">")[0].split("=")[0] for line in (project / "requirements.txt").read_text().split()
    }


def test_runs_are_compared_by_what_they_wrote(run: plainloop.Run, tmp_path: Path):
    child = run.retrain(epochs=2, output=str(tmp_path / "child"), talk=Talk(quiet=True))
    made = plainloop.compare(run, child, output=str(tmp_path / "compared"))
    found = made.pairs[0].metrics
    assert made.headline == "exact_match"
    assert {"exact_match", "chrf"} <= set(found)
    assert found["chrf"].real
    assert not found["chrf"].better
    assert found["chrf"].difference == pytest.approx(
        child.metrics["test"]["chrf"]["value"] - run.metrics["test"]["chrf"]["value"]
    )
    page = (tmp_path / "compared" / "compare.html").read_text(encoding="utf-8")
    assert "train.epochs" in page
    assert "Nothing can be said" not in page


def test_two_files_to_a_transformer_and_back(tmp_path: Path):
    source, target = write_pairs(tmp_path, packed=True)
    validation = ",".join(write_pairs(tmp_path, "val", phrases(460)[400:430]))
    settings = ("width=16", "depth=1", "heads=2", "beam=2", "accumulate=2")
    chosen = [word for setting in settings for word in ("--set", setting)]
    named = ["--target", target, "--validation", validation, "--output", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as caught:
        main(["train", source, *named, "--model", "sequence_transformer", "--epochs", "2", "-q", *chosen])
    assert not caught.value.code
    made = plainloop.load(tmp_path / "run")
    assert made.config.model.file == "sequence_transformer"
    assert made.preparation.task.decoding.beam == 2
    assert made.preparation.task.shared
    assert made.model.source_words is None
    files = write_pairs(tmp_path, "other", phrases(500)[460:])
    assert made.evaluate(files)["rows"] == made.evaluate(",".join(files))["rows"] == 40
    assert len(made.predict(files[0])) == 40
    same_when_ejected(made, tmp_path / "project")


def train_words(data: Path, run: Path, model: str = "sequence_rnn") -> list[Any]:
    settings = [
        "width=32",
        "batch_tokens=150",
        "checkpoint_seconds=0.05",
        "text.tokens=char",
        "sequence.tokens=char",
        "dropout=0.2",
    ]
    chosen = [word for setting in settings for word in ("--set", setting)]
    return [
        "train",
        data,
        "--target",
        "iso",
        "--task",
        "sequence",
        "--model",
        model,
        "--epochs",
        3,
        "--output",
        run,
        *chosen,
        "-q",
    ]


def same_as(run: Path, whole: Path) -> None:
    assert history_of(run) == history_of(whole)
    assert (run / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert (run / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()
    metrics = [json.loads((place / "metrics.json").read_text(encoding="utf-8"))["test"] for place in (run, whole)]
    assert metrics[0] == metrics[1]


@pytest.mark.parametrize(
    ("model", "kills"),
    [
        ("sequence_rnn", 2),
        pytest.param("sequence_rnn", 10, marks=pytest.mark.slow),
        pytest.param("sequence_transformer", 10, marks=pytest.mark.slow),
    ],
)
def test_killed_and_resumed_it_is_the_run_that_never_was(model: str, kills: int, tmp_path: Path):
    data, rng = write_days(tmp_path, 250 if kills < 5 else 600), np.random.default_rng(kills)
    assert finish(forked(*train_words(data, tmp_path / "whole", model))) == 0
    run = tmp_path / "killed"
    middle = [kill(run, forked(*train_words(data, run, model)), rng)]
    while len(middle) < kills:
        middle.append(kill(run, forked("resume", run, "-q"), rng))
    assert any(middle), "never killed in the middle of an epoch"
    assert finish(forked("resume", run, "-q")) == 0
    same_as(run, tmp_path / "whole")


def test_a_signal_saves_and_resume_goes_on(tmp_path: Path):
    data, run = write_days(tmp_path, 250), tmp_path / "run"
    process = forked(*train_words(data, run))
    until(lambda: newest(run).get("steps", 0) > 0, process.is_alive)
    time.sleep(0.02)
    import os

    os.kill(process.pid, signal.SIGTERM)
    assert finish(process) in (0, 143)
    assert finish(forked("resume", run, "-q")) == 0
    assert (run / "metrics.json").exists()


@pytest.mark.parametrize("format", ["state_dict", pytest.param("onnx", marks=pytest.mark.slow)])
def test_the_model_in_one_file(run: plainloop.Run, tmp_path: Path, format: str):
    """What is exported scores an answer so far; the file beside it says how an answer is written with that."""
    place = run.export(format, tmp_path)
    assert place.exists()
    facts = json.loads(place.with_name("model.preparation.json").read_text(encoding="utf-8"))
    assert facts["inputs"]["target_in"]["shape"] == ["rows", "tokens"]
    assert "scores[:, -1]" in facts["readme"]["decode"]


def test_frames_and_workers_give_the_same_weights(tmp_path: Path):
    """Pairs in memory, batches prepared by other processes: the run is that of the file."""
    frame = pl.read_csv(write_days(tmp_path, 120), separator="\t", infer_schema=False)
    options: dict[str, Any] = {"task": "sequence", "epochs": 2, "talk": Talk(quiet=True)}
    chosen = [*SMALL, "text.tokens=char", "sequence.tokens=char"]
    made = [
        plainloop.train(frame, "iso", output=str(tmp_path / f"run{workers}"), set=[*chosen, f"workers={workers}"], **options)
        for workers in (0, 2)
    ]
    first, second = ((one.folder / "weights.safetensors").read_bytes() for one in made)
    assert first == second
    assert made[0].predict(frame.head(4)) == made[1].predict(frame.head(4).select("written"))
