"""A pretrained model of texts from a directory: its own tokens, what stands around a text, its limit, and what is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

import plainloop
from outcomes import words
from plainloop.plain.columns.pieces import Pieces
from plainloop.plain.config import Column
from plainloop.plain.models.pretrained_faults import NotPretrained
from plainloop.plain.ragged import Ragged
from plainloop.plain.run import DataChanged
from plainloop.plain.table import Table
from plainloop.training import Talk
from plainloop.understand.pretrained import pretrained
from plainloop.understand.setting_problems import BadSetting, ModelDoesNotFit
from test_pretrained import ALONE
from test_pretrained import directory as of_pictures
from texts import BAD, GOOD, OTHER, review

has_transformers = pytest.mark.skipif(find_spec("transformers") is None, reason="the package transformers is not installed")
TINY = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "hidden_size": 16}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


@lru_cache
def tokenizer(around: bool = True) -> str:
    """The JSON of a tokenizer of pieces of words, trained on the words of the reviews; training it again gives other numbers."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(GOOD + OTHER + BAD, trainers.WordPieceTrainer(special_tokens=SPECIAL, vocab_size=300))
    if around:
        made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    made.enable_padding(length=64)  # as some directories have it: it must not count
    return made.to_str()


def directory(place: Path, **facts: Any) -> Path:
    """A tiny BERT as save_pretrained writes it, with the head of another task and a tokenizer of its own."""
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(7)
    size = Tokenizer.from_str(tokenizer()).get_vocab_size()
    BertForMaskedLM(BertConfig(**{**TINY, "vocab_size": size, "max_position_embeddings": 32, **facts})).save_pretrained(place)
    (place / "tokenizer.json").write_text(tokenizer(), encoding="utf-8")
    return place


def source(path: Path, kind: str, rows: int = 80) -> tuple[Path, str]:
    """A CSV file of reviews, and its targets."""
    random = np.random.default_rng(1)
    header, lines = {"Multilabel": "review,good,bad"}.get(kind, "review,liked"), []
    for i in range(rows):
        text = review("pos" if i % 2 else "neg", random)
        end = {"Binary": ("no", "yes")[i % 2], "Multiclass": ("no", "yes", "so so")[i % 3], "Multilabel": f"{i % 2},{1 - i % 2}"}
        lines.append(f"{text},{end.get(kind, f'{1 + 3 * (i % 2) + random.random():.3f}')}")
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path, header.partition(",")[2]


def trained(place: Path, kind: str = "Binary", **options: Any) -> plainloop.Run:
    data, target = source(place / f"{kind}.csv", kind)
    body = directory(place / "bert") if not (place / "bert").exists() else place / "bert"
    settings = {"epochs": 4, "baseline": False, "set": ["freeze=0.5"], **options}
    return plainloop.train(data, target, model=f"hf:{body}", output=str(place / f"run-{kind}"), talk=Talk(quiet=True), **settings)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> plainloop.Run:
    return trained(tmp_path_factory.mktemp("bert"), baseline=True)


def test_the_column_is_what_the_tokenizer_says_plus_one():
    texts = ["wonderful film", "a story of zzz", "", None, "wonderful " * 50]
    column = Pieces.fit(words(texts), tokenizer=tokenizer(), longest=10, whole=1.0)
    assert column.longest == 10
    known = Tokenizer.from_str(tokenizer())
    known.no_padding()
    rows = column.encode(words(texts))
    read = [rows.index_select(0, torch.tensor([i]))[0].tolist() for i in range(5)]
    assert read[0] == [token + 1 for token in known.encode("wonderful film").ids]
    assert read[0][0] == 3
    assert read[0][-1] == 4
    assert read[2] == read[3] == [3, 4]  # what stands around a text, and nothing between
    assert len(read[4]) == 10
    assert (read[4][0], read[4][-1]) == (3, 4)
    assert column.unknown > 0
    assert column.strange(words(["\u4f60 \u597d \u5417", "a film"])) == 1
    assert column.lost > 0
    assert column.decode(torch.tensor([read[0] + [0]])) == ["wonderful film"]


def test_the_column_goes_through_json_and_back_and_texts_share_the_limit():
    texts = words(["wonderful film of the north", "a story"] * 5)
    column = Pieces.fit(texts, beside=[texts, texts], tokenizer=tokenizer(), longest=12, whole=1.0)
    assert column.longest <= 6
    again = Pieces(**json.loads(json.dumps(column.state())))
    every = torch.arange(10)
    assert torch.equal(again.encode(texts).index_select(0, every), column.encode(texts).index_select(0, every))
    both = Pieces.join([column.encode(texts), column.encode(texts)])
    assert both.lengths.tolist() == (2 * column.encode(texts).lengths).tolist()
    assert Pieces.merge([column.shape, column.shape])["length"] == 2 * column.longest
    bare = Pieces.fit(texts, tokenizer=tokenizer(around=False), longest=12)
    assert bare.encode(words([""])).index_select(0, torch.tensor([0])).tolist() == [[1]]


def test_rows_can_stand_behind_each_other_without_a_token_between():
    rows = Ragged.of([[1, 2], [3]])
    assert Ragged.join([rows, rows], None).index_select(0, torch.arange(2)).tolist() == [[1, 2, 1, 2], [3, 3, 0, 0]]


@has_transformers
def test_a_run_has_the_tokens_the_limit_and_the_tokenizer_of_the_directory(run: plainloop.Run):
    assert run.config.text.tokens == "pretrained"
    assert run.config.text.longest == 32
    assert run.config.model.directory == "../bert"
    assert run.config.train.freeze == 0.5
    assert run.config.train.body_rate < 1
    assert run.metrics["epochs"] == 4
    made = (run.folder / "tokenizer.json").read_text(encoding="utf-8")
    assert made == (run.folder.parent / "bert" / "tokenizer.json").read_text(encoding="utf-8")
    assert set(run.metrics["baselines"]) == {"trivial", "tfidf"}
    assert "<mark" in (run.folder / "report.html").read_text(encoding="utf-8")


@has_transformers
@pytest.mark.parametrize("kind", ["Multiclass", "Multilabel", "Regression"])
def test_every_task(kind: str, tmp_path: Path):
    made = trained(tmp_path, kind, epochs=1)
    assert made.metrics["task"] == kind.lower()
    assert len(made.predict({"review": ["a wonderful film", ""]})) == 2


@has_transformers
def test_padding_and_the_other_rows_of_a_batch_do_not_matter(run: plainloop.Run):
    texts = ["a wonderful film", "the story of people " * 20, "dull"]
    rows = run.preparation.inputs(Table({"review": words(texts)}, {"data": range(3)}))["text"]
    with torch.inference_mode():
        together = run.model({"text": rows.index_select(0, torch.arange(3))})
        alone = [run.model({"text": rows.index_select(0, torch.tensor([i]))}) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))


@has_transformers
def test_the_ejected_project_trains_the_same_weights(run: plainloop.Run, tmp_path: Path):
    project = run.eject(tmp_path / "project", with_data=True)
    assert (project / "pretrained" / "tokenizer.json").exists()
    done = subprocess.run([sys.executable, "-c", ALONE], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = [place / "weights.safetensors" for place in (run.folder, project / "output")]
    assert len({hashlib.sha256(file.read_bytes()).hexdigest() for file in made}) == 1


@has_transformers
def test_predicting_needs_the_directory_no_more(run: plainloop.Run, tmp_path: Path):
    copy = shutil.copytree(run.folder.parent, tmp_path / "copy")
    shutil.rmtree(copy / "bert")
    texts = {"review": ["a wonderful film", "dull and flat"]}
    assert plainloop.load(copy / run.folder.name).predict(texts) == run.predict(texts)
    again = plainloop.retrain(run.folder, output=str(tmp_path / "elsewhere" / "again"), epochs=1, talk=Talk(quiet=True))
    assert again.metrics["epochs"] == 1
    (run.folder.parent / "bert" / "tokenizer.json").rename(tmp_path / "tokenizer.json")
    with pytest.raises(DataChanged, match="pretrained model"):
        plainloop.retrain(run.folder, output=str(tmp_path / "third"), epochs=1, talk=Talk(quiet=True))
    (tmp_path / "tokenizer.json").rename(run.folder.parent / "bert" / "tokenizer.json")


@has_transformers
def test_what_is_stopped_goes_on_to_the_same_weights(run: plainloop.Run, tmp_path: Path):
    from plainloop.run_problems import StoppedRun

    place = Path(shutil.copytree(run.folder.parent, tmp_path / "copy"))
    shutil.rmtree(place / run.folder.name)
    steps = iter([0] * 5 + [15] + [0] * 100)
    talk = Talk(quiet=True, watch=lambda step, all_steps: next(steps))
    with pytest.raises(StoppedRun):
        plainloop.train(
            place / "Binary.csv",
            "liked",
            model=f"hf:{place / 'bert'}",
            output=str(place / run.folder.name),
            epochs=4,
            set=["freeze=0.5"],
            baseline=False,
            talk=talk,
        )
    plainloop.resume(place / run.folder.name, talk=Talk(quiet=True))
    both = [(folder / "weights.safetensors").read_bytes() for folder in (run.folder, place / run.folder.name)]
    assert both[0] == both[1]


@has_transformers
@pytest.mark.slow
def test_export(run: plainloop.Run, tmp_path: Path):
    assert run.export("onnx", tmp_path / "model").exists()
    assert "enable_truncation" in (tmp_path / "model.preparation.json").read_text(encoding="utf-8")


@has_transformers
def test_how_many_tokens_it_reads(tmp_path: Path):
    made = pretrained(f"hf:{directory(tmp_path / 'bert')}")
    assert made is not None
    assert made.length() == 32
    (tmp_path / "bert" / "tokenizer_config.json").write_text('{"model_max_length": 20}', encoding="utf-8")
    shorter = pretrained(f"hf:{tmp_path / 'bert'}")
    assert shorter is not None
    assert shorter.length() == 20
    roberta = json.loads((tmp_path / "bert" / "config.json").read_text(encoding="utf-8")) | {
        "model_type": "roberta",
        "pad_token_id": 1,
    }
    (tmp_path / "bert" / "tokenizer_config.json").write_text('{"model_max_length": 1e30}', encoding="utf-8")
    (tmp_path / "bert" / "config.json").write_text(json.dumps(roberta), encoding="utf-8")
    other = pretrained(f"hf:{tmp_path / 'bert'}")
    assert other is not None
    assert other.length() == 30


@has_transformers
def test_directories_settings_and_columns_that_are_refused(tmp_path: Path):
    made = pretrained(f"hf:{directory(tmp_path / 'bert')}")
    assert made is not None
    text, photo = Column(name="review", type="text"), Column(name="photo", type="image")
    made.check([text])
    with pytest.raises(ModelDoesNotFit, match="it takes texts, and the columns photo are none"):
        made.check([photo])
    pictures = pretrained(f"hf:{of_pictures(tmp_path / 'vit')}")
    assert pictures is not None
    with pytest.raises(ModelDoesNotFit, match="it takes pictures, and the columns review are none"):
        pictures.check([text])
    with pytest.raises(BadSetting, match=r"text\.longest cannot be .33."):
        trained(tmp_path, set=["text.longest=33"])
    with pytest.raises(BadSetting, match=r"text\.tokens cannot be .word."):
        trained(tmp_path, set=["text.tokens=word"])
    with pytest.raises(BadSetting, match=r"text\.tokens cannot be .pretrained."):
        plainloop.train(tmp_path / "Binary.csv", "liked", model="text_cnn", set=["text.tokens=pretrained"], talk=Talk(quiet=True))

    def reason() -> str:
        found = pretrained(f"hf:{tmp_path / 'bert'}")
        assert found is not None
        with pytest.raises(NotPretrained) as caught:
            found.check([text])
        return caught.value.what

    file = tmp_path / "bert" / "tokenizer.json"
    file.write_text("{}", encoding="utf-8")
    assert "tokenizer.json cannot be read" in reason()
    file.unlink()
    assert "it has no tokenizer.json" in reason()
    directory(tmp_path / "bert", vocab_size=20)
    assert "tokens and the model 20" in reason()
