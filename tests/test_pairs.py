"""Sentence pairs at the door: what is read, what is refused and how it is said, what is decided about tokens and split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plainloop
from phrases import phrases, said, seen, write_pairs, write_table
from plainloop.cli import main
from plainloop.options import TrainOptions
from plainloop.plain.readers import tables
from plainloop.plain.readers.lines import lines_of
from plainloop.problems import PlainloopError
from plainloop.show import look_text
from plainloop.understand.generated import DATES, dates
from plainloop.understand.pairs import names_of
from plainloop.understand.resolve import Asked, resolve

# what is read


def test_a_table_of_two_texts_is_a_task_of_sequences(tmp_path: Path):
    found = seen(write_table(tmp_path), "german")
    assert found.task == "Sequence"
    assert [(column.name, column.type, column.role) for column in found.schema.columns] == [
        ("english", "text", "input"),
        ("german", "text", "target"),
    ]
    assert "to be written" in found.schema.task.reason
    assert "--task multiclass" in found.schema.task.override


@pytest.mark.parametrize("packed", [False, True])
def test_two_files_of_lines_are_a_table(tmp_path: Path, packed: bool):
    source, target = write_pairs(tmp_path, packed=packed)
    validation, test = (
        ",".join(write_pairs(tmp_path, name, phrases()[at : at + 30], packed)) for name, at in (("val", 9), ("test", 0))
    )
    found = seen(source, target, validation=validation, test=test)
    assert found.task == "Sequence"
    assert found.source.names == ("en", "de")
    assert {part: len(rows) for part, rows in found.rows.items()} == {"train": 400, "validation": 30, "test": 30}
    frame, parts = tables.read_text(found.source)
    assert frame.row(3) == phrases()[3]
    assert frame.row(parts["test"].start + 2) == phrases()[2]


def test_json_lines(tmp_path: Path):
    path = tmp_path / "phrases.jsonl"
    path.write_text("".join(json.dumps({"en": en, "de": de}) + "\n" for en, de in phrases()), encoding="utf-8")
    assert seen(str(path), "de").task == "Sequence"
    nested = [{"id": str(i), "translation": {"en": en, "de": de}} for i, (en, de) in enumerate(phrases())]
    path.write_text("".join(json.dumps(row) + "\n" for row in nested), encoding="utf-8")
    assert (found := seen(str(path), "de")).task == "Sequence"
    assert [column.name for column in found.schema.columns if column.role == "input"] == ["en"]


def test_pairs_without_a_header_are_named_by_their_places(tmp_path: Path):
    path = tmp_path / "phrases.tsv"
    path.write_text("".join(f"{en}\t{de}\n" for en, de in phrases()), encoding="utf-8")
    with pytest.raises(PlainloopError, match="one of: 0, 1") as found:
        plainloop.train(str(path), output=str(tmp_path / "run"))
    assert found.value.fix == f"plainloop train {path} --target 1"
    assert seen(str(path), "1").rows["train"].size + sum(map(len, seen(str(path), "1").rows.values())) > 400


def test_lines_of_in_and_out(tmp_path: Path):
    path = tmp_path / "tasks.txt"
    random = np.random.default_rng(1)
    asked = [" ".join(random.choice(["jump", "walk", "left", "twice"], 6)) + f" {i}" for i in range(120)]
    path.write_text("".join(f"IN: {text} OUT: {' '.join('I_' + w.upper() for w in text.split())}\n\n" for text in asked))
    found = seen(str(path))
    assert found.task == "Sequence"
    assert found.source.format == "in_out"
    assert found.target == ["out"]
    assert tables.load(found.source).place(2) == "line 5"


def test_generated_dates_work_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    found = seen("dates")
    assert found.task == "Sequence"
    assert found.target == ["iso"]
    assert found.schema.rows == DATES
    assert len({text for text, _ in dates(500)}) == 500
    assert dates(50, seed=1) == dates(50, seed=1) != dates(50, seed=2)
    (tmp_path / "dates").write_text("a,b\n" + "".join(f"{i * i % 17},{i % 2}\n" for i in range(50)))
    assert seen("dates", "b").task == "Binary"  # a file of that name is the file


def test_bom_and_windows_line_ends_are_no_part_of_the_texts(tmp_path: Path):
    source, target = write_pairs(tmp_path)
    for path in (source, target):
        text = Path(path).read_bytes()
        Path(path).write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    frame, _ = tables.read_text(seen(source, target).source)
    assert frame.rows() == phrases()


def test_words_that_mean_no_value_elsewhere_are_words_here(tmp_path: Path):
    pairs = [("Nothing at all", "None"), ("It is not a number", "nan"), *phrases()]
    found = seen(*write_pairs(tmp_path, pairs=pairs))
    assert len(np.concatenate(list(found.rows.values()))) == 402


def test_names_of_the_columns():
    assert names_of("a/train.en.gz", "a/train.de.gz") == ("en", "de")
    assert names_of("x.txt", "y.txt") == ("x", "y")
    assert names_of("a/x", "b/x") == ("source", "target")


# what is decided


def test_a_source_with_several_targets_stays_on_one_side(tmp_path: Path):
    pairs = [(en, variant) for en, de in phrases(150) for variant in (de, de.replace(".", "!"), "ja, " + de)]
    found = seen(write_table(tmp_path, pairs), "german")
    assert (found.split.kind, found.split.by) == ("grouped", "english")
    sides = {part: {pairs[row][0] for row in rows} for part, rows in found.rows.items()}
    assert not sides["train"] & sides["test"]
    assert not sides["train"] & sides["validation"]
    assert "SeveralTargets" in said(found)
    assert seen(write_table(tmp_path, pairs), "german", split="random").split.kind == "random"


def test_the_tokens_follow_the_texts(tmp_path: Path):
    found = seen(write_table(tmp_path), "german")
    assert found.sequence["tokens"][0] == found.text["tokens"][0] == "bpe"
    assert found.sequence["shared"][0] is True
    assert found.sequence["vocabulary"][0] == found.text["vocabulary"][0] == 2000
    greek = str.maketrans("abdefghiklmn", "\u03b1\u03b2\u03b4\u03b5\u03c6\u03b3\u03b7\u03b9\u03ba\u03bb\u03bc\u03bd")
    apart = seen(write_table(tmp_path, [(en, de.lower().translate(greek)) for en, de in phrases()]), "german")
    assert apart.sequence["shared"][0] is False
    letters = seen("dates")
    assert letters.sequence["tokens"][0] == letters.text["tokens"][0] == "char"
    commands = [(f"{en} x{i}", " ".join(["LEFT", "JUMP"] * (i % 9 + 1))) for i, (en, _) in enumerate(phrases(400))]
    assert seen(write_table(tmp_path, commands), "german", task="sequence").sequence["tokens"][0] == "word"
    assert all(reason for _, reason in found.sequence.values())


def test_what_is_decided_is_shown(tmp_path: Path):
    """Tokens and languages of both sides, and where the rows of the parts come from."""
    source, target = write_pairs(tmp_path)
    parts = {
        part: ",".join(write_pairs(tmp_path, part, phrases(450)[first : first + 20]))
        for part, first in (("validation", 405), ("test", 425))
    }
    text = look_text(seen(source, target, **parts))
    for line in (
        "tokens of the source: 2,000 pieces of words - ",
        "tokens of the target: 2,000 pieces of words - ",
        "one set of pieces for both",
        "en: looks like English",
        "de: looks like German",
        "400 train, 20 validation, 20 test (each part has files of its own)",
    ):
        assert line in text
    assert "the test rows have files of their own" in look_text(seen(source, target, test=parts["test"]))
    assert "tokens of the target: characters - short texts" in look_text(seen("dates"))


@pytest.mark.parametrize("verb", ["train", "inspect"])
def test_a_fix_names_the_file_of_the_target(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, target = write_pairs(tmp_path, pairs=[*phrases(), *phrases(3)])
    with pytest.raises(SystemExit):
        main([verb, source, "--target", target, *(["--epochs", "0", "-o", str(tmp_path / "run")] if verb == "train" else [])])
    assert f"plainloop train {source} --target {target}" in capsys.readouterr().out


def test_notes_of_licence_and_authors_are_no_source(tmp_path: Path):
    credit = "CC-BY 2.0 (France) Attribution: tatoeba.org #{} (CK) & #{} (Zaghawa)"
    pairs = [(en, f"{de}\t{credit.format(i, i * i)}") for i, (en, de) in enumerate(phrases())]
    path = write_table(tmp_path, pairs, "english\tgerman\tnote")
    found = seen(path, "german")
    assert [column.name for column in found.schema.columns if column.role == "input"] == ["english"]
    assert "CreditsNotRead" in said(found)
    kept = seen(path, "german", types={"note": "text"})
    assert kept.schema["note"].role == "input"


def test_columns_that_are_no_texts_are_left_out_and_said(tmp_path: Path):
    pairs = [(f"{i % 7}\t{en}", de) for i, (en, de) in enumerate(phrases())]
    found = seen(write_table(tmp_path, pairs, "level\tenglish\tgerman"), "german")
    assert "OnlyTextsRead" in said(found)
    assert [column.name for column in found.schema.config_columns()] == ["english", "german"]


def test_a_text_target_of_few_values_is_a_class(tmp_path: Path):
    pairs = [(en, f"das ist die Antwort mit der Nummer {i % 4}") for i, (en, _) in enumerate(phrases())]
    assert seen(write_table(tmp_path, pairs), "german").task == "Multiclass"
    assert seen(write_table(tmp_path, pairs), "german", task="sequence").task == "Sequence"
    assert seen(write_table(tmp_path), "german", types={"german": "text"}).task == "Sequence"


# what is said


def test_pairs_of_very_different_length_are_named(tmp_path: Path):
    pairs = [*phrases(), ("Young girls weave corn stalks into elaborate toys for a fair in the city", "@")]
    found = seen(*write_pairs(tmp_path, pairs=pairs))
    notice = next(n for n in found.notices if type(n).__name__ == "UnequalLengths")
    assert "line 401" in notice.what
    assert "UnequalLengths" not in said(seen(*write_pairs(tmp_path)))


def test_rows_that_answer_a_text_with_itself_are_counted(tmp_path: Path):
    pairs = [(en, en if i % 10 == 0 else de) for i, (en, de) in enumerate(phrases())]
    notice = next(n for n in seen(write_table(tmp_path, pairs), "german").notices if type(n).__name__ == "SameText")
    assert "40 of 400" in notice.what
    assert "line 2" in notice.what


def test_rows_without_a_target_are_left_out_and_counted(tmp_path: Path):
    source, target = write_pairs(tmp_path, pairs=[*phrases(100), ("Alone.", ""), *phrases(100)])
    found = seen(source, target, split="random")
    assert "RowsWithoutTarget" in said(found)
    assert sum(map(len, found.rows.values())) == 200
    assert f"the empty lines of {target}," in next(notice.fix for notice in found.notices if "missing in" in notice.what)
    tests = write_pairs(tmp_path, "test", pairs=[*phrases(30), ("Alone.", "")])
    whole = write_pairs(tmp_path, "whole", pairs=phrases(200))
    found = seen(*whole, test=",".join(tests), split="random")
    assert f"the empty lines of {tests[1]}," in next(notice.fix for notice in found.notices if "missing in" in notice.what)


def test_an_empty_source_is_not_said_to_have_classes(tmp_path: Path):
    table = seen(write_table(tmp_path, [*phrases(100), ("", "Allein.")]), "german")
    assert ["nothing of what to answer" in notice.why for notice in table.notices if "are empty" in notice.what] == [True]


def test_test_rows_that_are_train_rows_are_said(tmp_path: Path):
    source, target = write_pairs(tmp_path)
    test = ",".join(write_pairs(tmp_path, "test", phrases()[:40]))
    assert "CopiesAcrossSplit" in said(seen(source, target, test=test))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"model": "table_mlp"}, "sequence_transformer"),
        ({"set": ["heads=3", "width=32"], "model": "sequence_transformer"}, "a number that divides the width, 32"),
        ({"set": ["sequence.tokens=letters"]}, "word, bpe, char"),
        ({"set": ["batch_tokens=-1"]}, "batch_tokens"),
        ({"set": ["beam=0"]}, "beam"),
        ({"set": ["cell=vanilla"], "model": "sequence_rnn"}, "gru, lstm"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, options: dict[str, Any], wanted: str):
    with pytest.raises(PlainloopError) as caught:
        plainloop.train(write_table(tmp_path), "german", output=str(tmp_path / "run"), epochs=1, **options)
    assert wanted in str(caught.value)
    assert not (tmp_path / "run" / "run.toml").exists()


def test_a_model_of_sequences_for_another_task(tmp_path: Path):
    pairs = [(en, "ja" if i % 2 else "nein") for i, (en, _) in enumerate(phrases())]
    with pytest.raises(PlainloopError, match="sequence_rnn"):
        plainloop.train(write_table(tmp_path, pairs), "german", model="sequence_rnn", output=str(tmp_path / "run"))


def test_lines():
    assert lines_of(b"a\n\n b \n") == ["a", "", "b"]
    assert lines_of(b"a\nb") == ["a", "b"]
    assert TrainOptions().task is None


def test_rows_per_batch_where_they_are_asked_for(tmp_path: Path):
    found = seen(write_table(tmp_path), "german")

    def settings(**given: Any) -> tuple[int, int]:
        asked = Asked(given, "sequence_rnn", target=("german",), text=found.text, sequence=found.sequence)
        made = resolve(found.source, found.schema.config_columns(), "Sequence", found.split, 300, asked).config.train
        return made.batch_size, made.batch_tokens

    assert settings() == (64, 1024)
    assert settings(**{"train.batch_size": 16}) == (16, 0)
    assert settings(**{"train.batch_size": 16, "batch_tokens": 500}) == (16, 500)


def test_tokens_of_two_kinds_are_not_shared(tmp_path: Path):
    """The target would be read by the tokenizer of the source."""
    found = seen(write_table(tmp_path), "german")

    def made(**given: Any) -> Any:
        asked = Asked(given, "sequence_rnn", target=("german",), text=found.text, sequence=found.sequence)
        return resolve(found.source, found.schema.config_columns(), "Sequence", found.split, 300, asked)

    assert made().config.sequence.shared
    for given in ({"sequence.tokens": "char"}, {"text.tokens": "word"}):
        apart = made(**given)
        assert not apart.config.sequence.shared
        assert next(iter(given.values())) in apart.reasons["sequence.shared"]
    assert made(**{"text.tokens": "word", "sequence.tokens": "word"}).config.sequence.shared
    with pytest.raises(PlainloopError, match=r"sequence\.shared"):
        made(**{"sequence.tokens": "char", "shared": True})


def test_settings_without_effect_are_said(tmp_path: Path):
    found = seen(write_table(tmp_path), "german")
    asked = Asked({"task.balance": "weights", "warmup": 0.2, "schedule": "constant"}, "sequence_rnn", text=found.text)
    said = resolve(found.source, found.schema.config_columns(), "Sequence", found.split, 300, asked).notices
    assert ["balance" in said[0].what or "warmup" in said[0].what, len(said)] == [True, 2]
