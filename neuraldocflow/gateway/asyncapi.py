"""The AsyncAPI 3 document: the WebSocket's messages, of the models they are checked with, and the topics'."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from neuraldocflow import __version__
from neuraldocflow.events import ALL_EVENTS, EVENTS
from neuraldocflow.gateway.actions import ACTIONS
from neuraldocflow.gateway.hub import CHANNELS
from neuraldocflow.gateway.relay import PATH
from neuraldocflow.log import (
    DEAD_LETTERS,
    DOCUMENT_STREAM,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    SWARM_DECISIONS,
)
from neuraldocflow.results import ErrorInfo

Schema = dict[str, Any]
_TOPICS = {
    DOCUMENT_STREAM: ["NewDocument"],
    PROCESSING_RESULTS: ["ProcessingCompleted"],
    PROCESSING_EVENTS: [name for name in EVENTS if name not in ("NewDocument", "ProcessingCompleted")],
    DEAD_LETTERS: list(EVENTS),
    SWARM_DECISIONS: ["SwarmDecision"],
}
_TEXT: Schema = {"type": "string"}
_ID: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "description": "an answer has its request's",
}


def describe() -> Schema:
    """The document."""
    models = {each for action in ACTIONS.values() for each in action} | {ErrorInfo}
    named = sorted(models, key=lambda model: model.__name__)
    references, defined = models_json_schema(
        [(model, "validation") for model in named], ref_template="#/components/schemas/{model}"
    )
    for schema in defined["$defs"].values():  # the action's name is beside what a request has
        if schema["title"] == "ProcessDocument":
            del schema["additionalProperties"]
    of = {model: references[model, "validation"] for model in named}
    messages = {f"ask-{name}": _request(name, of[action.asked]) for name, action in ACTIONS.items()}
    messages |= {f"answer-{name}": _message("response", of[action.told]) for name, action in ACTIONS.items()}
    messages |= {"error": _error(of[ErrorInfo]), "event": _message("event", _EVENT)}
    topics = {topic: _channel(topic, names, {"kafka": {"topic": topic}}) for topic, names in _TOPICS.items()}
    token = {"type": "object", "properties": {"token": {"type": "string", "description": "an API key"}}}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "NeuralDocFlow", "version": __version__, "license": {"name": "AGPL-3.0-or-later"}},
        "defaultContentType": "application/json",
        "channels": {
            "stream": _channel(PATH, messages, {"ws": {"method": "GET", "query": token}}),
            **topics,
        },
        "operations": {
            **{name: _asking(name) for name in ACTIONS},
            "events": _operation("send", "stream", ["event"]),
            **{f"publish-{topic}": _operation("send", topic, names) for topic, names in _TOPICS.items()},
        },
        "components": {
            "messages": {
                **messages,
                **{
                    name: {"payload": {"$ref": f"/schemas/{name}.json"}, "title": name} for name in ALL_EVENTS
                },
            },
            "schemas": defined["$defs"],
        },
    }


_EVENT: Schema = {
    "type": "object",
    "required": ["channel", "event", "offset", "data"],
    "properties": {
        "channel": {"enum": list(CHANNELS)},
        "event": {"enum": ["result", "progress", "notification"]},
        "offset": {"type": "string", "description": "opaque: the from_offset to go on after this event"},
        "data": {"type": "object"},
    },
}


def _channel(address: str, messages: Any, bindings: Schema) -> Schema:
    references = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {"address": address, "messages": references, "bindings": bindings}


def _operation(action: str, channel: str, messages: list[str]) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


def _asking(action: str) -> Schema:
    """A request and what answers it."""
    answers = _operation("send", "stream", [f"answer-{action}", "error"])
    del answers["action"]
    return {**_operation("receive", "stream", [f"ask-{action}"]), "reply": answers}


def _message(kind: str, payload: Schema, **more: Schema) -> Schema:
    properties = {"id": _ID, "type": {"const": kind}, "timestamp": _TEXT, "payload": payload, **more}
    return {
        "title": kind,
        "payload": {"type": "object", "required": ["id", "type", "payload"], "properties": properties},
    }


def _request(action: str, payload: Schema) -> Schema:
    name = {"type": "object", "required": ["action"], "properties": {"action": {"const": action}}}
    return {**_message("request", {"allOf": [name, payload]}), "title": action}


def _error(error: Schema) -> Schema:
    made = _message("error", error, error=error)
    made["payload"]["properties"]["id"] = {"anyOf": [_ID, {"type": "null"}], "description": "null: a frame's"}
    return made
