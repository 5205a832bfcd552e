"""Finished documents, made up."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from neuraldocflow.deliveries import Delivery
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.identity import document_id


def delivery(name: str = "a.pdf", run: int = 0, tables: int = 1, **result: Any) -> Delivery:
    """A completed contract named ``name`` with two fields, one of them a list, and a small table."""
    identity = document_id("inbox", "ab" * 32, name, "1")
    document = NewDocument(
        id=identity,
        run=run,
        origin="/sources/inbox",
        source=DocumentSource(
            kind="file", uri=f"file:///inbox/{name}", size=3, sha256="ab" * 32, filename=name.split("/")[-1]
        ),
        received_at=datetime(2026, 3, 4, 23, 30, 0, 123_456, tzinfo=UTC),
    )
    place = {"page": 1, "bbox": [1.0, 2.0, 3.0, 4.0], "text": "Example GmbH"}
    party = {"value": "Example GmbH", "raw": "Example GmbH", "confidence": 0.9, "provenance": [place]}
    amount = {"value": 12.5, "raw": "12.50", "confidence": 0.8, "provenance": [{"page": None, "block": "b1"}]}
    table = {"page": 2, "header": ["a", "b"], "rows": [["1", None]], "caption": "T"}
    made = {
        "jobId": identity,
        "run": run,
        "status": "completed",
        "extractedData": {
            "documentType": "contract_analysis",
            "fields": {"parties": [party, party], "amount": amount, "term": None},
            "tables": [table] * tables,
            "pages": 2,
        },
        "metadata": {"profile": "contract_analysis", "profileVersion": 1},
        "validationResults": [
            {"rule": "r", "severity": "error", "passed": False, "message": "", "fields": []}
        ],
        "error": None,
    }
    return Delivery(document, {**made, **result})


def written_out() -> None:
    """What an archive began to write is there, or can't be written."""
    for thread in threading.enumerate():
        if thread.name == "archive":
            thread.join(60)
