"""Events and ids: what a replay may rely on."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow import events, identity
from neuraldocflow.archive.rows import line_of, table_of
from neuraldocflow.deliveries import Delivery
from neuraldocflow.results import ErrorInfo
from neuraldocflow.schemas import schemas

SHA = "ab" * 32
DOCUMENT = identity.document_id("inbox", SHA, "a/b.pdf", "1")
SOURCE = events.DocumentSource(kind="file", uri="file:///inbox/b.pdf", size=3, sha256=SHA, filename="b.pdf")
SAMPLES: list[events.Event] = [
    events.NewDocument(id=DOCUMENT, origin="/sources/inbox", source=SOURCE, options={"outputFormat": "json"}),
    events.NewDocument(id=DOCUMENT, source=SOURCE, error=ErrorInfo(code="fetch_failed", message="gone")),
    events.DocumentReceived(id=DOCUMENT, source=SOURCE, metadata={"worker": 1}),
    events.ProcessingStarted(id=DOCUMENT, swarm_id="s", agent_id="a-1", estimated_duration_ms=12.5),
    events.ProcessingProgress(id=DOCUMENT, progress=0.5, stage="reading", sequence=7),
    events.ProcessingCompleted(id=DOCUMENT, run=2, result={"jobId": DOCUMENT, "status": "completed"}),
    events.ProcessingFailed(id=DOCUMENT, error=ErrorInfo(code="corrupt", message="damaged")),
    events.QualityValidated(id=DOCUMENT, confidence_score=0.9),
    events.ResultDelivered(
        id=DOCUMENT, delivery_status=events.DeliveryStatus(sink="files", target="a.json", status="delivered")
    ),
    events.SwarmDecision(id=DOCUMENT, decision="scaled", reason="queue_depth", agents=3, before=2),
]


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.name)
def test_an_event_survives_encoding_and_satisfies_its_published_schema(event: events.Event) -> None:
    encoded = events.encode(event)
    again = events.decode(encoded)
    assert again.model_dump() == event.model_dump()
    assert (again.event_id, again.origin, again.sequence) == (event.event_id, event.origin, event.sequence)
    envelope = json.loads(encoded)
    jsonschema.validate(envelope, schemas()[f"{event.name}.json"])
    assert envelope["type"] == f"neuraldocflow.{event.name}.v1"
    assert envelope["subject"] == DOCUMENT


def test_there_is_a_sample_of_every_event() -> None:
    assert {sample.name for sample in SAMPLES} == set(events.ALL_EVENTS)


def test_ids_are_the_same_at_every_replay_and_differ_by_run_name_and_sequence() -> None:
    first = {
        identity.event_id(DOCUMENT, run, name, sequence)
        for run in (0, 1)
        for name in ("ProcessingStarted", "ProcessingProgress")
        for sequence in (0, 1)
    }
    assert len(first) == 8
    assert identity.event_id(DOCUMENT, 0, "ProcessingStarted") in first
    assert identity.document_id("inbox", SHA.upper(), "a/b.pdf", "1") == DOCUMENT


def test_ids_are_fixed_for_ever() -> None:
    assert identity.document_id("s", SHA, "n", "v") == "23a29562-6d82-5e85-836a-460b21d71f57"
    assert identity.event_id("d", 1, "NewDocument", 0) == "2ac3fa91-8be0-5457-a3f2-ef73b19613ec"


@given(st.text(), st.integers(0, 9), st.text())
def test_an_event_s_id_is_a_uuid_of_version_5(document: str, run: int, name: str) -> None:
    said = "".join(f"{len(part)}:{part}," for part in (document, str(run), name, "0"))
    assert identity.event_id(document, run, name) == str(uuid.uuid5(identity.EVENTS, said))


@given(st.lists(st.text(), min_size=4, max_size=4), st.lists(st.text(), min_size=4, max_size=4))
def test_different_documents_have_different_ids(one: list[str], other: list[str]) -> None:
    lowered = [[each[0], each[1].lower(), *each[2:]] for each in (one, other)]
    same = identity.document_id(*one) == identity.document_id(*other)
    assert same == (lowered[0] == lowered[1])


def test_a_producers_own_id_is_kept_when_it_is_a_uuid() -> None:
    assert identity.given_id("webhook", DOCUMENT.upper()) == DOCUMENT
    assert identity.given_id("webhook", "order-7") == identity.given_id("webhook", "order-7")
    assert identity.given_id("webhook", "order-7") != identity.given_id("other", "order-7")


def test_a_replayed_job_is_named_by_its_run() -> None:
    assert identity.job_id(DOCUMENT) == DOCUMENT
    assert identity.job_id(DOCUMENT, 2) == f"{DOCUMENT}:2"


ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e",
    "type": "neuraldocflow.NewDocument.v1",
    "source": "/sources/x",
    "data": {"id": "d", "source": {"kind": "file", "uri": "file:///a", "size": 1}},
}


NO_ADDRESSES = ("https://[bad/x.pdf", "file://[x/a.pdf", "https://a\u2100b.com/", "https://a:99999/")


def wrong_address(uri: str) -> dict[str, Any]:
    return {**ENVELOPE, "data": {"id": "d", "source": {"kind": "url", "uri": uri, "size": 1}}}


@given(st.from_regex(events._PLAIN_ADDRESS), st.sampled_from(NO_ADDRESSES))
def test_what_is_taken_for_an_address_at_a_glance_is_one(uri: str, none: str) -> None:
    assert urlsplit(uri).port is None
    assert not events._PLAIN_ADDRESS.match(none)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\x00", "not JSON"),
        (b"[]", "an object is expected"),
        (orjson.dumps({**ENVELOPE, "type": "other"}), "unknown event type"),
        (orjson.dumps({**ENVELOPE, "type": ["other"]}), "unknown event type"),
        (orjson.dumps({**ENVELOPE, "specversion": "0.3"}), "specversion must be 1.0"),
        (
            orjson.dumps({key: ENVELOPE[key] for key in ENVELOPE if key != "data"}),
            "attribute data is missing",
        ),
        (orjson.dumps({**ENVELOPE, "data": {"id": "d"}}), "data.source: Field required"),
        *((orjson.dumps(wrong_address(uri)), "is no address") for uri in NO_ADDRESSES),
        *((orjson.dumps(wrong_address(uri)), "is no address") for uri in ("file:///a%00b", "s3://a\0/b")),
        (orjson.dumps({**ENVELOPE, "data": {**ENVELOPE["data"], "run": 2**31}}), "data.run"),
        (orjson.dumps({**ENVELOPE, "time": "soon"}), "attribute time"),
        (orjson.dumps({**ENVELOPE, "data": 3}), "data must be an object"),
    ],
)
def test_what_is_no_event_is_refused_with_the_place(data: bytes, said: str) -> None:
    with pytest.raises(events.DecodeError, match=said):
        events.decode(data)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
@pytest.mark.parametrize("place", ["time", "received_at"])
def test_a_moment_that_is_none_in_utc_is_refused(place: str, moment: str) -> None:
    envelope = events.to_cloudevent(SAMPLES[0])
    (envelope if place == "time" else envelope["data"])[place] = moment
    with pytest.raises(events.DecodeError, match=f"{place}: .*is no moment in UTC"):
        events.from_cloudevent(envelope)


def test_the_first_and_the_last_moment_are_archived() -> None:
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        event = SAMPLES[0].model_copy(update={"received_at": datetime.fromisoformat(moment)})
        assert isinstance(event, events.NewDocument)
        line = line_of(Delivery(event, {"run": 0, "status": "failed"}))
        assert line["date"] == moment[:10]
        assert table_of("documents", [line]).num_rows == 1


def test_a_decode_error_does_not_repeat_the_content() -> None:
    data = {**ENVELOPE, "data": {**ENVELOPE["data"], "priority": "patient 1234"}}  # type: ignore[dict-item]
    with pytest.raises(events.DecodeError) as caught:
        events.decode(orjson.dumps(data))
    assert "1234" not in str(caught.value)


@given(st.binary())
def test_any_bytes_are_an_event_or_a_decode_error(data: bytes) -> None:
    with pytest.raises(events.DecodeError):
        events.decode(data)


def test_unknown_data_is_ignored_so_that_newer_producers_are_understood() -> None:
    data = {**ENVELOPE["data"], "later": 1}  # type: ignore[dict-item]
    event = events.decode(orjson.dumps({**ENVELOPE, "data": data, "later": 2}))
    assert isinstance(event, events.NewDocument)
    assert event.source_name == "x"
    assert event.received_at <= datetime.now(UTC)
