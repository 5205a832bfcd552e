"""Counts of right, wrong and missed values, and what confidences were worth."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .scoring import begins_alike, match_items, same, token_f1

CELLS = "table cells"
"""The name under which cells of tables are counted, beside fields, clauses and sections."""


@dataclass(slots=True)
class Counts:
    """True positives, false positives, false negatives; support is how many values there are to find."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, other: Counts) -> None:
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed

    @property
    def support(self) -> int:
        return self.right + self.missed

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One value given, and whether it is right."""

    profile: str
    field: str
    confidence: float
    right: bool
    group: str
    """The document's origin: what must not stand in both halves of a fold."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where extraction and truth part: a value that is wrong, one that is missed, or one for another."""

    file: str
    field: str
    wanted: Any
    given: Any


@dataclass(slots=True)
class Tally:
    """Everything counted: by profile, field and file kind."""

    counts: dict[tuple[str, str, str], Counts] = field(default_factory=lambda: defaultdict(Counts))
    judged: list[Judged] = field(default_factory=list)
    spans: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Token F1 of each clause found, by kind."""
    failed: dict[str, str] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    """Of fields, one by one."""

    def add(self, truth: Mapping[str, Any], result: Mapping[str, Any] | None) -> None:
        """Count one document; without a result everything in it was missed."""
        profile, kind = truth["profile"], truth["file"].rsplit(".", 1)[-1].lower()
        data = (result or {}).get("extractedData") or {}
        fields = data.get("fields") or {}
        group = group_of(truth["file"])
        for name, wanted in truth["fields"].items():
            given = fields.get(name)
            told = given if isinstance(given, list) else [] if given is None else [given]
            left, wrong = self._field(profile, name, kind, group, wanted, told)
            for missed, other in itertools.zip_longest(left, wrong):
                self.differences.append(Difference(truth["file"], name, missed, other))
        self._sections(profile, kind, group, truth, data)
        self._clauses(profile, kind, group, truth, data)

    def _field(
        self, profile: str, name: str, kind: str, group: str, wanted: Any, told: list[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Counts one field, and gives what is missed of it and what is wrong."""
        values = [each.get("value") for each in told]
        if isinstance(wanted, list):
            verdicts, left = match_items(wanted, values)
            total = len(wanted)
        else:
            total = 0 if wanted is None else 1
            verdicts = [wanted is not None and same(wanted, value) for value in values]
            left = [] if wanted is None or any(verdicts) else [wanted]
        right = sum(verdicts)
        self.counts[profile, name, kind].add(Counts(right, len(verdicts) - right, max(total - right, 0)))
        for each, verdict in zip(told, verdicts, strict=True):
            confidence = float(each.get("confidence", 0.0))
            self.judged.append(Judged(profile, name, confidence, verdict, group))
        return left, [value for value, verdict in zip(values, verdicts, strict=True) if not verdict]

    def _sections(
        self, profile: str, kind: str, group: str, truth: Mapping[str, Any], data: Mapping[str, Any]
    ) -> None:
        wanted = {
            each["id"]: each["starts_with"] for each in truth.get("sections") or [] if each["starts_with"]
        }
        if not wanted:
            return
        counts = Counts()
        seen: set[str] = set()
        for each in data.get("sections") or []:
            if each["id"] not in wanted or each["id"] in seen:
                continue
            seen.add(each["id"])
            right = begins_alike(each["text"], wanted[each["id"]])
            counts.add(Counts(right, not right, not right))
            self.judged.append(Judged(profile, "sections", each.get("confidence", 1.0), right, group))
        counts.missed += len(wanted.keys() - seen)
        self.counts[profile, "sections", kind].add(counts)

    def _clauses(
        self, profile: str, kind: str, group: str, truth: Mapping[str, Any], data: Mapping[str, Any]
    ) -> None:
        clauses = data.get("clauses") or {}
        for name, wanted in (truth.get("clauses") or {}).items():
            found = clauses.get(name) or []
            counts = self.counts[profile, f"clause {name}", kind]
            counts.add(Counts(bool(found and wanted), bool(found and not wanted), bool(wanted and not found)))
            if found:
                surest = max(each["confidence"] for each in found)
                self.judged.append(Judged(profile, "clauses", surest, bool(wanted), group))
            if found and wanted:
                best = max(token_f1(span, each["text"]) for each in found for span in wanted)
                self.spans[name].append(best)

    def add_cells(self, truth: Mapping[str, Any], cells: Counts) -> None:
        """Count the cells of one document's tables."""
        kind = truth["file"].rsplit(".", 1)[-1].lower()
        self.counts[truth["profile"], CELLS, kind].add(cells)

    def total(self, profile: str, prefix: str | None = None, kind: str | None = None) -> Counts:
        """The micro-average over a profile's fields (or clauses, sections, cells, with ``prefix``)."""
        total = Counts()
        for (of, name, form), counts in self.counts.items():
            chosen = (
                name.startswith(prefix) if prefix else not name.startswith(("clause ", "sections", CELLS))
            )
            if of == profile and chosen and kind in (None, form):
                total.add(counts)
        return total


def group_of(file: str) -> str:
    """Documents of one origin: the name without its extension, up to the first ``-`` or ``_``."""
    name = file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return name.replace("_", "-").split("-")[0] if file.startswith("filings/") else name


def reliability(judged: Iterable[Judged], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, count) of each tenth of the confidence scale that has values."""
    groups: dict[int, list[Judged]] = defaultdict(list)
    for each in judged:
        groups[min(int(each.confidence * bins), bins - 1)].append(each)
    return [
        (
            sum(each.confidence for each in group) / len(group),
            sum(each.right for each in group) / len(group),
            len(group),
        )
        for _, group in sorted(groups.items())
    ]


def calibration_error(judged: Sequence[Judged]) -> float:
    """The expected calibration error over ten bins (Naeini et al., 2015)."""
    total = len(judged)
    return sum(abs(said - was) * count for said, was, count in reliability(judged)) / total if total else 0.0


def risk_coverage(judged: Sequence[Judged], thresholds: Sequence[float]) -> list[tuple[float, float, float]]:
    """(threshold, share of values at or above it, share of those that are wrong)."""
    found: list[tuple[float, float, float]] = []
    for threshold in thresholds:
        above = [each for each in judged if each.confidence >= threshold]
        wrong = sum(not each.right for each in above)
        coverage = len(above) / len(judged) if judged else 0.0
        found.append((threshold, coverage, wrong / len(above) if above else 0.0))
    return found
