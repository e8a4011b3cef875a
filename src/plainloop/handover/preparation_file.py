"""What stands beside an exported model: how the cells of a row become its inputs, and how its scores become answers.

Every fitted fact as JSON, and the rules in words, so that any language can do it. tests/test_export.py does it with numpy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from ..run_folder import Run

CELLS = (
    "A cell is text without outer white space; it is missing if it is empty or one of `missing`. Then the column's `replace` "
    "turns words into others, and what is one of its `also_missing` is missing too."
)
ENCODE = {
    "number": "Remove the characters of `strip`, read `decimal` as the point; what is not a number then is missing. "
    "z = (value - center) / spread; slot = z / sqrt(1 + (z / 3)^2), or 0 if missing. "
    "If flag: a second slot, 1 if missing, else 0.",
    "boolean": "Slot +1 if the cell is the word `true`, -1 if `false` (in any case; 1.0 is 1), 0 otherwise. "
    "If flag: a second slot, 1 in that last case, else 0.",
    "category": "Code 2 + the place of the cell in `words` (from 0); 1 if missing; 0 for any other word.",
    "datetime": "value = seconds since 1970-01-01 UTC, read by `format` (strptime; empty: ISO 8601). First as a number: "
    "z = (value - center) / spread; slot = z / sqrt(1 + (z / 3)^2), or 0 if missing; if flag: a slot 1 if missing, else 0. "
    "Then for each of `parts` two slots, sine and cosine of 2 pi (value mod period) / period, both 0 if missing; "
    "the period of year is 31556952 s, of week 604800 s, of day 86400 s.",
    "image": "Turn the picture upright by its EXIF mark, lay transparency on white, scale it with antialiasing so that it just "
    "covers `size` (height, width), cut the middle out, as `mode`; uint8 from 0 to 255, channels first. The model standardises.",
    "text": "Load `tokenizer` with Tokenizer.from_str of the package tokenizers; the row is the first `longest` ids of "
    "encode(cell, add_special_tokens=False), or [3] where there are none or the cell is missing. Several columns of texts stand "
    "one behind the other, with 3 between them. A batch is padded behind with 0 to its longest row.",
    "ngrams": "plain/columns/ngrams.py beside the model is the exact rule: words and signs of the text (lower case, markup taken "
    "away where said; letters, where a script does not part words by spaces), pairs of words with a blank between, runs of 2 to "
    "5 letters of each word with a blank around it. Their numbers, ascending: 2 + the place in `singles`, then `pairs`, then "
    "`runs` one list behind the other; or [1] where there are none. A batch is padded behind with 0 to its longest row.",
    "pretrained": "Load `tokenizer` with Tokenizer.from_str of the package tokenizers; no_padding(), then "
    "enable_truncation(`longest`). The row is 1 + each id of encode(cell, add_special_tokens=True), or [1] where there are "
    "none; a missing cell is an empty text. Several columns of texts stand one behind the other. A batch is padded behind with 0 "
    "to its longest row.",
    "window": "The last `lookback` steps before the first step to predict, in the order of time: z = (value - mean) / std, "
    "a missing step takes the last known one before it, or 0. `names`: the series, with a mean and a std each. Of words: a slot "
    "for each of `words`, 1 where the step has it. One slot for each variable, steps along the last axis.",
    "known": "As window, but over the `lookback` steps and the `horizon` steps behind them.",
    "calendar": "Over look-back and horizon, for each of `parts` two slots: sine and cosine of 2 pi (seconds since 1970 mod "
    "period) / period; the period of year is 31556952 s, of week 604800 s, of day 86400 s.",
    "series": "The whole series: z = (value - mean) / std, a missing step takes the last known one before it, or 0; cut at "
    "`length` steps, zeros behind its end.",
    "length": "How many steps the row has, at most `longest`.",
    "tags": "Split the cell (of a list: what its brackets and quotes hold) at `separator`, strip the pieces; "
    "a slot for each of `labels`: 1 if it is among them, else 0.",
}
FLIP = (
    "Score every picture and its mirror image (last axis reversed) and take the mean of the scores; "
    "the file holds the model alone."
)
DECODE = {
    "Binary": "p = sigmoid(scores), mean over members; p is the probability of labels[1]; "
    "the answer is labels[1] if p > 0.5, else labels[0].",
    "Multiclass": "p = softmax(scores) over the last axis, mean over members; p[i] is the probability of labels[i]; "
    "the answer is the label of the largest.",
    "Multilabel": "p = sigmoid(scores), mean over members; p[i] is the probability of labels[i]; "
    "each label with p[i] > thresholds[i] is in the answer, or p[i] > 0.5 where `thresholds` is null.",
    "Regression": "answer = mean of scores over members * std + mean.",
    "Forecast": "scores, mean over members, are `horizon` steps of each target (with the loss quantile, of each its 10, 50 and "
    "90%), the steps outermost. answer = score * std + mean of `scales`; the interval goes from (score + low) * std + mean to "
    "(score + high) * std + mean, with low and high of each step and target (of the 10 and the 90% score).",
    "Sequence": "target_in is the answer so far: 2, and the tokens chosen. scores[:, -1] are those of the next token: take "
    "the largest but for 0, 1 and 2, append it, and score again, until it is 3. Tokenizer.decode of the task's `tokenizer` "
    "gives the text (tokens = bpe); else the tokens joined with a space (word) or nothing between (char).",
}
LOAD = {
    "onnx": "onnxruntime.InferenceSession(FILE).run(['scores'], inputs), inputs a dictionary of numpy arrays",
    "pt2": "torch.export.load(FILE).module()(inputs), inputs a dictionary of tensors. Loading it unpickles, which runs code of "
    "whoever made the file, and torch promises nothing across versions: use it with the torch that wrote it",
    "state_dict": "safetensors.torch.load_file(FILE), for load_state_dict of the model that plain/run.py builds (build_model); "
    "the names of a module of your own have 'module.' before them, those of a list of layers 'layers.'",
}


def slots_of(column: Any) -> int:
    """How many slots of its input a column takes."""
    if column.kind in ("series", "future"):
        return column.shape["variables"] if column.kind == "series" else column.shape
    return column.slots if column.kind == "numbers" else len(column.mean) if column.kind == "image" else 1


def preparation_facts(run: Run, inputs: dict[str, Tensor], scores: Tensor) -> dict[str, Any]:
    """The content of <name>.preparation.json. inputs, scores: those of a few rows, for their shapes."""
    config, preparation = run.config, run.preparation
    types = {column.name: column for column in config.columns}
    first: dict[str, int] = dict.fromkeys(inputs, 0)
    columns = []
    for name, column in preparation.columns.items():
        slots = slots_of(column)
        told = types[name]
        columns.append(
            {
                "name": name,
                "type": told.type,
                "input": column.kind,
                "first_slot": first[column.kind],
                "slots": slots,
                "strip": told.strip,
                "format": told.format,
                "true": told.true,
                "false": told.false,
                "replace": dict(told.replace),
                "also_missing": list(told.also_missing),
                **column.state(),
            }
        )
        first[column.kind] += slots
    used = dict.fromkeys(column["type"] for column in columns)
    return {
        "readme": {
            "cells": CELLS,
            "encode": {
                kind: ENCODE[config.text.tokens if kind == "text" and config.text.tokens in ENCODE else kind] for kind in used
            },
            "decode": DECODE[config.task.name],
            **({"predict": FLIP} if config.augment.flip_average else {}),
            "load": LOAD,
        },
        "run": {"weights_sha256": run._content["result"]["weights_sha256"], "torch": run._content["made"]["torch"]},
        "inputs": {
            kind: {
                "dtype": str(values.dtype).removeprefix("torch."),
                "shape": ["rows", *(["tokens"] if kind in ("text", "target_in") else values.shape[1:])],
            }
            for kind, values in inputs.items()
        },
        "columns": columns,
        "missing": list(config.source.missing),
        "decimal": config.source.decimal,
        "task": {
            "name": config.task.name.lower(),
            "targets": [column.name for column in config.targets],
            **preparation.task.state(),
        },
        "scores": {
            "dtype": "float32",
            "shape": ["rows", *scores.shape[1:]],
            "axes": "rows, members, outputs" if scores.dim() == 3 else "rows, outputs",
        },
    }
