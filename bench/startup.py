"""The cost of starting: CPU seconds from the start of the process to the first training step, part by part.

    python bench/startup.py [table.csv target]

Without a table it makes one of 45,000 rows. The budget: at most 0.5 CPU-s above `import torch`, the first optimizer's own
imports, and reading the data.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = """
import os, sys, time, io
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"
start = time.process_time()
import torch
after_torch = time.process_time()
torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2, 2))], fused=True)
after_optimizer = time.process_time()
import polars
from plainloop.plain.readers import tables
from plainloop.understand.probe import probe
found, _ = probe([sys.argv[1]], target=[sys.argv[2]])
tables.read_text(found)
after_reading = time.process_time()
from plainloop.options import TrainOptions
from plainloop.training import Talk, start as train

class First(Exception):
    pass

def watch(step, steps):
    raise First

try:
    options = TrainOptions(target=sys.argv[2], output=sys.argv[3], epochs=1, baseline=False)
    train(sys.argv[1], options, None, Talk(say=lambda text: None, watch=watch))
except First:
    pass
end = time.process_time()
print(f"import torch {after_torch - start:.2f}, first optimizer {after_optimizer - after_torch:.2f}, "
      f"reading {after_reading - after_optimizer:.2f}, "
      f"then to the first step {end - after_reading:.2f}, whole {end - start:.2f} CPU-s")
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        table, target = (sys.argv[1], sys.argv[2]) if len(sys.argv) > 2 else (made_table(Path(folder)), "bought")
        for attempt in range(3):
            output = str(Path(folder) / f"run-{attempt}")
            subprocess.run(
                [sys.executable, "-c", CHILD, table, target, output], check=True, env={**os.environ, "PLAINLOOP_QUIET": "1"}
            )


def made_table(folder: Path) -> str:
    """45,000 rows, six numbers and eight categories."""
    random.seed(0)
    path = folder / "made.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"n{i}" for i in range(6)), *(f"c{i}" for i in range(8)), "bought"])
        for _ in range(45_000):
            numbers, words = [random.gauss(0, 1) for _ in range(6)], [f"w{random.randrange(9)}" for _ in range(8)]
            writer.writerow([*(f"{n:.4f}" for n in numbers), *words, "yes" if sum(numbers) + random.gauss(0, 1) > 0 else "no"])
    return str(path)


if __name__ == "__main__":
    main()
