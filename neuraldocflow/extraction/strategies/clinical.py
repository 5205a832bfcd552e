"""Strategies for clinical documents.

``clinical_items``   the names in sections of a kind: medications, problems, allergies …
``clinical_details`` the same entries as objects, with dose, codes, status, dates …
``clinical_measures`` vital signs and results as objects with name, value and unit
``clinical_dates``   when a section's entries were
``clinical_head``    the patient's particulars, providers, facility, encounter dates
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..clinical.dates import born, date_in
from ..clinical.doses import dosing
from ..clinical.entries import entries
from ..clinical.head import label_role, particulars
from ..clinical.identity import values_of
from ..clinical.parts import Entry
from ..clinical.sections import ClinicalSection, clinical_sections
from ..clinical.terms import HONORIFIC, NOT_DONE, NOT_DONE_NAMED, NOT_YET, OPERATION
from ..model import Document
from ..normalise import day_first

if TYPE_CHECKING:
    from ..profile import Field

_KEPT = (
    "dose",
    "strength",
    "route",
    "frequency",
    "directions",
    "form",
    "status",
    "reaction",
    "severity",
    "indication",
    "flag",
    "reference_range",
    "provider",
    "location",
    "comment",
    "group",
)


_BOTH = re.compile(r"\bsystolic\b.*\bdiastolic\b", re.IGNORECASE)
_NEAR = 0.08
"""Particulars told this much less surely than the surest still count: a line beside a table of the head."""


def _date(text: str, document: Document, context: Context) -> str | None:
    """The first date of a text, read as the document writes its dates."""
    if "clinical_day_first" not in context.cache:
        context.cache["clinical_day_first"] = day_first(document.text)
    return date_in(text, context.cache["clinical_day_first"])


def _sections(document: Document, context: Context) -> list[ClinicalSection]:
    if "clinical_sections" not in context.cache:
        context.cache["clinical_sections"] = clinical_sections(document)
    found: list[ClinicalSection] = context.cache["clinical_sections"]
    return found


def _entries(document: Document, spec: dict[str, Any], context: Context) -> list[Entry]:
    """Entries of the first tier of section kinds that the document has any of, as ``sections`` lists them.

    ``sections: [[problems], [diagnoses, past_history]]`` looks at diagnoses only
    where there is no problem list. A heading with nothing under it but other headings is none.
    """
    sections = _sections(document, context)
    for tier in spec["sections"]:
        kinds = [tier] if isinstance(tier, str) else list(tier)
        held = [section for section in sections if section.kind in kinds and not section.is_empty]
        key = "clinical_entries:" + ",".join(kinds)
        if key not in context.cache:
            context.cache[key] = [entry for section in held for entry in entries(section)]
        if held:
            found: list[Entry] = context.cache[key]
            return [entry for entry in found if _wanted(entry, spec)]
    return []


def _wanted(entry: Entry, spec: dict[str, Any]) -> bool:
    """Whether an entry is done, and no statement of absence unless the field keeps those; and of past
    history, either an operation or none."""
    status = entry.parts["status"].text if "status" in entry.parts else ""
    dated = entry.parts["date"].text if "date" in entry.parts else ""
    undone = NOT_DONE.search(f"{status} {dated}")
    if undone and not (undone["stopped"] and entry.kind == "medications"):
        return False
    if entry.kind == "past_history" and bool(OPERATION.match(entry.name.text)) != bool(
        spec.get("operations")
    ):
        return False
    if spec.get("done_only") and (NOT_YET.match(status) or NOT_DONE_NAMED.search(entry.name.text)):
        return False
    if entry.absence:
        return bool(spec.get("keep_absence")) and bool(
            re.match(r"no \w+ \w+", entry.name.text, re.IGNORECASE)
        )
    return True


@strategy("clinical_items")
def clinical_items(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """The names of a section's entries, each once."""
    seen: set[str] = set()
    for entry in _entries(document, spec, context):
        text = " ".join(entry.name.text.split())
        if text.lower() not in seen:
            seen.add(text.lower())
            yield Candidate(text, entry.score, entry.name.start, entry.name.end, value=text)


@strategy("clinical_details")
def clinical_details(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """A section's entries as objects: name, codes, dates and what else the row says."""
    for entry in _entries(document, spec, context):
        name = " ".join(entry.name.text.split())
        value: dict[str, Any] = {"name": name}
        for role in _KEPT:
            if role in entry.parts:
                value[role] = " ".join(entry.parts[role].text.split())
        for role in ("date", "end_date"):
            if role in entry.parts:
                value[role] = _date(entry.parts[role].text, document, context) or entry.parts[role].text
        if entry.codes:
            value["codes"] = entry.codes
        if entry.kind in ("medications", "administered"):
            told = dosing(value.get("directions") or name, f"{value.get('strength', '')} {name}")
            value = {**told, **value}
        yield _object(entry, name, value)


def _object(entry: Entry, name: str, value: dict[str, Any]) -> Candidate:
    ranges = [(part.start, part.end) for part in entry.parts.values() if part.start >= 0]
    parts = {"name": Candidate(name, entry.score, entry.name.start, entry.name.end, value=name)}
    for role, part in entry.parts.items():
        if role in value:
            parts[role] = Candidate(part.text, entry.score, part.start, part.end, value=value[role])
    return Candidate(
        name, entry.score, entry.name.start, entry.name.end, value=value, ranges=ranges, parts=parts
    )


@strategy("clinical_measures")
def clinical_measures(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """Measurements as ``{name, value, unit, …}``; ``numeric_only``: those given as a number."""
    for entry in _entries(document, spec, context):
        if "value" not in entry.parts or (spec.get("numeric_only") and not entry.explicit):
            continue
        if spec.get("not_numeric") and entry.explicit:
            continue
        name = " ".join(entry.name.text.replace("\n", " ").split())
        if label_role(name.split(":")[0]):
            continue  # the patient's particulars in a table under the laboratory's name
        name = re.sub(r"(?<=\w)- (?=\w)", "-", name)
        if "component" in entry.parts:
            both = "/" in name or _BOTH.search(name)
            name = f"{'Blood Pressure' if both else name} {entry.parts['component'].text}"
        value: dict[str, Any] = {
            "name": name,
            "value": re.sub(r"^=\s*|(?<=^[<>≤≥])\s+|(?<=^[<>≤≥]=)\s+", "", entry.parts["value"].text),
        }
        unit = entry.unit_text()
        value["unit"] = unit
        if not spec.get("plain"):
            for role in ("reference_range", "flag", "provider", "group", "comment", "status"):
                if role in entry.parts:
                    value[role] = " ".join(entry.parts[role].text.split())
            if "date" in entry.parts:
                value["date"] = _date(entry.parts["date"].text, document, context) or entry.parts["date"].text
            if entry.codes:
                value["codes"] = entry.codes
        yield _object(entry, name, value)


@strategy("clinical_dates")
def clinical_dates(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """The dates of a section's entries, each once."""
    seen: set[str] = set()
    for entry in _entries(document, spec, context):
        part = entry.parts.get("date")
        value = _date(part.text, document, context) if part else None
        if part and value and value not in seen:
            seen.add(value)
            yield Candidate(part.text, entry.score, part.start, part.end, value=value)


@strategy("clinical_head")
def clinical_head(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """The patient's particulars of the given ``role``, best places first."""
    if "clinical_head" not in context.cache:
        context.cache["clinical_head"] = list(particulars(document, _sections(document, context)))
    role = spec["role"]
    told = [
        (score, pair)
        for found, part, score in context.cache["clinical_head"]
        if found == role
        for pair in values_of(role, part, lambda text: _date(text, document, context))
        if pair[1]
    ]
    strongest = max((score for score, _ in told), default=0.0)
    seen: set[str] = set()
    for score, (piece, value) in told:
        value = born(value, document.text) if role == "birth_date" else value
        key = HONORIFIC.sub("", value.lower()).split(",")[0] if role == "provider" else value.lower()
        if score >= strongest - _NEAR and key not in seen:
            seen.add(key)
            yield Candidate(piece.text, score - 0.01 * len(seen), piece.start, piece.end, value=value)
