"""What the output writes."""

from __future__ import annotations

from dataclasses import replace

import orjson
from support.deliveries import delivery

from neuraldocflow.payloads import Payload
from neuraldocflow.topics.envelopes import claim_check, event_message, key_of, result_message

NOW = "2026-03-01T12:00:00.000Z"


def test_a_result_is_written_as_the_event_it_is() -> None:
    made = delivery(run=2, metadata={"timings": {"readMs": 412.0, "totalMs": 520.3}})
    tenant = replace(made, document=made.document.model_copy(update={"tenant": "north"}))
    written = result_message("t", tenant, "document_id", NOW)
    wanted = event_message("t", tenant.event(), made.document.id)
    assert orjson.loads(written.value)["performance_metrics"] == {"readMs": 412.0, "totalMs": 520.3}
    assert written.key == wanted.key
    assert orjson.loads(written.value) == orjson.loads(wanted.value)
    assert {**written.headers, "ce_time": ""} == {**wanted.headers, "ce_time": ""}
    assert len(written.headers["ce_time"]) == len(wanted.headers["ce_time"])


def test_a_size_is_never_less_than_what_is_written() -> None:
    message = result_message("t", delivery(), "document_id", NOW)
    least = len(message.value) + len(message.key) + sum(map(len, message.headers.values()))
    assert message.size >= least


def test_a_claim_check_has_the_same_key_and_id_and_says_where_the_rest_is() -> None:
    whole = result_message("t", delivery(tables=100), "document_type", NOW)
    small = claim_check(whole, Payload("s3://payloads/x", len(whole.value), "ab" * 32))
    assert (small.key, small.headers["ce_id"]) == (whole.key, whole.headers["ce_id"])
    assert small.headers["ce_dataref"] == "s3://payloads/x"
    data = orjson.loads(small.value)
    assert data["dataref"] == {"uri": "s3://payloads/x", "size": len(whole.value), "sha256": "ab" * 32}
    assert data["result"]["documentType"] == "contract_analysis"
    assert small.size < 2000


def test_a_list_gives_its_first_value_and_a_missing_field_the_documents_id() -> None:
    result = delivery().result
    assert key_of(result, "d", "acme", "parties") == "Example GmbH"
    assert key_of(result, "d", "acme", "amount") == "12.5"
    assert key_of(result, "d", "acme", "term") == "d"
    assert key_of(result, "d", "acme", "tenant") == "acme"
