"""What a run computes on: device, threads, precision, seeds. Copied into ejected projects."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from .batches import mix

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
KEPT = 2**30  # bytes: smaller tensors are cut out of memory that the process has already


def best_device() -> str:
    """cuda where there is one, else mps, else cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def settle(threads: int, seed: int) -> None:
    """Fixes what the numbers depend on: threads, seed, deterministic kernels."""
    keep_memory()
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("high")


def keep_memory() -> None:
    """Has the C library keep the memory of tensors that are gone, for those of the next step.

    glibc hands the memory of large ones back at once, and the system clears each page of the next ones anew: a tenth of the
    time of sequence_transformer on a CPU. The variables MALLOC_... of the environment are the user's word and stand; other C
    libraries are left alone.
    """
    if sys.platform == "linux" and not any(name.startswith("MALLOC_") for name in os.environ):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda option, value: 0)
        for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            mallopt(option, KEPT)


def seed_step(seed: int, epoch: int, step: int, device: torch.device) -> None:
    """Makes dropout and augmentation of a step a function of (seed, epoch, step), so that no generator state must be saved."""
    value = mix(seed, epoch, step + 1)
    torch.default_generator.manual_seed(value)
    if device.type == "cuda":
        torch.cuda.manual_seed(value)
    elif device.type == "mps":
        torch.mps.manual_seed(value)


def autocast(device: torch.device, precision: str) -> AbstractContextManager:
    """bfloat16 matrix products where asked for, else nothing."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()


def to_device(inputs: dict[str, Tensor], target: Tensor, device: torch.device) -> tuple[dict[str, Tensor], Tensor]:
    """A batch on the device; one that is there already is handed back as it is."""
    if target.device == device:
        return inputs, target
    return {kind: values.to(device, non_blocking=True) for kind, values in inputs.items()}, target.to(device, non_blocking=True)


def fits(num_bytes: int, device: torch.device) -> bool:
    """Whether data of this size can stay on the accelerator for the whole run: at most half of its free memory."""
    return device.type == "cuda" and num_bytes < torch.cuda.mem_get_info(device)[0] / 2
