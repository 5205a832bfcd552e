"""What machines and people read about the interfaces: OpenAPI's page, AsyncAPI, JSON Schemas."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from neuraldocflow import __version__
from neuraldocflow.events import EVENTS
from neuraldocflow.gateway.access import problems
from neuraldocflow.gateway.problems import not_found
from neuraldocflow.gateway.relay import PATH
from neuraldocflow.gateway.session import ACTIONS
from neuraldocflow.log import DEAD_LETTERS, DOCUMENT_STREAM, PROCESSING_EVENTS, PROCESSING_RESULTS
from neuraldocflow.schemas import schemas

router = APIRouter(tags=["descriptions"])

_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>NeuralDocFlow API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head>
<body><div id="api"></div><script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>
"""
_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", deepLinking: true});\n'


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    """OpenAPI for people; nothing is fetched from elsewhere."""
    return HTMLResponse(_PAGE)


@router.get("/docs/start.js", include_in_schema=False)
async def start() -> Response:
    return Response(_START, media_type="text/javascript")


@router.get("/asyncapi.json", summary="The WebSocket's and the topics' messages, as AsyncAPI 3")
async def asyncapi() -> dict[str, Any]:
    return describe()


@router.get(
    "/schemas/{name}.json", responses=problems(404, 422), summary="JSON Schemas of events and results"
)
async def get_schema(name: str) -> Response:
    found = schemas().get(f"{name}.json")
    if found is None:
        raise not_found("There is no such schema.")
    return Response(orjson.dumps(found), media_type="application/schema+json")


def describe() -> dict[str, Any]:
    """The AsyncAPI 3 document."""
    events = {name: {"payload": {"$ref": f"/schemas/{name}.json"}, "title": name} for name in EVENTS}
    of_topics = {
        DOCUMENT_STREAM: ["NewDocument"],
        PROCESSING_RESULTS: ["ProcessingCompleted"],
        PROCESSING_EVENTS: [name for name in EVENTS if name not in ("NewDocument", "ProcessingCompleted")],
        DEAD_LETTERS: list(EVENTS),
    }
    topics = {
        topic: {
            "address": topic,
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            "bindings": {"kafka": {"topic": topic}},
        }
        for topic, names in of_topics.items()
    }
    stream = {
        "address": PATH,
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for name in ("request", "response", "error", "event")
        },
        "bindings": {
            "ws": {"method": "GET", "query": {"type": "object", "properties": {"token": {"type": "string"}}}}
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "NeuralDocFlow", "version": __version__, "license": {"name": "AGPL-3.0-or-later"}},
        "defaultContentType": "application/json",
        "channels": {"stream": stream, **topics},
        "operations": {
            "ask": _operation("receive", "stream", ["request"]),
            "tell": _operation("send", "stream", ["response", "error", "event"]),
            **{f"publish-{topic}": _operation("send", topic, names) for topic, names in of_topics.items()},
        },
        "components": {"messages": {**_messages(), **events}},
    }


def _operation(action: str, channel: str, messages: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


def _messages() -> dict[str, Any]:
    text, anything = {"type": "string"}, {"type": "object"}
    action = {"type": "object", "required": ["action"], "properties": {"action": {"enum": list(ACTIONS)}}}
    event = {
        "type": "object",
        "required": ["channel", "event", "offset", "data"],
        "properties": {
            "channel": {"enum": ["results", "progress", "notifications"]},
            "event": {"enum": ["result", "progress", "notification"]},
            "offset": {"type": "string", "description": "opaque: the from_offset to go on after this event"},
            "data": anything,
        },
    }

    def message(kind: str, payload: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
        properties = {
            "id": text,
            "type": {"const": kind},
            "timestamp": text,
            "payload": payload,
            **(more or {}),
        }
        return {
            "title": kind,
            "payload": {"type": "object", "required": ["id", "type", "payload"], "properties": properties},
        }

    return {
        "request": message("request", action),
        "response": message("response", anything, {"error": anything}),
        "error": message("error", anything, {"error": anything}),
        "event": message("event", event),
    }
