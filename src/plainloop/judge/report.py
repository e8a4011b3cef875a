"""Judging a finished run: metrics.json, the pictures, report.html and the report in the terminal.

`judge` computes everything once, from the scores that the run left; the test rows are never scored a second time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..plain.checkpoint import write_file
from . import baselines
from .errors import worst
from .extra import extra_values
from .image_pictures import sheets
from .importance import importance
from .intervals import RESAMPLES, intervals, resamples_for
from .lengths import by_length, length_picture
from .page import write_page
from .pictures import class_counts, confused_pairs, confusion_counts, draw
from .scored import Scored, score
from .sequences import sequence_report
from .text_errors import cut_and_unknown, told
from .wording import MAIN, interval, number, rows, title

MOST_LINES = 12  # classes and metrics that the terminal shows
JUDGES = {"Forecast": ".forecast", "Sequence": ".sequences"}  # tasks that are judged by a file of their own
NOT_WRITTEN = ("report", "pictures")  # paths: true here, meaningless once the folder is moved


def judge(
    outcome: Any,
    folder: Path | str,
    *,
    baseline: bool = True,
    notices: Iterable[Any] = (),
    extra_metrics: Any = None,
    reasons: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Writes metrics.json, pictures/ and report.html into the run folder and gives back what metrics.json holds.

    notices: what was found in the data, objects with `what`, `expected`, `why`, `fix`.
    extra_metrics: torchmetrics objects (anything with `update` and `compute`), a list or a dictionary by name.
    reasons: why a setting has its value, by its dotted name ("train.epochs"), and why a column its type ("columns.age").
    """
    task = outcome.preparation.task
    if own := JUDGES.get(type(task).__name__):
        return import_module(own, __package__).judge(
            outcome, folder, notices=notices, reasons=reasons, extra_metrics=extra_metrics
        )
    folder, started, notices = Path(folder), time.perf_counter(), list(notices)
    part = "test" if len(outcome.targets.get("test", ())) else "validation"
    scored = {
        name: score(task, outcome.scores[name], outcome.targets[name]) for name in outcome.scores if len(outcome.targets[name])
    }
    found = {name: intervals(task, outcome.scores[name], outcome.targets[name], scored=one) for name, one in scored.items()}
    opponents = [baselines.trivial(outcome, part=part)] + (classical(outcome, part) if baseline else [])
    notes = {one.name: one.note for one in opponents if one.note} | cut_and_unknown(outcome, part)
    for name in scored:
        values, failed = extra_values(task, outcome.scores[name], outcome.targets[name], extra_metrics)
        values = {key if key not in found[name] else f"own_{key}": value for key, value in values.items()}
        found[name] |= values
        notes |= failed
    judged: dict[str, Any] = {
        "task": type(task).__name__.lower(),
        "headline": task.headline,
        "test": found.get("test", {}),
        "validation": found.get("validation", {}),
        "baselines": {one.name: one.metrics for one in opponents if one.metrics},
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
            "resamples": resamples_for(len(scored[part]), RESAMPLES),
        },
        "scored": part,
        "notes": notes,
    }
    main = scored[part]
    if extra_metrics is not None:
        judged["own_metrics"] = list(values)
    judged["titles"] = {one.name: one.title for one in opponents}
    judged["verdict"] = verdict(judged, main, ", ".join(column.name for column in outcome.config.targets))
    if main.kind != "Regression":
        judged["classes"] = per_class(main)
    if getattr(task, "thresholds", None):
        judged["thresholds"] = dict(zip(main.labels, task.thresholds, strict=True))
    if main.kind in ("Binary", "Multiclass"):
        confused = confusion_counts(main)
        judged["confusion_matrix"] = {"labels": main.labels, "counts": confused.tolist()}
        if pairs := confused_pairs(confused, main.labels):
            judged["confused_pairs"] = pairs
    columns = importance(outcome)
    if columns is not None:
        judged["importance"] = {
            "measure": columns.measure,
            "rows": columns.rows,
            "repeats": columns.repeats,
            "columns": {
                name: {"rise": rise, "spread": spread}
                for name, rise, spread in zip(columns.columns, columns.rise, columns.spread, strict=True)
            },
        }
    if lengths := by_length(outcome, main, part):
        judged["lengths"] = lengths
    classic = next((one for one in opponents[1:] if one.scored is not None), opponents[0])
    shown_classic = classic.scored if classic is not opponents[0] else None
    pictures = draw(outcome, main, shown_classic, columns, judged.get("classes", []), part=part, rival=classic.title)
    pictures += length_picture(lengths, part, outcome.config.targets[0].name if main.kind == "Regression" else "")
    errors = worst(outcome, main, part=part)
    texts = told(outcome, main, errors, part=part)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    shown = sheets(outcome, main, part=part)
    files = {picture.name: picture.png for picture in pictures} | {name: sheet.png for name, sheet in shown.items()}
    for name, png in files.items():
        write_file(folder / "pictures" / f"{name}.png", png)
    counts = class_counts(outcome, main) if main.kind != "Regression" else {}
    judged["judge_seconds"] = round(time.perf_counter() - started, 2)
    write_file(folder / "metrics.json", json.dumps(finite(judged), indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    write_page(
        folder / "report.html",
        outcome=outcome,
        judged=judged,
        folder=folder,
        pictures=pictures,
        sheets=shown,
        counts=counts,
        errors=errors,
        texts=texts,
        notices=notices,
        reasons=dict(reasons or {}),
        scored=main,
    )
    return finite({**judged, "report": str(folder / "report.html"), "pictures": str(folder / "pictures")})


def finite(value: Any) -> Any:
    """The value as JSON can hold it: numpy numbers as plain ones, NaN and infinity as null.

    >>> finite({"auc": float("nan"), "n": [1, 2.5]})
    {'auc': None, 'n': [1, 2.5]}
    """
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def per_class(scored: Scored) -> list[dict[str, Any]]:
    """Precision, recall, F1 and support of each class or label, as scikit-learn's classification report."""
    from sklearn.metrics import precision_recall_fscore_support

    parts = precision_recall_fscore_support(
        scored.truth, scored.predicted, labels=np.arange(len(scored.labels)), average=None, zero_division=0
    )
    return [
        {"label": label, "precision": float(precision), "recall": float(recall), "f1": float(f1), "support": int(support)}
        for label, precision, recall, f1, support in zip(scored.labels, *parts, strict=True)
    ]


def classical(outcome: Any, part: str) -> list[baselines.Baseline]:
    """The classical opponents: TF-IDF for texts, boosted trees for everything else; rows that have both get both."""
    texts = [column.type == "text" for column in outcome.config.inputs]
    found = [import_module(".text_baselines", __package__).tfidf(outcome, part=part)] if any(texts) else []
    return found + ([baselines.boosting(outcome, part=part)] if not all(texts) else [])


def verdict(judged: Mapping[str, Any], scored: Scored, target: str) -> str:
    """The result in one sentence, next to its opponents."""
    metric, part = MAIN[scored.kind], judged["scored"]
    entry = judged[part].get(metric) or {"value": None, "low": None, "high": None}
    ends = "" if entry["low"] is None else f" ({number(entry['low'], metric)} to {number(entry['high'], metric)})"
    of = f" of {target}" if scored.kind == "Regression" else ""
    sentence = f"{number(entry['value'], metric)} {title(metric)}{of}{ends} on {rows(len(scored), part)}"
    titles = judged["titles"]
    for name, verb in (("trivial", "gives"), ("tfidf", "give"), ("boosting", "give")):
        entry = judged["baselines"].get(name, {}).get(metric)
        if entry is not None:
            who = titles[name].replace("always", "always answering", 1)
            sentence += f"; {who} {verb} {number(entry['value'], metric)}"
    return sentence + "."


def text_report(judged: Mapping[str, Any], outcome: Any) -> str:
    """The report for the terminal: verdict, metrics and baselines, classes, confusion matrix, paths. Plain text, 80 columns."""
    import textwrap

    if judged["task"] == "sequence":
        return sequence_report(judged)
    lines = [*textwrap.wrap(judged["verdict"], 80), "", *_headline_lines(judged)]
    classes = judged.get("classes", [])
    if 0 < len(classes) <= MOST_LINES:
        table = [["class" if judged["task"] != "multilabel" else "label", "precision", "recall", "F1", "rows"]]
        table += [
            [_short(one["label"]), *(f"{one[name]:.3f}" for name in ("precision", "recall", "f1")), f"{one['support']:,}"]
            for one in classes
        ]
        lines += ["", *aligned(table)]
    elif classes:
        hard = sorted((one for one in classes if one["support"]), key=lambda one: one["f1"])[:5]
        lines += [
            "",
            f"{len(classes)} classes; hardest: " + ", ".join(f"{_short(one['label'], 14)} (F1 {one['f1']:.2f})" for one in hard),
        ]
    if pairs := judged.get("confused_pairs"):
        words = [f"{_short(one['true'], 14)} for {_short(one['predicted'], 14)} ({one['rows']:,})" for one in pairs[:5]]
        lines += ["", *textwrap.wrap("most confused: " + ", ".join(words), 80, subsequent_indent="  ")]
    matrix = judged.get("confusion_matrix")
    if matrix and len(matrix["labels"]) <= 6:
        names = [_short(label, 9) for label in matrix["labels"]]
        table = [["true, predicted:", *names]]
        table += [
            [_short(label), *(f"{count:,}" for count in row)]
            for label, row in zip(matrix["labels"], matrix["counts"], strict=True)
        ]
        lines += ["", *aligned(table)]
    titles = judged["titles"]
    notes = [line for name, note in judged["notes"].items() for line in textwrap.wrap(f"{titles.get(name, name)}: {note}", 80)]
    lines += ["", *notes]
    lines += [f"epoch {judged['best_epoch']} of {judged['epochs']} kept, {judged['seconds']:g} s"]
    return "\n".join([*lines, f"report    {judged['report']}", f"pictures  {judged['pictures']}"])


def _headline_lines(judged: Mapping[str, Any]) -> list[str]:
    entries, opponents = judged[judged["scored"]], judged["baselines"]
    names = [name for name in headline_metrics(judged["task"]) if name in entries]
    names += [
        name for name in entries if name not in names and entries[name]["low"] is None and entries[name]["value"] is not None
    ]
    table = [["", "net", *("TF-IDF" if who == "tfidf" else _short(judged["titles"][who], 16) for who in opponents)]]
    for name in names[:MOST_LINES]:
        table.append(
            [
                title(name),
                interval(entries[name], name),
                *(number(opponents[who].get(name, {}).get("value"), name) for who in opponents),
            ]
        )
    return aligned(table)


def headline_metrics(task: str) -> list[str]:
    """The metrics that are shown first, in this order; the report's table has all of them."""
    return {
        "binary": ["accuracy", "log_loss", "roc_auc", "average_precision", "f1", "precision", "recall", "brier"],
        "multiclass": ["accuracy", "log_loss", "f1_macro", "precision_macro", "recall_macro", "roc_auc"],
        "multilabel": ["f1_macro", "f1_macro_at_half", "f1_micro", "hamming_loss", "exact_match", "average_precision", "roc_auc"],
        "regression": ["rmse", "mae", "r2", "median_absolute_error"],
        "forecast": ["mae", "rmse", "mase", "mse_standardised", "mae_standardised", "coverage_80", "interval_width"],
        "sequence": ["exact_match", "token_accuracy", "bleu", "chrf", "perplexity"],
    }[task]


def aligned(table: list[list[str]]) -> list[str]:
    """Lines with columns of equal width, the first to the left, the others to the right.

    >>> aligned([["", "net"], ["F1", "0.5"]])
    ['    net', 'F1  0.5']
    """
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in table
    ]


def _short(text: Any, limit: int = 22) -> str:
    text = "".join(c if c.isprintable() else " " for c in str(text))
    return text if len(text) <= limit else text[: limit - 3] + "..."
