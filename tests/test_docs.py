"""The examples of README.md and docs/ are executed; what they show is what comes out.

A fenced block whose info string ends in `run` is executed, block after block, in one folder per page:
- ```` ```python run ````: executed as one namespace per page;
- ```` ```console run ````: each `$ ` line is a command; the lines below it are its output, where `...` stands for anything,
  line ends too. A command without lines below it may print what it likes. A command must end with 0, unless `$ echo $?`
  follows, which shows the code.
- ```` ```console run about ````: the same, but a number matches any number and blanks any blanks: the page shows what one machine
  printed.
Every page begins with what the tutorial's first block writes, `passengers.csv`, a run of it in `runs/passengers-1`, and the data
of `plainloop demo` in `demo/`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+ run(?: about)?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")
LINK = re.compile(r"""\]\(([^)#\s]+)|<img src="([^"]+)\"""")


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """The files that a page links to or shows."""
    found = ["".join(groups) for groups in LINK.findall(page.read_text(encoding="utf-8"))]
    return [target for target in found if "://" not in target]


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that the page shows; a trailing backslash goes on."""
    found: list[list[str]] = []
    for line in block.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            found.append([line[2:]])
        else:
            found[-1].append(line)
    return [(lines[0], "\n".join(lines[1:])) for lines in found]


def agree(shown: str, real: str, *, about: bool = False) -> bool:
    """Whether the page's output matches, `...` standing for anything; about: and any number for any other."""

    def tidy(text: str) -> str:
        if about:
            text = re.sub(" +", " ", NUMBER.sub("0", text))
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = re.escape(tidy(shown)).replace(r"\.\.\.", ".*?")
    return re.fullmatch(pattern, tidy(real), re.DOTALL) is not None


def shell(command: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run one command: plainloop's own in this process, which has torch loaded already, others in a shell."""
    capfd.readouterr()
    if not command.startswith("plainloop "):
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        done = subprocess.run(command, shell=True, capture_output=True, text=True, env={**os.environ, "PATH": path}, timeout=120)
        return done.returncode, done.stdout + done.stderr
    from plainloop.cli import main

    monkeypatch.setattr(sys, "argv", shlex.split(command, comments=True))
    code, handlers = 0, {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        code = int(main() or 0)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        for number, handler in handlers.items():  # the command's own would keep pytest from being stopped
            signal.signal(number, handler)
    out, err = capfd.readouterr()
    return code, out + err


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tutorial's data and one run of it."""
    folder = tmp_path_factory.mktemp("docs")
    with contextlib.chdir(folder):
        exec(compile(blocks(DOCS / "tutorial.md")[0][1], "tutorial.md", "exec"), {})
        import plainloop
        from plainloop.demo import write_data

        plainloop.train("passengers.csv", target="survived", epochs=3, baseline=False)
        Path("demo").mkdir()
        write_data(Path("demo/tumours.csv"), Path("demo/new.csv"))
    return folder


def test_the_comparison_of_outputs_can_fail():
    assert agree("a\n...\nd", "a\nb\nc\nd\n")
    assert agree("took ... s", "took 1.2 s")
    assert not agree("a\n...\nd", "a\nb\nc\n")
    assert not agree("a.c", "abc")
    assert not agree("took 1.2 s", "took 1.3 s")
    assert agree("took  1.2 s", "took 13 s", about=True)
    assert not agree("took 1.2 s", "took no time", about=True)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT)))
def test_examples(page: Path, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    if torch.cuda.is_available():
        pytest.skip("the pages show what the CPU gives")
    shutil.copytree(start, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    for name, value in {"NO_COLOR": "1", "COLUMNS": "130", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    names: dict[str, object] = {}
    for kind, block in blocks(page):
        if kind == "python run":
            exec(compile(block, page.name, "exec"), names)
            continue
        code = 0
        for command, shown in commands(block):
            if command == "echo $?":
                assert shown.strip() == str(code)
                code = 0
                continue
            assert code == 0, f"the command before {command!r} ended with {code}"
            code, real = shell(command, monkeypatch, capfd)
            good = not shown.strip() or agree(shown, real, about=kind.endswith("about"))
            assert good, f"{command}\n--- shown\n{shown}\n--- came\n{real}"
        assert code == 0, f"{command!r} ended with {code}:\n{real}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


def test_every_page_is_reached_from_the_index():
    seen: set[Path] = set()
    todo = [DOCS / "index.md"]
    while todo:
        page = todo.pop().resolve()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            todo.extend(page.parent / target for target in links(page))
    assert sorted(str(page.relative_to(ROOT)) for page in DOCS.rglob("*.md") if page.resolve() not in seen) == []


@pytest.mark.parametrize("maker", sorted(DOCS.glob("make_*.py")), ids=lambda path: path.name)
def test_generated_pages_are_up_to_date(maker: Path):
    done = subprocess.run([sys.executable, str(maker), "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
