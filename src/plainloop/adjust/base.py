"""Where lr-find, lr-sweep and tune start from: data that is understood, or a run that is there; decided, not trained."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from ..options import DataOptions, TrainOptions
from ..problems import PlainloopError
from ..run_folder import Run, new_folder
from ..training import Decided, Talk, decide
from ..understand.resolve import settings_of
from .adjust_problems import OptionOfData
from .retrain import inherit, moved, names_run, tell

RESULTS = ("lr_sweep.json", "trial-*/checkpoints")  # what is there as soon as a training of a search has ended
NOT_OF_DATA = ("seed",)  # fields of DataOptions that a run can be given, too


def is_run(source: Any) -> bool:
    """Whether a source is a run, or the folder of one."""
    return isinstance(source, Run) or (isinstance(source, (str, Path)) and (Path(source) / "run.toml").is_file())


def base_of(source: Any, options: TrainOptions, talk: Talk, what: str) -> Decided:
    """A run that is decided, in a new folder: the one of --output, or runs/<data>-<what>-<n>.

    Raises: OptionOfData, and what `decide` and `inherit` raise.
    """
    made: list[Path] = []

    def home(name: str = "data") -> Path:
        if not made:
            made.append(new_folder(options.output, f"{name}-{what}"))
        return made[0]

    try:
        if not is_run(source):
            return decide(source, options, talk, home)
        folder = source.folder if isinstance(source, Run) else Path(source)
        check_options(options, str(folder))
        decided = inherit(folder, of_a_run(options), folder)
        tell(decided, talk)
        return moved(decided, folder, home(re.sub(r"-\d+$", "", folder.resolve().name)))
    except Exception:
        remove_empty(made)
        raise


@contextmanager
def undone_if_refused(source: Any, place: Path) -> Iterator[None]:
    """Work on what `base_of` decided: where it is refused before anything was trained, its folder is gone again."""
    folder = (source.folder if isinstance(source, Run) else Path(source)) if is_run(source) else None
    try:
        with names_run(folder):
            yield
    except PlainloopError as error:
        if error.exit_code in (2, 3) and not any(found for name in RESULTS for found in place.glob(name)):
            shutil.rmtree(place, ignore_errors=True)
        raise


def of_a_run(options: TrainOptions) -> dict[str, Any]:
    """What the options change in a run that is there."""
    device = {} if options.device == "auto" else {"machine.device": options.device}
    seed = {"machine.seed": options.seed} if options.seed else {}
    return {**settings_of(options), **device, **seed, **({"model": options.model} if options.model is not None else {})}


def check_options(options: TrainOptions, run: str) -> None:
    """Raises: OptionOfData for an option that says how data is read, of which a run has made up its mind."""
    default = TrainOptions()
    for field in fields(DataOptions):
        if field.name not in NOT_OF_DATA and getattr(options, field.name) != getattr(default, field.name):
            raise OptionOfData(run, field.name)


def remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
