# needs: safetensors
"""Files that survive a crash: atomic writes, and checkpoints whose every byte is accounted for. Copied into ejected projects.

A checkpoint is a folder: tensors as safetensors, everything else as JSON, manifest.json with the size and SHA-256 of each file
written last. It is made beside its place, forced to disk and renamed, so that a kill at any instant leaves the old one or the
new one, never half of one. The last two are kept; one that fails its digests is set aside and the one before it is used.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from .faults import Fault

KEEP = 2  # the last and the last but one
Saved = tuple[dict[str, dict[str, Tensor]], dict[str, Any]]  # named groups of tensors, and the rest as plain values


@dataclass(eq=False)
class StorageFailed(Fault):
    """A file could not be written.

    What it does: stops, with exit code 5, where a checkpoint or a result cannot be written; half a file is never left behind.
    Why: a run that goes on without saving loses its work at the next stop.
    Example: the disk is full
    Fix: make room, or make the folder writable, and resume.
    """

    path: str
    reason: str
    exit_code = 5

    def __post_init__(self) -> None:
        self.what = f"Cannot write {self.path}: {self.reason}."
        self.expected = "The folder must be writable and its disk must have room."
        self.why = "What was saved before is intact."
        self.fix = "free some space or make the folder writable, then run the command again"
        if self.reason == "Is a directory":
            self.what, self.expected, self.why = f"Cannot write {self.path}: it is a folder.", "Expected the name of a file.", ""
            self.fix = f"name a file in it, such as {self.path.rstrip('/')}/predictions.csv"

    @classmethod
    def example(cls) -> StorageFailed:
        return cls("runs/houses-1/checkpoints/step-000000300", "No space left on device")


@dataclass(eq=False)
class NoGoodCheckpoint(Fault):
    """Every checkpoint of the run is damaged or belongs to another run.

    What it does: refuses to resume, and leaves the checkpoints as they are.
    Why: damaged numbers, or those of other settings, would give a model that looks trained and is not.
    Example: `plainloop resume runs/houses-1` after run.toml was edited, or after a failing disk
    Fix: undo the edit or copy the checkpoints back; without them the run starts again from its beginning.
    """

    folder: str
    damaged: list[str]
    exit_code = 3

    def __post_init__(self) -> None:
        self.what = f"No checkpoint in {self.folder} can be used: {'; '.join(self.damaged)}."
        self.expected = "At least one of this run whose files have the SHA-256 digests of its manifest."
        self.why = "Going on from damaged or foreign numbers would give a model that looks trained and is not."
        self.fix = "put run.toml and the checkpoints back as they were, or move the checkpoints folder away to begin again"

    @classmethod
    def example(cls) -> NoGoodCheckpoint:
        return cls("runs/houses-1/checkpoints", ["step-000000300 (model.safetensors: SHA-256 is 9f86d0, should be 60303a)"])


def write_file(path: Path, content: bytes | str) -> None:
    """Writes a file so that it is either the old one or the whole new one, whatever happens.

    Raises: StorageFailed.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _force(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise StorageFailed(str(path), error.strerror or str(error)) from error


def write_json(path: Path, value: Any) -> None:
    write_file(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def save_weights(path: Path, tensors: dict[str, Tensor]) -> None:
    """Tensors as one safetensors file; equal tensors give equal bytes."""
    write_file(path, tensors_to_bytes(tensors))


def load_weights(path: Path) -> dict[str, Tensor]:
    return load_tensors(path.read_bytes())


def tensors_to_bytes(tensors: dict[str, Tensor]) -> bytes:
    return save_tensors({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()})


class Checkpoints:
    """The checkpoints of one run, in `folder`. `run_id` keeps those of another run from being taken for ours."""

    def __init__(self, folder: Path, run_id: str, seconds: float):
        self.folder, self.run_id, self.seconds = folder, run_id, seconds
        self.last = time.monotonic()
        self.damaged: list[str] = []  # what `load` had to set aside, and why

    def due(self, seconds: float | None = None) -> bool:
        return time.monotonic() - self.last >= (self.seconds if seconds is None else seconds)

    def save(self, count: int, tensors: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
        """Saves the state after `count` steps: named groups of tensors, and the rest as JSON.

        Raises: StorageFailed.
        """
        files = {f"{name}.safetensors": tensors_to_bytes(group) for name, group in tensors.items()}
        files["state.json"] = json.dumps(state).encode()
        facts = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
        manifest = {"run": self.run_id, "steps": count, "files": facts}
        files["manifest.json"] = json.dumps(manifest, indent=1).encode()
        place, beside = self.folder / f"step-{count:09d}", self.folder / f".step-{count:09d}.tmp"
        try:
            self._remove_leftovers()
            beside.mkdir(parents=True)
            for name, data in files.items():  # the manifest is the last
                with open(beside / name, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            _force(beside)
            if place.exists():
                shutil.rmtree(place)
            os.rename(beside, place)
            _force(self.folder)
            for old in self._folders()[:-KEEP]:
                shutil.rmtree(old)
        except OSError as error:
            shutil.rmtree(beside, ignore_errors=True)
            raise StorageFailed(str(place), error.strerror or str(error)) from error
        self.last = time.monotonic()

    def load(self) -> Saved | None:
        """The newest good checkpoint, None where the run has none.

        Damaged ones that are newer are renamed, never deleted; where none is good all stay as they are.
        Raises: NoGoodCheckpoint, StorageFailed.
        """
        bad: dict[Path, str] = {}
        for place in reversed(self._folders()):
            try:
                saved = self._read(place)
            except (OSError, ValueError) as error:
                bad[place] = f"{place.name} ({error})"
                continue
            for damaged in bad:
                self._set_aside(damaged)
            self.damaged += bad.values()
            return saved
        if bad:
            raise NoGoodCheckpoint(str(self.folder), list(bad.values()))
        return None

    def _read(self, place: Path) -> Saved:
        try:
            manifest = json.loads((place / "manifest.json").read_bytes())
            run, digests = manifest["run"], {str(name): str(facts["sha256"]) for name, facts in manifest["files"].items()}
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ValueError("manifest.json is not what was written") from error
        if run != self.run_id:
            raise ValueError(f"belongs to a run with other settings, {run}, not {self.run_id}")
        data = {}
        for name, digest in digests.items():
            data[name] = (place / Path(name).name).read_bytes()
            found = hashlib.sha256(data[name]).hexdigest()
            if found != digest:
                raise ValueError(f"{name}: SHA-256 is {found[:12]}, should be {digest[:12]}")
        state = json.loads(data.pop("state.json"))
        return {name.removesuffix(".safetensors"): load_tensors(content) for name, content in data.items()}, state

    def _set_aside(self, place: Path) -> None:
        aside = next(p for n in itertools.count() if not (p := place.with_name(f"damaged-{place.name}-{n}")).exists())
        try:
            os.rename(place, aside)
        except OSError as error:
            raise StorageFailed(str(aside), error.strerror or str(error)) from error

    def _folders(self) -> list[Path]:
        return sorted(self.folder.glob("step-*")) if self.folder.is_dir() else []

    def _remove_leftovers(self) -> None:
        for leftover in self.folder.glob(".step-*.tmp"):
            shutil.rmtree(leftover)


def _force(folder: Path) -> None:
    """Forces a folder's entries to disk, so that a rename in it survives a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
