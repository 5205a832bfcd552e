"""The contract profile's fields on the labelled contracts: how right they are, what scores are worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from neuraldocflow.evaluation.measures import Counts, Judged, Tally, calibration_error
from neuraldocflow.extraction.calibration import interpolate, isotonic
from neuraldocflow.extraction.candidates import Context
from neuraldocflow.extraction.fields import find_fields
from neuraldocflow.extraction.profile import Profile

from .clauses import FOLDS, fold_of
from .corpus import Labelled
from .rankers import Forms

Points = dict[str, list[list[float]]]


def extract_fields(
    contracts: Sequence[Labelled], form: Mapping[str, Any], by_fold: Sequence[Forms] = ()
) -> Tally:
    """All fields of all contracts, judged by their truth; confidences are the raw scores.

    With ``by_fold``, each contract's fields are ranked by what saw no contract of its filer.
    """
    data = {name: value for name, value in (form.get("data") or {}).items() if name != "calibration"}
    profiles = [
        Profile.from_dict({**form, "data": {**data, "rankers": forms}})
        for forms in by_fold or [data["rankers"]]
    ]
    tally = Tally()
    for contract in contracts:
        profile = profiles[fold_of(contract.group) % len(profiles)]
        found = find_fields(contract.document, profile, Context([], profile.data))
        fields = {each.field.name: each.to_json() for each in found}
        truth = {"file": contract.file, "profile": profile.name, "fields": contract.fields}
        tally.add(truth, {"extractedData": {"fields": fields}})
    return tally


def fit(judged: Sequence[Judged]) -> Points:
    """Isotonic points for each field, and for all together."""
    by_field: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for each in judged:
        by_field[each.field].append((each.confidence, each.right))
    overall = sum(each.right for each in judged) / max(len(judged), 1)
    points = {name: isotonic(samples, overall) for name, samples in sorted(by_field.items())}
    points["*"] = isotonic([sample for samples in by_field.values() for sample in samples], overall)
    return points


def left_out_error(contracts: Sequence[Labelled], judged: Sequence[Judged]) -> float:
    """The expected calibration error of fits on filers they did not see."""
    folds = {contract.file.rsplit(".", 1)[0]: fold_of(contract.group) for contract in contracts}
    told: list[Judged] = []
    for held in range(FOLDS):
        points = fit([each for each in judged if folds[each.group] != held])
        for each in judged:
            if folds[each.group] == held:
                sure = interpolate(points.get(each.field, points["*"]), each.confidence)
                told.append(Judged(each.profile, each.field, sure, each.right, each.group))
    return calibration_error(told)


def table(tally: Tally, error: float) -> str:
    """Figures of each field in Markdown."""
    lines = ["| field | F1 | precision | recall | support |", "|---|---:|---:|---:|---:|"]
    total = Counts()
    for (_, name, _), counts in _by_field(tally).items():
        total.add(counts)
        lines.append(_line(name, counts))
    return "\n".join(
        [
            *lines,
            _line("**all (micro)**", total),
            "",
            f"Expected calibration error on left-out filers: {error:.3f}.",
        ]
    )


def _by_field(tally: Tally) -> dict[tuple[str, str, str], Counts]:
    """Counts without the file kind, which texts have not."""
    merged: dict[tuple[str, str, str], Counts] = defaultdict(Counts)
    for (profile, name, _), counts in tally.counts.items():
        merged[profile, name, ""].add(counts)
    return dict(merged)


def _line(name: str, counts: Counts) -> str:
    return f"| {name} | {counts.f1:.3f} | {counts.precision:.3f} | {counts.recall:.3f} | {counts.support} |"
