"""Killed while a forecast trains: the finished run is that of one that never was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clocks import write_load
from small import forked
from test_resume import assert_same, kill

OPTIONS = ["--target", "load", "--time", "date", "--horizon", "6", "--lookback", "24", "--batch-size", "2", "-q"]
OPTIONS += ["--model", "series_linear", "--set", "checkpoint_seconds=0.05"]


def finish(process: Any) -> int:
    process.join(400)
    return process.exitcode


def kill_and_compare(folder: Path, epochs: int, kills: int) -> None:
    data = write_load(folder / "load.csv", 300)

    def words(output: Path) -> list[Any]:
        return ["train", data, "--epochs", epochs, "--output", output, *OPTIONS]

    assert finish(forked(*words(folder / "whole"))) == 0
    run, rng = folder / "killed", np.random.default_rng(kills)
    middle = [kill(run, forked(*words(run)), rng)]
    while len(middle) < kills:
        middle.append(kill(run, forked("resume", run, "-q"), rng))
    assert any(middle), "never killed in the middle of an epoch"
    assert finish(forked("resume", run, "-q")) == 0
    assert_same(run, folder / "whole")


def test_two_kills_of_a_forecast_change_nothing(tmp_path: Path):
    kill_and_compare(tmp_path, epochs=6, kills=2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_of_a_forecast_change_nothing(tmp_path: Path):
    kill_and_compare(tmp_path, epochs=25, kills=10)
