"""plainloop: from labelled data to a trained, judged, saved PyTorch model, and the plain code that made it.

The names are bound on first use, so that `import plainloop` does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .api import check, eject, evaluate, export, inspect, load, predict, resume, runs, train
    from .problems import Notice, PlainloopError
    from .run_folder import Run

_HOMES = {
    **dict.fromkeys(["check", "eject", "evaluate", "export", "inspect", "load", "predict", "resume", "runs", "train"], "api"),
    "Run": "run_folder",
    "Notice": "problems",
    "PlainloopError": "problems",
}
__all__ = [
    "Notice",
    "PlainloopError",
    "Run",
    "__version__",
    "check",
    "eject",
    "evaluate",
    "export",
    "inspect",
    "load",
    "predict",
    "resume",
    "runs",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"plainloop has no name {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
