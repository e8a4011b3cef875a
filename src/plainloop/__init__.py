"""plainloop: from labelled data to a trained, judged, saved PyTorch model, and the plain code that made it.

The names are bound on first use, so that `import plainloop` does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .api import (
        compare,
        eject,
        evaluate,
        export,
        inspect,
        load,
        lr_find,
        lr_sweep,
        predict,
        resume,
        retrain,
        runs,
        train,
        tune,
    )
    from .problems import Notice, PlainloopError
    from .run_folder import Run
    from .sklearn import PlainloopClassifier, PlainloopRegressor

_HOMES = {
    **dict.fromkeys(
        [
            "check",
            "compare",
            "eject",
            "evaluate",
            "export",
            "inspect",
            "load",
            "lr_find",
            "lr_sweep",
            "predict",
            "resume",
            "retrain",
            "runs",
            "train",
            "tune",
        ],
        "api",
    ),
    "PlainloopClassifier": "sklearn",
    "PlainloopRegressor": "sklearn",
    "Run": "run_folder",
    "Notice": "problems",
    "PlainloopError": "problems",
}
__all__ = [
    "Notice",
    "PlainloopClassifier",
    "PlainloopError",
    "PlainloopRegressor",
    "Run",
    "__version__",
    "check",
    "compare",
    "eject",
    "evaluate",
    "export",
    "inspect",
    "load",
    "lr_find",
    "lr_sweep",
    "predict",
    "resume",
    "retrain",
    "runs",
    "train",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"plainloop has no name {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
