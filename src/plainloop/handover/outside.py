"""Loads an exported model where plainloop cannot be imported, and says how far its scores are from those that were expected.

export.py runs this file in a process of its own:

    python -I outside.py onnx|pt2|state_dict MODEL ROWS.npz RUN_FOLDER

It prints the largest difference over batches of 1, 7 and all rows. RUN_FOLDER counts for state_dict alone, whose model is built
by the files that lie there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np

Inputs = dict[str, np.ndarray]


def scorer(form: str, model: str, run: str) -> Callable[[Inputs], np.ndarray]:
    """The function from inputs to scores that the exported file holds."""
    if form == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        return lambda inputs: session.run(["scores"], inputs)[0]
    import torch

    module = torch.export.load(model).module() if form == "pt2" else built(model, run)

    def scores(inputs: Inputs) -> np.ndarray:
        with torch.inference_mode():
            return module({kind: torch.from_numpy(values) for kind, values in inputs.items()}).numpy()

    return scores


def built(weights: str, run: str) -> Callable:
    """The model that the files of the run folder make of the exported weights."""
    from safetensors.torch import load_file

    sys.path.insert(0, run)
    config = import_module("plain.config").read(Path(run) / "run.toml")
    path_of_a_run = import_module("plain.run")
    state = path_of_a_run.read_json(Path(run) / "prepared.json")
    preparation = import_module("plain.prepare").Preparation.from_state(config, state)
    model = path_of_a_run.build_model(config, preparation, Path(run))
    model.load_state_dict(load_file(weights))
    return model.eval()


def main(form: str, model: str, rows: str, run: str) -> None:
    sys.modules["plainloop"] = None  # type: ignore[assignment]  # from here on importing it fails
    with np.load(rows) as arrays:
        expected = arrays["scores"]
        inputs = {name.removeprefix("input_"): arrays[name] for name in arrays.files if name != "scores"}
    scores = scorer(form, model, run)
    differences = []
    for number in (1, 7, len(expected)):
        found = scores({kind: values[:number] for kind, values in inputs.items()})
        if found.shape != expected[:number].shape:
            sys.exit(f"scores of shape {found.shape} for {number} rows, expected {expected[:number].shape}")
        differences.append(np.abs(found - expected[:number]).max())
    print(float(np.max(differences)))  # NaN where any is NaN


if __name__ == "__main__":
    main(*sys.argv[1:])
