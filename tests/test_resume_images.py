"""Killed while pictures are augmented and other processes prepare the batches: the finished run is that of one that never was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small import forked
from test_images_whole import folder_of_pictures
from test_resume import assert_same, kill

OPTIONS = ["--no-baseline", "--batch-size", "4", "--augment", "strong", "--image-size", "16", "-q"]
OPTIONS += [word for value in ("checkpoint_seconds=0.05", "width=8", "workers=2") for word in ("--set", value)]


def finish(process: Any) -> int:
    process.join(400)
    return process.exitcode


def words(data: Path, output: Path, epochs: int) -> list[Any]:
    return ["train", data, "--epochs", epochs, "--output", output, *OPTIONS]


def kill_and_compare(folder: Path, epochs: int, kills: int) -> None:
    data = folder_of_pictures(folder / "colours")
    assert finish(forked(*words(data, folder / "whole", epochs))) == 0
    run, rng = folder / "killed", np.random.default_rng(kills)
    middle = [kill(run, forked(*words(data, run, epochs)), rng)]
    while len(middle) < kills:
        middle.append(kill(run, forked("resume", run, "-q"), rng))
    assert any(middle), "never killed in the middle of an epoch"
    assert finish(forked("resume", run, "-q")) == 0
    assert_same(run, folder / "whole")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_with_augmentation_and_two_workers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLAINLOOP_CACHE", str(tmp_path / "cache"))
    kill_and_compare(tmp_path, epochs=25, kills=10)
