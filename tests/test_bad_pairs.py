"""Sentence pairs that cannot be learned from: each is refused, or taken with a word about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phrases import phrases, said, seen, write_pairs, write_table
from plainloop.cli import main
from plainloop.plain.readers.lines import LinesDiffer, NotInOut, first_slip
from plainloop.plain.readers.table_faults import DamagedFile, WrongEncoding
from plainloop.problems import PlainloopError
from plainloop.understand.file_problems import EmptyFile, FileMissing, NullBytes, SameFileTwice
from plainloop.understand.pair_problems import NoTextToRead, OnePairFile, TargetFileMissing
from plainloop.understand.quality_problems import CopyOfTarget
from plainloop.understand.target_problems import TargetHasOneValue, TaskImpossible, TooFewRows


def refused(kind: type[PlainloopError], source: Any, target: Any = None, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        seen(source, target, **options)
    return str(caught.value)


def test_a_lost_line_is_found(tmp_path: Path):
    pairs = [(en + " and so on" * (i % 5), de + " und so weiter" * (i % 5)) for i, (en, de) in enumerate(phrases(300))]
    source, target = write_pairs(tmp_path, pairs=pairs)
    lines = Path(target).read_text(encoding="utf-8").splitlines(keepends=True)
    Path(target).write_text("".join(lines[:210] + lines[211:]), encoding="utf-8")
    message = refused(LinesDiffer, source, target)
    assert "train.en has 300 lines, train.de has 299" in message
    line = int(message.split("seem to slip at line ")[1].split(":")[0])
    assert 206 <= line <= 216


def test_the_place_where_two_files_slip():
    one = ["a" * (5 + (i * 37) % 40) for i in range(200)]
    assert abs(first_slip(one, one[:120] + one[121:]) - 120) <= 2
    assert abs(first_slip(one[:50] + one[51:], one) - 50) <= 2
    assert first_slip([], ["a"]) == 0


def test_files_without_their_partners(tmp_path: Path):
    source, target = write_pairs(tmp_path)
    assert "--validation names 1 file" in refused(OnePairFile, source, target, validation=source + ".val")
    assert "make no pairs" in refused(OnePairFile, [source, source], target)


def test_a_target_file_that_is_not_there(tmp_path: Path):
    source, target = write_pairs(tmp_path)
    message = refused(TargetFileMissing, source, target.replace("train.de", "trian.de"))
    assert f"--target {target}" in message


def test_a_validation_file_that_is_not_there(tmp_path: Path):
    source, target = write_pairs(tmp_path)
    refused(FileMissing, source, target, validation=f"{source}x,{target}x")


def test_the_test_files_are_the_train_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source, target = write_pairs(tmp_path)
    refused(SameFileTwice, source, target, test=f"{source},{target}")
    for typed in (["--test", f"{source},{target}"], [f"--test={source},{target}"]):
        with pytest.raises(SystemExit):
            main(["train", source, "--target", target, *typed, "--epochs", "3"])
        fix = capsys.readouterr().err.splitlines()[-1]
        assert fix.endswith(f"plainloop train {source} --target {target} --epochs 3")


def test_the_target_is_the_source(tmp_path: Path):
    source, _ = write_pairs(tmp_path)
    refused(CopyOfTarget, source, source)


def test_an_empty_target_file(tmp_path: Path):
    source, target = write_pairs(tmp_path)
    Path(target).write_text("")
    with pytest.raises((LinesDiffer, EmptyFile)):
        seen(source, target)


def test_all_answers_alike(tmp_path: Path):
    refused(TargetHasOneValue, write_table(tmp_path, [(en, "ja") for en, _ in phrases()]), "german", task="sequence")


def test_a_handful_of_pairs(tmp_path: Path):
    refused(TooFewRows, *write_pairs(tmp_path, pairs=phrases(12)), task="sequence")


def test_a_line_without_an_answer(tmp_path: Path):
    path = tmp_path / "tasks.txt"
    path.write_text("IN: jump OUT: I_JUMP\n" * 30 + "IN: walk twice\n" + "IN: jump OUT: I_JUMP\n")
    message = refused(NotInOut, str(path))
    assert "tasks.txt line 31" in message
    assert "walk twice" in message


def test_bytes_that_are_no_text(tmp_path: Path):
    source, target = write_pairs(tmp_path)
    Path(target).write_bytes(Path(target).read_bytes().replace(b"Mann", b"\x00\x00nn"))
    refused(NullBytes, source, target)


def test_an_encoding_that_does_not_fit(tmp_path: Path):
    source, target = write_pairs(tmp_path)
    Path(target).write_bytes(Path(target).read_text(encoding="utf-8").encode("latin-1"))
    found = seen(source, target)
    assert "EncodingGuessed" in said(found)
    refused(WrongEncoding, source, target, encoding="ascii")


def test_a_damaged_archive(tmp_path: Path):
    source, target = write_pairs(tmp_path, packed=True)
    Path(target).write_bytes(Path(target).read_bytes()[:200])
    refused(DamagedFile, source, target)


def test_no_text_to_write_from(tmp_path: Path):
    pairs = [(str(i % 9), de) for i, (_, de) in enumerate(phrases())]
    message = refused(NoTextToRead, write_table(tmp_path, pairs), "german", task="sequence")
    assert "--types english=text" in message


def test_a_class_asked_for_where_texts_never_recur(tmp_path: Path):
    with pytest.raises(PlainloopError):
        seen(write_table(tmp_path), "german", task="multiclass")
    refused(TaskImpossible, write_table(tmp_path), "german", task="binary")
