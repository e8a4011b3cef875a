"""How well and how fast a model of series learns: plainloop's own loop under the published protocols, one line per data set.

    OMP_NUM_THREADS=1 python bench/series.py                                   # every data set, the default models
    OMP_NUM_THREADS=1 python bench/series.py ETTh1 --model series_rnn --set model.cell=lstm --set train.epochs=5 --verbose
    OMP_NUM_THREADS=1 python bench/series.py ETTh1 --cells --set train.epochs=2   # series_rnn, every cell, both ways to decode

Forecasts: look-back 336, horizon 96 (national_illness 104 and 24), every variable, standardised on the train rows; the parts are
12, 4 and 4 months for ETTh1, else 70, 10 and 20% of the rows, and the windows of the validation and test parts look back into the
part before them. The validation part chooses the epoch; the figures are means over all test windows. -9999 in weather is a sensor
that was off (81 cells, all among the train rows): the straight line between its neighbours takes its place. The papers leave it
in, so that the deviations of two of their 21 variables are 21 and 31 times too large and their errors all but vanish; the same
forecast in the papers' scale stands beside it, and `--raw` trains with -9999 left in.
Classification: the official train and test files; indoor_movement has none, so 30% drawn per seed, stratified, are its test rows.
The data sets are looked for under $PLAINLOOP_DATA. CPU seconds are those of this process.
"""

from __future__ import annotations

import argparse
import ast
import csv
import io
import os
import statistics
import time
import zipfile
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plainloop.plain.batches import EpochBatches, Rows, loader
from plainloop.plain.config import Train
from plainloop.plain.evaluate import evaluation_batches
from plainloop.plain.loop import train, validate
from plainloop.plain.slices import Slices
from plainloop.plain.tasks.classify import Binary, Multiclass
from plainloop.plain.tasks.forecast import Forecast
from plainloop.understand.defaults import BY_ROWS, series_defaults, series_model

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parent.parent.parent / "shared" / "data")) / "series"
FORECASTS = {"ETTh1": (336, 96), "weather": (336, 96), "exchange_rate": (336, 96), "national_illness": (104, 24)}
SEASONS = {"ETTh1": 24, "weather": 144, "exchange_rate": 1, "national_illness": 52}  # steps that the seasonal repeat repeats
CLASSES = ["GunPoint", "ItalyPowerDemand", "BasicMotions", "indoor_movement"]
SENTINEL = -9999.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", help=f"of {', '.join([*FORECASTS, *CLASSES])}; none: all")
    parser.add_argument("--model", default="", help="file of plain/models; none: the default for the data")
    parser.add_argument("--seeds", type=int, default=0, help="so many runs; 0: one of a forecast, five of a classification")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--loss", default="mse", choices=["mse", "mae", "huber"], help="of a forecast")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--raw", action="store_true", help="leave -9999 in")
    parser.add_argument("--cells", action="store_true", help="series_rnn with every cell, direct and step by step")
    parser.add_argument("--no-test", action="store_true", help="validation figures alone, for choosing")
    parser.add_argument("--verbose", action="store_true", help="a line per epoch")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="train.NAME or model.NAME")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.cells:
        options.model, given = "series_rnn", options.set
        for cell, decode in product(("rnn", "lstm", "gru"), ("direct", "steps")):
            options.set = [*given, f"model.cell={cell}", f"model.decode={decode}"]
            measured(options)
    else:
        measured(options)


def measured(options: argparse.Namespace) -> None:
    """A line for each data set."""
    for data in options.data or [*FORECASTS, *CLASSES]:
        measure = forecast if data in FORECASTS else classify
        seeds = options.seeds or (1 if data in FORECASTS else 5)
        cpu, wall = time.process_time(), time.perf_counter()
        found = [measure(data, options, options.seed + number) for number in range(seeds)]
        cpu, wall = (time.process_time() - cpu) / seeds, (time.perf_counter() - wall) / seeds
        shown = "  ".join(f"{name} {spread([values[name] for values in found])}" for name in found[0])
        words = " ".join([data, options.model or "default", *options.set])
        print(f"{words} | {shown} | {cpu:.1f} CPU-s, {wall:.1f} s a run", flush=True)


def spread(values: list[float]) -> str:
    """The mean, and the deviation where there are several."""
    more = f" (sd {statistics.stdev(values):.4f})" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{more}"


def forecast(data: str, options: argparse.Namespace, seed: int) -> dict[str, float]:
    """Trains one model; the errors of the validation and test parts."""
    lookback, horizon = FORECASTS[data]
    array = forecast_array(data, options.raw)
    train_end, val_end = ends(data, len(array))
    mean, std = array[:train_end].mean(0), array[:train_end].std(0)
    series = torch.from_numpy(((array - mean) / std).astype(np.float32)).T.contiguous()  # (V, N)
    variables, edges = len(series), [lookback, train_end, val_end, len(array)]
    parts = []
    for start, end in pairwise(edges):  # the horizon of a window lies in one part
        first = torch.arange(start, end - horizon + 1)
        target = Slices(series, first, horizon, steps_first=True)
        parts.append(Rows({"series": Slices(series, first - lookback, lookback)}, target))
    name = options.model or series_model({"whole": False})
    settings, of_model = defaults(name, True, len(parts[0]), options)
    shapes = {"series": {"variables": variables, "targets": variables, "lookback": lookback, "horizon": horizon}}
    torch.manual_seed(seed)
    model = import_module(f"plainloop.plain.models.{name}").Model(shapes, horizon * variables, **of_model)
    scale = {"names": [""], "mean": [0.0], "std": [1.0]}
    task = Forecast(horizon, 24, options.loss, [scale] * variables, [[1.0]] * variables)
    batches = loader(parts[0], EpochBatches(len(parts[0]), settings.batch_size, seed=seed))
    held_out, test = (evaluation_batches(part, model, settings.batch_size) for part in parts[1:])
    best = run(model, task, batches, held_out, settings, seed, options.verbose)
    found = {"best epoch": best["epoch"], "validation mse": best["val_mse_standardised"]}
    if not options.no_test:
        errors = test_errors(model, test)
        found |= {"test mse": float(errors.square().mean()), "test mae": float(errors.abs().mean())}
        found["test mse of the seasonal repeat"] = repeat_error(series, edges[2], SEASONS[data], horizon)
        if data == "weather" and not options.raw:
            ratio = torch.from_numpy(std / forecast_array(data, raw=True)[:train_end].std(0))
            found["test mse in the papers' scale"] = float((errors.double() * ratio).square().mean())
    return found


def repeat_error(series: Tensor, start: int, season: int, horizon: int) -> float:
    """The mean squared error of the last season, said again and again, in every window from a step on. Shape: series (V, N)."""
    windows = series.unfold(1, season + horizon, 1)[:, start - season :]  # (V, n, season + H)
    again = windows[..., :season].repeat(1, 1, -(-horizon // season))[..., :horizon]
    return float((again - windows[..., season:]).square().mean())


def test_errors(model: Any, batches: Any) -> Tensor:
    """What the forecast misses, members averaged. Shape: float32 (n, H, V)."""
    found = []
    with torch.inference_mode():
        for inputs, target in batches:
            scores = model(inputs)
            scores = scores.mean(1) if scores.dim() == 3 else scores
            found.append(scores.view_as(target) - target)
    return torch.cat(found)


def defaults(name: str, windows: bool, rows: int, options: argparse.Namespace) -> tuple[Train, dict[str, Any]]:
    """The settings of loop and model that plainloop chooses, and those of --set."""
    given = asked(options)
    by_rows = next((values for below, values, _ in BY_ROWS.get(name, []) if rows < below), {})
    return Train(**(series_defaults(name, windows, rows, {}) | given["train"])), by_rows | given["model"]


def run(model: Any, task: Any, batches: Any, held_out: Any, settings: Train, seed: int, verbose: bool) -> dict[str, Any]:
    """The values of the best epoch; the model has its weights."""
    best: dict[str, Any] = {}
    cpu = time.process_time()
    for record in train(model, task, batches, held_out, settings, seed=seed):
        if record.best:
            best = record.values
        if verbose:
            values = {name: round(value, 4) for name, value in record.values.items() if "seconds" not in name}
            print(f"{values} cpu {time.process_time() - cpu:.1f}", flush=True)
    return best


def asked(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The values of --set by section."""
    given: dict[str, dict[str, Any]] = {"train": {}, "model": {}}
    for item in options.set:
        name, _, text = item.partition("=")
        section, _, key = name.partition(".")
        try:
            given[section][key] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            given[section][key] = text
    return given


def ends(data: str, rows: int) -> tuple[int, int]:
    """Where the train and the validation rows end."""
    if data == "ETTh1":
        return 8640, 8640 + 2880
    return int(rows * 0.7), rows - int(rows * 0.2)


def forecast_array(data: str, raw: bool) -> np.ndarray:
    """The numbers of a data set, float64 (N, V); of ETTh1 the first 20 months, as published."""
    import polars

    path = DATA / data / f"{data}.csv"
    content = zipfile.ZipFile(DATA / data / "weather.zip").read("weather/weather.csv") if data == "weather" else path.read_bytes()
    frame = polars.read_csv(io.BytesIO(content), encoding="utf8-lossy", infer_schema_length=None)
    array = frame.drop("date").cast(polars.Float64).to_numpy().copy()
    if data == "ETTh1":
        array = array[: 8640 + 2 * 2880]
    if not raw:
        steps = np.arange(len(array))
        for column in array.T:
            off = column == SENTINEL
            column[off] = np.interp(steps[off], steps[~off], column[~off])
    return array


def classify(data: str, options: argparse.Namespace, seed: int) -> dict[str, float]:
    """Trains one classifier; its accuracy on the test rows."""
    series, lengths, words, test = class_rows(data, seed)
    labels = sorted(set(words))
    target = torch.tensor([labels.index(word) for word in words])
    random = np.random.default_rng(seed)
    held_out = pick(words, np.flatnonzero(~test), 0.15, random)
    mean, std = moments(series[~test & ~held_out], lengths[~test & ~held_out])
    within = torch.arange(series.shape[2]) < lengths[:, None, None]
    series = torch.where(within, (series - mean[:, None]) / std[:, None], torch.zeros(()))
    inputs = {"series": series}
    if len(set(lengths.tolist())) > 1:
        inputs["lengths"] = lengths
    task = Binary(labels) if len(labels) == 2 else Multiclass(labels)
    target = target.float() if len(labels) == 2 else target
    parts = [
        Rows({kind: values[torch.from_numpy(mask)] for kind, values in inputs.items()}, target[torch.from_numpy(mask)])
        for mask in (~test & ~held_out, held_out, test)
    ]
    name = options.model or series_model({"whole": True})
    settings, of_model = defaults(name, False, len(parts[0]), options)
    shapes = {"series": {"variables": series.shape[1], "targets": 0, "lookback": series.shape[2], "horizon": 0}}
    torch.manual_seed(seed)
    model = import_module(f"plainloop.plain.models.{name}").Model(shapes, task.num_outputs, **of_model)
    loaders = [loader(part, EpochBatches(len(part), 64, shuffle=False)) for part in parts]
    batches = loader(parts[0], EpochBatches(len(parts[0]), settings.batch_size, seed=seed))
    best = run(model, task, batches, loaders[1], settings, seed, options.verbose)
    found = {"best epoch": best["epoch"], "val log loss": best["val_log_loss"], "val accuracy": best["val_accuracy"]}
    return found if options.no_test else found | {"accuracy": validate(model, task, loaders[2])["accuracy"]}


def pick(words: list[str], rows: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """A mask with that share of the rows of each label, at least one."""
    mask = np.zeros(len(words), dtype=bool)
    for label in sorted(set(words)):
        mine = random.permutation([row for row in rows if words[row] == label])
        mask[mine[: max(1, round(share * len(mine)))]] = True
    return mask


def moments(series: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each variable over the steps that are there."""
    within = torch.arange(series.shape[2]) < lengths[:, None]
    steps = series.transpose(1, 2)[within]  # (steps, V)
    return steps.mean(0), steps.std(0)


def class_rows(data: str, seed: int) -> tuple[Tensor, Tensor, list[str], np.ndarray]:
    """Series padded with zeros (n, V, L), their lengths, their labels, and which are test rows."""
    if data == "indoor_movement":
        found = list(indoor())
        test = pick([label for _, label in found], np.arange(len(found)), 0.3, np.random.default_rng(1000 + seed))
    else:
        parts = [list(ts_rows(DATA / f"ucr_{data}" / f"{data}_{part}.ts")) for part in ("TRAIN", "TEST")]
        found = parts[0] + parts[1]
        test = np.arange(len(found)) >= len(parts[0])
    lengths = torch.tensor([values.shape[1] for values, _ in found])
    series = torch.zeros(len(found), len(found[0][0]), int(lengths.max()))
    for row, (values, _) in enumerate(found):
        series[row, :, : values.shape[1]] = torch.from_numpy(values)
    return series, lengths, [label for _, label in found], test


def ts_rows(path: Path) -> Iterator[tuple[np.ndarray, str]]:
    """The series (V, length) and the label of each line of a .ts file."""
    for line in path.read_text().splitlines():
        if line and line[0] not in "#@":
            *variables, label = line.split(":")
            yield np.array([[float(word) for word in values.split(",")] for values in variables], dtype=np.float32), label.strip()


def indoor() -> Iterator[tuple[np.ndarray, str]]:
    """The series (4, length) and the label of each walk."""
    with zipfile.ZipFile(DATA / "indoor_movement" / "IndoorMovement.zip") as archive:
        target = archive.read("dataset/MovementAAL_target.csv").decode().splitlines()
        for row in csv.reader(line for line in target if not line.startswith("#")):
            text = archive.read(f"dataset/MovementAAL_RSS_{row[0].strip()}.csv").decode().splitlines()
            yield np.loadtxt(text, delimiter=",", comments="#", dtype=np.float32, ndmin=2).T, row[1].strip()


if __name__ == "__main__":
    main()
