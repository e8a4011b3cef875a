"""Every problem is documented, has an example, says its four parts, and its fix can be pasted."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
import shlex

import pytest
from cyclopts import CycloptsError

import make_problems
import plainloop
from plainloop import problems
from plainloop.cli import app
from plainloop.plain import models
from plainloop.plain.faults import Fault
from plainloop.problems import Notice, all_problems
from plainloop.understand import file_notices, setting_problems
from plainloop.understand.check_finding import Finding

KINDS = all_problems()
COMMAND = re.compile(r"(?:^|(?<=[\s(]))plainloop [a-z]+\b.*?(?=$|, or: )", re.MULTILINE)


@pytest.fixture(autouse=True)
def nothing_typed():
    """Examples are those of a Python call, whatever command another test has run in this process."""
    before = list(problems.TYPED)
    problems.TYPED[:] = [""]
    yield
    problems.TYPED[:] = before


def fix_commands(text: str) -> list[str]:
    """The commands that a fix offers, alone on a line or after words and a colon."""
    return COMMAND.findall(text)


def subclasses(kind: type) -> set[type]:
    return {kind} | {deeper for sub in kind.__subclasses__() for deeper in subclasses(sub)}


def test_every_problem_of_the_package_is_listed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(models, "__path__", models.__path__[:1])  # a model of a test's own may stand behind it
    for module in pkgutil.walk_packages(plainloop.__path__, "plainloop."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = {kind for base in (Fault, Notice) for kind in subclasses(base) if kind.__module__.startswith("plainloop.")}
    assert sorted(kind.__name__ for kind in found - {Fault, Notice} - set(KINDS)) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_problem_is_documented(kind: type):
    parts = make_problems.sections(kind)
    assert list(parts) == ["", "What it does", "Why", "Example", "Fix"]
    assert parts[""].endswith(".")
    assert all(parts.values())
    assert dataclasses.is_dataclass(kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_problem_has_its_four_parts(kind: type):
    example = kind.example()
    assert isinstance(example, kind)
    assert example.what
    assert example.expected
    assert example.fix
    lines = str(example).splitlines()
    assert lines[0] == example.what.splitlines()[0]
    assert any(line.startswith("Fix: ") for line in lines)
    assert max(map(len, lines)) <= 240
    assert "None" not in str(example)
    assert "{" not in str(example), "an f-string whose f is missing"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_fix_parses(kind: type):
    for line in fix_commands(kind.example().fix):
        app.parse_args(shlex.split(line)[1:], print_error=False, exit_on_error=False)


def test_commands_are_found_in_a_fix():
    assert fix_commands('add a name, or: plainloop inspect "a b.csv" --no-header') == ['plainloop inspect "a b.csv" --no-header']
    assert fix_commands("plainloop train a.csv, or: plainloop runs b") == ["plainloop train a.csv", "plainloop runs b"]
    assert fix_commands("look at the file") == []


def test_the_parser_refuses_what_it_does_not_know():
    with pytest.raises(CycloptsError):
        app.parse_args(["train", "x.csv", "--targte", "y"], print_error=False, exit_on_error=False)


def test_refusals_exit_with_a_documented_code():
    codes = {kind.exit_code for kind in KINDS if issubclass(kind, Fault)}
    assert codes <= {2, 3, 4, 5, 6}
    assert 2 in codes


def test_most_fixes_are_commands_or_lines_of_code():
    """A fix that says "look at your file" helps nobody; it may happen, but seldom."""
    pasted = [kind for kind in KINDS if fix_commands(kind.example().fix) or is_code(kind.example().fix)]
    assert len(pasted) >= 0.6 * len(KINDS)


def is_code(text: str) -> bool:
    try:
        return bool(ast.parse(f"{text} pass" if text.endswith(":") else text).body)
    except SyntaxError:
        return False


def test_prose_is_no_code():
    assert is_code("y = y.long()  # before the loss")
    assert not is_code("look at the file")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, Finding)], ids=lambda kind: kind.__name__)
def test_the_fix_of_a_finding_is_code(kind: type):
    assert is_code(kind.example().fix)


def test_a_misspelt_setting_is_replaced_in_the_line_to_paste(monkeypatch: pytest.MonkeyPatch):
    words = ["train", "houses.csv", "--set", "width=64", "--set", "learnig_rate=0.01", "--target", "price"]
    monkeypatch.setattr(problems, "TYPED", words)
    monkeypatch.setattr(setting_problems, "TYPED", words)
    fix = setting_problems.UnknownSetting("learnig_rate", ["learning_rate"], "table_mlp", "houses.csv", ["price"]).fix
    assert fix == "plainloop train houses.csv --set width=64 --target price --set learning_rate=0.01"


def test_the_fix_of_how_a_file_is_read_keeps_the_options_of_train(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(problems, "TYPED", ["train", "sms.tsv", "--target", "kind", "--epochs", "3"])
    fix = file_notices.QuotesAsText("sms.tsv", 5).fix
    assert fix.endswith("plainloop train sms.tsv --target kind --epochs 3 --quote '\"'")


def test_a_setting_that_is_like_no_other_leaves_no_empty_list():
    assert (
        setting_problems.UnknownSetting("nosuch", [], "table_mlp").expected
        == "Expected a setting of the run or of the model table_mlp."
    )


def test_a_task_that_is_none_is_told_in_python():
    with pytest.raises(setting_problems.BadSetting, match="classification") as bad:
        plainloop.check(None, None, task="classification")
    assert bad.value.fix == 'plainloop.check(model, data, task="multiclass")'
