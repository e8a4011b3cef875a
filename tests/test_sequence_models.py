"""Models of sequences, and how they write: with a cache as without, along one beam as greedily, alone as among others."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from plainloop.plain.checkpoint import load_weights, save_weights
from plainloop.plain.decode import Decoding, beams, decode, drawn, log_probabilities
from plainloop.plain.models.sequence_rnn import reversed_rows
from plainloop.plain.models.sequence_transformer import Dropout
from small import same_tensors

START, END, WORDS, LONGEST = 2, 3, 23, 14
GREEDY = Decoding()
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "transformer": ("sequence_transformer", {"width": 24, "depth": 2, "heads": 2}),
    "transformer, separate words": ("sequence_transformer", {"width": 24, "depth": 1, "heads": 2, "shared": False}),
    "lstm": ("sequence_rnn", {"width": 24, "cell": "lstm"}),
    "gru, two layers": ("sequence_rnn", {"width": 20, "cell": "gru", "depth": 2}),
    "lstm, two layers, odd": ("sequence_rnn", {"width": 15, "depth": 2, "shared": False}),
}
every_model = pytest.mark.parametrize("name", MODELS)


def build(name: str, seed: int = 0, **more: Any) -> nn.Module:
    file, settings = MODELS[name]
    settings = {"dropout": 0.2, **settings, **more}
    shared = settings.pop("shared", True)
    torch.manual_seed(seed)
    shapes = {"text": {"vocabulary": WORDS if shared else 31}, "target": {"shared": shared}}
    return import_module(f"plainloop.plain.models.{file}").Model(shapes, WORDS, **settings)


def sources(rows: int = 9, seed: int = 1) -> Tensor:
    """Rows of different lengths, padded behind. Shape: int64 (rows, 8)."""
    random = torch.Generator().manual_seed(seed)
    tokens = torch.randint(4, WORDS, (rows, 8), generator=random)
    lengths = torch.randint(1, 9, (rows, 1), generator=random)
    lengths[0] = 8
    return tokens.where(torch.arange(8) < lengths, 0)


def targets(rows: int = 9, seed: int = 2) -> Tensor:
    shifted = sources(rows, seed)
    shifted[:, 0] = START
    return shifted


@lru_cache(maxsize=8)
def taught(name: str) -> nn.Module:
    """A model that has learned to turn a dozen rows round, in evaluation mode; in float64, so that nothing hangs on rounding."""
    model, text = build(name, dropout=0.0), sources(12)
    back = turned_round(text)
    target_in = nn.functional.pad(back, (1, 0), value=START)[:, :-1]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(100):
        scores = model({"text": text, "target_in": target_in.where(target_in != END, 0)})
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), back.flatten(), ignore_index=0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval().double()


def turned_round(text: Tensor) -> Tensor:
    """The rows from their last token to their first, and then the end."""
    lengths = (text != 0).sum(1)
    back = nn.functional.pad(reversed_rows(text, lengths), (0, 1))
    back[torch.arange(len(text)), lengths] = END
    return back


def without_cache(model: nn.Module, text: Tensor) -> Tensor:
    """The most probable tokens, each from the whole answer so far. Shape: (1, T)."""
    written = torch.full((1, 1), START)
    for _ in range(LONGEST):
        scores = model({"text": text, "target_in": written})[:, -1]
        scores[:, [0, START]] = -torch.inf
        written = torch.cat([written, scores.argmax(-1, keepdim=True)], 1)
        if written[0, -1] == END:
            break
    return written[:, 1:]


def answers(model: nn.Module, text: Tensor, how: Decoding = GREEDY) -> list[list[int]]:
    with torch.no_grad():
        words, logs = decode(model, {"text": text}, how, start=START, end=END, longest=LONGEST, never=[START])
    assert words.shape == logs.shape
    assert (logs[words == 0] == 0).all()
    return [[token for token in row if token] for row in words.tolist()]


@every_model
def test_scores_of_every_word_for_every_place(name: str):
    model = build(name)
    scores = model({"text": sources(), "target_in": targets()})
    assert scores.shape == (9, 8, WORDS)
    assert scores.dtype == torch.float32
    scores.square().mean().backward()
    assert [label for label, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum()] == []


@every_model
def test_padding_changes_nothing(name: str):
    model = build(name).eval().double()
    text, target_in = sources(), targets()
    wide = {"text": nn.functional.pad(text, (0, 5)), "target_in": nn.functional.pad(target_in, (0, 3))}
    with torch.no_grad():
        whole = model({"text": text, "target_in": target_in})
        padded = model(wide)[:, : target_in.shape[1]]
        for row in range(len(text)):
            source, target = text[row : row + 1], target_in[row : row + 1]
            alone = model({"text": source[:, source[0] != 0], "target_in": target[:, target[0] != 0]})
            assert torch.allclose(whole[row, : alone.shape[1]], alone[0], atol=1e-10)
    assert torch.allclose(whole, padded, atol=1e-10)


@every_model
def test_no_place_sees_what_comes_later(name: str):
    model = build(name).eval()
    text, target_in = sources(), targets()
    other = target_in.clone()
    other[:, 5:] = 7
    with torch.no_grad():
        one, two = (model({"text": text, "target_in": tokens}) for tokens in (target_in, other))
    assert torch.allclose(one[:, :5], two[:, :5], atol=1e-6)
    assert not torch.allclose(one[:, 5:], two[:, 5:], atol=1e-6)


@every_model
def test_with_a_cache_it_writes_what_it_writes_without(name: str):
    model, text = taught(name), sources(20, seed=7)
    written = answers(model, text)
    assert len({tuple(row) for row in written}) > 10
    with torch.no_grad():
        assert written == [without_cache(model, text[row : row + 1])[0].tolist() for row in range(20)]


@every_model
def test_one_beam_is_greedy(name: str):
    model, text = taught(name), sources(20, seed=7)
    with torch.no_grad():
        words, _ = beams(model, {"text": text}, 1, 1.0, start=START, end=END, longest=LONGEST, never=[START])
    assert [[token for token in row if token] for row in words.tolist()] == answers(model, text)


@every_model
@pytest.mark.parametrize("how", [GREEDY, Decoding(beam=4), Decoding(temperature=2.0, seed=5), Decoding(temperature=2.0, top=4)])
def test_a_row_is_answered_alone_as_among_others(name: str, how: Decoding):
    model, text = taught(name), sources(20, seed=7)
    together = answers(model, text, how)
    assert together == [answers(model, text[row : row + 1, : int((text[row] != 0).sum())], how)[0] for row in range(20)]
    assert together == [row for part in text.split(5) for row in answers(model, part, how)]


def every_answer(model: nn.Module, text: Tensor, longest: int) -> dict[tuple[int, ...], float]:
    """The log-probability of every answer of up to `longest` tokens that ends."""
    found, open_ = {}, [((), 0.0)]
    for _ in range(longest):
        further = []
        for words, total in open_:
            scores = model({"text": text, "target_in": torch.tensor([[START, *words]])})[0, -1]
            scores[[0, START]] = -torch.inf
            logs = scores.log_softmax(-1)
            for word in range(len(logs)):
                if logs[word] > -torch.inf:
                    one = ((*words, word), total + float(logs[word]))
                    (found.update([one]) if word == END else further.append(one))
        open_ = further
    return found


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_wide_beam_finds_the_most_probable_answer(penalty: float):
    torch.manual_seed(5)
    file = import_module("plainloop.plain.models.sequence_rnn")
    model = file.Model({"text": {"vocabulary": 7}, "target": {"shared": True}}, 7, width=8).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
        text = torch.tensor([[4, 5, 6]])
        every = every_answer(model, text, 4)
        best = max(every, key=lambda words: every[words] / len(words) ** penalty)
        words, logs = decode(model, {"text": text}, Decoding(400, penalty), start=START, end=END, longest=4, never=[START])
    assert tuple(words[0, words[0] > 0].tolist()) == best
    assert float(logs.sum()) == pytest.approx(every[best], abs=1e-4)


def test_drawn_answers_follow_the_seed_and_the_probabilities():
    model, text = taught("lstm"), sources(5)
    one, same, other = (answers(model, text, Decoding(temperature=3.0, seed=seed)) for seed in (1, 1, 2))
    assert one == same != other
    with torch.no_grad():  # a seed and a text give one answer: of one text, as many draws as there are seeds
        scores, _ = model.step(model.start({"text": text[:1]}), torch.tensor([START]))
    logs = log_probabilities(scores, [START])
    found = [int(drawn(Decoding(temperature=1.0, seed=seed), text[:1])(logs, torch.tensor([0]))) for seed in range(2000)]
    first = torch.bincount(torch.tensor(found), minlength=WORDS) / 2000
    assert torch.allclose(first.double(), logs.exp()[0].double(), atol=0.05)
    boldest = answers(model, text[:5], Decoding(temperature=1.0, top=1))
    assert boldest == answers(model, text[:5])


@every_model
def test_what_it_looks_at_adds_up_to_one_and_is_no_padding(name: str):
    model = build(name).eval()
    text = sources()
    with torch.no_grad():
        weights = model.attention({"text": text, "target_in": targets()})
    assert weights.shape == (9, 8, 8)
    assert torch.allclose(weights.sum(-1), torch.ones(9, 8))
    assert (weights.sum(1)[text == 0] == 0).all()


@every_model
def test_it_learns_to_turn_rows_round(name: str):
    right = [[token for token in row if token] for row in turned_round(sources(12)).tolist()]
    assert answers(taught(name), sources(12)) == right


@every_model
def test_saved_and_loaded_it_is_the_same(name: str, tmp_path: Path):
    model, inputs = build(name, 1).eval(), {"text": sources(), "target_in": targets()}
    save_weights(tmp_path / "weights.safetensors", model.state_dict())
    other = build(name, 2).eval()
    other.load_state_dict(load_weights(tmp_path / "weights.safetensors"))
    assert same_tensors(other.state_dict(), model.state_dict())
    with torch.no_grad():
        assert torch.equal(other(inputs), model(inputs))


def test_dropout_loses_its_share_and_keeps_the_mean():
    drop, x = Dropout(0.25), torch.ones(500, 321, requires_grad=True)
    torch.manual_seed(0)
    found = drop(x)
    assert float((found == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert found.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert float(found.detach().mean()) == pytest.approx(1.0, abs=0.01)
    torch.manual_seed(0)
    assert torch.equal(drop(x), found)
    assert not torch.equal(drop(x), found)
    (found.sum()).backward()
    assert torch.equal(x.grad, found)
    rows = found.detach().bool().float()
    assert abs(float(torch.corrcoef(rows[:, :2].T)[0, 1])) < 0.15  # places beside each other are drawn apart
    assert torch.equal(drop.eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)


def test_rows_are_turned_within_their_lengths():
    rows = torch.tensor([[1, 2, 3, 0], [4, 0, 0, 0]])
    assert reversed_rows(rows, torch.tensor([3, 1])).tolist() == [[3, 2, 1, 0], [4, 0, 0, 0]]
