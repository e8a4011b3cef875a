"""How often `compare` calls a difference real where only the seed differs, and whether it sees a real one.

    python bench/compare_seeds.py [FILE TARGET [RUNS [NAME=VALUE ...]]]

Trains RUNS seeds on one split and compares every pair of them: by rows alone, as a plain paired bootstrap would, and as `compare`
does, which allows for seeds. At most 10% of the pairs may come out as different. Then two runs that do differ: the default,
and a learning rate that is far too low. z is the difference in units of its standard error over rows: where its variance is above
1, seeds move a score by more than the draw of the rows explains, and the excess, over the rows, is SEED_SHARE squared.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np

from plainloop.adjust import paired
from plainloop.adjust.paired import OnRows, differences, on_rows
from plainloop.judge.scored import score
from plainloop.options import TrainOptions
from plainloop.plain.config import Config
from plainloop.plain.run import run
from plainloop.training import Talk, decide

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[2] / "shared" / "data"))


def scored_run(config: Config, home: Path) -> OnRows:
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(config, home, Path(folder))
    task, scores, target = outcome.preparation.task, outcome.scores["test"], outcome.targets["test"]
    return on_rows(str(config.machine.seed), outcome.split["test"], score(task, scores, target), task.metrics(scores, target))


def share_real(pairs: list[tuple[OnRows, OnRows]], metric: str, seeds: bool) -> float:
    """The pairs that are called different, with the widening for seeds and without."""
    kept = paired.SEED_SHARE, paired.SEED_SHARE_OF
    if not seeds:
        paired.SEED_SHARE, paired.SEED_SHARE_OF = 0.0, {}
    found = [differences([a], [b])[metric].real for a, b in pairs]
    paired.SEED_SHARE, paired.SEED_SHARE_OF = kept
    return float(np.mean(found))


def variance_of_z(pairs: list[tuple[OnRows, OnRows]], metric: str) -> float:
    z = [(b.values[metric] - a.values[metric]) / (b.draws[metric] - a.draws[metric]).std() for a, b in pairs]
    return float(np.mean(np.square(z)))


def main(words: list[str]) -> None:
    file, target = words[:2] or [str(DATA / "table/telco_churn/Telco-Customer-Churn.csv"), "Churn"]
    number = int(words[2]) if len(words) > 2 else 25
    with tempfile.TemporaryDirectory() as home:
        options = TrainOptions(target=target, set=words[3:] or None)
        decided = decide(file, options, Talk(quiet=True), lambda name="data": Path(home))
        config = decided.config
        runs = [scored_run(replace(config, machine=replace(config.machine, seed=seed)), decided.place) for seed in range(number)]
        slow: Any = replace(config, train=replace(config.train, learning_rate=config.train.learning_rate / 100, epochs=3))
        bad = scored_run(slow, decided.place)
    pairs = list(combinations(runs, 2))
    print(f"{Path(file).name}, {len(runs[0].rows):,} test rows, {number} seeds, {len(pairs)} pairs that differ by seed alone")
    print(f"{'metric':18} {'over seeds':>20} {'var z':>7} {'share':>7} {'rows alone':>11} {'compare':>8}   a real difference")
    for metric in runs[0].draws:
        values = [one.values[metric] for one in runs]
        z = variance_of_z(pairs, metric)
        seeds = max(0.0, (z - 1) / len(runs[0].rows)) ** 0.5
        rates = [share_real(pairs, metric, seeds) for seeds in (False, True)]
        found = differences([runs[0]], [bad])[metric]
        said = f"{found.difference:+.4g} ({found.low:+.4g} to {found.high:+.4g}) {'real' if found.real else 'not told apart'}"
        spread = f"{np.mean(values):.4g} +- {np.std(values, ddof=1):.2g}"
        print(f"{metric:18} {spread:>20} {z:7.2f} {seeds:7.3f} {rates[0]:11.1%} {rates[1]:8.1%}   {said}")


if __name__ == "__main__":
    main(sys.argv[1:])
