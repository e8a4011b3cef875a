"""Write docs/problems/, a page per problem: its docstring, and what its example prints.

Run it after a change there; with `--check` it only says which pages are out of date.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "problems"
HEADINGS = ("What it does", "Why", "Example", "Fix")


def slug(kind: type) -> str:
    """TargetNotFound -> target-not-found"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", kind.__name__).lower()


def effect(kind: type) -> str:
    """What plainloop does about it."""
    notice = getattr(kind, "kind", None)
    if notice in {"warning", "repair"}:
        return "A warning: the run goes on." if notice == "warning" else "A repair: the run goes on with the repaired data."
    return f"A refusal: nothing is trained, exit code {getattr(kind, 'exit_code', 2)}."


def sections(kind: type) -> dict[str, str]:
    """The docstring's parts: "" is the first sentence, the others stand under their headings."""
    head, *rest = re.split(rf"^({'|'.join(HEADINGS)}): *", inspect.cleandoc(kind.__doc__ or ""), flags=re.MULTILINE)
    return {"": head.strip()} | {name: " ".join(text.split()) for name, text in zip(rest[::2], rest[1::2], strict=True)}


def page(kind: type) -> str:
    parts = sections(kind)
    lines = [f"# {kind.__name__}", "", parts.pop(""), "", effect(kind)]
    for name, text in parts.items():
        lines += ["", f"**{name}.** {text[:1].upper()}{text[1:]}"]
    return "\n".join([*lines, "", "It prints, for example:", "", "```", str(kind.example()), "```", ""])


def pages() -> dict[Path, str]:
    from plainloop.problems import all_problems

    kinds = all_problems()
    made = {FOLDER / f"{slug(kind)}.md": page(kind) for kind in kinds}
    lines = [
        "# Problems",
        "",
        "Everything that plainloop may refuse, warn of or repair, one page each. Generated from their classes by",
        "`docs/make_problems.py`. A message always says what and where, what was expected, why if that is not plain, and a fix.",
        "",
    ]
    for kind in kinds:
        lines.append(f"- [{kind.__name__}]({slug(kind)}.md): {sections(kind)['']}")
    made[FOLDER / "index.md"] = "\n".join(lines) + "\n"
    return made


def main() -> int:
    made = pages()
    stale = [path for path in FOLDER.glob("*.md") if path not in made]
    changed = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in [*stale, *changed]:
            print(f"{path.relative_to(ROOT)} is out of date: python docs/make_problems.py", file=sys.stderr)
        return 1 if stale or changed else 0
    for path in stale:
        path.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    sys.exit(main())
