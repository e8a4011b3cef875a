# needs: transformers
"""pretrained: a network that has learned from other data, with a new linear layer on top. Copied into ejected projects.

Its architecture stands in run.toml, the content of the config.json of a directory that `save_pretrained` of transformers wrote;
its first weights are read from that directory when training begins, and never from the network. The settings `freeze` and
`body_rate` of the loop let the new layer learn first and the body after it, with smaller steps: the body's knowledge is not
spoiled by the first gradients of a random layer (Kumar et al. 2022, arXiv 2202.10054).

Axes: B examples, C channels, H height, W width, T tokens or patches, D width of the body's result, out outputs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .pretrained_faults import NotPretrained, NoTransformers

NAMES = ("config.json", "tokenizer.json")  # what counts beside the weights


class Model(nn.Module):
    """The body without a head of its own, then one linear layer on its result.

    architecture: the content of config.json. mean, std: of each channel, in units of the pixels' 0 to 255, as the body saw them
    when it learned; empty: those of the train rows.

    Shape: inputs "image" uint8 (B, C, H, W), or "text" int64 (B, T): 0 for padding, else 1 more than the number that the
    directory's own tokenizer gives the token -> scores float32 (B, out).
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        shapes: dict[str, Any],
        num_outputs: int,
        *,
        architecture: str,
        mean: Sequence[float] = (),
        std: Sequence[float] = (),
        dropout: float = 0.0,
    ):
        super().__init__()
        self.body = body_of(json.loads(architecture))
        image = shapes.get("image", {"mean": [0.0], "std": [1.0]})
        self.register_buffer("mean", torch.tensor(list(mean) or image["mean"]).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(list(std) or image["std"]).view(-1, 1, 1))
        self.dropout = nn.Dropout(dropout)
        with torch.no_grad():
            width = self.eval().result(one_row(shapes)).shape[1]
        self.head = nn.Linear(width, num_outputs)
        self.train()

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.head(self.dropout(self.result(inputs)))

    def result(self, inputs: dict[str, Tensor]) -> Tensor:
        """What the body makes of each example: its pooled channels, or its first patch or token beside the mean of all of them.

        The first one sums up the others in most bodies; in those where it does not, the mean is there (as Oquab et al. 2023,
        arXiv 2304.07193, read out theirs). Shape: (B, D), D twice the width of the body where there are tokens.
        """
        if "image" in inputs:
            made = self.body(pixel_values=(inputs["image"].float() - self.mean) / self.std)
            if made.last_hidden_state.dim() == 4:
                return made.pooler_output.flatten(1)  # (B, D, 1, 1) -> (B, D)
            tokens = made.last_hidden_state  # (B, T, D)
            return torch.cat([tokens[:, 0], tokens.mean(1)], 1)
        known = inputs["text"] > 0  # (B, T)
        made = self.body(input_ids=(inputs["text"] - 1).clamp_min(0), attention_mask=known.long())
        tokens, weights = made.last_hidden_state, known[:, :, None].float()
        return torch.cat([tokens[:, 0], (tokens * weights).sum(1) / weights.sum(1).clamp_min(1)], 1)

    def begin_with(self, directory: Path) -> None:
        """Gives the body the weights of a directory. Raises: NotPretrained where they are not all there."""
        from transformers import AutoModel

        with quiet():
            try:
                body, told = AutoModel.from_pretrained(
                    str(directory), local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
                )
            except (OSError, ValueError, RuntimeError, KeyError) as error:
                raise NotPretrained(str(directory), first_line(error)) from error
        wanted, there = self.body.state_dict(), body.state_dict()
        absent = [name for name in wanted if name in told["missing_keys"] or name not in there]
        if absent:
            raise NotPretrained(str(directory), f"it lacks {len(absent)} of {len(wanted)} weights, such as {absent[0]}")
        self.body.load_state_dict({name: there[name] for name in wanted})


def body_of(facts: dict[str, Any]) -> nn.Module:
    """The network of a config.json, its weights at random. Raises: NoTransformers."""
    try:
        from transformers import CONFIG_MAPPING, AutoModel
    except ImportError as error:
        raise NoTransformers() from error
    with quiet():
        body = AutoModel.from_config(CONFIG_MAPPING[facts["model_type"]].from_dict(facts), dtype=torch.float32)
    if any(True for _ in getattr(body, "pooler", nn.Identity()).parameters()):
        body.pooler = None  # a layer of its own after the last one, which many directories have no weights for
    return body


def one_row(shapes: dict[str, Any]) -> dict[str, Tensor]:
    """A row of nothing, to see how wide the result is."""
    if "image" in shapes:
        return {"image": torch.zeros(1, shapes["image"]["channels"], *shapes["image"]["size"], dtype=torch.uint8)}
    return {"text": torch.ones(1, 2, dtype=torch.int64)}


def digest(directory: Path) -> str:
    """SHA-256 over config.json, the tokenizer and the weights of a directory, "" where it is not there."""
    total = hashlib.sha256()
    for path in sorted([*(directory / name for name in NAMES), *directory.glob("*.safetensors")]) if directory.is_dir() else []:
        if path.is_file():
            with open(path, "rb") as file:
                total.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest() if directory.is_dir() else ""


def first_line(error: Exception) -> str:
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:150].rstrip(".")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps the bars and the tables of transformers off the terminal; what matters in them is said by NotPretrained."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
