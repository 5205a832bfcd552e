"""What the clause model does on filers it was not trained on, kind by kind, as a table for its model card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neuraldocflow.evaluation.measures import Counts, Judged, calibration_error
from neuraldocflow.evaluation.scoring import token_f1

from .clauses import FOLDS, SENTENCE_THRESHOLD, Array, Set, best_threshold, fit_sentence
from .corpus import Labelled

_MOST = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One kind's figures: presence counted, and the token F1 of the clauses told where there are some."""

    kind: str
    counts: Counts
    text: float


@dataclass(frozen=True, slots=True)
class Report:
    """All kinds, and how far probabilities were off."""

    rows: list[Row]
    error: float
    contracts: int
    filers: int
    sentences: int

    @property
    def total(self) -> Counts:
        total = Counts()
        for row in self.rows:
            total.add(row.counts)
        return total


def judge(contracts: Sequence[Labelled], data: Set, values: Array, likely: Array) -> Report:
    """Figures on left-out folds; the threshold, too, is chosen without the fold it is judged on."""
    thresholds = np.zeros(len(data.folds))
    slopes = np.zeros((FOLDS, len(data.kinds), 2))
    for held in range(FOLDS):
        inside = data.folds != held
        thresholds[~inside] = best_threshold(likely[inside], data.present[inside])
        rows = inside[data.owner]
        for kind in range(len(data.kinds)):
            slopes[held, kind] = fit_sentence(values[rows, kind], data.labels[rows, kind])
    rows_found: list[Row] = []
    judged: list[Judged] = []
    places = [np.flatnonzero(data.owner == number) for number in range(len(contracts))]
    for kind, name in enumerate(data.kinds):
        counts, texts = Counts(), []
        for number, contract in enumerate(contracts):
            told, there = likely[number, kind] >= thresholds[number], bool(data.present[number, kind])
            counts.add(Counts(int(told and there), int(told and not there), int(there and not told)))
            if told:
                judged.append(Judged("", name, float(likely[number, kind]), there, contract.group))
            if told and there:
                slope, offset = slopes[data.folds[number], kind]
                scores = values[places[number], kind]
                texts.append(_text_f1(contract, data.cuts[number], scores, slope, offset, name))
        rows_found.append(Row(name, counts, sum(texts) / len(texts) if texts else 0.0))
    filers = len({each.group for each in contracts})
    return Report(rows_found, calibration_error(judged), len(contracts), filers, len(data.owner))


def _text_f1(
    contract: Labelled, cut: Sequence[Any], scores: Array, slope: float, offset: float, kind: str
) -> float:
    order = np.argsort(-scores, kind="stable")[:_MOST]
    text = contract.document.text
    best = 0.0
    for rank, index in enumerate(order):
        if rank and 1 / (1 + np.exp(-(slope * scores[index] + offset))) < SENTENCE_THRESHOLD:
            break
        told = text[cut[index].start : cut[index].end]
        best = max(best, *(token_f1(span, told) for span in contract.truth[kind]))
    return best


def table(report: Report) -> str:
    """The figures in Markdown."""
    lines = [
        f"{report.contracts} contracts of {report.filers} filers, {report.sentences:,} sentences, "
        f"{FOLDS} folds.",
        "",
        "| kind | F1 | precision | recall | contracts with it | token F1 of the text |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    total = report.total
    for row in sorted(report.rows, key=lambda each: -each.counts.support):
        lines.append(_line(row.kind, row.counts, row.text))
    told = [(row.text, row.counts.right) for row in report.rows]
    mean = sum(text * count for text, count in told) / max(sum(count for _, count in told), 1)
    lines += [_line("**all (micro)**", total, mean), "", f"Expected calibration error: {report.error:.3f}."]
    return "\n".join(lines)


def _line(name: str, counts: Counts, text: float) -> str:
    return (
        f"| {name} | {counts.f1:.3f} | {counts.precision:.3f} | {counts.recall:.3f} | {counts.support} | "
        f"{text:.3f} |"
    )


def write_into(card: Path, name: str, figures: str) -> None:
    """Puts figures between the marks of their name in the model card."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, rest = card.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    card.write_text(f"{before}{begin}\n{figures}\n{end}{after}", encoding="utf-8")
