"""The result of one document (contract 4): what every output, the API and the web page show.

The extraction core makes these as plain dicts; the models here are their published shape. Keys they do not
know are kept, so that a newer agent's result passes an older gateway.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Status = Literal["completed", "partial", "failed"]
BoundingBox = tuple[float, float, float, float]


class _Result(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")


class Provenance(_Result):
    """Where a value stands: a page and a box in PDF points (origin top left), or a block of DOCX and HTML."""

    page: int | None = None
    bbox: BoundingBox | None = None
    block: str | int | None = None
    text: str = ""


class FieldValue(_Result):
    """One value found, as written and normalised; ``value`` is None when it was not found."""

    value: Any = None
    raw: str | None = None
    confidence: float = Field(0.0, ge=0, le=1)
    provenance: list[Provenance] = Field(default_factory=list)


class Section(_Result):
    """A section of the document, pages from 1."""

    id: str
    title: str
    level: int
    page_start: int | None = None
    page_end: int | None = None
    text: str = ""


class Clause(_Result):
    """A clause of a contract."""

    text: str
    confidence: float = Field(ge=0, le=1)
    provenance: list[Provenance] = Field(default_factory=list)


class Table(_Result):
    """A table as text cells; ``header`` may be empty."""

    page: int | None = None
    bbox: BoundingBox | None = None
    header: list[str | None] = Field(default_factory=list)
    rows: list[list[str | None]] = Field(default_factory=list)
    caption: str | None = None


class ExtractedData(_Result):
    """What was read out of a document. A list field is a list of field values; absent is null."""

    document_type: str | None = None
    fields: dict[str, FieldValue | list[FieldValue] | None] = Field(default_factory=dict)
    sections: list[Section] = Field(default_factory=list)
    clauses: dict[str, list[Clause]] = Field(default_factory=dict)
    tables: list[Table] = Field(default_factory=list)
    pages: int | None = None
    language: str | None = None


class Timings(_Result):
    """Milliseconds of each stage."""

    queued_ms: float | None = None
    read_ms: float | None = None
    tables_ms: float | None = None
    fields_ms: float | None = None
    validate_ms: float | None = None
    total_ms: float | None = None


class ResultMetadata(_Result):
    """About the file and the run."""

    filename: str | None = None
    content_type: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    profile: str | None = None
    profile_version: str | int | None = None
    engine_version: str | None = None
    agent_id: str | None = None
    attempt: int | None = None
    timings: Timings = Field(default_factory=Timings)


class ValidationResult(_Result):
    """One rule's verdict."""

    rule: str
    severity: Literal["error", "warning", "info"]
    passed: bool
    message: str = ""
    fields: list[str] = Field(default_factory=list)


class RetrySuggestion(_Result):
    """What may help."""

    action: str
    reason: str


class ErrorInfo(_Result):
    """Why there is no result; ``code`` is one of contract 4's."""

    code: str
    message: str
    retryable: bool = False
    retry_suggestions: list[RetrySuggestion] = Field(default_factory=list)


class ProcessingResult(_Result):
    """The result of one run over one document."""

    job_id: str
    run: int = Field(0, ge=0)
    status: Status
    extracted_data: ExtractedData | None = None
    metadata: ResultMetadata = Field(default_factory=ResultMetadata)
    validation_results: list[ValidationResult] = Field(default_factory=list)
    error: ErrorInfo | None = None
