"""Which learning rate the default of tables should be: the validation score of `plainloop train`'s defaults at other rates.

    OMP_NUM_THREADS=1 python bench/rates.py [RATES [SEEDS [NAME ...]]]

For each table: `plainloop lr-sweep` with RATES (1e-3,2e-3,4e-3,8e-3) and everything else as decided, for SEEDS seeds (2; large
tables get one). It prints the mean of the validation headline, its best epoch, and at the end the geometric mean over tables of
each rate's score beside that of the default rate. The test rows are not looked at.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import plainloop
from plainloop.training import Talk

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[2] / "shared" / "data")) / "table"
DEFAULT = 2e-3
TABLES: dict[str, tuple[str, str, int]] = {  # file, target, seeds at most
    "titanic": ("titanic/train.csv", "Survived", 9),
    "insurance": ("insurance/insurance.csv", "charges", 9),
    "houses": ("house_prices/train.csv", "SalePrice", 9),
    "pima": ("pima_diabetes/pima-indians-diabetes.csv", "8", 9),
    "abalone": ("abalone/abalone.csv", "8", 9),
    "churn": ("telco_churn/Telco-Customer-Churn.csv", "Churn", 9),
    "letter": ("letter/letterdata.csv", "letter", 1),
    "california": ("california_housing/housing.csv", "median_house_value", 1),
    "adult": ("adult/adult-train.csv", "14", 1),
    "diamonds": ("diamonds/diamonds.csv", "price", 1),
}


def swept(name: str, rates: list[float], seed: int, folder: Path) -> list[tuple[float, int]]:
    """The validation headline and the best epoch at each rate."""
    file, target, _ = TABLES[name]
    options = {"seed": seed, "output": str(folder / f"{name}-{seed}"), "talk": Talk(quiet=True)}
    found = plainloop.lr_sweep(str(DATA / file), target, rates=rates, **options)
    return [(one.value if one.value is not None else math.nan, one.best_epoch) for one in found.attempts]


def main(words: list[str]) -> None:
    rates = sorted(float(rate) for rate in (words[0] if words else "1e-3,2e-3,4e-3,8e-3").split(","))
    seeds = int(words[1]) if len(words) > 1 else 2
    ratios: dict[float, list[float]] = {rate: [] for rate in rates}
    print(f"{'table':12}" + "".join(f"{rate:>22g}" for rate in rates), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in words[2:] or TABLES:
            scores = [swept(name, rates, seed, Path(folder)) for seed in range(min(seeds, TABLES[name][2]))]
            means = [sum(one[i][0] for one in scores) / len(scores) for i in range(len(rates))]
            epochs = [sum(one[i][1] for one in scores) / len(scores) for i in range(len(rates))]
            print(f"{name:12}" + "".join(f"{m:>13.5g} (ep {e:3.0f})" for m, e in zip(means, epochs, strict=True)), flush=True)
            for rate, mean in zip(rates, means, strict=True):
                ratios[rate].append(mean / means[rates.index(DEFAULT)])
    shares = [math.exp(sum(map(math.log, ratios[rate])) / len(ratios[rate])) for rate in rates]
    print(f"{'geometric':12}" + "".join(f"{share:>13.4f}{'':9}" for share in shares))


if __name__ == "__main__":
    main(sys.argv[1:])
