"""From a result to rows: one a document, one a field's value, one a table cell.

Schemas only ever gain columns at their end, so that files of different releases read as one dataset.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any, Literal

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.json import ParseOptions, ReadOptions, read_json

from neuraldocflow.deliveries import Delivery

Dataset = Literal["documents", "fields", "cells"]
Row = dict[str, Any]
Columns = dict[str, list[Any]]
"""Some rows, column by column."""
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
    """A result's rows, each dataset's as JSON that has its columns, and where they belong."""
    document, run = delivery.identity
    data = delivery.result.get("extractedData") or {}
    found: dict[Dataset, Columns] = {
        "documents": {name: [value] for name, value in _document(delivery).items()},
        "fields": _fields(data.get("fields") or {}),
        "cells": _cells(data.get("tables") or []),
    }
    document_type, date = _partition_of(delivery)
    line: Line = {"id": [document, run], "type": document_type, "date": date}
    for dataset, columns in found.items():
        line[dataset] = orjson.dumps({"document_id": document, "run": run, **columns}).decode()
    return line


def identity_of(line: Line) -> tuple[str, int]:
    """Its document and run."""
    document, run = line["id"]
    return document, run


def size_of(line: Line) -> int:
    """About how many bytes it takes in memory."""
    return sum(len(line[dataset]) for dataset in SCHEMAS)


def table_of(dataset: Dataset, lines: list[Line]) -> pa.Table:
    """A dataset's rows of results, in order.

    Arrow's other ways to a table, from Python's values, first import pandas where it is installed, to look
    whether it was given something of it: that stops a running dataflow for half a second.
    """
    schema = SCHEMAS[dataset]
    by_columns = [(each.name, pa.list_(each.type)) for each in list(schema)[len(_ID) :]]
    read = "\n".join([line[dataset] for line in lines]).encode()
    documents = read_json(
        pa.BufferReader(read),
        ReadOptions(use_threads=False, block_size=len(read) + 1),
        ParseOptions(explicit_schema=pa.schema([*_ID, *by_columns]), unexpected_field_behavior="error"),
    ).combine_chunks()
    of_rows = pc.list_parent_indices(documents[len(_ID)])
    columns = [column.take(of_rows) for column in documents.columns[: len(_ID)]]
    columns += [pc.list_flatten(column) for column in documents.columns[len(_ID) :]]
    return pa.Table.from_arrays(columns, schema=schema)


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
        "bytes": metadata.get("bytes") or event.source.size,
        "sha256": metadata.get("sha256") or event.source.sha256,
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


def _fields(fields: dict[str, Any]) -> Columns:
    rows: list[Row] = []
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
    return {name: [row[name] for row in rows] for name in _names("fields")}


def _cells(tables: list[dict[str, Any]]) -> Columns:
    columns: Columns = {name: [] for name in _names("cells")}
    for number, table in enumerate(tables):
        header = table.get("header") or []
        lines = ([(-1, header)] if header else []) + list(enumerate(table.get("rows") or []))
        for line, cells in lines:
            columns["row"] += [line] * len(cells)
            columns["column"] += range(len(cells))
            columns["text"] += cells
        count = len(columns["text"]) - len(columns["table"])
        for name, value in (
            ("table", number),
            ("page", table.get("page")),
            ("caption", table.get("caption")),
        ):
            columns[name] += [value] * count
    return columns


def _names(dataset: Dataset) -> list[str]:
    return list(SCHEMAS[dataset].names[len(_ID) :])
