"""From a result to rows: one a document, one a field's value, one a table cell.

Schemas only ever gain columns at their end, so that files of different releases read as one dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any, Literal

import orjson
import pyarrow as pa
from pyarrow.json import ParseOptions, ReadOptions, read_json

from neuraldocflow.deliveries import Delivery

Dataset = Literal["documents", "fields", "cells"]
Row = dict[str, Any]
Line = dict[str, Any]
"""A result on its way to the archive."""

_ID = [("document_id", pa.string()), ("run", pa.int32())]
_BOX = [(name, pa.float64()) for name in ("x0", "y0", "x1", "y1")]

SCHEMAS: dict[Dataset, pa.Schema] = {
    "documents": pa.schema(
        [
            *_ID,
            ("status", pa.string()),
            ("filename", pa.string()),
            ("content_type", pa.string()),
            ("bytes", pa.int64()),
            ("sha256", pa.string()),
            ("source", pa.string()),
            ("uri", pa.string()),
            ("tenant", pa.string()),
            ("priority", pa.string()),
            ("received_at", pa.timestamp("ms", tz="UTC")),
            ("profile", pa.string()),
            ("profile_version", pa.string()),
            ("engine_version", pa.string()),
            ("pages", pa.int32()),
            ("language", pa.string()),
            ("total_ms", pa.float64()),
            ("failed_rules", pa.list_(pa.string())),
            ("error_code", pa.string()),
            ("error_message", pa.string()),
            ("result", pa.string()),
        ]
    ),
    "fields": pa.schema(
        [
            *_ID,
            ("field", pa.string()),
            ("position", pa.int32()),
            ("value", pa.string()),
            ("number", pa.float64()),
            ("raw", pa.string()),
            ("confidence", pa.float64()),
            ("page", pa.int32()),
            *_BOX,
            ("block", pa.string()),
            ("text", pa.string()),
        ]
    ),
    "cells": pa.schema(
        [
            *_ID,
            ("table", pa.int32()),
            ("page", pa.int32()),
            ("caption", pa.string()),
            ("row", pa.int32()),
            ("column", pa.int32()),
            ("text", pa.string()),
        ]
    ),
}
"""``row`` -1 is a table's header; ``position`` counts the values of a list field, 0 for the others."""


def line_of(delivery: Delivery) -> Line:
    """A result's rows, each dataset's as lines of JSON, and where they belong."""
    document, run = delivery.identity
    identity = {"document_id": document, "run": run}
    data = delivery.result.get("extractedData") or {}
    rows: dict[Dataset, Iterable[Row]] = {
        "documents": [_document(delivery)],
        "fields": _fields(data.get("fields") or {}),
        "cells": _cells(data.get("tables") or []),
    }
    document_type, date = _partition_of(delivery)
    line: Line = {"id": [document, run], "type": document_type, "date": date}
    for dataset, each in rows.items():
        found = (orjson.dumps(identity | row, option=orjson.OPT_APPEND_NEWLINE) for row in each)
        line[dataset] = b"".join(found).decode()
    return line


def identity_of(line: Line) -> tuple[str, int]:
    """Its document and run."""
    document, run = line["id"]
    return document, run


def size_of(line: Line) -> int:
    """About how many bytes it takes in memory."""
    return sum(len(line[dataset]) for dataset in SCHEMAS)


def tables_of(lines: list[Line]) -> dict[Dataset, pa.Table]:
    """All rows of results, in order; no table where there are none."""
    found = {dataset: "".join(line[dataset] for line in lines).encode() for dataset in SCHEMAS}
    return {dataset: _table(dataset, rows) for dataset, rows in found.items() if rows}


def _table(dataset: Dataset, rows: bytes) -> pa.Table:
    """Lines of JSON as a table.

    Arrow's other ways to a table, from Python's values, first import pandas where it is installed, to look
    whether it was given something of it: that stops a running dataflow for half a second.
    """
    return read_json(
        pa.BufferReader(rows),
        ReadOptions(use_threads=False, block_size=len(rows) + 1),
        ParseOptions(explicit_schema=SCHEMAS[dataset], unexpected_field_behavior="error"),
    )


def _partition_of(delivery: Delivery) -> tuple[str, str]:
    """Document type and the UTC date of arrival: equal for every repeat."""
    data = delivery.result.get("extractedData") or {}
    date = delivery.document.received_at.astimezone(UTC).date()
    return data.get("documentType") or "unknown", date.isoformat()


def _document(delivery: Delivery) -> Row:
    event, result = delivery.document, delivery.result
    data, metadata = result.get("extractedData") or {}, result.get("metadata") or {}
    error = result.get("error") or {}
    version = metadata.get("profileVersion")
    rules = result.get("validationResults") or []
    return {
        "status": result.get("status"),
        "filename": event.source.filename,
        "content_type": metadata.get("contentType") or event.source.content_type,
        "bytes": event.source.size,
        "sha256": event.source.sha256,
        "source": event.source_name or event.source.through,
        "uri": event.source.uri,
        "tenant": event.tenant,
        "priority": event.priority,
        "received_at": event.received_at.isoformat(timespec="milliseconds"),
        "profile": metadata.get("profile") or event.profile,
        "profile_version": None if version is None else str(version),
        "engine_version": metadata.get("engineVersion"),
        "pages": data.get("pages"),
        "language": data.get("language"),
        "total_ms": (metadata.get("timings") or {}).get("totalMs"),
        "failed_rules": [rule.get("rule") for rule in rules if not rule.get("passed")],
        "error_code": error.get("code"),
        "error_message": error.get("message"),
        "result": orjson.dumps(result).decode(),
    }


def _fields(fields: dict[str, Any]) -> list[Row]:
    rows = []
    for name, found in fields.items():
        values = found if isinstance(found, list) else [] if found is None else [found]
        for position, each in enumerate(values):
            place: dict[str, Any] = next(iter(each.get("provenance") or []), {})
            value, block = each.get("value"), place.get("block")
            box = place.get("bbox") or [None] * 4
            rows.append(
                {
                    "field": name,
                    "position": position,
                    "value": value
                    if value is None or isinstance(value, str)
                    else orjson.dumps(value).decode(),
                    "number": float(value) if type(value) in (int, float) else None,
                    "raw": each.get("raw"),
                    "confidence": each.get("confidence"),
                    "page": place.get("page"),
                    **dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)),
                    "block": None if block is None else str(block),
                    "text": place.get("text"),
                }
            )
    return rows


def _cells(tables: list[dict[str, Any]]) -> Iterator[Row]:
    for number, table in enumerate(tables):
        header = table.get("header") or []
        lines = ([(-1, header)] if header else []) + list(enumerate(table.get("rows") or []))
        for line, cells in lines:
            for column, text in enumerate(cells):
                row = {"table": number, "page": table.get("page"), "caption": table.get("caption")}
                yield {**row, "row": line, "column": column, "text": text}
