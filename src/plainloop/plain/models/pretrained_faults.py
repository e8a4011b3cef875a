"""What can be wrong with a directory of a pretrained model. Copied into ejected projects beside pretrained.py."""

from __future__ import annotations

from dataclasses import dataclass

from ..faults import Fault


@dataclass(eq=False)
class NoTransformers(Fault):
    """A pretrained model where the package that builds it is not installed.

    What it does: refuses to build the model of `--model hf:DIR` without the package transformers.
    Why: its architectures are written there; plainloop does not require the package.
    Example: `plainloop train photos --model hf:vit-base` in a new environment
    Fix: install the package.
    """

    def __post_init__(self) -> None:
        self.what = "The model is a pretrained one, and the package transformers is not installed."
        self.expected = "Expected transformers, in which the architectures of pretrained models are written."
        self.why = "plainloop does not require it, because most models do without."
        self.fix = 'pip install "plainloop[pretrained]"'

    @classmethod
    def example(cls) -> NoTransformers:
        return cls()


@dataclass(eq=False)
class NotPretrained(Fault):
    """A directory that holds no pretrained model, or not all of one.

    What it does: refuses a directory of `--model hf:DIR` without config.json or without weights as safetensors, one whose
    architecture transformers does not know, and one whose weights leave a part of the model at random; for texts also one without
    tokenizer.json, one whose tokens the model does not have, and a model with a decoder.
    Why: nothing is fetched from the network, pickled weights would run code of whoever wrote them, and a body with random parts
    is not pretrained.
    Example: `plainloop train photos --model hf:vit-base` where vit-base holds pytorch_model.bin
    Fix: write the model there with `save_pretrained`.
    """

    directory: str
    found: str

    def __post_init__(self) -> None:
        self.what = f"{self.directory} is no directory of a pretrained model: {self.found}."
        self.expected = "Expected config.json and model.safetensors, as save_pretrained of transformers writes them."
        self.why = "Nothing is fetched from the network, and pickled weights are not opened: they can run code."
        if "tokenizer.json" in self.found:
            self.expected = (
                "Expected tokenizer.json, config.json and model.safetensors, as save_pretrained of transformers writes them."
            )
            self.why = "The words are numbers to the model, and only its own tokenizer knows which."
            self.fix = (
                f'write it in Python: tokenizer.save_pretrained("{self.directory}"); then: plainloop train DATA --model hf:DIR'
            )
            return
        self.fix = f'write it in Python: model.save_pretrained("{self.directory}"); then: plainloop train DATA --model hf:DIR'

    @classmethod
    def example(cls) -> NotPretrained:
        return cls("vit-base", "it has pytorch_model.bin and no safetensors")
