"""The pre-flight beside its catalogue: what it may not change, what it takes for data, how it answers, what it costs."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import plainloop
from plainloop.plain.config import read
from plainloop.plain.run import run as plain_run
from plainloop.plain.run import weights_digest
from plainloop.training import Talk
from plainloop.understand.check_problems_data import DataUnusable, WrongLabelType
from plainloop.understand.check_problems_training import GraphKept, LearningRateOutOfScale
from plainloop.understand.check_trace import tensors_in
from plainloop.understand.setting_problems import BadSetting
from small import plainloop as command
from small import write_csv

LOSS = nn.CrossEntropyLoss()


class Net(nn.Module):
    """Batch normalisation and dropout: what a try could leave traces in."""

    def __init__(self, in_features: int = 4, num_classes: int = 3):
        super().__init__()
        self.a, self.norm = nn.Linear(in_features, 16), nn.BatchNorm1d(16)
        self.drop, self.b = nn.Dropout(0.3), nn.Linear(16, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.drop(torch.relu(self.norm(self.a(x)))))


def rows(n: int = 96) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    return torch.randn(n, 4, generator=draw), torch.randint(0, 3, (n,), generator=draw)


class Augmented(Dataset):
    """Draws from all three generators, as augmentation does."""

    def __init__(self) -> None:
        self.x, self.y = rows()

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        noise = random.random() + np.random.rand() + torch.rand(()).item()
        return self.x[i] + 0.01 * noise, int(self.y[i])


def trained(check: bool, own_generator: bool) -> list[Tensor]:
    """Weights and statistics after an epoch of a loop of the user's own, with the check before it or without."""
    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(3)
    model = Net()
    generator = torch.Generator().manual_seed(5) if own_generator else None
    loader = DataLoader(Augmented(), batch_size=16, shuffle=True, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    if check:
        assert plainloop.check(model, loader, loss=LOSS, optimizer=optimizer).findings == []
    for x, y in loader:
        optimizer.zero_grad()
        LOSS(model(x), y).backward()
        optimizer.step()
    drawn = [torch.rand(3), torch.tensor(np.random.rand()), torch.tensor(random.random())]  # the generators go on alike
    return [*(t.clone() for t in model.state_dict().values()), *drawn]


@pytest.mark.parametrize("own_generator", [False, True])
def test_a_loop_of_ones_own_gives_the_same_bits_with_the_check_and_without(own_generator: bool):
    with_it, without = trained(True, own_generator), trained(False, own_generator)
    assert all(torch.equal(a, b) for a, b in zip(with_it, without, strict=True))


def test_model_optimizer_data_and_modes_are_left_as_they_were():
    model, (x, y) = Net(), rows()
    model.drop.eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    LOSS(model(x), y).backward()
    optimizer.step()
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict(), [p.grad for p in model.parameters()], x, y))
    modes = [module.training for module in model.modules()]
    threads, precision = torch.get_num_threads(), torch.get_default_dtype()
    plainloop.check(model, (x, y), loss=LOSS, optimizer=optimizer)
    after = (model.state_dict(), optimizer.state_dict(), [p.grad for p in model.parameters()], x, y)
    flat_before, flat_after = list(tensors_in(before)), list(tensors_in(after))
    assert len(flat_before) == len(flat_after) > 15
    assert all(torch.equal(a, b) for a, b in zip(flat_before, flat_after, strict=True))
    assert modes == [module.training for module in model.modules()]
    assert (threads, precision) == (torch.get_num_threads(), torch.get_default_dtype())


class Uncopied(nn.Module):
    """A tensor with a graph as an attribute: it cannot be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.norm = nn.BatchNorm1d(3)
        self.double = self.fc.weight * 2

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x @ self.double.T)


def test_a_model_that_cannot_be_copied_is_tried_itself_and_put_back():
    model = Uncopied()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = copy.deepcopy(model.state_dict())
    found = plainloop.check(model, rows(), loss=LOSS, optimizer=optimizer)
    assert type(found.findings[0]) is GraphKept
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_a_run_has_the_same_weights_with_the_check_and_without(tmp_path: Path):
    """`train` checks; the plain run that the run folder describes does not."""
    data = write_csv(tmp_path / "pets.csv", "Multiclass", rows=150)
    (tmp_path / "mynet.py").write_text(MYNET, encoding="utf-8")
    for model in ("table_mlp", f"{tmp_path / 'mynet.py'}:MyNet"):
        folder = tmp_path / model.rpartition("/")[2].replace(":", "-")
        run = plainloop.train(data, "label", model=model, output=str(folder), epochs=2, baseline=False, talk=Talk(quiet=True))
        (folder / "again").mkdir()
        plain_run(read(run.folder / "run.toml"), run.folder, folder / "again", say=lambda text: None)
        assert weights_digest(folder / "again") == weights_digest(run.folder)


MYNET = """
import torch
from torch import nn


class MyNet(nn.Module):
    def __init__(self, in_features, num_classes):
        super().__init__()
        self.first = nn.Linear(in_features, 8)
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(8, num_classes)

    def forward(self, x):
        return self.last(self.drop(torch.relu(self.norm(self.first(x)))))
"""


class Stream(IterableDataset):
    def __iter__(self) -> Iterator[Any]:
        return iter(zip(*rows(), strict=True))


class Items:
    """No torch Dataset, but it has what one needs."""

    def __len__(self) -> int:
        return 50

    def __getitem__(self, i: int) -> dict[str, Any]:
        return {"x": torch.ones(4) * i / 50, "y": i % 3}


FORMS: dict[str, Any] = {
    "tensors": rows(),
    "arrays": tuple(t.numpy() for t in rows()),
    "dataset": TensorDataset(*rows()),
    "loader": DataLoader(TensorDataset(*rows()), batch_size=7),
    "loader with processes": DataLoader(TensorDataset(*rows()), batch_size=8, num_workers=2),
    "stream": DataLoader(Stream(), batch_size=16),
    "rows": list(zip(*rows(), strict=True)),
    "batches": [tuple(t[i : i + 8] for t in rows()) for i in range(0, 96, 8)],
    "dictionaries": Items(),
    "dictionary": {"x": rows()[0], "y": rows()[1]},
}


@pytest.mark.parametrize("form", FORMS)
def test_data_comes_in_many_forms(form: str):
    found = plainloop.check(nn.Linear(4, 3), FORMS[form], loss=LOSS)
    assert found.findings == [], str(found)
    assert found.rows > 2


def test_frames_do_and_other_things_are_refused():
    import pandas as pd

    x, y = rows()
    found = plainloop.check(nn.Linear(4, 3), (pd.DataFrame(x.numpy()), pd.Series(y.numpy())), loss=LOSS)
    assert found.findings == [], str(found)
    with pytest.raises(BadSetting, match="setting task cannot be"):
        plainloop.check(nn.Linear(4, 3), rows(), task="clasification")
    assert type(plainloop.check(nn.Linear(4, 3), 17, loss=LOSS).findings[0]) is DataUnusable


def test_the_answer_says_what_was_looked_at_or_what_is_wrong():
    good = plainloop.check(nn.Linear(4, 3), rows(), loss=LOSS)
    assert good.ok
    assert str(good).startswith("nothing wrong found: 31 rows through forward, loss, backward and steps on cpu")
    assert good.raise_for_errors() is good
    x, y = rows()
    bad = plainloop.check(nn.Linear(4, 3), (x, y.float()), loss=LOSS)
    assert not bad.ok
    assert str(bad).splitlines()[0].startswith("error: cross_entropy gets labels of float32")
    assert str(bad).splitlines()[-1] == "  Fix: y = y.long()"
    with pytest.raises(WrongLabelType):
        bad.raise_for_errors()
    assert json.loads(json.dumps(bad.as_dict()))["findings"][0]["name"] == "WrongLabelType"


def test_a_small_model_costs_well_under_a_second():
    optimizer = torch.optim.Adam((model := Net()).parameters())  # torch imports much with its first optimizer
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        plainloop.check(model, rows(), loss=LOSS, optimizer=optimizer)
        best = min(best, time.process_time() - begun)
    assert best < 0.5


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("check") / "pets.csv", "Multiclass", rows=150)


def test_the_command_ends_with_2_for_an_error_and_0_for_none(table: Path, tmp_path: Path):
    (tmp_path / "mynet.py").write_text(MYNET, encoding="utf-8")
    (tmp_path / "narrow.py").write_text(MYNET.replace("nn.Linear(8, num_classes)", "nn.Linear(8, 2)"), encoding="utf-8")
    done = command("check", table, "--target", "label", "--model", tmp_path / "mynet.py")
    assert (done.returncode, done.stdout[:19]) == (0, "nothing wrong found"), done.stderr
    done = command("check", table, "--target", "label", "--model", tmp_path / "narrow.py")
    assert done.returncode == 2
    assert "narrow.py:12: self.last = nn.Linear(8, 2)" in done.stderr
    assert "Fix: self.last = nn.Linear(8, 3)" in done.stderr
    done = command("check", table, "--target", "label", "--model", tmp_path / "narrow.py", "--json")
    assert done.returncode == 2
    assert [finding["name"] for finding in json.loads(done.stdout)["findings"]] == ["WrongOutputWidth"]


def test_train_says_what_the_check_noticed_and_goes_on(table: Path, tmp_path: Path):
    lines: list[str] = []
    options = {"output": str(tmp_path / "run"), "epochs": 1, "baseline": False, "learning_rate": 30.0, "model": "table_linear"}
    plainloop.train(table, "label", **options, talk=Talk(say=lines.append))
    said = [line for line in lines if "With a learning rate of 30" in line]
    assert len(said) == 1
    found = plainloop.check("table_linear", table, "label", learning_rate=30.0)
    assert found.ok
    assert [type(finding) for finding in found.findings] == [LearningRateOutOfScale]


@pytest.mark.parametrize("kind", ["Binary", "Multiclass", "Regression"])
@pytest.mark.parametrize("model", ["table_mlp", "table_linear", "table_transformer"])
def test_models_of_plainloop_give_no_alarm(kind: str, model: str, tmp_path: Path):
    data = write_csv(tmp_path / "pets.csv", kind, rows=120)
    found = plainloop.check(model, data, "price" if kind == "Regression" else "label")
    assert found.findings == [], str(found)
    assert found.skipped == ()
