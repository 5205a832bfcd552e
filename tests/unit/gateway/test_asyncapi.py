"""The descriptions say what the code does."""

from __future__ import annotations

import inspect
from typing import Any

import jsonschema
import pytest

from neuraldocflow.events import ALL_EVENTS
from neuraldocflow.gateway import session
from neuraldocflow.gateway.actions import ACTIONS
from neuraldocflow.gateway.asyncapi import describe
from neuraldocflow.log import SWARM_DECISIONS, TOPICS
from neuraldocflow.schemas import schemas


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if "$ref" in node else []
        return here + [each for value in node.values() for each in references(value)]
    return [each for value in node for each in references(value)] if isinstance(node, list) else []


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = describe()
    found = references(document)
    assert found
    for reference in found:
        if reference.startswith("/schemas/"):
            assert reference.removeprefix("/schemas/") in schemas()
            continue
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_topic_of_the_log_is_described_and_every_event_is_on_one() -> None:
    document = describe()
    channels = {name: each for name, each in document["channels"].items() if name != "stream"}
    assert channels.keys() == {*TOPICS, SWARM_DECISIONS}
    assert {name for each in channels.values() for name in each["messages"]} == ALL_EVENTS.keys()


def test_every_action_is_described_and_handled() -> None:
    source = inspect.getsource(session)
    document = describe()
    for action in ACTIONS:
        assert f'"{action}"' in source
        operation = document["operations"][action]
        assert operation["messages"] == [{"$ref": f"#/channels/stream/messages/ask-{action}"}]
        assert {"$ref": "#/channels/stream/messages/error"} in operation["reply"]["messages"]


def test_a_request_is_described_as_it_is_checked() -> None:
    document = describe()
    schema = {**document, "$ref": "#/components/messages/ask-subscribe/payload"}
    request: dict[str, Any] = {
        "id": "1",
        "type": "request",
        "payload": {"action": "subscribe", "job_id": "x"},
    }
    jsonschema.validate(request, schema)
    for wrong in ({"job_id": 1}, {"job_id": ""}, {"from_offset": 3}, {"action": "subscribed"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**request, "payload": {**request["payload"], **wrong}}, schema)
