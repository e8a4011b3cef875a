"""Judging a run that writes texts: metrics.json, pictures and report.html, from the answers that the run left.

What report.py is for classes and numbers. Its opponents are the source copied and the most frequent target; its examples are the
best and the worst answers; its pictures show quality by length and what the net looked at.
"""

from __future__ import annotations

import json
import textwrap
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from ..plain.checkpoint import write_file
from ..plain.faults import shorten
from ..plain.table import Words
from . import plots
from .intervals import RESAMPLES, Interval, resamples_for
from .lengths import groups_of
from .page import write_page
from .pictures import Picture
from .sentences import Sentences, sentence_intervals, sentences, signatures, text_metrics, with_ends
from .wording import interval, number, rows, title

EXAMPLES = 8  # best and worst answers shown
MAPS = 2
MOST_TOKENS = 30  # of a sentence whose attention is drawn
LONG = 300  # signs of a text that the report shows
COPIED, FREQUENT = "copy", "trivial"


def judge(
    outcome: Any,
    folder: Path | str,
    *,
    notices: Iterable[Any] = (),
    extra_metrics: Any = None,
    reasons: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Writes metrics.json, pictures/ and report.html into the run folder and gives back what metrics.json holds."""
    folder, started, notices = Path(folder), time.perf_counter(), list(notices)
    task = outcome.preparation.task
    part = "test" if "test" in outcome.scores else "validation"
    texts = {name: sentences(task, outcome.scores[name], outcome.targets[name], **outcome.texts(name)) for name in outcome.scores}
    found = {name: sentence_intervals(task, outcome.scores[name], outcome.targets[name], found=texts[name]) for name in texts}
    main = texts[part]
    asked = source_texts(outcome, part)
    opponents, titles = baselines(outcome, main, asked)
    judged: dict[str, Any] = {
        "task": "sequence",
        "headline": task.headline,
        "test": found.get("test", {}),
        "validation": found.get("validation", {}),
        "baselines": opponents,
        "epochs": len(outcome.history.get("epoch", [])),
        "best_epoch": outcome.best_epoch,
        "seconds": round(float(outcome.seconds), 1),
        "rows": {
            short: len(outcome.split.get(name, ()))
            for short, name in (("train", "train"), ("val", "validation"), ("test", "test"))
        },
        "intervals": {
            "level": 0.95,
            "method": "percentile bootstrap over rows",
            "resamples": resamples_for(len(main), RESAMPLES),
        },
        "scored": part,
        "notes": notes_of(outcome, part),
        "titles": titles,
        "signatures": signatures(),
    }
    judged["verdict"] = verdict(judged, main)
    judged["lengths"] = by_length(main, asked)
    judged["examples"] = {
        name: [example(outcome, part, main, asked, place) for place in order] for name, order in best_and_worst(main).items()
    }
    pictures = [
        *history_pictures(outcome),
        *length_pictures(judged["lengths"], part),
        *attention_pictures(outcome, main, asked, part),
    ]
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        write_file(folder / "pictures" / f"{picture.name}.png", picture.png)
    judged["judge_seconds"] = round(time.perf_counter() - started, 2)
    from .report import finite

    write_file(folder / "metrics.json", json.dumps(finite(judged), indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    write_page(
        folder / "report.html",
        outcome=outcome,
        judged=judged,
        folder=folder,
        pictures=pictures,
        sheets={},
        counts={},
        errors=[],
        notices=notices,
        reasons=dict(reasons or {}),
        scored=SimpleNamespace(kind="Sequence", labels=[]),
    )
    return finite({**judged, "report": str(folder / "report.html"), "pictures": str(folder / "pictures")})


def source_texts(outcome: Any, part: str) -> list[str]:
    """The texts that the answers of a part were written to; several columns one behind the other."""
    table = outcome.table.rows(outcome.split[part])
    columns = [table[column.name].tolist() for column in outcome.config.inputs if column.type == "text"]
    return [" | ".join(text or "" for text in texts) for texts in zip(*columns, strict=True)]


def baselines(outcome: Any, main: Sentences, asked: list[str]) -> tuple[dict[str, dict[str, Interval]], dict[str, str]]:
    """The metrics of the source copied, and of the target that the train rows have most often; and what they are called."""
    target = outcome.table[outcome.config.targets[0].name]
    assert isinstance(target, Words)
    code, _ = Counter(target.codes[outcome.split["train"]].tolist()).most_common(1)[0]
    answers = {FREQUENT: [target.words[code]] * len(main), COPIED: asked}
    titles = {FREQUENT: f"always {shorten(target.words[code], 24)}", COPIED: "the source copied"}
    found = {}
    for name, written in answers.items():
        texts = Sentences(written, main.truth, np.zeros(len(main)))
        found[name] = with_ends(text_metrics(texts), texts)
    return found, titles


def notes_of(outcome: Any, part: str) -> dict[str, str]:
    """What should be known of the figures."""
    task, notes = outcome.preparation.task, {}
    cut = int(task.cut(outcome.scores[part]).sum())
    if cut:
        notes["lengths"] = (
            f"{cut:,} of {len(outcome.scores[part]):,} answers did not end and were cut at {task.answer} tokens, "
            "twice the longest target of the train rows"
        )
    return notes


def main_metric(entries: Mapping[str, Any]) -> str:
    """The metric that is said first: the exact match where answers can be exact, else BLEU, else chrF."""
    exact, words = entries["exact_match"]["value"], entries["bleu"]["value"]
    return "exact_match" if (exact or 0) >= 0.5 or words is None else "bleu"


def verdict(judged: Mapping[str, Any], main: Sentences) -> str:
    """The result in one sentence, next to its opponents."""
    part = judged["scored"]
    metric = main_metric(judged[part])
    sentence = f"{title(metric)} {interval(judged[part][metric], metric)} on {rows(len(main), part)}"
    other = "chrf" if judged[part]["bleu"]["value"] is None or metric == "bleu" else "bleu"
    sentence += f", {title(other)} {number(judged[part][other]['value'], other)}"
    for name, entries in judged["baselines"].items():
        who = judged["titles"][name].replace("always", "always answering", 1)
        sentence += f"; {who} gives {number(entries[metric]['value'], metric)}"
    return sentence + "."


def by_length(main: Sentences, asked: list[str]) -> list[dict[str, Any]]:
    """Quality in groups of rows by the length of their source, in words, or in signs where they are single words."""
    return [
        {
            "length": name,
            "rows": int(chosen.sum()),
            "exact_match": float(main.exact[chosen].mean()),
            "chrf": float(main.each[chosen].mean()),
        }
        for name, chosen in groups_of(asked)
    ]


def best_and_worst(main: Sentences) -> dict[str, list[int]]:
    """Rows of the worst answers, the surest of them first, and of the best ones, the longest first; a right one is never bad."""
    sizes = np.array([len(text) for text in main.truth])
    worst = np.lexsort((-main.sure, main.each.round(6)))
    best = np.lexsort((-sizes, -main.each.round(6)))[:EXAMPLES]
    return {"worst": worst[main.exact[worst] == 0][:EXAMPLES].tolist(), "best": best.tolist()}


def example(outcome: Any, part: str, main: Sentences, asked: list[str], place: int) -> dict[str, Any]:
    texts = {"source": asked[place], "truth": main.truth[place], "written": main.written[place]}
    return {
        "row": int(outcome.split[part][place]),
        **{name: text if len(text) <= LONG else text[: LONG - 3] + "..." for name, text in texts.items()},
        "chrf": float(main.each[place]),
        "sure": float(main.sure[place]),
    }


def history_pictures(outcome: Any) -> list[Picture]:
    """Loss, token accuracy and exact match over the epochs, and the learning rate."""
    history = outcome.history
    if not history.get("epoch"):
        return []
    found = [
        Picture(
            name,
            "curves",
            f"{title(name)} of train and validation rows over the epochs.",
            plots.curves(history, name, outcome.best_epoch),
        )
        for name in ("loss", "token_accuracy", "exact_match")
    ]
    return [*found, Picture("learning_rate", "curves", "The learning rate over the epochs.", plots.learning_rate(history))]


def length_pictures(groups: list[dict[str, Any]], part: str) -> list[Picture]:
    if len(groups) < 2:
        return []
    measure = "exact_match" if max(group["exact_match"] for group in groups) >= 0.2 else "chrf"
    names = [f"{group['length']} ({group['rows']:,})" for group in groups]
    png = plots.bars(
        f"Quality by length of the source: {title(measure)}",
        names,
        [group[measure] for group in groups],
        f"mean {title(measure)}",
    )
    return [Picture("lengths", "lengths", f"The {title(measure)} of {part} rows in groups by the length of their source.", png)]


def attention_pictures(outcome: Any, main: Sentences, asked: list[str], part: str) -> list[Picture]:
    """What the net looks at in the source while it writes: a good answer, and a bad one."""
    look = getattr(outcome.model, "attention", None)
    texts = next((column for column in outcome.preparation.columns.values() if column.kind == "text"), None)
    if look is None or texts is None:
        return []
    task = outcome.preparation.task
    lengths = np.array([len(text.split()) if " " in text else len(text) for text in main.truth])
    fitting = np.flatnonzero(lengths <= MOST_TOKENS)
    if not len(fitting):
        return []
    order = fitting[np.lexsort((-lengths[fitting], -main.each[fitting].round(6)))]
    found: list[Picture] = []
    for place in dict.fromkeys([int(order[0]), int(order[-1])]):
        row = outcome.table.rows(outcome.split[part][[place]])
        inputs = {kind: values.index_select(0, torch.tensor([0])) for kind, values in outcome.preparation.inputs(row).items()}
        answer = outcome.scores[part][place, :, 0].long()
        answer = answer[: int((answer != 0).sum())]
        target_in = F.pad(answer[None], (1, 0), value=task.start)[:, :-1]
        with torch.inference_mode():
            seen = look({**inputs, "target_in": target_in})[0]  # (T, S)
        tokens = outcome.config.text.tokens, outcome.config.sequence.tokens
        read = [shown(texts.words[token], tokens[0] == "bpe") for token in inputs["text"][0].tolist()]
        written = [shown(task.texts.words[token], tokens[1] == "bpe") for token in answer.tolist()]
        if len(read) > 2 * MOST_TOKENS or len(written) > 2 * MOST_TOKENS:
            continue
        name = f"attention_{len(found) + 1}"
        alt = f"What the net looked at while it wrote {shorten(main.written[place], 60)} to {shorten(asked[place], 60)}."
        called = "A right answer" if main.exact[place] else f"One of the {'worst' if place == order[-1] else 'best'} answers"
        found.append(Picture(name, "attention", alt, plots.attention(called, seen.float().numpy(), read, written)))
    return found[:MAPS]


def shown(token: str, pieces: bool) -> str:
    """A token as it can stand on an axis; pieces: of byte-pair encoding, where a sign stands for each byte.

    >>> shown("\\u0120M\\xc3\\xa4d", pieces=True) == " M\\xe4d", shown(" ", pieces=False), shown("</s>", pieces=True)
    (True, '_', 'end')
    """
    from tokenizers.decoders import ByteLevel

    if token == "</s>":
        return "end"
    text = ByteLevel().decode([token]) if pieces else token
    return text if text.strip() else "_"


def sequence_report(judged: Mapping[str, Any]) -> str:
    """The report for the terminal: verdict, metrics and baselines, the worst answers, paths."""
    from .report import aligned, headline_metrics

    entries, opponents = judged[judged["scored"]], judged["baselines"]
    table = [["", "net", *(shorten(judged["titles"][who], 20)[1:-1] for who in opponents)]]
    for name in headline_metrics("sequence"):
        if entries.get(name, {}).get("value") is not None:
            table.append(
                [
                    title(name),
                    interval(entries[name], name),
                    *(number(opponents[who].get(name, {}).get("value"), name) for who in opponents),
                ]
            )
    lines = [*textwrap.wrap(judged["verdict"], 80), "", *aligned(table)]
    lines += ["", f"BLEU signature {judged['signatures']['bleu']}"] if entries["bleu"]["value"] is not None else []
    for one in judged["examples"]["worst"][:3]:
        lines += [
            "",
            *(
                f"{name:9} {shorten(one[key], 90)}"
                for name, key in (("source", "source"), ("expected", "truth"), ("written", "written"))
            ),
        ]
    notes = [line for name, note in judged["notes"].items() for line in textwrap.wrap(f"{name}: {note}", 80)]
    lines += ["", *notes, f"best epoch {judged['best_epoch']} of {judged['epochs']}, {judged['seconds']:g} s"]
    return "\n".join([*lines, f"report    {judged['report']}", f"pictures  {judged['pictures']}"])
