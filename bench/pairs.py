"""How well and how fast plainloop learns to write texts: the command line on real pairs, one line per data set.

    OMP_NUM_THREADS=1 python bench/pairs.py dates scan_simple scan_length names names_once     # minutes
    OMP_NUM_THREADS=1 python bench/pairs.py multi30k --runs runs                     # the better part of an hour
    OMP_NUM_THREADS=1 python bench/pairs.py --decoding runs/multi30k                 # how that run writes
    OMP_NUM_THREADS=1 python bench/pairs.py scan_simple --set epochs=30 --model sequence_transformer

Each line holds the test figures with their intervals, and the CPU and wall seconds of `plainloop train` from start to end,
report and all. SCAN and Multi30k have test files of their own; dates are made, and of names and dates the test rows are drawn.
names are classes: a name is read, and its language said. An eighth of them stand several times in one file, in one part of the
split or in two; of names_once each stands once in its file.

--decoding has a run of multi30k write its 1,000 test sentences by `plainloop predict`, greedily and along 5 beams, and counts the
sentences that come out otherwise without a cache, along one beam, or among other rows. The data sets are looked for under
$PLAINLOOP_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("PLAINLOOP_DATA", Path(__file__).parent.parent.parent / "shared" / "data")) / "pairs"
MULTI30K, SCAN = DATA / "multi30k_en_de", DATA / "scan"
TRAINED: dict[str, list[Any]] = {
    "dates": ["dates"],
    "scan_simple": [SCAN / "tasks_train_simple.txt", "--test", SCAN / "tasks_test_simple.txt"],
    "scan_length": [SCAN / "tasks_train_length.txt", "--test", SCAN / "tasks_test_length.txt"],
    "names": [DATA / "names_languages"],
    "names_once": [],  # a folder that `once` makes
    "multi30k": [
        MULTI30K / "train.en.gz",
        "--target",
        MULTI30K / "train.de.gz",
        "--validation",
        f"{MULTI30K / 'val.en.gz'},{MULTI30K / 'val.de.gz'}",
        "--test",
        f"{MULTI30K / 'test_2016_flickr.en.gz'},{MULTI30K / 'test_2016_flickr.de.gz'}",
    ],
}
SHOWN = ("exact_match", "token_accuracy", "bleu", "chrf", "perplexity", "accuracy", "f1_macro", "log_loss")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", help=f"of {', '.join(TRAINED)}")
    parser.add_argument("--runs", type=Path, help="where the run folders are kept; none: they are removed")
    parser.add_argument("--decoding", type=Path, metavar="RUN", help="a run of multi30k that writes")
    parser.add_argument("--model", default="", help="none: the default for the data")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as of plainloop train")
    options = parser.parse_args()
    more = [word for item in options.set for word in ("--set", item)] + (["--model", options.model] if options.model else [])
    with tempfile.TemporaryDirectory() as scratch:
        for data in options.data:
            print(trained(data, more, (options.runs or Path(scratch)) / data), flush=True)
        if options.decoding:
            decoding(options.decoding, Path(scratch))


def once(folder: Path) -> Path:
    """The files of names, each line of a file once."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((DATA / "names_languages").glob("*.txt")):
        lines = dict.fromkeys(path.read_text(encoding="utf-8").splitlines())
        (folder / path.name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def plainloop(*words: Any) -> tuple[float, float]:
    """CPU and wall seconds of a command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "plainloop", *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - started


def trained(data: str, more: list[str], folder: Path) -> str:
    """Trains as the command line does; the line of the table."""
    words = [once(folder.with_name("names_languages"))] if data == "names_once" else TRAINED[data]
    cpu, wall = plainloop("train", *words, "-o", folder, "-q", *more)
    found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    shown = "  ".join(
        f"{name} {figure(found['test'][name])}" for name in SHOWN if found["test"].get(name, {}).get("value") is not None
    )
    name = " ".join([data, *(word for word in more if not word.startswith("--"))])
    return f"{name} | {shown} | epoch {found['best_epoch']} of {found['epochs']}, {cpu:.0f} CPU-s, {wall:.0f} s"


def figure(entry: dict[str, Any]) -> str:
    ends = f" ({entry['low']:.4g} to {entry['high']:.4g})" if entry["low"] is not None else ""
    return f"{entry['value']:.4g}{ends}"


def decoding(folder: Path, scratch: Path) -> None:
    """How long a run of multi30k takes to write, and whether it writes the same however it is asked."""
    import gzip

    import sacrebleu
    import torch

    import plainloop as package

    packed = (MULTI30K / f"test_2016_flickr.{language}.gz" for language in ("en", "de"))
    source, truth = (gzip.decompress(path.read_bytes()).decode().splitlines() for path in packed)
    (scratch / "new.txt").write_text("\n".join(source) + "\n", encoding="utf-8")
    written: dict[int, list[str]] = {}
    for beam in (1, 5):
        cpu, wall = plainloop("predict", folder, scratch / "new.txt", "-o", scratch / "out.txt", "--beam", beam)
        written[beam] = (scratch / "out.txt").read_text(encoding="utf-8").splitlines()
        score = sacrebleu.corpus_bleu(written[beam], [truth]).score
        print(f"beam {beam}: {len(source)} sentences, BLEU {score:.2f}, {cpu:.1f} CPU-s, {wall:.1f} s", flush=True)
    torch.set_num_threads(1)
    run = package.load(folder)
    print(f"of {len(source)} sentences answered otherwise: {differences(run, source, written[1])}")


def differences(run: Any, source: list[str], greedy: list[str]) -> str:
    """How many sentences come out otherwise than from the command line when they are asked for in other ways."""
    import numpy as np
    import torch

    table, beams = run._plain("table"), run._plain("decode").beams  # the run may have other code than is installed
    task, model, preparation = run.preparation.task, run.model.eval(), run.preparation
    name = run.config.inputs[0].name
    limits: dict[str, Any] = {"start": task.start, "end": task.texts.end, "longest": task.answer, "never": task.texts.never}

    def inputs(rows: list[str]) -> dict[str, torch.Tensor]:
        encoded = preparation.inputs(table.Table({name: table.Words(np.arange(len(rows)), rows)}, {}))
        return {kind: values.index_select(0, torch.arange(len(rows))) for kind, values in encoded.items()}

    def without_cache(text: str) -> str:
        asked, answer = inputs([text]), torch.tensor([[task.start]])
        while answer.shape[1] <= task.answer and int(answer[0, -1]) != task.texts.end:
            scores = model({**asked, "target_in": answer})[:, -1].float()
            scores[:, [0, *task.texts.never]] = -torch.inf
            answer = torch.cat([answer, scores.argmax(-1, keepdim=True)], 1)
        return task.texts.decode(answer[:, 1:])[0]

    def one_beam(rows: list[str]) -> list[str]:
        return task.texts.decode(beams(model, inputs(rows), 1, 1.0, **limits)[0])

    def answers(rows: list[str]) -> list[str]:
        return task.decode(task.predict(model, inputs(rows)))

    def by(size: int, how: Callable[[list[str]], list[str]] = answers) -> list[str]:
        return [text for first in range(0, len(source), size) for text in how(source[first : first + size])]

    with torch.inference_mode():
        found = {
            "in batches of 7": by(7),
            "in batches of 100": by(100),
            "along one beam": by(100, one_beam),
            "without a cache": [without_cache(text) for text in source],
        }
    return ", ".join(f"{sum(map(str.__ne__, made, greedy))} {how}" for how, made in found.items())


if __name__ == "__main__":
    main()
