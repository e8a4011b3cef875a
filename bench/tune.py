"""A search on california_housing that is killed twice: does it keep its time, lose nothing, try nothing twice, and help?

    OMP_NUM_THREADS=1 python bench/tune.py [FILE TARGET [MINUTES [ROWS]]]

Runs `plainloop tune FILE --target TARGET --minutes MINUTES` (15), kills the process with SIGKILL after a fifth and after two
fifths of the time, goes on each time with what is left, and lets a second process search beside it in the last stretch. Then it
prints what was lost (the trials that had ended before each kill must all be there, with the same scores), whether two trials
have the same settings, how long all took, and the scores of the winner beside those of `plainloop train`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[2] / "shared" / "data"))
KILLS = (0.2, 0.4)  # of the time


def started(*words: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "plainloop", *map(str, words)])


def trials_in(study: Path) -> list[dict[str, Any]]:
    """The trials that the journal holds: of a process that was killed tune.json knows none."""
    import optuna

    from plainloop.adjust.study import storage_of

    known = optuna.load_study(study_name=None, storage=storage_of(study, "")).get_trials()
    return [{"trial": t.number, "state": t.state.name, "value": t.value, "settings": t.params} for t in known]


def finished(study: Path) -> dict[int, float]:
    return {row["trial"]: row["value"] for row in trials_in(study) if row["state"] == "COMPLETE"}


def headline_of(run: Path, part: str) -> str:
    metrics = json.loads((run / "metrics.json").read_text())
    found = metrics[part][metrics["headline"]]
    interval = f" ({found['low']:.5g} to {found['high']:.5g})" if found["low"] is not None else ""
    return f"{metrics['headline']} {found['value']:.5g}{interval}"


def sample(file: Path, rows: int, folder: Path) -> Path:
    """The first rows of a table that is in no order; all where rows is 0."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    made = folder / file.name
    made.write_text("".join(lines[: rows + 1] if rows else lines), encoding="utf-8")
    return made


def main(words: list[str]) -> None:
    file, target = words[:2] or [str(DATA / "table/california_housing/housing.csv"), "median_house_value"]
    minutes = float(words[2]) if len(words) > 2 else 15.0
    with tempfile.TemporaryDirectory() as home:
        data = sample(Path(file), int(words[3]) if len(words) > 3 else 0, Path(home))
        study, begun, lost = Path(home) / "runs" / "study-tune-1", time.monotonic(), []
        source: list[object] = [data, "--target", target, "--output", study]
        for share in KILLS:
            process = started("tune", *source, "--minutes", minutes - (time.monotonic() - begun) / 60)
            time.sleep(max(0.0, begun + 60 * minutes * share - time.monotonic()))
            before = finished(study)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            lost.append((before, finished(study)))
            source = [study]
        left = minutes - (time.monotonic() - begun) / 60
        both = [started("tune", study, "--minutes", left), started("tune", study, "--minutes", left)]
        codes = [process.wait() for process in both]
        seconds = time.monotonic() - begun
        trials, kept = trials_in(study), finished(study)
        winner = Path(json.loads((study / "study.json").read_text())["winner"]["run"])
        subprocess.run(
            [sys.executable, "-m", "plainloop", "train", data, "--target", target, "--output", Path(home) / "default"], check=True
        )
        settings = [json.dumps(row["settings"], sort_keys=True) for row in trials if row["state"] != "FAIL"]
        print(f"\n{data.name}: {minutes:g} minutes, two kills, two processes at the end (exit codes {codes})")
        print(f"time: {seconds / 60:.2f} minutes, {seconds / 60 / minutes - 1:+.1%}")
        for number, (before, after) in enumerate(lost, 1):
            same = all(kept.get(trial) == value for trial, value in before.items())
            print(f"kill {number}: {len(before)} trials had ended, {len(after)} after it; at the end all there: {same}")
        states = [row["state"] for row in trials]
        print(f"trials: {', '.join(f'{states.count(s)} {s.lower()}' for s in sorted(set(states)))}")
        print(f"settings tried twice, but for those that a kill cut off: {len(settings) - len(set(settings))}")
        for name, run in (("train", Path(home) / "default"), ("tune", study.parent / winner)):
            print(f"{name:6} validation {headline_of(run, 'validation')}; test {headline_of(run, 'test')}")


if __name__ == "__main__":
    main(sys.argv[1:])
