"""Every option of every command stands in flags.txt and on the command's page; adding or removing one is a decision.

`python tests/test_flags.py > tests/flags.txt` writes the list anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plainloop.cli import app

HERE = Path(__file__).parent
PAGES = HERE.parent / "docs" / "commands"
HEADER = """\
# The options of every command, arguments in capitals: a promise to whoever wrote them into a script. A new one is added here
# and to the command's page in docs/commands; one is never removed or given another meaning without a line in CHANGELOG.md.
# Made by: python tests/test_flags.py > tests/flags.txt
"""
OPTION = re.compile(r"(?<![\w-])-{1,2}[a-z][a-z-]*")


def commands() -> list[str]:
    return sorted(name for name in app if not name.startswith("-"))


def flags(command: str) -> list[str]:
    """The options of a command as the parser knows them, positional arguments in capitals."""
    found = []
    for argument in app[command].assemble_argument_collection():
        if argument.index is None:
            found += [name for name in argument.names if name != "*"]  # "*": a dataclass of options, not an option
        else:
            found.append(argument.names[0].removeprefix("--").upper())
    return sorted(found)


def frozen() -> dict[str, list[str]]:
    lines = [line for line in (HERE / "flags.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {command: names.split() for command, _, names in (line.partition(":") for line in lines if line.strip())}


def test_options_are_those_of_flags_txt():
    assert {command: flags(command) for command in commands()} == frozen()


@pytest.mark.parametrize("command", commands())
def test_every_option_is_on_the_page_of_its_command(command: str):
    text = (PAGES / f"{command}.md").read_text(encoding="utf-8")
    for shared in ("reading.md", "train.md"):
        if f"({shared})" in text:
            text += (PAGES / shared).read_text(encoding="utf-8")
    assert {flag for flag in flags(command) if flag.startswith("-")} - set(OPTION.findall(text)) == set()


@pytest.mark.parametrize("page, command", [*((command, command) for command in commands()), ("reading", "inspect")])
def test_every_option_of_a_page_is_one_of_its_command(page: str, command: str):
    rows = re.findall(r"^\|([^|]*)\|", (PAGES / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for row in rows for name in OPTION.findall(row)}
    assert named
    assert named - set(flags(command)) == set()


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]):
    app([command, "--help"], exit_on_error=False, result_action="return_value")
    shown = capsys.readouterr().out
    assert f"plainloop {command}" in shown.split("Usage:", 1)[1].split("\n", 1)[1], "no example below the usage line"


if __name__ == "__main__":
    print(HEADER + "\n".join(f"{command}: {' '.join(flags(command))}" for command in commands()))
