"""What OpenAPI can't read off the code: bodies that are streamed, headers of tus, examples, links."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from neuraldocflow.deadlines import LONGEST_MS
from neuraldocflow.gateway.problems import ProblemBody
from neuraldocflow.gateway.requests import MAX_NAME, ProcessingRequest
from neuraldocflow.results import ProcessingResult

Described = dict[str, Any]

_LETTER = "<!DOCTYPE html><html><body><h1>A letter</h1><p>Dated March 4, 2026.</p></body></html>"
_IN_BASE64 = "PCFET0NUWVBFIGh0bWw+PGh0bWw+PGJvZHk+PGgxPkEgbGV0dGVyPC9oMT48L2JvZHk+PC9odG1sPg=="
_FIELDS: Described = {
    "profile": {"type": "string", "default": "auto", "minLength": 1, "maxLength": MAX_NAME},
    "priority": {"enum": ["urgent", "high", "normal", "low"]},
    "qualityThreshold": {"type": "number", "minimum": 0, "maximum": 1},
    "outputFormat": {"enum": ["json", "yaml", "xml"]},
    "deadlineMs": {"type": "integer", "minimum": 1, "maximum": LONGEST_MS},
    "streamResults": {"enum": ["true", "false"]},
}
_FILE: Described = {"type": "string", "format": "binary"}
BODIES: Described = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE, **_FIELDS}},
            },
            "application/octet-stream": {"schema": _FILE, "example": _LETTER},
            "application/json": {
                "schema": {"$ref": "#/components/schemas/ProcessingRequest"},
                "examples": {
                    "base64": {
                        "value": {
                            "document": {
                                "source": "base64",
                                "content": _IN_BASE64,
                                "filename": "letter.html",
                            },
                            "profile": "auto",
                            "options": {"priority": "high", "qualityThreshold": 0.5},
                        }
                    },
                },
            },
        },
    }
}
"""A document and what is wanted of it."""

RESULTS: Described = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["results"],
                    "properties": {
                        "results": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 100,
                            "items": {"$ref": "#/components/schemas/ProcessingResult"},
                        }
                    },
                },
                "example": {
                    "results": [
                        {
                            "jobId": "b4c2d7e8f90142a3a5b6c7d8e9f0a1b2",
                            "status": "completed",
                            "extractedData": {"documentType": "medical_record", "pages": 2},
                            "metadata": {"filename": "visit.pdf"},
                        }
                    ]
                },
            }
        },
    }
}


def parameter(where: str, name: str, least: int = 0, **more: str) -> Described:
    """A text in the query or the headers."""
    schema: Described = {"type": "string", "maxLength": MAX_NAME, "default": more.pop("default", "")}
    if least:
        schema["minLength"] = least
    return {"in": where, "name": name, "required": False, "schema": schema, **more}


_VERSION: Described = {
    "in": "header",
    "name": "Tus-Resumable",
    "required": True,
    "schema": {"const": "1.0.0", "type": "string"},
    "example": "1.0.0",
}


def _bytes(name: str, least: int, what: str) -> Described:
    schema = {"type": "integer", "minimum": least, "maximum": 10**15 - 1}
    return {"in": "header", "name": name, "required": True, "schema": schema, "description": what}


TUS: Described = {"parameters": [_VERSION]}
TUS_BEGIN: Described = {
    "parameters": [
        _VERSION,
        _bytes("Upload-Length", 1, "of the whole document"),
        {
            "in": "header",
            "name": "Upload-Metadata",
            "schema": {"type": "string"},
            "required": False,
            "description": "names with base64 values",
            "example": "filename bGV0dGVyLmh0bWw=",
        },
    ]
}
TUS_PIECE: Described = {
    "parameters": [_VERSION, _bytes("Upload-Offset", 0, "where the upload is")],
    "requestBody": {"required": True, "content": {"application/offset+octet-stream": {"schema": _FILE}}},
}


def _leads_to(operation: str) -> Described:
    return {"operationId": operation, "parameters": {"job_id": "$response.body#/job_id"}}


TO_THE_JOB: Described = {
    "links": {name: _leads_to(f"{name}") for name in ("get_job", "get_result", "get_events", "cancel_job")}
}
"""Where an accepted document's job is found."""


def name_of(route: APIRoute) -> str:
    """The operation's id."""
    return route.name


def describe(app: FastAPI) -> None:
    """Make the description, with what routes read by themselves."""
    made = app.openapi()
    named = made.setdefault("components", {}).setdefault("schemas", {})
    for model in (ProcessingRequest, ProcessingResult, ProblemBody):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        named.update(schema.pop("$defs", {}))
        named[model.__name__] = schema
    app.openapi_schema = made


class Methods:
    """Which methods the described paths have."""

    def __init__(self, app: FastAPI) -> None:
        self._of = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), [method.upper() for method in methods])
            for path, methods in app.openapi()["paths"].items()
        ]

    def at(self, path: str) -> list[str]:
        """Those of a path; none where there is no such path."""
        return next((methods for pattern, methods in self._of if pattern.fullmatch(path)), [])
