"""The AsyncAPI 3 document: the WebSocket's messages, of the models they are checked with, and the topics'."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from neuraldocflow import __version__
from neuraldocflow.events import ALL_EVENTS, EVENTS, DocumentSource, Event, ProcessingProgress
from neuraldocflow.gateway.actions import ACTIONS
from neuraldocflow.gateway.hub import INSIDE, NATURAL, Kind
from neuraldocflow.gateway.relay import PATH
from neuraldocflow.log import (
    DEAD_LETTERS,
    DOCUMENT_STREAM,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    SWARM_DECISIONS,
)
from neuraldocflow.results import ErrorInfo, Status

Schema = dict[str, Any]
_TOPICS = {
    DOCUMENT_STREAM: ["NewDocument"],
    PROCESSING_RESULTS: ["ProcessingCompleted"],
    PROCESSING_EVENTS: [name for name in EVENTS if name not in ("NewDocument", "ProcessingCompleted")],
    DEAD_LETTERS: list(EVENTS),
    SWARM_DECISIONS: ["SwarmDecision"],
}
_STEPS: list[type[BaseModel]] = [
    EVENTS[name] for name in _TOPICS[PROCESSING_EVENTS] if name != ProcessingProgress.name
]
"""The events of a job's life that are told as notifications."""
_TEXT: Schema = {"type": "string"}
_ID: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "description": "an answer has its request's",
}


class ResultNotice(BaseModel):
    """A result on the channel ``notifications``: that it is there, not all that is in it."""

    model_config = ConfigDict(alias_generator=to_camel)

    type: Literal["ProcessingCompleted", "ProcessingFailed"]
    job_id: str
    timestamp: str
    status: Status
    document_type: str | None
    filename: str | None
    error: ErrorInfo | None


def describe() -> Schema:
    """The document."""
    models = {each for action in ACTIONS.values() for each in action}
    models |= {ErrorInfo, ResultNotice, DocumentSource, ProcessingProgress, *_STEPS}
    named = sorted(models, key=lambda model: model.__name__)
    references, defined = models_json_schema(
        [(model, "validation") for model in named], ref_template="#/components/schemas/{model}"
    )
    schemas = defined["$defs"]
    del schemas["ProcessDocument"]["additionalProperties"]  # the action's name is beside what a request has
    _as_told(schemas)
    of = {model: references[model, "validation"] for model in named}
    messages = {f"ask-{name}": _request(name, of[action.asked]) for name, action in ACTIONS.items()}
    messages |= {f"answer-{name}": _message("response", of[action.told]) for name, action in ACTIONS.items()}
    noted = [*(of[step] for step in _STEPS), of[ResultNotice]]
    events: dict[str, Schema] = {
        "event-progress": _event("progress", of[ProcessingProgress]),
        "event-result": _event("result", {"$ref": "/schemas/result.json"}),
        "event-notification": _event("notification", {"anyOf": noted}),
    }
    messages |= {"error": _error(of[ErrorInfo]), **events}
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
            "events": _operation("send", "stream", list(events)),
            **{f"publish-{topic}": _operation("send", topic, names) for topic, names in _TOPICS.items()},
        },
        "components": {
            "messages": {
                **messages,
                **{
                    name: {"payload": {"$ref": f"/schemas/{name}.json"}, "title": name} for name in ALL_EVENTS
                },
            },
            "schemas": schemas,
        },
    }


def _as_told(schemas: dict[str, Schema]) -> None:
    """Make the schemas of the log's events those of what the hub tells of them."""
    source = schemas[DocumentSource.__name__]
    source["properties"] = {name: each for name, each in source["properties"].items() if name not in INSIDE}
    source["required"] = [name for name in source["required"] if name not in INSIDE]
    for name in (ProcessingProgress.__name__, *(step.__name__ for step in _STEPS)):
        schema = schemas[name]
        own = {key: each for key, each in schema["properties"].items() if key not in Event.model_fields}
        required = [key for key in schema["required"] if key in own]
        if name == ProcessingProgress.__name__:
            told: Schema = {"jobId": _TEXT}
            own = {to_camel(key): each for key, each in own.items()}
        else:
            told = {"type": {"const": name}, "jobId": _TEXT, "timestamp": _TEXT}
        schema |= {"properties": told | own, "required": [*told, *required]}


def _event(kind: Kind, data: Schema) -> Schema:
    offset = {"type": "string", "description": "opaque: the from_offset to go on after this event"}
    properties = {
        "channel": {"const": NATURAL[kind]},
        "event": {"const": kind},
        "offset": offset,
        "data": data,
    }
    payload = {"type": "object", "required": list(properties), "properties": properties}
    return {**_message("event", payload), "title": kind}


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
