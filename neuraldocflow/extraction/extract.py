"""One document to one result: read, choose the profile, find the fields, validate."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from neuraldocflow import __version__
from neuraldocflow.errors import Corrupt, FetchFailed, InvalidRequest, UnknownProfile
from neuraldocflow.limits import Limits

from .candidates import Candidate, Context
from .classify import classify, score
from .clauses import find as find_clauses
from .fields import find_fields, provenance_of
from .model import Document, Kind, Table
from .profile import Profile
from .sections import Section
from .sections import find as find_sections
from .sniff import sniff
from .validate import is_empty, quality, validate

Progress = Callable[[str, int, int, dict[str, Any] | None], None]
"""Stage, done, total, and what is known so far (or None)."""

CONTENT_TYPES: dict[Kind, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
}


def read(
    source: bytes | Path,
    limits: Limits | None = None,
    progress: Progress | None = None,
    *,
    filename: str = "",
) -> Document:
    """The document model of a PDF, DOCX or HTML file, told apart by content. Raises DocumentError."""
    kind = sniff(source, filename or (source.name if isinstance(source, Path) else ""))
    # a reader is loaded when its first document comes: PDFs need MuPDF, the others don't
    reader = import_module(f"{__package__}.{kind}.reader")
    document: Document = reader.read(source, limits or Limits(), progress)
    return document


@dataclass(slots=True)
class _Clock:
    """Milliseconds of each stage."""

    started: float = field(default_factory=time.perf_counter)
    last: float = field(default_factory=time.perf_counter)
    timings: dict[str, float] = field(default_factory=dict)

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.timings[name] = round((now - self.last) * 1000, 2)
        self.last = now

    def total(self) -> dict[str, float]:
        return {**self.timings, "totalMs": round((time.perf_counter() - self.started) * 1000, 2)}


def extract(
    source: bytes | Path,
    profiles: Mapping[str, Profile],
    profile: str = "auto",
    *,
    filename: str = "",
    limits: Limits | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The result of a document (contract 4, without what only the engine knows: job, run, agent, attempt).

    ``profile`` is a name in ``profiles``, or ``auto``. ``options`` may hold ``qualityThreshold`` (0..1): a
    result less sure than it is ``partial``. Raises DocumentError where there is no result.
    """
    tell = progress or _silent
    clock = _Clock()
    if profile != "auto" and profile not in profiles:
        raise UnknownProfile(
            f"There is no profile {profile!r}; there are {', '.join(sorted(profiles))} and auto."
        )
    threshold = _threshold(options or {})
    filename = filename or (source.name if isinstance(source, Path) else "")
    tell("opening", 0, 1, None)
    size, sha256 = digest(source)
    document = _read(source, limits, progress, filename)
    clock.lap("readMs")
    clock.timings["tablesMs"] = round(document.tables_ms, 2)
    name, likely = _choose(document, profiles, profile)
    chosen = profiles[name]
    tell("fields", 0, 1, {"profile": name, "documentType": chosen.document_type})
    context = Context(find_sections(document, chosen.sections), chosen.data)
    found = list(find_fields(document, chosen, context))
    marked = find_clauses(document, chosen.clauses, context) if chosen.clauses else {}
    clock.lap("fieldsMs")
    tell("validating", 0, 1, None)
    verdicts = list(validate(document, chosen, found))
    has_text = chosen.text and bool(document.text.strip())
    confidence = 0.0 if is_empty(document, found) else quality(found, verdicts, has_text)
    if confidence < threshold:
        verdicts.append(_below(confidence, threshold))
    clock.lap("validateMs")
    whole = any(not each["passed"] and each["severity"] == "error" for each in verdicts)
    data = {
        "documentType": chosen.document_type,
        "confidence": round(confidence, 4),
        "fields": {each.field.name: each.to_json() for each in found},
        "sections": [_section(document, each) for each in context.sections],
        "clauses": {kind: [_clause(document, each) for each in several] for kind, several in marked.items()},
        "tables": [_table(block.table) for block in document.blocks if block.table is not None],
        "pages": len(document.pages) or None,
        "language": document.language,
    }
    if chosen.text:
        data["text"] = document.text
    return {
        "status": "partial" if whole else "completed",
        "extractedData": data,
        "metadata": {
            "filename": filename,
            "contentType": CONTENT_TYPES[document.kind],
            "bytes": size,
            "sha256": sha256,
            "profile": name,
            "profileVersion": chosen.identity,
            "profileScore": round(likely, 4),
            "engineVersion": __version__,
            "timings": clock.total(),
        },
        "validationResults": verdicts,
        "error": None,
    }


def _read(source: bytes | Path, limits: Limits | None, progress: Progress | None, filename: str) -> Document:
    """The document model. Raises FetchFailed for a file that vanishes while it is read."""
    try:
        return read(source, limits, progress, filename=filename)
    except OSError as error:
        raise _gone(error) from error
    except Corrupt as error:
        try:
            if isinstance(source, Path):
                source.stat()
        except OSError as gone:
            raise _gone(gone) from error
        raise


def _gone(error: OSError) -> FetchFailed:
    return FetchFailed(f"The file can't be read: {error.strerror}.")


def _choose(document: Document, profiles: Mapping[str, Profile], wanted: str) -> tuple[str, float]:
    """The profile to use and how likely the document is of its type."""
    if wanted != "auto":
        return wanted, score(document, profiles[wanted])
    name, likely = classify(document, profiles)
    if name not in profiles:
        raise UnknownProfile("No profile fits the document, and there is no generic one.")
    return name, likely


def digest(source: bytes | Path) -> tuple[int, str]:
    """Size and SHA-256 without holding a file in memory. Raises FetchFailed where it can't be read."""
    if isinstance(source, bytes):
        return len(source), hashlib.sha256(source).hexdigest()
    try:
        with source.open("rb") as file:
            found = hashlib.file_digest(file, "sha256")
            return file.tell(), found.hexdigest()
    except OSError as error:
        raise _gone(error) from error


def _section(document: Document, section: Section) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": section.title,
        "level": section.level,
        "pageStart": section.page_start,
        "pageEnd": section.page_end,
        "confidence": round(section.confidence, 4),
        "text": document.text[section.start : section.end],
    }


def _clause(document: Document, clause: Candidate) -> dict[str, Any]:
    places = [place.to_dict() for place in provenance_of(document, clause)]
    return {"text": clause.raw, "confidence": round(clause.score, 4), "provenance": places}


def _table(table: Table) -> dict[str, Any]:
    return {
        "page": table.page,
        "bbox": [round(edge, 2) for edge in table.bbox] if table.bbox is not None else None,
        "header": table.header() if table.header_rows else [],
        "rows": table.body(),
        "caption": table.caption,
        "scale": table.scale,
        "confidence": round(table.confidence, 4),
    }


def _threshold(options: Mapping[str, Any]) -> float:
    """Raises InvalidRequest: who puts a document on a topic may have written anything."""
    given = options.get("qualityThreshold")
    if given is None:
        return 0.0
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
        raise InvalidRequest("qualityThreshold must be a number from 0 to 1.")
    return float(given)


def _below(confidence: float, threshold: float) -> dict[str, Any]:
    message = f"The confidence of {confidence:.2f} is below the threshold of {threshold:.2f}"
    return {
        "rule": "quality_threshold",
        "severity": "error",
        "passed": False,
        "message": message,
        "fields": [],
    }


def _silent(stage: str, done: int, total: int, partial: dict[str, Any] | None) -> None:
    """Progress nobody asked for."""
