"""What is synced is refused, or goes all the way: log, index, readers, metrics, formats."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neuraldocflow.events import encode
from neuraldocflow.gateway.arrivals import Arrived, arrived
from neuraldocflow.gateway.hub import NATURAL, Filter, Published
from neuraldocflow.gateway.jobs import Jobs, shown
from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.metrics import Metrics
from neuraldocflow.gateway.offline_results import checked, offline
from neuraldocflow.gateway.offsets import Offsets
from neuraldocflow.gateway.problems import Problem
from neuraldocflow.log import PROCESSING_RESULTS, Record
from neuraldocflow.rendering import FORMATS, render

KEY = Key(id="k", tenant="acme", created=datetime.now(UTC), digest="-")

odd = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def with_odd(names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names.split()) | st.text(max_size=8), odd, max_size=4)


metadata = st.fixed_dictionaries(
    {"timings": with_odd("queuedMs readMs totalMs")},
    optional=dict.fromkeys(("filename", "bytes", "sha256", "profile", "priority", "origin", "uri"), odd),
)
results = st.fixed_dictionaries(
    {
        "jobId": st.text(max_size=8),
        "status": st.sampled_from(["completed", "partial", "failed"]),
    },
    optional={
        "extractedData": with_odd("documentType confidence pages language text fields tables") | odd,
        "metadata": metadata | odd,
        "error": with_odd("code message retryable") | odd,
        "validationResults": odd,
        "extra": odd,
    },
)


def nested(depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(depth):
        made = {"deeper": made}
    return made


def made_of(data: dict[str, Any]) -> Arrived | None:
    """The event the log has of a synced result; None where it is refused."""
    try:
        result = checked(orjson.loads(orjson.dumps(data)))
    except Problem:
        return None
    event = offline(KEY, result)
    found = arrived(Record(PROCESSING_RESULTS, 0, 0, event.id, encode(event), {}, 1_700_000_000_000))
    assert found is not None
    return found


@given(results)
@example({"jobId": "a", "status": "completed", "extractedData": {"confidence": "high"}})
@example({"jobId": "a", "status": "completed", "extractedData": {"pages": 2**63}})
@example({"jobId": "a", "status": "completed", "extractedData": {"pages": -1}})
@example({"jobId": "a", "status": "completed", "metadata": {"priority": {}}})
@example({"jobId": "a", "status": "completed", "metadata": {"timings": {"totalMs": "Infinity"}}})
@example({"jobId": "a", "status": "completed", "extra": nested(60)})
@settings(max_examples=300, deadline=None)
def test_a_synced_result_is_refused_or_goes_all_the_way(data: dict[str, Any]) -> None:
    event = made_of(data)
    if event is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        jobs = Jobs(Path(folder) / "jobs.db")
        assert jobs.apply([event], {}) == [event]
        row = jobs.get(event.job, "acme")
        assert row is not None
        assert shown(row)["status"] == data["status"]
        jobs.close()
    published = Published(event, {}, Offsets(bytes(range(64))))
    for channel in NATURAL.values():
        orjson.loads(published.message(channel))
    Filter({"documentType": "x"}).passes(published)
    Metrics([]).observe(event)
    for form in FORMATS:
        render(event.result, form)


def test_what_is_nested_too_deep_is_refused() -> None:
    data = {"jobId": "a", "status": "completed"}
    assert made_of({**data, "extra": nested(64)}) is None
    assert made_of({**data, "extra": nested(240)}) is None


def test_an_error_that_is_a_document_in_itself_is_refused() -> None:
    data = {"jobId": "a", "status": "failed"}
    told = {"code": "corrupt", "message": "The file is damaged."}
    assert made_of({**data, "error": told}) is not None
    assert made_of({**data, "error": {**told, "message": "a" * 20_000}}) is None
    assert made_of({**data, "error": {**told, "more": ["a" * 100] * 200}}) is None


def test_a_documents_type_is_a_text_and_never_a_question_to_the_index(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs.db")
    for text in (
        "CASE WHEN 1 THEN (SELECT group_concat(tenant) FROM jobs) END",
        "'x', tenant = 'victim', document_type = 'y'",
    ):
        event = made_of({"jobId": text[:9], "status": "completed", "extractedData": {"documentType": text}})
        assert event is not None
        jobs.apply([event], {})
        row = jobs.get(event.job, "acme")
        assert row is not None
        assert row["document_type"] == text
