"""The column of texts: fitted on the train rows alone, the same after JSON, honest about what it cuts and does not know."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from outcomes import words
from plainloop.plain import config as c
from plainloop.plain.columns import text as text_column
from plainloop.plain.columns.text import END, UNKNOWN, Text
from plainloop.plain.prepare import Preparation
from plainloop.plain.ragged import Ragged
from plainloop.plain.table import Table

TEXTS = ["The film was GREAT, really great!", "the film was bad", "A bad, bad film...", "Don't watch", "don't wait: watch it"] * 4
KINDS = ("word", "bpe", "char")


def tokens_of(column: Text, *texts: str | None) -> list[list[str]]:
    rows = column.encode(words(list(texts)))
    return [[column.words[token] for token in rows.index_select(0, torch.tensor([i]))[0].tolist()] for i in range(len(texts))]


def test_words_signs_and_ties():
    column = Text.fit(words(TEXTS), whole=1.0)
    assert tokens_of(column, "Don't watch the GREAT film...") == [["don't", "watch", "the", "great", "film", "..."]]
    assert tokens_of(column, "a film never seen") == [["a", "film", "<unk>", "<unk>"]]
    assert column.words[:4] == ["<pad>", "<unk>", "<s>", "</s>"]


@pytest.mark.parametrize("kind", KINDS)
def test_state_goes_through_json_and_back(kind: str):
    column = Text.fit(words(TEXTS), tokens=kind, vocabulary=300)
    again = Text(**json.loads(json.dumps(column.state(), allow_nan=False)))
    other = words([*TEXTS, "something else", None, ""])
    every = torch.arange(len(other))
    assert torch.equal(again.encode(other).index_select(0, every), column.encode(other).index_select(0, every))
    assert again.shape == column.shape
    assert Tokenizer.from_str(column.tokenizer).get_vocab_size() == column.shape["vocabulary"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_token_is_in_the_vocabulary_and_no_row_is_empty(kind: str):
    column = Text.fit(words(TEXTS), tokens=kind, vocabulary=290)
    strange = words(["", None, "   ", "\x00\x01", "日本語 テキスト", "🙂" * 50, "a" * 5000, "<br />", "ÆØÅ \ud7ff"])
    rows = column.encode(strange)
    assert (rows.lengths >= 1).all()
    assert rows.lengths.max() <= column.longest
    assert 0 < int(rows.tokens.min()) <= int(rows.tokens.max()) < column.shape["vocabulary"]
    assert rows.rows(torch.tensor([1])).index_select(0, torch.tensor([0])).tolist() == [[END]]


def test_bytes_leave_nothing_unknown_and_read_back():
    column = Text.fit(words(TEXTS), tokens="bpe", vocabulary=320, whole=1.0)
    rows = column.encode(words(["det er ærgerligt 日本"]))
    assert (rows.tokens != UNKNOWN).all()
    assert column.decode(rows.index_select(0, torch.tensor([0])))[0].strip().startswith("det er")
    assert column.unknown == 0.0


def test_letters_keep_what_they_are():
    column = Text.fit(words(["Anna", "Hanna", "Nan", "Ann"]), tokens="char", least=1, lowercase=False, whole=1.0)
    assert tokens_of(column, "Han") == [["H", "a", "n"]]


def test_letters_are_words_where_a_script_does_not_part_words():
    column = Text.fit(words(["iPhone\u624b\u673a \u5f88\u597d", "the \u0e14\u0e35"]), tokens="word", least=1)
    assert set(column.words) >= {"iphone", "\u624b", "\u673a", "\u5f88", "\u597d", "the", "\u0e14\u0e35"}


def test_markup_and_long_numbers():
    column = Text.fit(words(["one<br /><br />two &amp; three 12345 1998"] * 3), whole=1.0)
    assert tokens_of(column, "<p class='x'>one two</p> &amp; 98765 1998") == [["one", "two", "&", "00000", "1998"]]
    kept = Text.fit(words(["one<br />two"] * 3), markup=False, whole=1.0)
    assert tokens_of(kept, "one<br />two") == [["one", "<", "br", "/>", "two"]]


def test_rare_words_and_the_size_of_the_vocabulary():
    texts = words(["often often seldom", "often rare"] * 2 + ["seldom once"])
    assert set(Text.fit(texts).words[4:]) == {"often", "seldom", "rare"}
    assert Text.fit(texts, vocabulary=5).words[4:] == ["often"]
    column = Text.fit(texts, least=3)
    assert column.words[4:] == ["often", "seldom"]
    assert column.unknown == pytest.approx(3 / 12, abs=0.1)


def test_long_texts_are_cut_at_the_quantile_and_the_loss_is_known():
    texts = words([" ".join(["word"] * n) for n in [5] * 98 + [10, 1000]])
    column = Text.fit(texts, whole=0.98)
    assert 5 <= column.longest <= 10
    assert column.lost == pytest.approx((10 - column.longest + 1000 - column.longest) / (98 * 5 + 1010), abs=1e-3)
    assert Text.fit(texts, whole=1.0).lost == 0.0
    assert Text.fit(texts, whole=1.0, longest=7).longest == 7
    assert column.encode(texts).lengths.max() == column.longest


def test_an_open_end_leaves_room_for_texts_longer_than_those_of_the_train_rows():
    texts = words([" ".join(["word"] * n) for n in (5, 6)])
    column = Text.fit(texts, whole=1.0, longest=1_000, open_end=True)
    assert column.longest == 1_000
    assert column.encode(words([" ".join(["word"] * 7)])).lengths.tolist() == [7]


def test_train_rows_decide_alone_and_rows_outside_change_nothing():
    table = Table({"t": words([*TEXTS, "poison venom poison venom"] * 2), "y": words(["a", "b"] * 21)}, {"data": range(42)})
    config = text_config("t")
    train = np.array([row for row in range(42) if row % 21 != 20])
    made = Preparation.fit(config, table, {"train": train, "validation": np.array([20]), "test": np.array([41])})
    assert "poison" not in made.columns["t"].words


def text_config(*names: str, **text: Any) -> c.Config:
    return c.Config(
        source=c.Source(reader="tables", format="csv", data=("a.csv",)),
        columns=(*(c.Column(name=name, type="text") for name in names), c.Column(name="y", type="category", role="target")),
        split=c.Split(),
        task=c.Task(name="Binary", file="classify"),
        model=c.Model(file="text_bag"),
        train=c.Train(),
        machine=c.Machine(),
        text=c.Text(**text),
    )


def test_two_columns_share_a_tokenizer_and_are_joined_row_by_row():
    table = Table(
        {"title": words(["good film", "bad film"] * 10), "body": words(["very good", None] * 10), "y": words(["a", "b"] * 10)},
        {"data": range(20)},
    )
    split = {"train": np.arange(16), "validation": np.arange(16, 20), "test": np.arange(0)}
    made = Preparation.fit(text_config("title", "body", whole=1.0), table, split)
    assert made.columns["title"].tokenizer == made.columns["body"].tokenizer
    rows = made.inputs(table)["text"]
    assert isinstance(rows, Ragged)
    said = [[made.columns["title"].words[t] for t in row] for row in rows.index_select(0, torch.tensor([0, 1])).tolist()]
    assert said == [["good", "film", "</s>", "very", "good"], ["bad", "film", "</s>", "</s>", "<pad>"]]
    assert made.shapes["text"]["length"] == rows.lengths.max() == 5
    again = Preparation.from_state(text_config("title", "body"), json.loads(json.dumps(made.state())))
    assert torch.equal(again.inputs(table)["text"].lengths, rows.lengths)
    assert replace(again.config).text.tokens == "word"


def test_training_twice_gives_the_same_tokenizer():
    texts = words([f"{a} {b} {c}" for a in "abc" for b in "xyz" for c in ("un", "deux", "trois")])
    for kind in KINDS:
        assert Text.fit(texts, tokens=kind, vocabulary=280).tokenizer == Text.fit(texts, tokens=kind, vocabulary=280).tokenizer


def test_many_texts_are_encoded_into_a_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path))
    cells = words([*TEXTS, None, ""])
    column = Text.fit(cells, whole=1.0)
    every, wanted = torch.arange(len(cells)), column.encode(cells)
    monkeypatch.setattr(text_column, "LARGE", 0)
    found = column.encode(cells)
    assert torch.equal(found.index_select(0, every), wanted.index_select(0, every))
    (file,) = tmp_path.glob("tokens-*.bin")
    before = file.stat().st_ino
    assert torch.equal(column.encode(cells).index_select(0, every), wanted.index_select(0, every))
    assert file.stat().st_ino == before
    file.write_bytes(file.read_bytes()[:-4])  # damaged: encoded again
    assert torch.equal(column.encode(cells).index_select(0, every), wanted.index_select(0, every))
    assert not list(tmp_path.glob(".tokens-*"))
