"""python -m plain run.toml: trains the run that run.toml describes, with torch and these files alone.

Copied into ejected projects, where it is the way in. Results go to the folder `output` beside run.toml.
"""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from pathlib import Path


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print("usage: python -m plain run.toml [output folder]", file=sys.stderr)
        return 2
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "passive"
    )  # threads that spin while they wait are 10 to 70 times slower on a busy machine

    from .config import from_dict
    from .faults import Fault
    from .history import record_line
    from .run import run, weights_digest

    path = Path(arguments[0]).resolve()
    if not path.is_file():
        print(f"There is no file {path}. Expected the run.toml beside this folder.", file=sys.stderr)
        return 2
    folder = Path(arguments[1]) if len(arguments) == 2 else path.parent / "output"
    folder.mkdir(parents=True, exist_ok=True)
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        outcome = run(
            from_dict(settings),
            path.parent,
            folder,
            on_record=lambda record, config: print(record_line(record, config), flush=True),
        )
    except Fault as fault:
        print(fault, file=sys.stderr)
        return fault.exit_code
    except KeyboardInterrupt:
        print(f"stopped; the same command goes on from {folder / 'checkpoints'}, where one was written", file=sys.stderr)
        return 130
    shutil.rmtree(
        folder / "checkpoints", ignore_errors=True
    )  # the run is done: called again it trains anew, by the code as it is then
    task = outcome.preparation.task
    for part in outcome.scores:
        figures = task.metrics(outcome.scores[part], outcome.targets[part], **outcome.texts(part))
        print(f"{part}: " + ", ".join(f"{name} {value:.4f}" for name, value in list(figures.items())[:4] if value is not None))
    digest, wanted = weights_digest(folder), settings.get("result", {}).get("weights_sha256")
    print(f"weights: {folder / 'weights.safetensors'} SHA-256 {digest}")
    if wanted:
        print(
            "the same bits as the run this was ejected from"
            if digest == wanted
            else f"NOT the weights of the run this was ejected from ({wanted})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
