"""pyproject.toml and constraints.txt say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def requirements() -> dict[str, str]:
    """The distributions of base, dev and export, each with its version bound as it is written."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["dev"], *extras["export"]]
    split = [re.split(r"(?=[<>=!~])", re.sub(r"\[.*?\]", "", line), maxsplit=1) for line in lines]
    return {name: "".join(bound) for name, *bound in split if name != "plainloop"}


def pins(name: str) -> dict[str, str]:
    lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines), "exact versions alone, no paths, no local builds"
    return {key.lower(): version for key, version in (line.split("==") for line in lines)}


def release(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def test_requirements_have_a_lower_bound_and_no_upper_one():
    assert [name for name, bound in requirements().items() if not re.fullmatch(r">=[\d.]+", bound)] == []


def test_lower_bounds_are_the_versions_that_are_tested():
    pinned = pins("constraints.txt")
    assert {name: release(bound[2:]) for name, bound in requirements().items()} == {
        name: release(pinned[name]) for name in requirements()
    }


def test_everything_that_make_setup_asks_for_is_pinned():
    pinned = pins("constraints.txt")
    assert sorted(set(requirements()) - set(pinned)) == []
