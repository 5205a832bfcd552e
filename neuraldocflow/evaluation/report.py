"""The evaluation as tables for people and as one line for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from neuraldocflow import __version__

from .measures import CELLS, Counts, Judged, Tally, calibration_error, reliability, risk_coverage

GROUPS = (("fields", None), ("clauses", "clause "), ("sections", "sections"), (CELLS, CELLS))
"""What is summed up, and how the names of what belongs to it begin; fields have no such beginning."""
THRESHOLDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
TARGETS = {
    "sec_10k sections": 0.985,
    "sec_10k fields": 0.95,
    "contract_analysis fields": 0.90,
    "contract_analysis clauses": 0.75,
    "medical_record fields": 0.95,
    "sec_10k table cells": 0.90,
    "medical_record table cells": 0.90,
}
"""F1 aimed at."""
_TOLD, _LONGEST = 60, 120
"""Differences printed, and characters of a value."""


def profiles_of(tally: Tally) -> list[str]:
    return list(dict.fromkeys(profile for profile, _, _ in tally.counts))


def print_report(console: Console, tally: Tally, simple: Tally) -> None:
    """A table a profile, then what confidences are worth."""
    for profile in profiles_of(tally):
        console.print(_profile_table(profile, tally, simple))
        judged = [each for each in tally.judged if each.profile == profile]
        console.print(_reliability_table(profile, judged))
        console.print(_coverage_table(profile, judged))
    for file, code in sorted(tally.failed.items()):
        console.print(f"no result: {file}: {code}")


def print_differences(console: Console, tally: Tally) -> None:
    """Each value that is wrong or missed, with its file and what was wanted."""
    for each in tally.differences[:_TOLD]:
        console.print(
            f"{each.file}: {each.field}: {_shown(each.wanted)} is wanted, {_shown(each.given)} was given",
            soft_wrap=True,
        )
    if len(tally.differences) > _TOLD:
        console.print(f"… and {len(tally.differences) - _TOLD} more")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _profile_table(profile: str, tally: Tally, simple: Tally) -> Table:
    table = Table(title=f"{profile}: F1 by field", title_justify="left")
    table.add_column("field", overflow="fold")
    kinds = sorted({kind for of, _, kind in tally.counts if of == profile})
    for heading in (*kinds, "all", "precision", "recall", "support", "baseline"):
        table.add_column(heading, justify="right", no_wrap=True)
    names = dict.fromkeys(name for of, name, _ in tally.counts if of == profile)
    for name in names:
        table.add_row(*_row(name, profile, kinds, tally, simple))
    table.add_section()
    for label, prefix in GROUPS:
        counts = tally.total(profile, prefix)
        if counts.support or counts.wrong:
            by_kind = [_f1(tally.total(profile, prefix, kind)) for kind in kinds]
            table.add_row(
                f"all {label}",
                *by_kind,
                *_figures(counts),
                _f1(simple.total(profile, prefix)),
                style="bold",
            )
    if tally.spans and profile.startswith("contract"):
        scores = [score for several in tally.spans.values() for score in several]
        empty = [""] * len(kinds)
        table.add_row("text of clauses found (token F1)", *empty, f"{sum(scores) / len(scores):.3f}")
    return table


def _row(name: str, profile: str, kinds: Sequence[str], tally: Tally, simple: Tally) -> list[str]:
    total, baseline = Counts(), Counts()
    for kind in kinds:
        total.add(tally.counts.get((profile, name, kind), Counts()))
        baseline.add(simple.counts.get((profile, name, kind), Counts()))
    by_kind = [_f1(tally.counts.get((profile, name, kind), Counts())) for kind in kinds]
    return [name, *by_kind, *_figures(total), _f1(baseline)]


def _figures(counts: Counts) -> list[str]:
    if not (counts.support or counts.wrong):
        return ["–", "–", "–", "0"]
    return [f"{counts.f1:.3f}", f"{counts.precision:.3f}", f"{counts.recall:.3f}", str(counts.support)]


def _f1(counts: Counts) -> str:
    return f"{counts.f1:.3f}" if counts.support or counts.wrong else "–"


def _reliability_table(profile: str, judged: Sequence[Judged]) -> Table:
    error = calibration_error(judged)
    table = Table(
        caption=f"{profile}: confidence told, and share right (calibration error {error:.3f})", min_width=60
    )
    for heading in ("confidence", "right", "values"):
        table.add_column(heading, justify="right")
    for said, was, count in reliability(judged):
        table.add_row(f"{said:.2f}", f"{was:.2f}", str(count))
    return table


def _coverage_table(profile: str, judged: Sequence[Judged]) -> Table:
    table = Table(caption=f"{profile}: what accepting without a look costs", min_width=60)
    for heading in ("at or above", "share of values", "of them wrong"):
        table.add_column(heading, justify="right")
    for threshold, coverage, risk in risk_coverage(judged, THRESHOLDS):
        table.add_row(f"{threshold:.2f}", f"{coverage:.1%}", f"{risk:.1%}")
    return table


def as_json(tally: Tally, simple: Tally) -> dict[str, Any]:
    """The benchmark form: each measure with value, unit, reference, target and whether it is met."""
    measures: dict[str, Any] = {}
    for profile in profiles_of(tally):
        for label, prefix in GROUPS:
            counts, reference = tally.total(profile, prefix), simple.total(profile, prefix)
            if counts.support:
                target = TARGETS.get(f"{profile} {label}")
                measures[f"{profile} {label}"] = {
                    **_measure(counts, reference),
                    "target": target,
                    "met": None if target is None else counts.f1 >= target,
                }
        judged = [each for each in tally.judged if each.profile == profile]
        measures[f"{profile} calibration error"] = {
            "value": round(calibration_error(judged), 4),
            "unit": "ECE",
        }
    for (profile, name, kind), counts in tally.counts.items():
        measures[f"{profile} {name} {kind}"] = _measure(
            counts, simple.counts.get((profile, name, kind), Counts())
        )
    return {"name": "evaluation", "versions": {"neuraldocflow": __version__}, "measures": measures}


def _measure(counts: Counts, reference: Counts) -> dict[str, Any]:
    return {
        "value": round(counts.f1, 4),
        "unit": "F1",
        "precision": round(counts.precision, 4),
        "recall": round(counts.recall, 4),
        "support": counts.support,
        "reference": round(reference.f1, 4),
        "ratio": round(counts.f1 / reference.f1, 2) if reference.f1 else None,
    }
