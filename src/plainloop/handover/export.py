"""export: the complete model of a run in one file, checked where plainloop cannot be imported, with its preparation beside it.

onnx runs in onnxruntime and elsewhere; pt2 is torch.export's own form, which loading unpickles and which promises nothing across
versions of torch; state_dict is the weights as safetensors, for the classes in the run's plain/.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..plain.checkpoint import StorageFailed, tensors_to_bytes
from ..problems import quoted
from ..run_files import json_of
from ..run_problems import CannotEject, ExportFailed, UnknownFormat
from .preparation_file import preparation_facts

if TYPE_CHECKING:
    from ..run_folder import Run

SUFFIXES = {"onnx": ".onnx", "pt2": ".pt2", "state_dict": ".safetensors"}
PACKAGES = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "pt2": (), "state_dict": ()}
INPUT_OF = {"target": "target_in"}  # kind of shape -> the input that it is the shape of, where they differ
MOST_ROWS = 64  # rows that the check scores
TOLERANCE = 1e-4  # largest difference of a score, as a share of the largest score (of 1 where all are smaller)
SECONDS = 300  # before a check that hangs is given up


def export(run: Run, format: str, output: str | Path | None = None) -> Path:
    """Writes the model, and <name>.preparation.json beside it; nothing is left behind where the check fails.

    output: file to write, or an existing folder; by default model.onnx, model.pt2 or model.safetensors in the run folder.
    Raises: UnknownFormat, CannotEject, ExportFailed, StorageFailed.
    """
    if format not in SUFFIXES:
        raise UnknownFormat(format, list(SUFFIXES), str(run.folder))
    absent = [name for name in PACKAGES[format] if util.find_spec(name) is None]
    if absent:
        are = "package " + absent[0] + " is" if len(absent) == 1 else "packages " + " and ".join(absent) + " are"
        raise ExportFailed(format, f"the {are} not installed", "pip install " + " ".join(absent))
    if format == "state_dict" and run._content.get("made", {}).get("model_given"):
        raise CannotEject(str(run.folder), "its model was given as an object, so no file can build it again to check the weights")
    place = Path(output) if output is not None else run.folder
    place = place / f"model{SUFFIXES[format]}" if place.is_dir() else place
    model = copy.deepcopy(run.model).cpu().eval()
    inputs = some_rows(run)
    beside: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".export-", dir=place.parent))
        made, facts = beside / place.name, beside / f"{place.stem}.preparation.json"
        with quiet(), failing_as(format, run):
            WRITERS[format](model, inputs, made, run)
        with torch.inference_mode():
            scores = model(inputs)
        check(format, made, inputs, scores, run.folder)
        facts.write_text(
            json.dumps(preparation_facts(run, inputs, scores), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        os.replace(facts, place.with_name(facts.name))
        os.replace(made, place)
    except OSError as error:
        raise StorageFailed(str(place), error.strerror or str(error)) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
    return place


def some_rows(run: Run) -> dict[str, Tensor]:
    """Encoded validation rows of the run, at least 7; where its data is gone, rows that are drawn at random in its shape."""
    plain, config = run._plain("run"), run.config
    source, reader = plain.located(config.source, run.folder), run._plain(f"readers.{config.source.reader}")
    rows = np.array(json_of(run.folder, "split.json")["validation"], np.int64)
    try:
        plain.check_data(source, reader)
    except plain.DataChanged:
        written = run.preparation.task.num_outputs if "target" in run.preparation.shapes else 0
        return drawn_rows(run.preparation.shapes, written)
    few = reader.read(source, config.columns).rows(np.resize(rows, max(7, min(MOST_ROWS, len(rows)))))
    if "target" in run.preparation.shapes:
        return run.preparation.rows(few)[torch.arange(len(few))][0]
    return {kind: values.index_select(0, torch.arange(len(few))) for kind, values in run.preparation.inputs(few).items()}


def drawn_rows(shapes: dict[str, Any], written: int) -> dict[str, Tensor]:
    """Rows drawn at random; written: how many tokens the texts that are written are made of, 0 where none are."""
    draw = torch.Generator().manual_seed(0)
    made = {
        "numbers": torch.randn(MOST_ROWS, shapes.get("numbers", 0), generator=draw),
        "categories": torch.stack(
            [torch.randint(size, (MOST_ROWS,), generator=draw) for size in shapes.get("categories", [1])], 1
        ),
    }
    if "image" in shapes:
        size = (MOST_ROWS, shapes["image"]["channels"], *shapes["image"]["size"])
        made["image"] = torch.randint(256, size, generator=draw, dtype=torch.uint8)
    if "text" in shapes:
        size = (MOST_ROWS, min(64, shapes["text"]["length"]))
        made["text"] = torch.randint(1, shapes["text"]["vocabulary"], size, generator=draw)
    if "series" in shapes:
        behind, ahead = shapes["series"]["lookback"], shapes["series"]["horizon"]
        made["series"] = torch.randn(MOST_ROWS, shapes["series"]["variables"], behind, generator=draw)
        made["future"] = torch.randn(MOST_ROWS, shapes.get("future", 0), behind + ahead, generator=draw)
        made["lengths"] = torch.randint(1, behind + 1, (MOST_ROWS,), generator=draw)
    if written:
        made["target_in"] = torch.randint(4, written, (MOST_ROWS, 12), generator=draw)
    return {INPUT_OF.get(kind, kind): made[INPUT_OF.get(kind, kind)] for kind in shapes}


def any_size(inputs: dict[str, Tensor]) -> dict[str, dict[int, Any]]:
    """The axes whose size is not fixed: rows, and the tokens of a text."""
    rows, tokens = torch.export.Dim("rows"), {"text": torch.export.Dim("tokens"), "target_in": torch.export.Dim("written")}
    return {kind: {0: rows, 1: tokens[kind]} if kind in tokens else {0: rows} for kind in inputs}


def write_onnx(model: nn.Module, inputs: dict[str, Tensor], path: Path, run: Run) -> None:
    """One ONNX file: inputs by kind, output "scores", any number of rows; the paths of this machine are taken out."""
    import onnx

    program = torch.onnx.export(
        model,
        kwargs={"inputs": inputs},
        dynamo=True,
        dynamic_shapes={"inputs": any_size(inputs)},
        input_names=list(inputs),
        output_names=["scores"],
        verbose=False,
    )
    assert program is not None
    made = program.model_proto
    for node in [*made.graph.node, *(node for function in made.functions for node in function.node)]:
        del node.metadata_props[:]  # names of modules and traces of calls
    made.doc_string = (
        f"plainloop: {run.config.task.name.lower()}; {path.stem}.preparation.json says how rows become inputs and scores answers"
    )
    onnx.checker.check_model(made)
    onnx.save(made, str(path))


def write_pt2(model: nn.Module, inputs: dict[str, Tensor], path: Path, run: Run) -> None:
    """torch.export's file; the paths of this machine are taken out."""
    with torch.no_grad():
        program = torch.export.export(model, (inputs,), dynamic_shapes=(any_size(inputs),))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    torch.export.save(program, path)


def write_state_dict(model: nn.Module, inputs: dict[str, Tensor], path: Path, run: Run) -> None:
    """The weights under the names of the module that the run's plain/ builds."""
    path.write_bytes(tensors_to_bytes(model.state_dict()))


WRITERS: dict[str, Callable[[nn.Module, dict[str, Tensor], Path, Any], None]] = {
    "onnx": write_onnx,
    "pt2": write_pt2,
    "state_dict": write_state_dict,
}


def check(format: str, file: Path, inputs: dict[str, Tensor], scores: Tensor, run: Path) -> None:
    """Scores the rows with the exported file in a process that cannot import plainloop.

    Raises: ExportFailed where it cannot be loaded, or its scores are not the model's.
    """
    with tempfile.TemporaryDirectory(prefix="plainloop-") as scratch:
        rows = Path(scratch) / "rows.npz"
        arrays = {"scores": scores, **{f"input_{kind}": values for kind, values in inputs.items()}}
        np.savez(rows, allow_pickle=False, **{name: values.numpy() for name, values in arrays.items()})
        command = [
            sys.executable,
            "-I",
            "-B",
            str(Path(__file__).with_name("outside.py")),
            format,
            *(str(path.resolve()) for path in (file, rows, run)),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=scratch)
        except subprocess.TimeoutExpired as error:
            raise ExportFailed(format, f"loading it took more than {SECONDS} seconds", other_way(format, run)) from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise ExportFailed(
            format,
            f"the file does not work without plainloop ({said[-1] if said else f'exit code {done.returncode}'})",
            other_way(format, run),
        )
    difference, allowed = float(done.stdout.split()[-1]), TOLERANCE * max(1.0, float(scores.abs().max()))
    if not difference <= allowed:
        raise ExportFailed(
            format,
            f"its scores differ from the model's by up to {difference:.3g}, {allowed:.3g} is allowed",
            other_way(format, run),
        )


def other_way(format: str, run: Path) -> str:
    """What to try instead."""
    return f"plainloop export {quoted(str(run))} --format {'pt2' if format == 'state_dict' else 'state_dict'}"


@contextlib.contextmanager
def failing_as(format: str, run: Run) -> Iterator[None]:
    """Anything that torch cannot export, in words."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        cause = error.__cause__ or error  # torch.onnx wraps what torch.export says
        first = next((line.strip() for line in str(cause).splitlines() if line.strip()), "")
        raise ExportFailed(
            format, f"torch cannot trace the model ({type(cause).__name__}: {first[:120]})", other_way(format, run.folder)
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps the remarks of torch.export and onnxscript, which are for those who build exporters, off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
