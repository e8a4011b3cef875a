"""Checkpoints: whole or absent after a kill at any point, every byte accounted for, never another run's."""

from __future__ import annotations

import builtins
import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from plainloop.plain import checkpoint
from plainloop.plain.checkpoint import Checkpoints, NoGoodCheckpoint, StorageFailed, load_weights, save_weights, write_file
from small import same_tensors

# where a process can die while it saves, and a disk can fail
POINTS: dict[str, tuple[Any, str]] = {
    "making the folder": (Path, "mkdir"),
    "opening a file": (builtins, "open"),
    "forcing a file to disk": (os, "fsync"),
    "renaming": (os, "rename"),
    "removing the old one": (shutil, "rmtree"),
}


class Killed(BaseException):
    """The process is gone: nothing may clean up after it."""


def tensors(number: float) -> dict[str, dict[str, torch.Tensor]]:
    return {"model": {"weight": torch.full((4, 3), number), "bias": torch.zeros(0)}, "best": {"weight": torch.arange(5)}}


def state(number: float) -> dict[str, Any]:
    return {"progress": {"epoch": number, "loss": 0.1 + number, "best_loss": float("inf")}, "text": "naïve"}


def saver(folder: Path, run: str = "mine") -> Checkpoints:
    return Checkpoints(folder, run, 1e9)


def save(folder: Path, *counts: int) -> None:
    for count in counts:
        saver(folder).save(count, tensors(count), state(count))


def loaded(folder: Path) -> int:
    """Which checkpoint `load` gives, after a check that all of it is there; -1 for none."""
    found = saver(folder).load()
    if found is None:
        return -1
    number = found[1]["progress"]["epoch"]
    assert found[1] == state(number)
    assert all(same_tensors(found[0][name], group) for name, group in tensors(number).items())
    return int(number)


def failing(original: Callable[..., Any], at: int, error: BaseException) -> Callable[..., Any]:
    """The function, whose call number `at` fails before it does anything."""
    calls = [0]

    def call(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            raise error
        return original(*args, **kwargs)

    return call


def test_what_was_saved_comes_back_and_two_are_kept(tmp_path: Path):
    assert loaded(tmp_path / "none") == -1
    save(tmp_path / "runs", 1, 2, 3, 12)
    assert loaded(tmp_path / "runs") == 12
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["step-000000003", "step-000000012"]


def test_every_file_is_in_the_manifest_and_nothing_is_a_pickle(tmp_path: Path):
    save(tmp_path, 1)
    place = tmp_path / "step-000000001"
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    assert {path.name for path in place.iterdir()} == {*manifest["files"], "manifest.json"}
    assert {Path(name).suffix for name in manifest["files"]} == {".safetensors", ".json"}


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_leaves_the_old_one_or_the_new_one(point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place, name = POINTS[point]
    original = getattr(place, name)
    survived = 0
    for at in range(1, 40):
        folder = tmp_path / str(at)
        save(folder, 1, 2)
        with monkeypatch.context() as patch:
            patch.setattr(place, name, failing(original, at, Killed()))
            try:
                save(folder, 3)
                survived += 1
            except Killed:
                pass
        assert loaded(folder) in (2, 3), f"{point}, call {at}"
        save(folder, 4)  # the next process tidies up and goes on
        assert loaded(folder) == 4
        assert not list(folder.glob(".*")), "something half made is left over"
        if survived:
            break
    assert survived, "the point was passed"
    assert at > 1, "the point was never met"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("point", POINTS)
def test_a_disk_that_fails_is_told_and_keeps_what_was_saved(
    code: int, point: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place, name = POINTS[point]
    save(tmp_path, 1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(place, name, failing(getattr(place, name), 1, OSError(code, os.strerror(code))))
        with pytest.raises(StorageFailed) as caught:
            save(tmp_path, 3)
    assert caught.value.exit_code == 5
    assert os.strerror(code) in str(caught.value)
    assert not list(tmp_path.glob(".*"))
    assert loaded(tmp_path) in (2, 3)
    save(tmp_path, 4)  # there is room again
    assert loaded(tmp_path) == 4


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(data))


def test_a_flipped_bit_is_seen_and_the_checkpoint_before_is_used(tmp_path: Path):
    """Bits all over every file; in the manifest's own words a flip may be without effect, but never gives other numbers."""
    save(tmp_path / "good", 1, 2)
    rng = np.random.default_rng(0)
    newest = tmp_path / "good" / "step-000000002"
    for path in files(newest):
        size = 8 * path.stat().st_size
        for bit in rng.choice(size, min(size, 25), replace=False).tolist():
            folder = tmp_path / "flipped"
            shutil.copytree(tmp_path / "good", folder)
            flip(folder / newest.name / path.name, bit)
            found = loaded(folder)
            assert found == 1 or (found == 2 and path.name == "manifest.json"), f"{path.name}, bit {bit}"
            if found == 1:
                assert len(list(folder.glob("damaged-step-000000002-*"))) == 1, "set aside, not deleted"
            shutil.rmtree(folder)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize(
    "damage", [cut, zero, os.unlink, lambda path: path.write_bytes(b"")], ids=["cut", "zero", "gone", "empty"]
)
def test_a_torn_file_is_seen(damage: Callable[[Path], None], tmp_path: Path):
    save(tmp_path / "good", 1, 2)
    for path in files(tmp_path / "good" / "step-000000002"):
        folder = tmp_path / "torn"
        shutil.copytree(tmp_path / "good", folder)
        damage(folder / "step-000000002" / path.name)
        assert loaded(folder) == 1, path.name
        shutil.rmtree(folder)


def test_which_one_was_damaged_is_told(tmp_path: Path):
    save(tmp_path, 1, 2)
    cut(tmp_path / "step-000000002" / "model.safetensors")
    checkpoints = saver(tmp_path)
    checkpoints.load()
    assert len(checkpoints.damaged) == 1
    assert "step-000000002" in checkpoints.damaged[0]
    assert "model.safetensors" in checkpoints.damaged[0]
    again = saver(tmp_path)
    again.load()
    assert again.damaged == []


def test_all_damaged_is_refused_each_time_and_nothing_is_touched(tmp_path: Path):
    """A second try must not find an empty folder and begin again from nothing."""
    save(tmp_path, 1, 2)
    for path in tmp_path.glob("step-*/model.safetensors"):
        cut(path)
    before = [path.relative_to(tmp_path) for path in files(tmp_path)]
    for _ in range(2):
        with pytest.raises(NoGoodCheckpoint) as caught:
            saver(tmp_path).load()
        assert caught.value.exit_code == 3
        assert "step-000000001" in str(caught.value)
        assert "step-000000002" in str(caught.value)
    assert [path.relative_to(tmp_path) for path in files(tmp_path)] == before


def test_the_checkpoint_of_another_run_is_refused_and_left_alone(tmp_path: Path):
    save(tmp_path, 1, 2)
    with pytest.raises(NoGoodCheckpoint, match="other settings"):
        saver(tmp_path, "theirs").load()
    assert loaded(tmp_path) == 2, "it is still there for its own run"


def test_swapped_files_of_two_checkpoints_are_seen(tmp_path: Path):
    save(tmp_path, 1, 2)
    shutil.copy(tmp_path / "step-000000001" / "model.safetensors", tmp_path / "step-000000002" / "model.safetensors")
    assert loaded(tmp_path) == 1


def test_a_manifest_cannot_reach_outside_of_its_folder(tmp_path: Path):
    save(tmp_path, 1)
    (tmp_path / "secret.json").write_text("{}", encoding="utf-8")
    path = tmp_path / "step-000000001" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"]["../secret.json"] = manifest["files"].pop("state.json")
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(NoGoodCheckpoint):
        saver(tmp_path).load()


def test_a_long_run_is_ordered_by_steps_not_by_the_clock(tmp_path: Path):
    save(tmp_path, 9, 100, 1_000_000)
    os.utime(tmp_path / "step-000000100", (2e9, 2e9))
    assert loaded(tmp_path) == 1_000_000


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_file_is_the_old_one_or_the_whole_new_one(name: str, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "metrics.json"
    write_file(path, "old")
    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing(getattr(os, name), at, Killed()))
        with contextlib.suppress(Killed):
            write_file(path, "new" * 1000)
    assert path.read_text(encoding="utf-8") in ("old", "new" * 1000)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_file_that_cannot_be_written_is_told_and_the_old_one_stays(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "metrics.json"
    write_file(path, "old")
    with monkeypatch.context() as patch:
        patch.setattr(os, name, failing(getattr(os, name), 1, OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(StorageFailed, match="No space left on device"):
            write_file(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.json"]
    with pytest.raises(StorageFailed):
        write_file(path / "below a file", "x")


def test_equal_tensors_give_equal_bytes(tmp_path: Path):
    weights = {"b": torch.arange(6.0).reshape(2, 3).t(), "a": torch.ones(2, dtype=torch.bfloat16)}
    save_weights(tmp_path / "one", weights)
    save_weights(tmp_path / "two", {name: tensor.clone() for name, tensor in reversed(weights.items())})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert same_tensors(load_weights(tmp_path / "one"), weights)


def test_due_after_its_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    now = [100.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    checkpoints = Checkpoints(tmp_path, "r", 60.0)
    now[0] = 159.0
    assert not checkpoints.due()
    assert checkpoints.due(2.0)
    now[0] = 160.0
    assert checkpoints.due()
    checkpoints.save(1, tensors(1), state(1))
    assert not checkpoints.due()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells a handle's file by /proc")
def test_everything_is_forced_to_disk_before_the_rename_and_the_rename_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What a loss of power would undo otherwise: the order of the system's calls is the proof that it cannot."""
    done: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.rename

    def forced(handle: int) -> None:
        done.append(("force", Path(os.readlink(f"/proc/self/fd/{handle}")).name))
        fsync(handle)

    def renamed(old: Path, new: Path) -> None:
        done.append(("rename", Path(new).name))
        rename(old, new)

    monkeypatch.setattr(os, "fsync", forced)
    monkeypatch.setattr(os, "rename", renamed)
    save(tmp_path / "checkpoints", 1)
    place = done.index(("rename", "step-000000001"))
    before = [name for _, name in done[:place]]
    assert before[-2:] == ["manifest.json", ".step-000000001.tmp"], "the manifest is the last file, then their folder"
    assert {path.name for path in files(tmp_path / "checkpoints" / "step-000000001")} <= set(before)
    assert ("force", "checkpoints") in done[place:]
