"""What a run computes on: memory that is kept between steps."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

TENSORS = """
import resource
import torch
from plainloop.plain.device import settle

settle(1, 0)
for turn in range(20):
    torch.ones(4 * 2**20)  # 16 MiB
    if turn == 1:
        first = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - first)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is asked to keep memory")
def test_the_memory_of_large_tensors_is_kept_for_the_next_ones():
    """Pages that 18 tensors ask the system for: hardly any, but where the user has set what malloc does."""
    asked = []
    for variables in ({}, {"MALLOC_MMAP_THRESHOLD_": "1000000"}):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | variables
        process = subprocess.run([sys.executable, "-c", TENSORS], env=environment, capture_output=True, text=True, timeout=120)
        assert process.returncode == 0, process.stderr
        asked.append(int(process.stdout))
    assert asked[0] < asked[1] / 4
