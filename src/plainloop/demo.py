"""`plainloop demo`: the main job from start to end on data of scikit-learn's, each step under the command that does it."""

from __future__ import annotations

import csv
import hashlib
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import api
from .plain.checkpoint import StorageFailed
from .plain.faults import Stopped
from .problems import quoted
from .run_problems import OutputExists, WeightsDiffer
from .show import aligned

if TYPE_CHECKING:
    from .run_folder import Run
    from .training import Talk

MARKER = ".plainloop-demo"  # in a folder that a demo made
MADE = ("tumours.csv", "new.csv", "predictions.csv", "runs/tumours-1", "project")  # what it makes there, and makes anew
NEW_ROWS = 20
TARGET = "diagnosis"

# Runs the package plain of the folder it starts in, where importing plainloop fails.
ALONE = """
import runpy, sys
sys.modules["plainloop"] = None
sys.path.insert(0, "")
runpy.run_module("plain", run_name="__main__", alter_sys=True)
"""


def demo(folder: Path, talk: Talk) -> dict[str, Any]:
    """Inspects, trains, predicts, ejects, and trains again with the ejected project alone; what --json prints.

    Raises: OutputExists, WeightsDiffer, and what training raises.
    """
    started = time.perf_counter()
    make_folder(folder)
    data, new, predictions, place, project = (folder / name for name in MADE)
    truth = write_data(data, new)
    talk.line(
        f"{data}: {len(truth) - NEW_ROWS} breast tumours, ten measurements of each and what it was.\n"
        f"{new}: {NEW_ROWS} more, to predict. The data comes with scikit-learn; an id and some dirt have been added."
    )
    if (activate := not_on_the_path()) is not None:
        talk.line(f"To type the commands below yourself, first: . {activate}")

    step(talk, f"plainloop inspect {quoted(str(data))} --target {TARGET}")
    talk.line(str(api.inspect(str(data), TARGET)))

    step(talk, f"plainloop train {quoted(str(data))} --target {TARGET} --output {quoted(str(place))}")
    run = api.train(str(data), TARGET, output=str(place), talk=talk)

    step(talk, f"plainloop predict {quoted(str(place))} {quoted(str(new))} -o {quoted(str(predictions))}")
    answers = run.predict(new, predictions)
    right = sum(answer == label for answer, label in zip(answers, truth[-NEW_ROWS:], strict=True))
    talk.line(f"{len(answers)} predictions in {predictions}; the first of them:\n")
    talk.line("\n".join(predictions.read_text(encoding="utf-8").splitlines()[:4]))
    talk.line(f"\n{right} of the {NEW_ROWS} are right.")

    step(talk, f"plainloop eject {quoted(str(place))} {quoted(str(project))}")
    run.eject(project)
    names = sorted(path.relative_to(project).as_posix() for path in project.rglob("*.py") if path.stat().st_size)
    talk.line(f"{project}: {len(names)} files of plain PyTorch, the very ones that ran; README.md there says what to read first.")

    step(talk, f"cd {quoted(str(project))} && python -m plain run.toml")
    talk.line("(here in a process that cannot import plainloop)")
    found = train_alone(project, talk)
    compare(run, project, found, talk)
    talk.line("\n" + closing(folder, run, project, time.perf_counter() - started))
    return {
        "folder": str(folder),
        "data": str(data),
        "run": str(place),
        "project": str(project),
        "predictions": str(predictions),
        "weights_sha256": found,
        "equal": True,
        "right": right,
        "of": NEW_ROWS,
        "metrics": run.metrics["test"],
        "seconds": round(time.perf_counter() - started, 1),
    }


def make_folder(folder: Path) -> None:
    """A folder for the demo; what an earlier demo made there is removed, and nothing else.

    Raises: OutputExists, StorageFailed.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not (folder / MARKER).is_file():
        raise OutputExists(str(folder), "plainloop demo --output")
    try:
        for path in (folder / name for name in MADE):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).write_text(
            "A demo of plainloop made this folder; the next one makes its files anew.\n", encoding="utf-8"
        )
    except OSError as error:
        raise StorageFailed(str(folder), error.strerror or str(error)) from error


def write_data(data: Path, new: Path) -> list[str]:
    """Writes the labelled rows, and the last of them without their labels to `new`; returns the labels of all.

    The measurements are scikit-learn's breast cancer data (Wolberg, Street, Mangasarian 1995). Added: an id, and cells that are
    missing, in three spellings.
    """
    from sklearn.datasets import load_breast_cancer

    cancer, draw = load_breast_cancer(), random.Random(7)
    columns = [column for column, name in enumerate(cancer.feature_names) if name.startswith("mean ")]
    header = ["patient", *(cancer.feature_names[column].removeprefix("mean ").replace(" ", "_") for column in columns)]
    labels = [str(cancer.target_names[code]) for code in cancer.target]
    rows = []
    for number, values in enumerate(cancer.data[:, columns].tolist(), 1):
        cells = [f"{value:.5g}" if draw.random() > 0.01 else draw.choice(["", "n/a", "?"]) for value in values]
        rows.append([f"P-{number:04}", *cells])
    for path, title, some in (
        (data, [*header, TARGET], [[*row, label] for row, label in zip(rows, labels, strict=True)][:-NEW_ROWS]),
        (new, header, rows[-NEW_ROWS:]),
    ):
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([title, *some])
    return labels


def step(talk: Talk, command: str) -> None:
    """Shows the command whose work comes next. Raises: Stopped, where a signal came in between."""
    if signal := talk.watch(0, 0):
        raise Stopped(signal)
    talk.line(f"\n$ {command}\n")


def train_alone(project: Path, talk: Talk) -> str:
    """Trains with the ejected project in a process without plainloop; the SHA-256 of its weights, "" where there are none."""
    command = [sys.executable, "-I", "-u", "-c", ALONE, "run.toml"]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            talk.line(line.rstrip())
    if signal := talk.watch(0, 0):
        raise Stopped(signal)
    weights = project / "output" / "weights.safetensors"
    return hashlib.sha256(weights.read_bytes()).hexdigest() if process.returncode == 0 and weights.is_file() else ""


def compare(run: Run, project: Path, found: str, talk: Talk) -> None:
    """Shows both digests. Raises: WeightsDiffer."""
    weights = run.folder / "weights.safetensors"
    wanted = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != wanted:
        raise WeightsDiffer(str(project), wanted, found)
    talk.line(
        f"\nSHA-256 of the weights\n  with plainloop     {wanted}  {weights}\n"
        f"  without plainloop  {found}  {project / 'output' / 'weights.safetensors'}\nEqual, to the last bit."
    )


def closing(folder: Path, run: Run, project: Path, seconds: float) -> str:
    """Where everything is, and what to type next."""
    data = quoted(str(folder / MADE[0]))
    return "\n".join(
        [
            f"Done in {seconds:.0f} s. Look at:",
            *aligned(
                [
                    [f"  {run.report}", "the report: open it in a browser"],
                    [f"  {run.folder / 'run.toml'}", "every setting, with its reason"],
                    [f"  {project / 'README.md'}", "what to read of the code, in which order"],
                ]
            ),
            "",
            "Next:",
            f"  plainloop train {data} --target {TARGET} --model table_linear",
            "  plainloop runs",
            "  plainloop train YOUR.csv --target YOUR_COLUMN",
        ]
    )


def not_on_the_path() -> Path | None:
    """The script that puts this environment's commands on the PATH, where they are not."""
    activate = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("plainloop") is not None or not activate.is_file():
        return None
    return activate.relative_to(Path.cwd()) if activate.is_relative_to(Path.cwd()) else activate
