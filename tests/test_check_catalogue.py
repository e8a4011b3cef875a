"""The catalogue of the pre-flight: small programs with one mistake each, and right ones that look unusual.

A program of check_defects/ names in its docstring the finding that is expected, and marks the line of its code that must be named
by `# here`. A program of check_right/ must give no finding at all.
"""

from __future__ import annotations

import ast
import runpy
import warnings
from functools import cache
from pathlib import Path

import pytest

from plainloop.problems import PlainloopError
from plainloop.understand.check_finding import Checked

HERE = Path(__file__).parent
DEFECTS = sorted((HERE / "check_defects").glob("*.py"))
RIGHT = sorted((HERE / "check_right").glob("*.py"))


@cache
def found_by(program: Path) -> Checked:
    """What the check at the end of a program found."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return runpy.run_path(str(program))["found"]


def test_the_catalogue_is_as_large_as_promised():
    assert len(DEFECTS) >= 60
    assert len(RIGHT) >= 20


@pytest.mark.parametrize("program", DEFECTS, ids=lambda path: path.stem)
def test_a_defect_is_found_with_its_cause_and_its_line(program: Path):
    text = program.read_text(encoding="utf-8")
    cause = text.removeprefix('"""').partition(":")[0]
    marked = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here")]
    found = found_by(program)
    names = [type(finding).__name__ for finding in found.findings]
    assert names[:1] == [cause], str(found)
    named = [line.number for line in found.findings[0].where if Path(line.file) == program]
    assert set(marked) <= set(named), str(found)
    assert found.skipped == ()


@pytest.mark.parametrize("program", RIGHT, ids=lambda path: path.stem)
def test_a_right_program_gives_no_alarm(program: Path):
    found = found_by(program)
    assert found.ok
    assert found.findings == [], str(found)
    assert found.skipped == ()


@pytest.mark.parametrize("program", DEFECTS, ids=lambda path: path.stem)
def test_an_error_says_its_four_parts_and_its_fix_is_code(program: Path):
    for finding in found_by(program).findings:
        assert finding.what
        assert finding.expected.endswith(".")
        assert finding.why or not isinstance(finding, PlainloopError)
        ast.parse(finding.fix if not finding.fix.rstrip().endswith(":") else f"{finding.fix} pass")
