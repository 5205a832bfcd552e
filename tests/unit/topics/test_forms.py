"""What a message on a topic may be."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
import pytest

from neuraldocflow.events import DecodeError, DocumentSource, NewDocument, ProcessingStarted, to_cloudevent
from neuraldocflow.payloads import Payload
from neuraldocflow.topics.forms import Document, Manners, Taken, read

MANNERS = Manners("inbox", profile="medical", priority="low")
ID = "5e0c2d3e-58a4-4b8e-9e61-0d6f8d1c2b3a"
DATA: dict[str, Any] = {"source": {"uri": "s3://bucket/a.pdf", "size": 3, "kind": "s3"}}
HTML = b"<!doctype html><html><body><p>Hello</p></body></html>"


def taken(value: bytes | None, offset: int = 7, timestamp: int = 1_700_000_000_000, **headers: str) -> Taken:
    named = {name.replace("__", "-"): told for name, told in headers.items()}
    return Taken("incoming", 2, offset, timestamp, "", value, named)


def event_of(message: Taken, manners: Manners = MANNERS) -> NewDocument:
    found = read(message, manners)
    assert isinstance(found, NewDocument)
    return found


def document_of(message: Taken, manners: Manners = MANNERS) -> Document:
    found = read(message, manners)
    assert isinstance(found, Document)
    return found


def binary(**changed: str) -> dict[str, str]:
    attributes = {"specversion": "1.0", "id": "e-1", "type": "neuraldocflow.NewDocument.v1", "source": "/app"}
    named = {f"ce_{name}": told for name, told in {**attributes, **changed}.items()}
    return {**named, "content-type": "application/json"}


def test_a_cloudevent_in_binary_mode_has_its_attributes_in_headers() -> None:
    value = orjson.dumps({**DATA, "id": ID, "priority": "high"})
    event = event_of(taken(value, **binary(tenant="north")))
    assert (event.id, event.priority, event.tenant) == (ID, "high", "north")
    assert event.source.uri == "s3://bucket/a.pdf"


def test_a_cloudevent_in_structured_mode_is_whole_in_the_value() -> None:
    sent = NewDocument(id=ID, source=DocumentSource(**DATA["source"]), run=2, tenant="north")
    structured = {"content__type": "application/cloudevents+json; charset=utf-8"}
    as_the_log_has_it = {"ce_type": "neuraldocflow.NewDocument.v1", "ce_id": "e"}
    for headers in ({}, structured, {**structured, "ce_specversion": "1.0"}, as_the_log_has_it):
        event = event_of(taken(orjson.dumps(to_cloudevent(sent)), **headers))
        assert (event.id, event.run, event.tenant, event.source) == (ID, 2, "north", sent.source)


def test_the_data_alone_will_do_and_headers_say_what_it_leaves_open() -> None:
    event = event_of(taken(orjson.dumps(DATA), tenant="north", priority="urgent"))
    assert (event.profile, event.priority, event.tenant) == ("medical", "urgent", "north")


@pytest.mark.parametrize(
    ("uri", "kind"), [("file:///a.pdf", "file"), ("https://h/a", "url"), ("s3://b/a", "s3")]
)
def test_of_a_place_the_address_is_enough(uri: str, kind: str) -> None:
    assert event_of(taken(orjson.dumps({"source": {"uri": uri}}))).source.kind == kind


def test_an_event_is_the_sources_own_so_that_its_end_is_told_to_the_source() -> None:
    assert event_of(taken(orjson.dumps(DATA))).source_name == "inbox"
    assert event_of(taken(orjson.dumps({**DATA, "id": ID}), **binary())).source_name == "inbox"


def test_what_the_source_says_stands_behind_what_the_message_says() -> None:
    silent = event_of(taken(orjson.dumps(DATA)))
    assert (silent.profile, silent.priority) == ("medical", "low")
    outspoken = event_of(taken(orjson.dumps({**DATA, "profile": "sec_10k", "priority": "high"})))
    assert (outspoken.profile, outspoken.priority) == ("sec_10k", "high")


def test_a_topics_own_priority_stands_above_a_messages() -> None:
    manners = Manners("inbox", rank="urgent")
    assert event_of(taken(orjson.dumps({**DATA, "priority": "low"})), manners).priority == "urgent"
    raw = document_of(taken(HTML, priority="low"), manners)
    assert raw.event(Payload("file:///p", 3, "ab" * 32)).priority == "urgent"


def test_a_message_without_an_id_has_one_that_follows_from_its_place() -> None:
    first, again = event_of(taken(orjson.dumps(DATA))), event_of(taken(orjson.dumps(DATA)))
    assert first.id == again.id
    others = [taken(orjson.dumps(DATA), offset=8), taken(orjson.dumps(DATA), timestamp=1_700_000_000_001)]
    assert len({first.id, *(event_of(other).id for other in others)}) == 3


@pytest.mark.parametrize("header", ["id", "idempotency__key"])
def test_a_producers_own_id_is_the_documents_wherever_it_lies(header: str) -> None:
    one, other = (event_of(taken(orjson.dumps(DATA), offset=at, **{header: "order 9"})) for at in (1, 2))
    assert one.id == other.id
    payload = Payload("file:///p", 3, "ab" * 32)
    assert document_of(taken(HTML, **{header: "order 9"})).event(payload).id == one.id


def test_an_id_can_name_no_file_elsewhere() -> None:
    event = event_of(taken(orjson.dumps({**DATA, "id": "../../etc/passwd"})))
    assert uuid.UUID(event.id)


def test_an_envelopes_subject_or_id_will_do_where_the_data_has_none() -> None:
    event = event_of(taken(orjson.dumps(DATA), **binary(subject=ID)))
    assert event.id == ID
    one, other = (event_of(taken(orjson.dumps(DATA), offset=at, **binary())) for at in (1, 2))
    assert one.id == other.id


def test_a_documents_own_bytes_come_with_headers() -> None:
    message = taken(b"anything", filename="in/box/a.pdf", content__type="application/pdf", tenant="north")
    raw = document_of(message)
    assert raw.data == b"anything"
    event = raw.event(Payload("file:///payloads/x", 8, "ab" * 32))
    assert event.source == DocumentSource(
        kind="kafka",
        uri="file:///payloads/x",
        size=8,
        sha256="ab" * 32,
        filename="a.pdf",
        content_type="application/pdf",
        version="incoming[2]@7",
    )
    assert (event.tenant, event.profile, event.priority) == ("north", "medical", "low")


@pytest.mark.parametrize("value", [HTML, b"%PDF-1.7\n...", b"PK\x03\x04 damaged"])
def test_a_document_is_known_by_its_bytes_where_no_header_says_so(value: bytes) -> None:
    assert document_of(taken(value)).data == value


def test_another_programs_event_may_carry_a_document() -> None:
    headers = {**binary(type="com.example.scanned"), "content-type": "application/pdf"}
    raw = document_of(taken(b"%PDF-1.7", **headers))
    one = raw.event(Payload("file:///p", 8, "ab" * 32))
    assert one.id == document_of(taken(b"%PDF-1.7", offset=9, **headers)).event(Payload("f", 8, "cd" * 32)).id


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (taken(None), "the message has no value"),
        (taken(b""), "the message has no value"),
        (taken(b"secret words"), "neither an event nor a document that is known"),
        (taken(b'{"secret": '), "not JSON: "),
        (taken(b'{"secret": 1}'), "NewDocument: data.source: Field required"),
        (taken(b"[1]", content__type="application/json"), "content-type is application/json"),
        (taken(orjson.dumps({**DATA, "run": -1})), "data.run"),
        (taken(orjson.dumps(DATA), **binary(type="com.example.order")), "unknown event type"),
        (taken(orjson.dumps(DATA), **binary(specversion="0.3")), "specversion must be 1.0"),
        (
            taken(orjson.dumps(to_cloudevent(ProcessingStarted(id=ID, swarm_id="s", agent_id="a")))),
            "a ProcessingStarted is no document",
        ),
    ],
)
def test_what_is_neither_is_refused_with_a_reason_and_without_its_content(
    message: Taken, reason: str
) -> None:
    with pytest.raises(DecodeError) as refused:
        read(message, MANNERS)
    assert reason in str(refused.value)
    assert "secret words" not in str(refused.value)


def test_a_priority_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DecodeError, match="header priority must be one of urgent, high, normal, low"):
        document_of(taken(HTML, priority="now")).event(Payload("file:///p", 3, "ab" * 32))
