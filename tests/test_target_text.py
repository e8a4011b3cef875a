"""The texts of a target as tokens: what is encoded comes back to the letter, and every row ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import words
from plainloop.plain.columns.target_text import TargetText, until_end
from plainloop.plain.columns.text import END, UNKNOWN
from plainloop.plain.table import Words

TEXTS = [
    "Zwei Hunde spielen.",
    "Ein Hund läuft  nicht!",
    "I_TURN_LEFT I_JUMP",
    "1998-05-03",
    "日本語 テキスト",
    "ǆ 🙂 e\u0301",
] * 3


def fitted(tokens: str, longest: int = 100) -> TargetText:
    return TargetText.fit(words(TEXTS), tokens=tokens, vocabulary=600, longest=longest)


def there_and_back(column: TargetText, texts: list[str]) -> list[str]:
    rows = column.encode(words(texts))
    return column.decode(rows.index_select(0, torch.arange(len(texts))))


@pytest.mark.parametrize("tokens", ["bpe", "char"])
def test_what_is_encoded_comes_back(tokens: str):
    texts = ["Zwei Hunde spielen.", "Ein Hund läuft  nicht!", "日本語 テキスト", "1998-05-03", "ǆ 🙂"]
    assert there_and_back(fitted(tokens), texts) == texts


def test_words_come_back_with_one_space_between():
    assert there_and_back(fitted("word"), ["I_TURN_LEFT I_JUMP", "Ein Hund  läuft"]) == ["I_TURN_LEFT I_JUMP", "Ein Hund läuft"]


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40))
def test_bytes_hold_every_text(text: str):
    import unicodedata

    wanted = unicodedata.normalize("NFC", text.strip())
    assert [one.strip() for one in there_and_back(BYTES, [text.strip()])] == [wanted.strip()]


BYTES = fitted("bpe")


@pytest.mark.parametrize("tokens", ["word", "bpe", "char"])
def test_every_row_ends_once(tokens: str):
    column = fitted(tokens)
    rows = column.encode(words([*TEXTS[:6], "", None, "unseen 𝄞"]))
    padded = rows.index_select(0, torch.arange(9))
    assert (padded == END).sum(1).tolist() == [1] * 9
    assert (padded.gather(1, rows.lengths[:, None] - 1)[:, 0] == END).all()
    assert padded[6].tolist()[:1] == padded[7].tolist()[:1] == [END]
    assert rows.lengths[6:8].tolist() == [1, 1]


def test_a_long_text_is_cut_and_ends_all_the_same():
    column = fitted("char", longest=5)
    assert there_and_back(column, ["Zwei Hunde"]) == ["Zwei "]


def test_an_unknown_word_is_told_apart_and_never_written():
    column = fitted("word")
    rows = column.encode(words(["Zwei Katzen"])).index_select(0, torch.tensor([0]))
    assert rows[0].tolist().count(UNKNOWN) == 1
    assert column.decode(rows) == ["Zwei <unk>"]
    assert UNKNOWN in column.never


def test_one_tokenizer_for_source_and_target():
    first = fitted("bpe")
    again = TargetText.fit(words(["x"]), tokens="bpe", vocabulary=10, longest=50, tokenizer=first.tokenizer)
    assert again.words == first.words


def test_rows_that_share_a_text_share_its_tokens():
    column = fitted("char")
    rows = column.encode(Words(np.array([1, 0, 1], np.int32), ["ab", "Hund"]))
    assert column.decode(rows.index_select(0, torch.tensor([0, 2, 1])))[:2] == ["Hund", "Hund"]


def test_up_to_the_end():
    assert until_end([7, 8]) == [7, 8]
    assert until_end([END]) == []
    assert until_end([0, 5]) == []
