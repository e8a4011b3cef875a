"""The catalogue of bad texts: each written as files, and repaired, told or refused as it says there."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import plainloop
from plainloop.options import DataOptions
from plainloop.problems import PlainloopError
from plainloop.training import Talk
from plainloop.understand.look import look
from plainloop.understand.seen import Look
from texts import review, reviews, zipped

ROWS = 60


def seen(place: Path | str, target: str | None = "kind", **options: object) -> Look:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return look(str(place), DataOptions(target=target, **options))  # type: ignore[arg-type]


def told(found: Look, name: str) -> str:
    """What the notices of a kind say, "" where there is none."""
    return "\n".join(str(notice) for notice in found.notices if type(notice).__name__ == name)


def pairs(change: Callable[[int, str, str], tuple[str, str]] = lambda i, text, kind: (text, kind)) -> list[tuple[str, str]]:
    """Texts and their kinds, changed row by row."""
    random = np.random.default_rng(0)
    kinds = ["pos" if i % 3 else "neg" for i in range(ROWS)]
    return [change(i, review(kind, random), kind) for i, kind in enumerate(kinds)]


def written(path: Path, rows: list[tuple[str, str]], encoding: str = "utf-8", sign: str = "\t", quoted: bool = False) -> Path:
    mark = '"' if quoted else ""
    lines = [f"text{sign}kind", *(f"{mark}{text}{mark}{sign}{kind}" for text, kind in rows)]
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def trained(data: Path, folder: Path, target: str | None = "kind", **options: object) -> plainloop.Run:
    return plainloop.train(data, target, output=str(folder), epochs=1, baseline=False, talk=Talk(quiet=True), **options)


def test_80_empty_and_blank_texts_are_counted_and_stay(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (["", "   "][i % 2] if i < 4 else text, kind)))
    assert '4 of 60 texts of "text" are empty, the first in line 2' in told(seen(data), "EmptyTexts")
    run = trained(data, tmp_path / "run")
    assert len(run.predict({"text": ["", None, "  "]})) == 3


def test_80_nothing_but_empty_texts_is_refused(tmp_path: Path):
    with pytest.raises(PlainloopError, match=r"[Nn]o column|nothing"):
        seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: ("", kind))))


def test_81_one_enormous_text_is_named_and_cut(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: ("word " * 200_000 if i == 7 else text, kind)))
    found = seen(data)
    assert 'The longest text of "text", line 9, has 999,999 characters' in told(found, "LongText")
    run = trained(data, tmp_path / "run")
    assert run.preparation.columns["text"].longest < 10_001


def test_82_texts_of_unknown_words_are_told_when_predicting(tmp_path: Path):
    run = trained(written(tmp_path / "t.tsv", pairs()), tmp_path / "run")
    run.predict({"text": ["zyx wvu tsr qpo", "the film was a story"]})
    assert "1" in str(run.notices[0])
    assert "did not have" in str(run.notices[0])


def test_82_no_word_twice_in_the_train_rows(tmp_path: Path):
    """Every word is rare, so none is known; the run still ends."""
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (" ".join(f"w{i}x{j}" for j in range(9)), kind)))
    run = trained(data, tmp_path / "run", types=["text=text"])
    assert len(run.predict({"text": ["one of them"]})) == 1


def test_83_markup_is_found_and_read_as_spaces(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text.replace(" ", "<br /><br />", 1) + " &amp; more", kind)))
    assert seen(data).text["markup"][0] is True
    run = trained(data, tmp_path / "run", set=["tokens=word"])
    assert not {"br", "amp"} & set(run.preparation.columns["text"].words)


def test_83_numbers_inside_and_other_scripts_are_accepted(tmp_path: Path):
    extra = [
        "\u65e5\u672c\u8a9e\u306e\u6587",
        "\u0440\u0443\u0441\u0441\u043a\u0438\u0439",
        "\U0001f600\U0001f680",
        "0800 123 456",
        "e\u0301",
    ]
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (f"{text} {extra[i % 5]}", kind)))
    assert seen(data).schema["text"].type == "text"


def test_messages_of_emoji_are_texts(tmp_path: Path):
    signs = {"pos": ["\U0001f600", "\U0001f389", "\u2764\ufe0f", "!"], "neg": ["\U0001f621", "\U0001f62d", "\U0001f494", "?"]}
    random = np.random.default_rng(0)
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: ("".join(random.choice(signs[kind], 6)), kind)))
    found = seen(data)
    assert found.schema["text"].type == "text"
    assert found.texts["text"].unit == "signs"
    run = plainloop.train(data, "kind", output=str(tmp_path / "run"), baseline=False, talk=Talk(quiet=True))
    assert run.metrics["test"]["accuracy"]["value"] == 1.0


def test_ids_alone_are_refused_with_a_fix_that_works(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (f"ab-{i:05}-{7 * i}", kind)))
    with pytest.raises(PlainloopError, match="--types text=text"):
        seen(data)
    assert seen(data, types="text=text").schema["text"].type == "text"


def test_a_script_without_spaces_is_read_by_its_letters(tmp_path: Path):
    words = {"pos": ["\u597d", "\u7cbe\u5f69"], "neg": ["\u5dee", "\u65e0\u804a"]}
    other = ["\u8fd9\u90e8", "\u7535\u5f71", "\u6211", "\u89c9\u5f97", "\u97f3\u4e50", "\u670b\u53cb", "\u6f14\u5458"]
    random = np.random.default_rng(0)

    def text(kind: str) -> str:
        return "".join([*random.choice(other, 5), random.choice(words[kind]), *random.choice(other, 3)])

    data = written(tmp_path / "t.tsv", pairs(lambda i, _, kind: (text(kind), kind)))
    found = seen(data)
    assert found.text["tokens"][0] == "char"
    assert found.texts["text"].language == "looks like Chinese"
    assert found.texts["text"].unit == "characters"
    assert found.texts["text"].known == 1.0
    run = trained(data, tmp_path / "run")
    run.predict({"text": [text("pos"), text("neg")]})
    assert not run.notices


def test_a_test_file_in_another_language_is_told_before_and_after_training(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs())
    other = written(tmp_path / "u.tsv", pairs(lambda i, text, kind: ("der bunte Streifen gestern Abend " + kind, kind))[:20])
    found = seen(data, test=str(other))
    assert '100% of the test texts of "text" have no word that a train text has' in told(found, "TextsOfUnknownWords")
    assert not told(seen(data), "TextsOfUnknownWords")
    lines: list[str] = []
    plainloop.train(data, "kind", test=other, output=str(tmp_path / "run"), epochs=1, baseline=False, talk=Talk(say=lines.append))
    assert "100.0% of the test texts have more unknown words than known ones" in "\n".join(lines)


def test_quotes_that_do_not_pair_up_are_characters(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: ('a "lone quote ' + text if i % 7 == 0 else text, kind)))
    found = seen(data)
    assert found.schema.rows == ROWS
    assert told(found, "QuotesAsText")


def test_newlines_inside_cells(tmp_path: Path):
    data = written(
        tmp_path / "t.csv", pairs(lambda i, text, kind: (text.replace(" ", "\n", 3) + ", really", kind)), sign=",", quoted=True
    )
    assert seen(data).schema.rows == ROWS


def test_a_quote_left_open_is_refused_with_its_line(tmp_path: Path):
    data = written(tmp_path / "t.csv", pairs(), sign=",", quoted=True)
    data.write_text(data.read_text(encoding="utf-8") + '"never closed,pos\n', encoding="utf-8")
    with pytest.raises(PlainloopError, match="line 62"):
        seen(data)


def test_another_encoding_is_guessed_and_told(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text + " caf\xe9", kind)), encoding="cp1252")
    assert "cp1252" in told(seen(data), "EncodingGuessed")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        found = seen(written(tmp_path / "u.tsv", pairs(), encoding=encoding))
        assert found.schema.rows == ROWS
        assert f"is read as {encoding}" in told(found, "EncodingGuessed")
        assert found.schema["text"].type == "text"


def test_two_encodings_in_a_file_are_refused(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text + " caf\xe9", kind)))
    data.write_bytes(data.read_bytes() + "caf\xe9 film\tpos\n".encode("cp1252"))
    with pytest.raises(PlainloopError, match="line 62"):
        seen(data)


def test_zero_bytes_are_refused_with_their_line(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text + "\0" if i == 3 else text, kind)))
    with pytest.raises(PlainloopError, match="line 5") as refused:
        seen(data)
    subprocess.run(refused.value.fix.split(": ", 1)[1].split(", then")[0], shell=True, check=True)
    assert seen(tmp_path / "clean-t.tsv").schema.rows == ROWS


def test_the_label_in_the_text_is_told(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (f"[{kind}] {text}", kind)))
    said = told(seen(data), "LabelInText")
    assert "[neg]" in said or "[pos]" in said


def test_a_copy_of_the_label_as_text_is_refused(tmp_path: Path):
    with pytest.raises(PlainloopError):
        seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (kind, kind))), types=["text=text"])


def test_copies_across_the_split_are_told_and_counted(tmp_path: Path):
    rows = pairs()
    data = written(tmp_path / "t.tsv", rows + rows)
    found = seen(data)
    assert "have the inputs of a train row" in told(found, "CopiesAcrossSplit")
    assert found.texts["text"].copies == ROWS
    assert found.texts["text"].across > 5


def test_equal_texts_with_different_labels_are_told(tmp_path: Path):
    rows = pairs()
    data = written(tmp_path / "t.tsv", rows + [(text, "neg" if kind == "pos" else "pos") for text, kind in rows[:20]])
    assert "share their inputs with a row of another label" in told(seen(data), "ConflictingLabels")


def test_rows_without_a_label_are_left_out_and_told(tmp_path: Path):
    assert "5" in told(
        seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, "" if i < 5 else kind)))), "RowsWithoutTarget"
    )


def test_one_class_alone_is_refused(tmp_path: Path):
    with pytest.raises(PlainloopError, match="in every one of the 60 rows"):
        seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, "pos"))))


def test_the_text_as_target_is_refused(tmp_path: Path):
    with pytest.raises(PlainloopError):
        seen(written(tmp_path / "t.tsv", pairs()), target="text")


@pytest.mark.parametrize("sign", ["|", ";", "; ", " / "])
def test_tags_with_strange_separators(tmp_path: Path, sign: str):
    tags = ["joy", "anger", "fear"]
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, sign.join(tags[: 1 + i % 3]))))
    found = seen(data, tags=sign.strip())
    assert found.task == "Multilabel"
    assert found.schema.task is not None
    assert set(found.schema.task.classes) == set(tags)


def test_two_separators_of_tags_are_refused(tmp_path: Path):
    cells = ["joy;anger", "joy|anger", "joy", "anger"]
    with pytest.raises(PlainloopError, match="joy"):
        seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, cells[i % 4]))), tags=";")


def test_words_that_mean_missing_are_told(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: ("N/A" if i < 3 else text, kind)))
    assert "N/A" in told(seen(data), "CountedAsMissing")
    kept = seen(data, missing=["keep:N/A"])
    assert kept.texts["text"].empty == 0


def test_control_characters_and_surrogates_stay_text(tmp_path: Path):
    strange = "\x07 \u202e \ufeff \u0000".replace("\u0000", "")
    run = trained(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text + strange, kind))), tmp_path / "run")
    assert len(run.predict({"text": [strange, "\ud7ff\ufffd"]})) == 2


def test_a_text_that_looks_like_a_formula_or_markup_is_written_safely(tmp_path: Path):
    evil = "<script>alert(1)</script>"
    run = trained(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (f"=1+2 {evil} {text}", kind))), tmp_path / "run")
    assert evil not in (run.folder / "report.html").read_text(encoding="utf-8")


def test_a_damaged_archive_is_refused(tmp_path: Path):
    path = zipped(reviews(tmp_path / "films", each=5), tmp_path / "films.zip")
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(PlainloopError, match=r"films\.zip"):
        seen(path, None)


def test_an_archive_with_a_damaged_member_is_refused(tmp_path: Path):
    path = zipped(reviews(tmp_path / "films", each=5), tmp_path / "films.zip")
    data = bytearray(path.read_bytes())
    place = data.index(b"films/neg/1.txt") + 15
    data[place : place + 20] = b"\0" * 20
    path.write_bytes(bytes(data))
    with pytest.raises(PlainloopError, match=r"neg/1\.txt"):
        seen(path, None)


def test_an_archive_whose_names_lead_out_is_refused(tmp_path: Path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../pos/1.txt", "a text")
        archive.writestr("../neg/1.txt", "a text")
    with pytest.raises(PlainloopError, match="out of the archive"):
        seen(tmp_path / "evil.zip", None)


def test_a_folder_of_documents_says_what_it_wants(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "1.docx").write_bytes(b"PK\x03\x04")
    with pytest.raises(PlainloopError, match=r"Expected files ending in"):
        seen(tmp_path / "docs", None)


def test_a_text_column_read_as_names_says_so(tmp_path: Path):
    names = ["Anna Maria Berg", "Bo Carl Dahl", "Cleo Ann Eng"]
    rows = [(f"{names[i % 3]} {chr(65 + i // 26)}{chr(97 + i % 26)}", kind) for i, (_, kind) in enumerate(pairs())]
    found = seen(written(tmp_path / "t.tsv", rows))
    assert found.schema["text"].type == "text", "nothing else is there to learn from"


def test_a_model_of_other_inputs_is_refused_by_name(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs())
    for model in ("image_convnet", "table_mlp"):
        with pytest.raises(PlainloopError, match=r"the inputs of .* are texts") as refused:
            trained(data, tmp_path / "run", model=model)
        assert "--model text_bag" in refused.value.fix


def test_a_setting_of_another_model_is_said_to_be_its(tmp_path: Path):
    with pytest.raises(PlainloopError, match="a setting of text_rnn") as refused:
        trained(written(tmp_path / "t.tsv", pairs()), tmp_path / "run", set=["model.cell=gru"])
    assert "--model text_rnn" in refused.value.fix


def test_targets_that_are_not_0_or_1_have_a_fix_that_works(tmp_path: Path):
    lines = ["text,rude,kind,threat", *(f"{text},{i % 2},{i % 3 % 2},{1 + i % 2}" for i, (text, _) in enumerate(pairs()))]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(PlainloopError, match="not all 0/1: threat") as refused:
        seen(tmp_path / "t.csv", target="rude,kind,threat")
    assert "--target rude,kind" in refused.value.fix
    assert seen(tmp_path / "t.csv", target="rude,kind").task == "Multilabel"


def test_fixes_for_one_class_and_for_nothing_but_spaces_name_no_other_column(tmp_path: Path):
    with pytest.raises(PlainloopError, match="in every one") as refused:
        seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, "pos"))))
    assert refused.value.fix.startswith("add rows with another answer")
    with pytest.raises(PlainloopError) as refused:
        seen(written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (" \u00a0", kind))))
    assert refused.value.fix.startswith('fill column "text"')


def test_labels_that_differ_by_case_are_told_once(tmp_path: Path):
    data = written(tmp_path / "t.tsv", pairs(lambda i, text, kind: (text, kind.upper() if i % 4 == 0 else kind)))
    assert told(seen(data), "CaseVariants").count("differ only in case") == 1
