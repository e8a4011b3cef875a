"""The defaults for tables on the fixed rows of the quality comparison, beside boosted trees and other nets on the same rows.

    OMP_NUM_THREADS=1 python bench/tables.py [NAME ...] [--set NAME=VALUE ...] [--seeds N]

For each table of ../shared/quality (all twelve, or those named): `plainloop train` with `--validation` and `--test` files, and
the log loss or RMSE on the test rows, the validation rows, and CPU seconds; then what the peers in results.jsonl have on the same
test rows. A setting is chosen by the validation rows; the test rows are for the telling.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import plainloop
from plainloop.training import Talk

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parents[2] / "shared" / "data"))
QUALITY = DATA.parent / "quality"


def peers() -> dict[str, dict[str, float]]:
    """Table -> peer -> its log loss or RMSE on the test rows."""
    found: dict[str, dict[str, float]] = {}
    for line in (QUALITY / "results.jsonl").read_text().splitlines():
        facts = json.loads(line)
        value = facts.get("ll", facts.get("rmse"))
        if value is not None:
            found.setdefault(facts["table"], {})[facts["peer"]] = value
    return found


def scored(parts: Any, target: str, settings: list[str], seed: int, folder: Path) -> tuple[float, float, float]:
    """Test score, validation score and CPU seconds of one training."""
    files = {part: folder / f"{part}.csv" for part in parts}
    for part, file in files.items():
        parts[part].to_csv(file, index=False)
    begun = time.process_time()
    run = plainloop.train(
        str(files["train"]),
        target=target,
        validation=str(files["val"]),
        test=str(files["test"]),
        seed=seed,
        set=settings,
        baseline=False,
        output=str(folder / f"run-{seed}"),
        talk=Talk(quiet=True),
    )
    metric = run.metrics["headline"]
    test, validation = (run.metrics[part][metric]["value"] for part in ("test", "validation"))
    return test, validation, time.process_time() - begun


def main() -> None:
    sys.path.insert(0, str(QUALITY))
    import tabdata

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(tabdata.TABLES))
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    others, ratios = peers(), []
    for name in asked.names:
        parts, target, _ = tabdata.parts(name)
        for frame in parts.values():
            frame.columns = [str(column) for column in frame.columns]
        with tempfile.TemporaryDirectory() as folder:
            each = [scored(parts, str(target), asked.set, seed, Path(folder)) for seed in range(asked.seeds)]
        test, validation, seconds = (sum(values) / len(each) for values in zip(*each, strict=True))
        beside = "  ".join(f"{peer} {value:.4g}" for peer, value in others[name].items())
        print(f"{name:11} test {test:<8.4g} validation {validation:<8.4g} {seconds:5.1f} CPU-s   {beside}".rstrip(), flush=True)
        ratios.append(test / others[name]["hgb"])
    share = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"geometric mean of test / scikit-learn's boosted trees: {share:.3f}")


if __name__ == "__main__":
    main()
