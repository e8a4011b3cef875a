"""The task of sequences: padding is ignored exactly, figures are means over tokens, predictions are what is written."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from outcomes import words
from plainloop.judge.intervals import intervals
from plainloop.judge.sentences import Sentences, bleu, chrf, formulas, sentences, signatures, text_metrics
from plainloop.plain import config as c
from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.columns.text import Text
from plainloop.plain.config import Train
from plainloop.plain.evaluate import score
from plainloop.plain.loop import train, validate
from plainloop.plain.tasks.sequence import GUESS, LOG, TOKEN, TRUE_LOG, Sequence

SOURCES = [f"{'left right ' * (i % 4)}jump {'twice' if i % 3 else 'thrice'} number {i}" for i in range(40)]
TARGETS = [" ".join(["L R"] * (i % 4) + ["J"] * (2 if i % 3 else 3)) for i in range(40)]


def task_of(tokens: str = "word", smoothing: float = 0.0) -> Sequence:
    section = c.Sequence(tokens=tokens, vocabulary=300)
    columns = (c.Column(name="s", type="text"), c.Column(name="t", type="text", role="target"))
    config = c.Config(
        source=c.Source(reader="tables", format="csv", data=("x.csv",)),
        columns=columns,
        split=c.Split(),
        task=c.Task(name="Sequence", file="sequence", label_smoothing=smoothing),
        model=c.Model(file="sequence_rnn"),
        train=Train(),
        machine=c.Machine(),
        sequence=section,
    )
    return Sequence.fit([words(TARGETS)], np.arange(30), config)


def rows_of(task: Sequence) -> tuple[Rows, Text]:
    column = Text.fit(words(SOURCES), whole=1.0, least=1)
    return Rows({"text": column.encode(words(SOURCES))}, task.target([words(TARGETS)]), task.start), column


def model_of(task: Sequence, column: Text, file: str = "sequence_rnn", **settings: Any) -> nn.Module:
    torch.manual_seed(0)
    shapes = {"text": column.shape, "target": task.shape}
    return import_module(f"plainloop.plain.models.{file}").Model(shapes, task.num_outputs, width=16, **settings)


def some_scores(task: Sequence, rows: int = 6, places: int = 9) -> tuple[Tensor, Tensor]:
    target = task.target([words(TARGETS[:rows])]).index_select(0, torch.arange(rows))
    target = F.pad(target, (0, places - target.shape[1]))
    return torch.randn(rows, places, task.num_outputs, dtype=torch.float64), target


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_padding_is_ignored_exactly(smoothing: float):
    task = task_of(smoothing=smoothing)
    scores, target = some_scores(task)
    wide = F.pad(scores, (0, 0, 0, 7), value=9.0), F.pad(target, (0, 7))
    assert torch.allclose(task.loss(*wide), task.loss(scores, target), rtol=0, atol=1e-14)  # nothing is added, in another order
    one_by_one = [
        task.loss(s[None, : (t != 0).sum()], t[None, t != 0]) * (t != 0).sum() for s, t in zip(scores, target, strict=True)
    ]
    assert torch.allclose(torch.stack(one_by_one).sum() / (target != 0).sum(), task.loss(scores, target), atol=1e-12)
    tallies = task.tally(*wide, task.loss(*wide)), task.tally(scores, target, task.loss(scores, target))
    assert torch.allclose(*tallies, rtol=0, atol=1e-12)


def test_the_gradient_of_padding_is_nothing():
    task = task_of()
    scores, target = some_scores(task)
    scores.requires_grad_(True)
    task.loss(scores, target).backward()
    assert scores.grad is not None
    assert (scores.grad[target == 0] == 0).all()


def test_rates_are_means_over_tokens_whatever_the_batches():
    task = task_of(smoothing=0.1)
    scores, target = some_scores(task)
    scores[:3] = F.one_hot(target[:3], task.num_outputs) * 20.0
    whole = task.rates(task.tally(scores, target, task.loss(scores, target)).tolist(), 6)
    parts = [task.tally(s, t, task.loss(s, t)) for s, t in zip(scores.split(2), target.split(2), strict=True)]
    assert task.rates(sum(parts).tolist(), 6) == pytest.approx(whole, abs=1e-9)
    there = target != 0
    assert whole["token_accuracy"] == pytest.approx(float((scores.argmax(2) == target)[there].double().mean()))
    assert whole["perplexity"] == pytest.approx(float(F.cross_entropy(scores[there], target[there]).exp()), rel=1e-6)
    assert whole["exact_match"] >= 0.5


def test_the_target_is_told_one_place_later():
    task = task_of()
    rows, _ = rows_of(task)
    inputs, target = rows[torch.tensor([0, 3, 7])]
    assert (inputs["target_in"][:, 0] == task.start).all()
    assert torch.equal(inputs["target_in"][:, 1:], target[:, :-1])


@pytest.mark.parametrize("file", ["sequence_rnn", "sequence_transformer"])
def test_what_is_written_without_a_miss_is_the_teacher_forced_exact_match(file: str):
    """Greedy writing gives the target exactly where every token is the most probable one after the target so far."""
    task = task_of()
    rows, column = rows_of(task)
    model = model_of(task, column, file, dropout=0.0)
    batches = loader(rows, EpochBatches(40, 8, lengths=rows.lengths))
    how = Train(epochs=30, learning_rate=5e-3, schedule="cosine", patience=0)
    records = list(train(model, task, batches, loader(rows, EpochBatches(40, 40, shuffle=False)), how))
    assert records[-1].values["val_exact_match"] > 0.5
    scores = score(model, task, loader(rows, EpochBatches(40, 7, shuffle=False, lengths=rows.lengths)))
    rates = validate(model, task, loader(rows, EpochBatches(40, 40, shuffle=False)))
    found = task.metrics(scores, rows.targets())
    assert found["exact_match"] == pytest.approx(rates["exact_match"])
    assert found["token_accuracy"] == pytest.approx(rates["token_accuracy"])
    assert found["perplexity"] == pytest.approx(rates["perplexity"], rel=1e-4)
    assert (scores[..., LOG] <= 0).all()
    written = scores[..., TOKEN].long()
    forced = scores[..., GUESS].long()[:, : rows.targets().shape[1]]
    right = [text == true for text, true in zip(task.decode(scores), TARGETS, strict=True)]
    assert (forced[right] == rows.targets()[right])[rows.targets()[right] != 0].all()
    assert (scores[..., TRUE_LOG] <= 1e-6).all()
    assert written.max() < task.num_outputs


@pytest.mark.parametrize("file", ["sequence_rnn", "sequence_transformer"])
def test_answers_are_not_rounded_where_training_is(file: str):
    task = task_of()
    rows, column = rows_of(task)
    model = model_of(task, column, file)
    exact, rounded = (score(model, task, loader(rows, EpochBatches(40, 8)), precision) for precision in ("float32", "bfloat16"))
    assert torch.equal(exact, rounded)


def test_predicted_without_a_target_there_is_only_what_was_written():
    task = task_of()
    rows, column = rows_of(task)
    bare = Rows(rows.inputs, torch.zeros(40))
    model = model_of(task, column).eval()
    with torch.inference_mode():
        scores = task.predict(model, bare[torch.arange(5)][0])
    assert scores.shape[2] == 2
    assert set(task.metrics(scores, rows.targets()[:5])) == {"exact_match", "bleu", "chrf"}
    assert len(task.report_columns(scores)["score"]) == 5


def test_state_goes_through_json_and_back():
    import json

    task = task_of("char", 0.1)
    again = Sequence(**json.loads(json.dumps(task.state())))
    assert again.state() == task.state()
    assert torch.equal(again.target([words(TARGETS)]).tokens, task.target([words(TARGETS)]).tokens)


def test_answers_are_bounded_by_the_train_rows():
    task = task_of()
    longest = max(len(text.split()) for text in TARGETS[:30]) + 1
    assert task.answer == 2 * longest + 10
    scores = torch.zeros(2, 3, 2)
    scores[0, :, TOKEN] = torch.tensor([5.0, 3.0, 0.0])
    scores[1, :, TOKEN] = torch.tensor([5.0, 5.0, 5.0])
    assert task.cut(scores).tolist() == [False, True]


def test_the_most_frequent_target_is_the_trivial_answer():
    task = task_of()
    often = words([*["L R J"] * 5, *TARGETS[:4]])
    target = task.target([often]).index_select(0, torch.arange(9))
    assert task.decode(task.trivial(target)) == ["L R J"]


WRITTEN = ["ein hund läuft im schnee .", "zwei männer", "ein", "", "eine frau liest ein rotes buch im park"]
TRUTH = [
    "ein hund rennt im schnee .",
    "zwei männer sitzen",
    "ein kind",
    "nichts hier zu sehen",
    "eine frau liest ein buch im park",
]


def test_sums_of_sentences_give_the_scores_of_sacrebleu():
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    found = Sentences(WRITTEN, TRUTH, np.zeros(5))
    for rows in ([0, 1, 2, 3, 4], [0, 0, 4, 4, 1], [1, 2], [3]):
        written, truth = [WRITTEN[i] for i in rows], [TRUTH[i] for i in rows]
        counted = found.word_counts[rows].sum(0)[None], found.sign_counts[rows].sum(0)[None]
        assert bleu(counted[0])[0] == pytest.approx(BLEU().corpus_score(written, [truth]).score, abs=1e-6)
        assert chrf(counted[1])[0] == pytest.approx(CHRF().corpus_score(written, [truth]).score, abs=1e-6)
    assert text_metrics(found)["exact_match"] == 0.0


def test_intervals_lie_round_the_values_of_the_task():
    task = task_of("char")
    rows, column = rows_of(task)
    model = model_of(task, column)
    records = train(
        model,
        task,
        loader(rows, EpochBatches(40, 8, lengths=rows.lengths)),
        loader(rows, EpochBatches(40, 40, shuffle=False)),
        Train(epochs=12, learning_rate=1e-2),
    )
    assert len(list(records)) == 12
    scores = score(model, task, loader(rows, EpochBatches(40, 7, shuffle=False, lengths=rows.lengths)))
    target = rows.targets()
    found, values = intervals(task, scores, target), task.metrics(scores, target)
    assert set(found) == set(values) >= {"exact_match", "bleu", "chrf", "token_accuracy", "perplexity"}
    for name, entry in found.items():
        assert entry["value"] == values[name]
        assert entry["low"] is not None, name
        assert entry["low"] <= entry["value"] <= entry["high"]
    forms = formulas(sentences(task, scores, target), list(values))
    draws = np.random.default_rng(0).integers(0, 40, 40)
    weight = np.bincount(draws, minlength=40)[None].astype(np.float32)
    again = task.metrics(scores[draws], target[draws])
    assert {name: float(form(weight)[0]) for name, form in forms.items()} == pytest.approx(again, rel=1e-4)


def test_a_right_answer_is_never_one_of_the_worst():
    from plainloop.judge.sequences import best_and_worst

    found = best_and_worst(Sentences(["a b", "c d", "e f", "x"], ["a b", "c d", "e g", "h"], np.array([0.9, 0.1, 0.8, 0.7])))
    assert found["worst"] == [3, 2]
    assert found["best"][:2] == [0, 1]


def test_the_signature_says_how_was_counted():
    assert "tok:13a" in signatures()["bleu"]
    assert "version:" in signatures()["chrf"]
