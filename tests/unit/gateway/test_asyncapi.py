"""The descriptions say what the code does."""

from __future__ import annotations

import inspect
from typing import Any

import jsonschema
import orjson
import pytest
from support.gateway import described

from neuraldocflow import events
from neuraldocflow.events import ALL_EVENTS, Event
from neuraldocflow.gateway import session
from neuraldocflow.gateway.actions import ACTIONS
from neuraldocflow.gateway.arrivals import arrived
from neuraldocflow.gateway.asyncapi import describe
from neuraldocflow.gateway.hub import Published
from neuraldocflow.gateway.offsets import FOLLOWED, Offsets
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS, SWARM_DECISIONS, TOPICS, Record
from neuraldocflow.results import ErrorInfo, RetrySuggestion, ValidationResult
from neuraldocflow.schemas import schemas

SOURCE = events.DocumentSource(kind="file", uri="file:///inbox/b.pdf", size=3, filename="b.pdf")
ERROR = ErrorInfo(code="corrupt", message="damaged").model_dump(by_alias=True)
EXTRACTED = {"documentType": "contract", "tables": [{"bbox": [0, 0, 1, 1], "rows": [["1"]]}]}
READ = events.IntermediateResults(pages=[events.PageRead(page=1, text="…", truncated=True)], profile="auto")
EVENTS: list[Event] = [
    events.DocumentReceived(id="a", source=SOURCE, metadata={"worker": 1}),
    events.ProcessingStarted(id="a", run=1, swarm_id="s", agent_id="a-1", estimated_duration_ms=12.5),
    events.ProcessingProgress(id="a", progress=0, stage="queued"),
    events.ProcessingProgress(
        id="a",
        progress=1,
        stage="reading",
        current_operation="page 1",
        estimated_remaining_ms=1,
        intermediate_results=READ,
    ),
    events.QualityValidated(
        id="a",
        confidence_score=1,
        validation_results=[ValidationResult(rule="r", severity="error", passed=False)],
    ),
    events.ResultDelivered(id="a", delivery_status=events.DeliveryStatus(sink="files", status="delivered")),
    events.ProcessingFailed(
        id="a",
        error=ErrorInfo(code="corrupt", message="damaged"),
        retry_suggestions=[RetrySuggestion(action="a", reason="r")],
    ),
    events.ProcessingCompleted(id="a", result={"jobId": "a", "status": "failed", "error": ERROR}),
    events.ProcessingCompleted(
        id="a", result={"jobId": "a", "status": "completed", "extractedData": EXTRACTED, "error": None}
    ),
]


def published(event: Event) -> Published:
    topic = PROCESSING_RESULTS if isinstance(event, events.ProcessingCompleted) else PROCESSING_EVENTS
    found = arrived(Record(topic, 0, 0, event.id, events.encode(event), {}, 1_700_000_000_000))
    assert found is not None
    return Published(found, {(topic, 0): 1 for topic in FOLLOWED}, Offsets(bytes(range(64))))


def resolved(reference: str) -> Any:
    node: Any = describe()
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


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
        assert resolved(reference)


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


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_an_event_is_told_as_it_is_described(event: Event) -> None:
    told = published(event)
    described(f"event-{told.kind}").validate(orjson.loads(told.message(told.channel)))
    if told.kind == "result":
        described("event-notification").validate(orjson.loads(told.message("notifications")))
    else:
        payload = resolved(f"#/components/messages/event-{told.kind}/payload/properties/payload")
        data = payload["properties"]["data"]
        one_of = [resolved(each["$ref"])["properties"] for each in data.get("anyOf", [data])]
        assert any(told.data.keys() <= names.keys() for names in one_of)


def test_every_event_that_is_relayed_has_been_told() -> None:
    document = describe()["channels"]
    relayed = {name for topic in FOLLOWED for name in document[topic]["messages"]}
    assert {event.name for event in EVENTS} == relayed


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        (0, {"type": "SomethingElse"}),
        (0, {"source": {"kind": "file"}}),
        (2, {"progress": 2}),
        (2, {"stage": "elsewhere"}),
        (4, {"confidence_score": "high"}),
        (8, {"status": "done"}),
        (8, {"extractedData": {"pages": -1}}),
    ],
)
def test_data_of_another_form_is_not_as_described(number: int, wrong: dict[str, Any]) -> None:
    told = published(EVENTS[number])
    message = orjson.loads(told.message(told.channel))
    message["payload"]["data"] |= wrong
    with pytest.raises(jsonschema.ValidationError):
        described(f"event-{told.kind}").validate(message)
