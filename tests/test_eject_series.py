"""Ejected projects of forecasts and of whole series: they train the same weights where plainloop is not."""

from __future__ import annotations

from typing import Any

import pytest

from clocks import train, write_load, write_moves, write_sales
from test_eject import Ejected, run_alone

RUNS = {
    "forecast": ({"target": "load", "time": "date", "horizon": 6, "lookback": 24, "calendar": True}, write_load),
    "quantiles": ({"target": "load,heat", "time": "date", "horizon": 6, "lookback": 24, "set": ["loss=quantile"]}, write_load),
    "groups": (
        {"target": "units", "time": "day", "group": "store,item", "future": "price", "horizon": 7, "lookback": 14},
        write_sales,
    ),
    "whole": ({"target": "activity", "series": "recording", "time": "t"}, write_moves),
}


@pytest.fixture(scope="module")
def ejected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ejected]:
    folder = tmp_path_factory.mktemp("eject")
    made = {}
    for name, (options, write) in RUNS.items():
        asked: dict[str, Any] = dict(options)
        run = train(write(folder / name / "table.csv"), asked.pop("target"), folder / "runs" / name, **asked)
        made[name] = Ejected(run, run.eject(folder / "projects" / name))
    forecasts = [one.project for name, one in made.items() if name != "whole"]
    results = run_alone(forecasts) | run_alone([made["whole"].project])  # forecasts state less that they need
    for one in made.values():
        one.code, one.said = results[str(one.project.resolve())].values()
    return made


@pytest.mark.parametrize("name", RUNS)
def test_the_project_alone_trains_the_same_weights(name: str, ejected: dict[str, Ejected]):
    one = ejected[name]
    assert one.code == 0, one.said
    assert "the same bits as the run" in one.said
    for file in ("weights.safetensors", "predictions.csv", "split.json", "prepared.json"):
        assert (one.project / "output" / file).read_bytes() == (one.run.folder / file).read_bytes(), file
