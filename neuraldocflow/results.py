"""The result of one document (contract 4): what every output, the API and the web page show.

The extraction core makes these as plain dicts; the models here are their published shape. Keys they do not
know are kept, so that a newer agent's result passes an older gateway.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from neuraldocflow.values import Priority

Status = Literal["completed", "partial", "failed"]
Coordinate = Annotated[float, Field(strict=True)]
"""Strictly, as all numbers here: a result is taken as it is, and a text that could be one is none."""
BoundingBox = tuple[Coordinate, Coordinate, Coordinate, Coordinate]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Count = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
Bytes = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
"""A whole number that every reader of JSON takes for the same."""
Milliseconds = Annotated[float, Field(strict=True, ge=0, le=1e12)]
Name = Annotated[str, Field(max_length=1024)]


class _Result(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", allow_inf_nan=False
    )


class Provenance(_Result):
    """Where a value stands: a page and a box in PDF points (origin top left), or a block of DOCX and HTML."""

    page: Count | None = None
    bbox: BoundingBox | None = None
    block: str | Count | None = None
    text: str = ""


class FieldValue(_Result):
    """One value found, as written and normalised; ``value`` is None when it was not found."""

    value: Any = None
    raw: str | None = None
    confidence: Share = 0.0
    provenance: list[Provenance] = Field(default_factory=list)


class Section(_Result):
    """A section of the document, pages from 1."""

    id: str
    title: str
    level: Count
    page_start: Count | None = None
    page_end: Count | None = None
    text: str = ""
    confidence: Share | None = None


class Clause(_Result):
    """A clause of a contract."""

    text: str
    confidence: Share
    provenance: list[Provenance] = Field(default_factory=list)


class Table(_Result):
    """A table as text cells; ``header`` may be empty."""

    page: Count | None = None
    bbox: BoundingBox | None = None
    header: list[str | None] = Field(default_factory=list)
    rows: list[list[str | None]] = Field(default_factory=list)
    caption: str | None = None
    confidence: Share | None = None


class ExtractedData(_Result):
    """What was read out of a document. A list field is a list of field values; absent is null."""

    document_type: Name | None = None
    confidence: Share | None = None
    fields: dict[str, FieldValue | list[FieldValue] | None] = Field(default_factory=dict)
    sections: list[Section] = Field(default_factory=list)
    clauses: dict[str, list[Clause]] = Field(default_factory=dict)
    tables: list[Table] = Field(default_factory=list)
    pages: Count | None = None
    language: str | None = None
    text: str | None = None


class Timings(_Result):
    """Milliseconds of each stage."""

    queued_ms: Milliseconds | None = None
    read_ms: Milliseconds | None = None
    tables_ms: Milliseconds | None = None
    fields_ms: Milliseconds | None = None
    validate_ms: Milliseconds | None = None
    total_ms: Milliseconds | None = None


class ResultMetadata(_Result):
    """About the file and the run."""

    filename: Name | None = None
    content_type: Name | None = None
    bytes: Bytes | None = None
    sha256: Name | None = None
    profile: Name | None = None
    profile_version: str | int | None = None
    engine_version: str | None = None
    agent_id: str | None = None
    attempt: Count | None = None
    priority: Priority | None = None
    origin: Name | None = None
    """``offline`` for results that were made without the service and synced later."""
    offline_job_id: Name | None = None
    """What such a result was called where it was made."""
    timings: Timings = Field(default_factory=Timings)


class ValidationResult(_Result):
    """One rule's verdict."""

    rule: str
    severity: Literal["error", "warning", "info"]
    passed: Annotated[bool, Field(strict=True)]
    message: str = ""
    fields: list[str] = Field(default_factory=list)


class RetrySuggestion(_Result):
    """What may help."""

    action: str
    reason: str


class ErrorInfo(_Result):
    """Why there is no result; ``code`` is one of docs/results.md's."""

    code: Name
    message: str
    retryable: Annotated[bool, Field(strict=True)] = False
    retry_suggestions: list[RetrySuggestion] = Field(default_factory=list)


class ProcessingResult(_Result):
    """The result of one run over one document."""

    job_id: Name
    run: Count = 0
    status: Status
    extracted_data: ExtractedData | None = None
    metadata: ResultMetadata = Field(default_factory=ResultMetadata)
    validation_results: list[ValidationResult] = Field(default_factory=list)
    error: ErrorInfo | None = None
