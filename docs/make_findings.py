"""Write docs/findings.md: everything that the pre-flight may find, with what it prints.

Run it after a change of a finding; with `--check` it only says whether the page is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from make_problems import ROOT, sections, slug

PAGE = ROOT / "docs" / "findings.md"
MODULES = (
    "check_problems_data",
    "check_problems_rows",
    "check_problems_model",
    "check_problems_training",
    "check_problems_wiring",
)
TITLES = ("Data", "How rows are made", "The model", "Training", "How parts are put together")


def text() -> str:
    from plainloop.problems import PlainloopError, all_problems
    from plainloop.understand.check_finding import finding_text

    kinds = [kind for kind in all_problems() if kind.__module__.rpartition(".")[2] in MODULES]
    errors = sum(issubclass(kind, PlainloopError) for kind in kinds)
    lines = [
        "# What the pre-flight finds",
        "",
        f"{len(kinds)} findings: {errors} errors, which refuse training, and {len(kinds) - errors} warnings. Generated from",
        "their classes by `docs/make_findings.py`. [The pre-flight](check.md) says how it works.",
    ]
    for module, title in zip(MODULES, TITLES, strict=True):
        here = [kind for kind in kinds if kind.__module__.endswith(module)]
        lines += ["", f"## {title}", "", "| finding | | what it says |", "|---|---|---|"]
        for kind in here:
            level = "error" if issubclass(kind, PlainloopError) else "warning"
            lines.append(f"| [{kind.__name__}](problems/{slug(kind)}.md) | {level} | {sections(kind)['']} |")
        for kind in here:
            lines += ["", "```", finding_text(kind.example()), "```"]  # type: ignore[arg-type]
    return "\n".join(lines) + "\n"


def main() -> int:
    made = text()
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if "--check" in sys.argv:
        if made != old:
            print("docs/findings.md is out of date: python docs/make_findings.py", file=sys.stderr)
        return int(made != old)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "src"), str(Path(__file__).parent)]
    sys.exit(main())
