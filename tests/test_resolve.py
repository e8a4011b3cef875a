"""Settings of models that do not go together, names from elsewhere, and inputs that a model does not read."""

from __future__ import annotations

import pytest

from plainloop.plain.config import Column, Source, Split
from plainloop.problems import PlainloopError
from plainloop.understand.resolve import Asked, Resolved, resolve

TEXT, NUMBER = Column(name="text", type="text", role="input"), Column(name="price", type="number", role="input")


def resolved(model: str, *columns: Column, **settings: object) -> Resolved:
    asked = Asked(settings, model, data="a.csv", target=("y",))
    target = Column(name="y", type="category", role="target")
    return resolve(
        Source(reader="tables", format="csv", data=("a.csv",)), (*columns, target), "Binary", Split(), 100, asked, device="cpu"
    )


@pytest.mark.parametrize(
    ("model", "column", "setting", "good"),
    [
        ("text_transformer", TEXT, {"heads": "3"}, "model.heads=2"),
        ("table_transformer", NUMBER, {"heads": "5"}, "model.heads=4"),
        ("text_transformer", TEXT, {"width": "130"}, "model.width=128"),
        ("text_rnn", TEXT, {"width": "127"}, "model.width=128"),
        ("text_rnn", TEXT, {"directions": "3"}, "model.directions=2"),
        ("text_rnn", TEXT, {"model.bidirectional": "true"}, "directions=2"),
        ("text_rnn", TEXT, {"bidirectional": "false"}, "directions=1"),
        ("text_rnn", TEXT, {"hidden_size": "64"}, "width=64"),
        ("text_bag", TEXT, {"lr": "0.1"}, "learning_rate=0.1"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_one_that_can(model: str, column: Column, setting: dict[str, str], good: str):
    with pytest.raises(PlainloopError) as caught:
        resolved(model, column, **setting)
    assert caught.value.fix.endswith(f"--set {good}")
    name, value = good.split("=")
    assert resolved(model, column, **{name: value}).config.model.file == model


def test_inputs_that_the_model_does_not_read_are_told():
    said = [str(notice) for notice in resolved("text_cnn", TEXT, NUMBER).notices]
    assert len(said) == 1
    assert 'The model text_cnn reads texts alone; not read: "price".' in said[0]
    assert "--model mixed" in said[0]
    assert not resolved("text_cnn", TEXT).notices
    assert not resolved("mixed", TEXT, NUMBER).notices
