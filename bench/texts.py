"""All text models on eight data sets: accuracy (several labels: macro F1) on the fixed test rows, and the CPU-seconds it took.

    OMP_NUM_THREADS=1 python bench/texts.py                                    # the default model, beside TF-IDF
    OMP_NUM_THREADS=1 python bench/texts.py --models all --keep results.jsonl  # the table of docs/text.md
    OMP_NUM_THREADS=1 python bench/texts.py --data imdb --models text_rnn-gru --seeds 1 -- --set model.width=64

Each run is `plainloop train` in a process of its own, with nothing but the files, the model and the seed: it reads, splits,
chooses its settings, trains and judges as for anybody. Its CPU-seconds are those of the whole process. `tfidf` is what to be
ahead of, by scikit-learn and not by plainloop: TF-IDF of words and pairs of words (rare ones left out from 20,000 texts on) with
logistic regression, C out of 1, 4, 16, 64 by 15% of the train rows, then fitted on all of them; of several labels one regression
each, with the threshold of the best F1 on the validation rows. `commonest` says the commonest class, or every label.

Test rows: the official ones of sst2, ag_news (trained on the 5,000 texts that are at hand), banking77, imdb and go_emotions; of
sms_spam and rt_polarity 20% stratified with seed 0, of toxic_comments 20% with seed 0. sst2 and go_emotions have validation rows
of their own; else a share of the train rows is drawn. The data sets are looked for under $PLAINLOOP_DATA.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parent.parent.parent / "shared" / "data")) / "text"
Texts = tuple[list[str], list[Any]]  # the texts, and the label or the set of labels of each


@dataclass(frozen=True)
class Set:
    """A data set: its train, test and validation rows (none: to be drawn), and what follows `plainloop train`."""

    train: Texts
    test: Texts
    validation: Texts | None
    command: list[str]


def drawn(texts: list[str], labels: list[Any], stratified: bool = True) -> tuple[Texts, Texts]:
    """80% to train on and 20% to test on, the same whenever it is called."""
    from sklearn.model_selection import train_test_split

    rows = train_test_split(range(len(texts)), test_size=0.2, random_state=0, stratify=labels if stratified else None)
    found = [([texts[row] for row in part], [labels[row] for row in part]) for part in rows]
    return found[0], found[1]


def tsv(path: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / path).read_text(encoding="utf-8").split("\n") if line]


def comma(path: str) -> list[list[str]]:
    with open(DATA / path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def written(place: Path, name: str, texts: Sequence[Any], labels: Sequence[Any], columns: Sequence[str]) -> str:
    """A CSV file of texts and labels; a label can be several cells."""
    with open(place / name, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", *columns])
        table.writerows(
            [text, *([label] if isinstance(label, str) else label)] for text, label in zip(texts, labels, strict=True)
        )
    return str(place / name)


def tables(place: Path, train: Texts, test: Texts) -> Set:
    """A data set whose parts are tables of their own."""
    files = [written(place, f"{name}.csv", *part, ["label"]) for name, part in (("train", train), ("test", test))]
    return Set(train, test, None, [files[0], "--test", files[1], "--target", "label"])


def sms_spam(place: Path) -> Set:
    rows = tsv("sms_spam/sms.tsv")
    return tables(place, *drawn([text for _, text in rows], [label for label, _ in rows]))


def rt_polarity(place: Path) -> Set:
    found: list[tuple[str, str]] = []
    for label in ("neg", "pos"):
        lines = (DATA / f"rt_polarity/rt-polarity.{label}").read_text(encoding="cp1252").split("\n")
        found += [(line.strip(), label) for line in lines if line.strip()]
    return tables(place, *drawn([text for text, _ in found], [label for _, label in found]))


def ag_news(place: Path) -> Set:
    train = [(text, str(int(code) + 1)) for text, code in comma("ag_news/subset_train.csv")]  # 0 to 3; in the test file 1 to 4
    test = [(f"{title} {said}", code) for code, title, said in comma("ag_news/test.csv")]
    return tables(place, *(([text for text, _ in part], [label for _, label in part]) for part in (train, test)))


def sst2(place: Path) -> Set:
    files = [f"sst2/{part}.tsv" for part in ("train", "test", "dev")]
    parts = [([row[0] for row in tsv(file)], [row[1] for row in tsv(file)]) for file in files]
    train, test, dev = (str(DATA / file) for file in files)
    return Set(*parts, [train, "--validation", dev, "--test", test, "--no-header", "--target", "1"])


def banking77(place: Path) -> Set:
    files = [f"banking77/{part}.csv" for part in ("train", "test")]
    parts = [([row[0] for row in comma(file)[1:]], [row[1] for row in comma(file)[1:]]) for file in files]
    return Set(*parts, None, [str(DATA / files[0]), "--test", str(DATA / files[1]), "--target", "category"])


def imdb(place: Path) -> Set:
    path = DATA / "imdb" / "aclImdb_labelled.zip"
    parts: dict[str, Texts] = {"train": ([], []), "test": ([], [])}
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".txt") and name.split("/")[-2] in ("pos", "neg"):
                texts, labels = parts[name.split("/")[-3]]
                texts.append(archive.read(name).decode())
                labels.append(name.split("/")[-2])
    return Set(parts["train"], parts["test"], None, [str(path)])


def go_emotions(place: Path) -> Set:
    files = [f"go_emotions/{part}.tsv" for part in ("train", "test", "dev")]
    parts = [([row[0] for row in tsv(file)], [set(row[1].split(",")) for row in tsv(file)]) for file in files]
    train, test, dev = (str(DATA / file) for file in files)
    return Set(
        *parts, [train, "--validation", dev, "--test", test, "--no-header", "--target", "1", "--tags", ",", "--ignore", "2"]
    )


def toxic_comments(place: Path) -> Set:
    (_, *names), *rows = comma("toxic_comments_jigsaw/toxic_comments.csv")
    parts = drawn([row[0] for row in rows], [row[1:] for row in rows], stratified=False)
    files = [written(place, f"{name}.csv", *part, names) for name, part in zip(("train", "test"), parts, strict=True)]
    sets = [(texts, [{names[i] for i, on in enumerate(row) if on == "1"} for row in labels]) for texts, labels in parts]
    return Set(*sets, None, [files[0], "--test", files[1], "--target", ",".join(names)])


SETS: dict[str, Callable[[Path], Set]] = {
    "sms_spam": sms_spam,
    "rt_polarity": rt_polarity,
    "sst2": sst2,
    "ag_news": ag_news,
    "banking77": banking77,
    "imdb": imdb,
    "go_emotions": go_emotions,
    "toxic_comments": toxic_comments,
}
MODELS: dict[str, list[str]] = {  # name -> options of `plainloop train`
    "default": [],
    "text_bag": ["--model", "text_bag"],
    "text_cnn": ["--model", "text_cnn"],
    "text_rnn-rnn": ["--model", "text_rnn", "--set", "model.cell=rnn"],
    "text_rnn-lstm": ["--model", "text_rnn", "--set", "model.cell=lstm"],
    "text_rnn-gru": ["--model", "text_rnn", "--set", "model.cell=gru"],
    "text_transformer": ["--model", "text_transformer"],
}


def several(data: Set) -> bool:
    """Whether a text can have several labels."""
    return isinstance(data.test[1][0], set)


def by_plainloop(data: Set, model: str, seed: int, options: list[str]) -> dict[str, Any]:
    """The figure of the command line, its epochs, its CPU-seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [
            sys.executable,
            "-m",
            "plainloop",
            "train",
            *data.command,
            *MODELS[model],
            "--seed",
            str(seed),
            "--no-baseline",
        ]
        environment = {"OMP_NUM_THREADS": "1", **os.environ, "PLAINLOOP_CACHE": f"{scratch}/cache"}
        done = subprocess.run(
            [*command, "--output", f"{scratch}/run", *options], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        metrics = json.loads((Path(scratch) / "run" / "metrics.json").read_text(encoding="utf-8"))
    name = "f1_macro" if several(data) else "accuracy"
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    figures = {part: metrics[part][name]["value"] for part in ("test", "validation")}
    return {**figures, "seconds": spent, "epochs": metrics["epochs"], "best_epoch": metrics["best_epoch"]}


def by_commonest(data: Set, model: str, seed: int, options: list[str]) -> dict[str, Any]:
    """What saying the commonest class gets, or saying every label of every text."""
    from sklearn.metrics import f1_score

    if several(data):
        wanted = coded(data.test[1], names_of(data))
        return {"test": f1_score(wanted, np.ones_like(wanted), average="macro"), "seconds": 0.0}
    ((commonest, _),) = Counter(data.train[1]).most_common(1)
    return {"test": data.test[1].count(commonest) / len(data.test[1]), "seconds": 0.0}


def by_tfidf(data: Set, model: str, seed: int, options: list[str]) -> dict[str, Any]:
    """TF-IDF of words and pairs with logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.multiclass import OneVsRestClassifier

    started = time.process_time()
    (texts, labels), (test_texts, test_labels) = data.train, data.test
    if several(data):
        labels, test_labels = list(coded(labels, names_of(data))), list(coded(test_labels, names_of(data)))
    if data.validation and several(data):
        held = (data.validation[0], list(coded(data.validation[1], names_of(data))))
        parts = texts, held[0], labels, held[1]
    else:
        parts = train_test_split(texts, labels, test_size=0.15, random_state=0)

    def fitted(c: float, texts: list[str], labels: list[Any]) -> Callable[[list[str]], Any]:
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=1 if len(data.train[0]) < 20_000 else 2, sublinear_tf=True)
        one = LogisticRegression(C=c, max_iter=300)
        model = (OneVsRestClassifier(one) if several(data) else one).fit(words.fit_transform(texts), np.array(labels))
        return lambda asked: (model.predict_proba if several(data) else model.predict)(words.transform(asked))

    best: tuple[float, float, Any] = (-1.0, 0.0, None)
    for c in (1, 4, 16, 64):
        answers, cuts = fitted(c, parts[0], parts[2])(parts[1]), None
        if several(data):
            cuts = cuts_of(answers, np.array(parts[3]))
        best = max(best, (figure(answers, parts[3], cuts), c, cuts), key=lambda found: found[0])
    answers = fitted(best[1], texts, labels)(test_texts)
    return {"test": figure(answers, test_labels, best[2]), "validation": best[0], "seconds": time.process_time() - started}


def names_of(data: Set) -> list[str]:
    return sorted({name for names in data.train[1] for name in names})


def coded(labels: list[set[str]], names: list[str]) -> np.ndarray:
    """Shape: (n, C), 0 or 1."""
    return np.array([[name in own for name in names] for own in labels], int)


def cuts_of(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The threshold of each label with the best F1 on these rows."""
    from sklearn.metrics import f1_score

    steps = np.arange(0.05, 0.6, 0.05)
    own = range(truth.shape[1])
    return np.array([max(steps, key=lambda cut: f1_score(truth[:, k], probabilities[:, k] > cut, zero_division=0)) for k in own])


def figure(answers: Any, truth: Sequence[Any], cuts: np.ndarray | None) -> float:
    """Accuracy, or macro F1 with the thresholds."""
    from sklearn.metrics import f1_score

    if cuts is None:
        return float((np.array(answers) == np.array(truth)).mean())
    return float(f1_score(np.array(truth), answers > cuts, average="macro", zero_division=0))


RUNNERS: dict[str, Callable[[Set, str, int, list[str]], dict[str, Any]]] = {"tfidf": by_tfidf, "commonest": by_commonest}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="all", help=f"of {', '.join(SETS)}, with commas")
    parser.add_argument(
        "--models", default="default,tfidf,commonest", help=f"of {', '.join([*MODELS, *RUNNERS])}, with commas, or all"
    )
    parser.add_argument("--seeds", type=int, default=1, help="runs of each model, of seed 0, 1, ...")
    parser.add_argument("--keep", type=Path, help="file of results: what stands in it is not run again")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("options", nargs="*", help="given to plainloop train")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    names = list(SETS) if asked.data == "all" else asked.data.split(",")
    every = ["default", *RUNNERS, *(name for name in MODELS if name not in ("default", "text_bag"))]
    models = every if asked.models == "all" else asked.models.split(",")
    lines = asked.keep.read_text().splitlines() if asked.keep and asked.keep.exists() else []
    done = {tuple(entry["key"]): entry for entry in map(json.loads, lines)}
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            data: Set | None = None
            for model in models:
                for seed in range(asked.seeds if model in MODELS else 1):
                    key = (name, model, seed, " ".join(asked.options) if model in MODELS else "")
                    if key not in done:
                        data = data or SETS[name](Path(place))
                        done[key] = RUNNERS.get(model, by_plainloop)(data, model, seed, asked.options) | {"key": key}
                        if asked.keep:
                            with open(asked.keep, "a") as file:
                                file.write(json.dumps(done[key]) + "\n")
                        shown = {k: round(v, 4) for k, v in done[key].items() if k != "key"}
                        print(f"{name} {model} seed {seed}: {shown}", flush=True)
    print("\n" + table(done, names, models))


def table(done: dict[tuple[Any, ...], dict[str, Any]], names: list[str], models: list[str]) -> str:
    """A row for each data set, a column for each model: the figure, and the CPU-seconds in brackets."""
    lines = [f"| data | {' | '.join(models)} |", "| --- |" + " --- |" * len(models)]
    for name in names:
        cells = []
        for model in models:
            found = [entry for (of, by, *_), entry in done.items() if (of, by) == (name, model)]
            tests, seconds = [entry["test"] for entry in found], statistics.mean(entry["seconds"] for entry in found)
            spread = f" +- {statistics.stdev(tests):.3f}" if len(tests) > 1 else ""
            cells.append(f"{statistics.mean(tests):.3f}{spread}" + (f" ({seconds:.0f} s)" if seconds else ""))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
