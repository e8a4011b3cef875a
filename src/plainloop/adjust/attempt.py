"""An attempt: a run that is trained on the train rows and judged on the validation rows alone, for searches.

It goes through the same `plain.run.run` as every run. The test rows are not even encoded: who looks at them to choose, has no
honest score left to report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..plain.config import Config
from ..plain.loop import Record
from ..plain.run import run as plain_run
from ..run_files import read_toml
from ..run_folder import package_of
from ..training import Decided, Talk, machine_as_it_was, write_run
from ..understand.check_inside import check_decided
from ..understand.own_model import build
from ..understand.resolve import Asked, override


@dataclass(frozen=True)
class Attempt:
    """What a search keeps of an attempt."""

    changed: dict[str, Any]
    history: dict[str, list[Any]]
    headline: str
    higher_is_better: bool
    value: float | None  # of the best epoch, on the validation rows; None where the training failed
    best_epoch: int
    seconds: float
    failed: str = ""


def changed_by(decided: Decided, settings: dict[str, Any]) -> Config:
    """The config with other settings. Raises: UnknownSetting, BadSetting."""
    config = decided.config
    own = config.model.settings if config.model.file == "own" else None
    asked = Asked(settings, config.model.file, own, config.source.data[0], tuple(c.name for c in config.targets))
    return override(config, settings, asked, {})


def prepare_place(decided: Decided, kind: str) -> None:
    """The folder that attempts are seen from: run.toml, the code, a batch that was tried."""
    write_run(decided, {"search": {"kind": kind}})
    package_of(decided.place, read_toml(decided.place))
    if decided.config.model.file in ("own", "layers"):
        check_decided(decided.own, decided.config, decided.place).raise_for_errors()


def attempt(
    decided: Decided,
    settings: dict[str, Any],
    folder: Path,
    *,
    on_record: Callable[[Record], None] = lambda record: None,
    watch: Callable[[int, int], int] = lambda step, steps: 0,
    talk: Talk | None = None,
) -> Attempt:
    """Trains the run with other settings in a folder of its own, which holds its weights and its last checkpoints afterwards.

    Raises: Stopped, StorageFailed, and what on_record raises.
    """
    config = changed_by(decided, settings)
    folder.mkdir(parents=True, exist_ok=True)
    with machine_as_it_was():
        outcome = plain_run(
            config,
            decided.place,
            folder,
            build=partial(build, decided.own),
            on_record=lambda record, _: on_record(record),
            watch=watch,
            say=(talk or Talk(quiet=True)).line,
            parts=("train", "validation"),
        )
    task, best = outcome.preparation.task, outcome.best_epoch
    place = outcome.history["epoch"].index(best) if best else None
    value = None if place is None else float(outcome.history[f"val_{task.headline}"][place])
    return Attempt(settings, outcome.history, task.headline, task.higher_is_better, value, best, outcome.seconds)
