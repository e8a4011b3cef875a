"""The README.md of an ejected project: what it is, how it runs, what to read in which order, what to expect."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ..run_files import json_of
from .code import READING_ORDER, own_files

if TYPE_CHECKING:
    from ..run_folder import Run

MOST_METRICS = 10
RUN_IT = """\
```
python -m venv .venv && . .venv/bin/activate
pip install -r requirements.txt
python -m plain run.toml
```

It reads the data, trains, scores the test rows and writes weights, history, metrics and
predictions into `output/`. Stopped half-way, the same command goes on from the last checkpoint;
once done, it trains anew. All settings are in `run.toml`, each with its reason."""
LICENCE = """\
The files in `plain/` are part of plainloop and under the Apache License 2.0,
https://www.apache.org/licenses/LICENSE-2.0: use and change them as you like; who passes them on
keeps this note and says what was changed."""


def readme(run: Run, content: Mapping[str, Any], code: Mapping[str, bytes], name: str, has_data: bool) -> str:
    """The text. code: the files of plain/ by name; has_data: whether the data, or a part of it, is in the project."""
    own = own_files(run.config)
    target = ", ".join(column.name for column in run.config.targets)
    first, rest = reading_order(content, own, list(code))
    yours = f" `plain/{own[0]}` is not plainloop's but yours." if own else ""
    parts = [
        f"# {name}",
        f"A PyTorch project: {content['task']['name'].lower()} of `{target}` by the model `{run.summary()['model']}`. It is the\n"
        f"code of a run of plainloop {content['made']['plainloop']}: the very files that ran, copied. It needs torch\n"
        "and the few packages in `requirements.txt`, not plainloop, and it is yours to change.",
        "## Run it",
        RUN_IT,
        "## What comes out",
        *expected(run, content),
        "## Read it",
        "In this order; each file says at its top what it does:",
        "\n".join(f"{number}. `plain/{file}`: {about(code[file])}" for number, file in enumerate(first, 1)),
        "The rest, when you need it:",
        "\n".join(f"- `plain/{file}`: {about(code[file])}" for file in rest),
        "## Data",
        where_the_data_is(content, has_data),
        "## Licence",
        LICENCE + yours,
    ]
    return "\n\n".join(parts) + "\n"


def reading_order(content: Mapping[str, Any], own: list[str], files: list[str]) -> tuple[list[str], list[str]]:
    """The few files to read first, and the others; empty ones are left out."""
    first = [*READING_ORDER, *own, f"models/{content['model']['file']}.py", f"tasks/{content['task']['file']}.py"]
    first = [file for file in first if file in files]
    return first, [file for file in files if file not in first and PurePosixPath(file).name != "__init__.py"]


def about(source: bytes) -> str:
    """The first sentence that a file says of itself.

    >>> about(b'"Batches: whole batches. Copied into ejected projects."')
    'Batches: whole batches.'
    """
    text = ast.get_docstring(ast.parse(source)) or "your own file"
    first = " ".join(text.split("\n\n")[0].split())
    return first.partition(" Copied into ejected projects")[0].partition(". ")[0].rstrip(".") + "."


def expected(run: Run, content: Mapping[str, Any]) -> list[str]:
    """The figures of the run, and what is promised of them, as paragraphs."""
    metrics = json_of(run.folder, "metrics.json")
    part = "test" if metrics.get("test") else "validation"
    known = [(name, figures["value"]) for name, figures in metrics[part].items() if figures.get("value") is not None]
    own = metrics.get("own_metrics", [])
    known = [(name, value) for name, value in known if name not in own]
    return [
        f"On the {metrics['rows']['test' if part == 'test' else 'val']:,} {part} rows, as the run had it:",
        "\n".join(["| metric | value |", "|---|---|", *(f"| {name} | {value:.4f} |" for name, value in known[:MOST_METRICS])]),
        "and `output/weights.safetensors` with the SHA-256",
        f"    {content['result']['weights_sha256']}",
        promise(content),
        *([f"The run had {', '.join(own)} computed besides, by metrics that are not part of this project."] if own else []),
    ]


def promise(content: Mapping[str, Any]) -> str:
    """Where the bits are equal."""
    machine, made = content["machine"], content["made"]
    if machine["device"] != "cpu":
        return (
            f"The run computed on {machine['device']}, where the last bits may differ from one training to the next: compare\n"
            "the metrics."
        )
    threads = f"{machine['threads']} thread{'s' if machine['threads'] > 1 else ''}"
    return (
        f"To the last bit, that is promised on the same machine with torch {made['torch']}, numpy {made['numpy']}\n"
        f"and {threads} (`threads` in `run.toml`). Another processor, operating system, torch or number\n"
        "of threads may round differently: then compare the metrics. The program says at its end whether\n"
        "the bits are the same."
    )


def where_the_data_is(content: Mapping[str, Any], has_data: bool) -> str:
    """Where the data is looked for, and how it is known again."""
    source = content["source"]
    number = sum(len(source[part]) for part in ("data", "validation", "test"))
    place = "in `data/`" if has_data else "not part of this project"
    return (
        f"The data ({number} file{'s' if number > 1 else ''}, {source['format']}) is {place};\n"
        "`run.toml` names it under `[source]`, by paths as seen from this folder. Its SHA-256 is\n"
        f"`{source['sha256']}`,\n"
        "which is checked before training; empty the value there to train on other rows."
    )
