"""The column of n-grams: those that a plain count finds, the same after JSON, in little room however often texts recur."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from itertools import pairwise
from math import log

import numpy as np
import pytest
import torch

from outcomes import words
from plainloop.plain.columns.ngrams import NONE, Ngrams, runs_of, words_of
from plainloop.understand.text_columns import text_settings
from texts import review

TEXTS = ["The film was GREAT, really great!", "the film was bad", "A bad, bad film...", "Don't watch", "don't wait: watch it"] * 4


def ngrams_of(text: str, letters: bool) -> set[str]:
    """All n-grams of a text, counted the plain way."""
    found = words_of(text)
    pairs = {f"{one} {other}" for one, other in pairwise(found)}
    runs = {run for word in found for run in runs_of(word)} if letters else set()
    return {f"word {word}" for word in found} | {f"pair {pair}" for pair in pairs} | {f"run {run}" for run in runs}


def named(column: Ngrams) -> list[str]:
    parts = (("word", column.singles), ("pair", column.pairs), ("run", column.runs))
    return ["", "", *(f"{kind} {name}" for kind, names in parts for name in names)]


@pytest.mark.parametrize("letters", [True, False])
def test_the_ngrams_are_those_of_a_plain_count(letters: bool):
    random = np.random.default_rng(0)
    texts = [review("pos" if row % 2 else "neg", random) for row in range(60)]
    column = Ngrams.fit(words(texts), least=2, letters=letters)
    counted = Counter(ngram for text in set(texts) for ngram in ngrams_of(text, letters))
    kept = {ngram: count for ngram, count in counted.items() if count >= 2}
    names = named(column)
    assert dict(zip(names[2:], column.counts, strict=True)) == kept
    rows = column.encode(words([*texts[:9], "nothing of it: xyzzy"]))
    for row, text in enumerate(texts[:9]):
        found = [names[number] for number in rows.index_select(0, torch.tensor([row]))[0]]
        assert set(found) == ngrams_of(text, letters) & set(kept)
        assert len(found) == len(set(found))
    rarity = column.shape["rarity"]
    assert rarity[2:] == pytest.approx([log((1 + len(set(texts))) / (1 + count)) + 1 for count in column.counts])


def test_a_text_without_known_ngrams_is_one_number():
    column = Ngrams.fit(words(TEXTS), letters=False)
    rows = column.encode(words(["xyzzy plugh", "", None]))
    assert rows.index_select(0, torch.arange(3)).tolist() == [[NONE]] * 3
    assert column.strange(words(["xyzzy plugh", "the film", None])) == 1


def test_accents_vowel_signs_and_emoji_stay_with_what_they_belong_to():
    marked = [
        "e\u0301te\u0301",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "\u05e2\u05b4\u05d1\u05b0\u05e8\u05b4\u05d9\u05ea",
        "\u2764\ufe0f",
        "\U0001f44d\U0001f3fd",
    ]
    assert words_of(" ".join(marked)) == marked


def test_letters_are_words_where_a_script_does_not_part_words():
    assert words_of("\u5f88\u597d, iPhone\u624b\u673a") == ["\u5f88", "\u597d", ",", "iphone", "\u624b", "\u673a"]
    assert words_of("\u0e14\u0e35\u0e21\u0e32\u0e01") == ["\u0e14\u0e35", "\u0e21", "\u0e32", "\u0e01"]
    column = Ngrams.fit(words(["\u8fd9\u5f88\u597d", "\u8fd9\u4e0d\u597d", "\u5f88\u597d"]), least=1)
    assert "\u5f88 \u597d" in column.pairs
    assert column.strange(words(["\u597d\u5f88\u8fd9", "\u97f3\u4e50\u597d"])) == 1


def test_unknown_and_lost_words_of_the_train_texts_are_counted():
    column = Ngrams.fit(words(["a b c d", "a b x y"]), least=2, longest=3)
    assert column.unknown == pytest.approx(2 / 6)
    assert column.lost == pytest.approx(2 / 8)
    assert Ngrams.fit(words(["a b c d", "a b x y"]), least=1).unknown == 0.0
    assert column.strange(words(["a b c", "a x y", "a c", None, ""])) == 1


def test_state_goes_through_json_and_back():
    column = Ngrams.fit(words(TEXTS))
    again = Ngrams(**json.loads(json.dumps(column.state(), allow_nan=False)))
    other = words([*TEXTS, "something else", None])
    every = torch.arange(len(other))
    assert torch.equal(again.encode(other).index_select(0, every), column.encode(other).index_select(0, every))


def test_long_texts_do_without_runs_of_letters():
    import polars as pl

    random = np.random.default_rng(0)
    short = pl.Series([review("pos", random) for _ in range(50)])
    long = pl.Series([" ".join(review("pos", random) for _ in range(12)) for _ in range(50)])
    assert text_settings([short], 50)["letters"][0]
    assert not text_settings([long], 50)["letters"][0]
    assert text_settings([long, short], 50)["letters"][0]


def test_texts_take_little_room():
    """At most 50 bytes a character while n-grams are counted, and a text that recurs nothing but its place."""
    random = np.random.default_rng(0)
    texts = words([" ".join(review("pos", random) for _ in range(12)) for _ in range(1_000)])
    size = sum(map(len, texts.words))
    tracemalloc.start()
    try:
        column = Ngrams.fit(texts, letters=False)
        assert tracemalloc.get_traced_memory()[1] < 50 * size
        once = column.encode(texts)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        many = column.encode(texts[np.tile(np.arange(len(texts)), 50)])
        assert tracemalloc.get_traced_memory()[1] - before < 2 * once.nbytes + 200 * len(many) + 20 * size
    finally:
        tracemalloc.stop()
    assert len(many.tokens) == len(once.tokens)
