"""What `import plainloop` offers, and that asking for it is cheap."""

from __future__ import annotations

import resource
import subprocess
import sys

import plainloop

NAMES = [
    "Notice",
    "PlainloopClassifier",
    "PlainloopError",
    "PlainloopRegressor",
    "Run",
    "__version__",
    "check",
    "compare",
    "eject",
    "evaluate",
    "export",
    "inspect",
    "load",
    "lr_find",
    "lr_sweep",
    "predict",
    "resume",
    "retrain",
    "runs",
    "train",
    "tune",
]
HEAVY = ["torch", "polars", "sklearn", "matplotlib", "scipy", "pandas", "numpy"]


def loaded_by(code: str) -> list[str]:
    """Which of the heavy packages a fresh interpreter has loaded after this code."""
    show = f"{code}\nimport sys; print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True, timeout=60)
    return done.stderr.split()


def cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_public_names():
    assert sorted(plainloop.__all__) == NAMES
    assert set(NAMES) <= set(dir(plainloop))


def test_public_names_are_callable_and_documented_whatever_was_used_before():
    """A submodule of the same name, once imported, must not stand in the way of a function."""
    for _ in range(2):
        for name in sorted(set(NAMES) - {"__version__"}):
            thing = getattr(plainloop, name)
            assert callable(thing), name
            assert thing.__doc__, name


def test_the_check_sees_what_is_loaded():
    assert loaded_by("import numpy") == ["numpy"]


def test_importing_plainloop_loads_nothing_heavy():
    assert loaded_by("import plainloop") == []


def test_help_loads_nothing_heavy():
    code = "import sys; sys.argv = ['plainloop', 'train', '--help']\nfrom plainloop.cli import main\n"
    assert loaded_by(code + "try:\n    main()\nexcept SystemExit:\n    pass") == []


def test_help_is_quick():
    """CPU seconds, best of five: other work on the machine does not count."""
    assert min(cpu_seconds([sys.executable, "-m", "plainloop", "--help"]) for _ in range(5)) < 0.3
