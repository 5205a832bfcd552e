"""The dataflow's operators by themselves."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from bytewax.recovery import init_db_dir

from dataflows.documents import type_among
from neuraldocflow.components import Acknowledgement
from neuraldocflow.dead_letters import DeadLetter
from neuraldocflow.deliveries import Delivery, Spent, Tick
from neuraldocflow.events import DocumentSource, NewDocument, ProcessingFailed, QualityValidated, decode
from neuraldocflow.job import recovery_reader
from neuraldocflow.job.recovery import Recovery
from neuraldocflow.operators.acknowledge import AcknowledgeSink
from neuraldocflow.operators.clock import ClockSource
from neuraldocflow.operators.dedupe import WINDOW, Dedupe
from neuraldocflow.operators.extract import Finished
from neuraldocflow.operators.keying import dedupe_key, work_key
from neuraldocflow.operators.validate import Validate
from neuraldocflow.results import ProcessingResult
from neuraldocflow.swarm.job import Job, Outcome
from neuraldocflow.swarm.scheduler import CANCELLED


def document(name: str, **more: Any) -> NewDocument:
    source = DocumentSource(kind="file", uri=f"file:///in/{name}", size=1, filename=name)
    return NewDocument(id=name, origin="/sources/inbox", source=source, **more)


def finished(name: str, path: Path, content: str = "") -> Finished:
    """A document an agent has finished, its result in a file."""
    found = {"value": "x", "confidence": 0.9}
    result = {
        "jobId": name,
        "status": "completed",
        "extractedData": {"documentType": "t", "confidence": 0.9, "fields": {"a": found, "b": None}},
        "metadata": {"sha256": content or name},
        "validationResults": [],
        "error": None,
    }
    target = path / f"{name}.json"
    target.write_bytes(orjson.dumps(result))
    return Finished(document(name), Outcome(Job(name, "/in", str(target)), "completed"))


def test_dedupe_passes_each_run_once_and_remembers_across_a_restart() -> None:
    logic = Dedupe(None)
    first = logic.on_batch([document("a"), document("a"), document("b")])[0]
    assert [each.id for each in first] == ["a", "b"]
    again = Dedupe(logic.snapshot())
    assert [each.run for each in again.on_batch([document("a"), document("a", run=1)])[0]] == [1]


def test_dedupe_s_memory_is_bounded() -> None:
    logic = Dedupe(None)
    logic.on_batch([document(str(number)) for number in range(WINDOW + 100)])
    assert len(logic.snapshot()["seen"]) == WINDOW


SKEW = """
import sys
from dataclasses import replace
from collections import Counter
import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource, cluster_main
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from neuraldocflow.operators.keying import bucket_of
counts = Counter()
class Count(StatelessSinkPartition):
    def __init__(self, worker): self.worker = worker
    def write_batch(self, items): counts[self.worker] += len(items)
class Sink(DynamicSink):
    def build(self, step, worker, workers): return Count(worker)
import threading
from bytewax.operators import StatefulBatchLogic
class Note(StatefulBatchLogic):
    def on_batch(self, values):
        counts[threading.get_ident()] += len(values)
        return [], True
    def on_notify(self): return [], True
    def on_eof(self): return [], True
    def notify_at(self): return None
    def snapshot(self): return None
types = ["sec_10k", "contract_analysis", "medical_record"]
keys = [f"normal:{types[n % 3]}:{bucket_of(str(n))}" for n in range(24000)]
flow = Dataflow("skew")
stream = op.input("in", flow, TestingSource([(key, 1) for key in keys], batch_size=500))
out = op.stateful_batch("note", stream, lambda state: Note())
op.output("out", op.key_rm("rm", out), Sink())
cluster_main(flow, [], 0, worker_count_per_proc=8)
print(len(counts), max(counts.values()) / (len(keys) / 8))
"""


def test_three_types_spread_evenly_over_eight_workers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SKEW], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    workers, skew = done.stdout.split()
    assert workers == "8"
    assert float(skew) <= 1.2


def test_a_document_always_has_the_same_keys() -> None:
    one, other = (
        document("a", priority="urgent", profile="sec_10k"),
        document("a", priority="urgent", profile="sec_10k"),
    )
    assert work_key(one) == work_key(other)
    assert work_key(one).startswith("urgent:sec_10k:")
    assert dedupe_key(one) == dedupe_key(other)
    assert len({dedupe_key(document(str(number))) for number in range(2000)}) == 64


def test_validate_tells_the_same_content_under_another_name(tmp_path: Path) -> None:
    logic = Validate(None)
    logic.on_batch([finished("a", tmp_path, "same")])
    out, _ = Validate(logic.snapshot()).on_batch([finished("b", tmp_path, "same")])
    (verdict,) = out[-1].result["validationResults"]  # type: ignore[union-attr]
    assert verdict["rule"] == "repeated_content"
    assert "document a" in verdict["message"]


def test_what_another_tenant_has_sent_is_told_to_nobody(tmp_path: Path) -> None:
    logic = Validate(None)
    logic.on_batch([finished("a", tmp_path, "same")])
    theirs = finished("b", tmp_path, "same")
    theirs = replace(theirs, document=theirs.document.model_copy(update={"tenant": "other"}))
    out, _ = logic.on_batch([theirs])
    assert out[-1].result["validationResults"] == []  # type: ignore[union-attr]


def test_validate_tells_a_field_that_is_suddenly_absent(tmp_path: Path) -> None:
    logic = Validate(None)
    for number in range(60):
        logic.on_batch([finished(f"good-{number}", tmp_path)])
    told: list[str] = []
    for number in range(10):
        item = finished(f"bad-{number}", tmp_path)
        path = Path(item.outcome.result_path)  # type: ignore[union-attr]
        path.write_text(path.read_text().replace('"a":{"value":"x","confidence":0.9}', '"a":null'))
        (_, delivery) = logic.on_batch([item])[0]
        told += [each["rule"] for each in delivery.result["validationResults"]]  # type: ignore[union-attr]
    assert "drift" in told
    assert len(told) < 10


def test_a_field_that_the_profile_was_given_later_is_learned_first(tmp_path: Path) -> None:
    logic = Validate(None)
    for number in range(60):
        logic.on_batch([finished(f"before-{number}", tmp_path)])
    state = logic.snapshot()
    state.pop("counts")  # as the last release wrote it
    logic, told = Validate(state), []
    for number in range(100):
        item = finished(f"after-{number}", tmp_path)
        path = Path(item.outcome.result_path)  # type: ignore[union-attr]
        value = "null" if number == 0 else '{"value":"x","confidence":0.9}'
        path.write_text(path.read_text().replace('"b":null', f'"b":null,"later":{value}'))
        (_, delivery) = logic.on_batch([item])[0]
        told += delivery.result["validationResults"]  # type: ignore[union-attr]
        logic = Validate(logic.snapshot())
    assert [each for each in told if each["rule"] == "drift"] == []
    assert logic.snapshot()["usual"]["later"][2] > 0.89


def test_one_sure_find_of_a_rare_field_does_not_make_the_others_unsure(tmp_path: Path) -> None:
    logic, told = Validate(None), []
    for number in range(400):
        item = finished(f"rare-{number}", tmp_path)
        path = Path(item.outcome.result_path)  # type: ignore[union-attr]
        sure = 0.95 if number == 60 else 0.45
        value = f'{{"value":"x","confidence":{sure}}}' if number >= 60 and number % 12 == 0 else "null"
        path.write_text(path.read_text().replace('"b":null', f'"b":{value}'))
        (_, delivery) = logic.on_batch([item])[0]
        told += delivery.result["validationResults"]  # type: ignore[union-attr]
    assert [each for each in told if each["rule"] == "drift"] == []


def test_names_that_a_hostile_document_s_agent_invents_are_not_remembered_without_end(tmp_path: Path) -> None:
    logic = Validate(None)
    logic.on_batch([finished("good", tmp_path)])
    for number in range(3):
        item = finished(f"hostile-{number}", tmp_path)
        path = Path(item.outcome.result_path)  # type: ignore[union-attr]
        invented = {"x" * 100_000: None} | {f"{number}-{name}": None for name in range(5000)}
        path.write_text(path.read_text().replace('"b":null', orjson.dumps(invented).decode()[1:-1]))
        logic.on_batch([item])
    assert {"a", "b"} <= logic.snapshot()["usual"].keys()
    assert len(orjson.dumps(logic.snapshot())) < 100_000
    nobodys = Finished(document("c"), Outcome(Job("c", "/in", ""), "completed", summary={"profile": "x"}))
    assert type_among({"generic"})(nobodys) == "auto"  # else each had a state of its own


def test_a_failure_is_an_event_and_a_result_of_its_own(tmp_path: Path) -> None:
    error = {"code": "empty", "message": "nothing", "retryable": False, "retrySuggestions": []}
    event, delivery, letter = Validate(None).on_batch([Finished(document("a"), error=error)])[0]
    assert isinstance(event, ProcessingFailed)
    assert isinstance(delivery, Delivery)
    assert delivery.result["status"] == "failed"
    assert delivery.result["error"] == error
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.code, letter.attempts) == ("empty: nothing", "empty", 0)
    assert letter.payload == "file:///in/a"
    repeated = Validate(None).on_batch([Finished(document("a"), error=error)])[0][2]
    assert isinstance(repeated, DeadLetter)
    assert repeated.id == letter.id
    again = decode(letter.value)
    assert isinstance(again, NewDocument)
    assert (again.id, again.origin, again.source) == ("a", "/sources/inbox", document("a").source)
    lost = finished("gone", tmp_path)
    Path(lost.outcome.result_path).unlink()  # type: ignore[union-attr]
    _, delivery, _ = Validate(None).on_batch([lost])[0]
    assert delivery.result["error"]["code"] == "internal"  # type: ignore[union-attr]


def test_a_result_that_says_it_failed_where_the_agent_did_not_is_malformed(tmp_path: Path) -> None:
    item = finished("a", tmp_path)
    path = Path(item.outcome.result_path)  # type: ignore[union-attr]
    path.write_text(path.read_text().replace('"status":"completed"', '"status":"failed","error":null'))
    _, delivery, _ = Validate(None).on_batch([item])[0]
    assert delivery.result["error"]["code"] == "internal"  # type: ignore[union-attr]


def test_a_result_tells_the_priority_of_its_document_failed_or_not(tmp_path: Path) -> None:
    good = finished("a", tmp_path)
    urgent = good.document.model_copy(update={"priority": "urgent"})
    for item in (Finished(urgent, good.outcome), Finished(urgent, error=CANCELLED.to_dict())):
        delivery = Validate(None).on_batch([item])[0][1]
        assert isinstance(delivery, Delivery)
        assert ProcessingResult.model_validate(delivery.result).metadata.priority == "urgent"


def test_nothing_is_kept_of_a_type_of_which_no_document_was_read(tmp_path: Path) -> None:
    logic = Validate(None)
    assert logic.on_batch([Finished(document("a"), error=CANCELLED.to_dict())])[1]
    assert not logic.on_batch([finished("b", tmp_path)])[1]
    assert not logic.on_batch([Finished(document("a"), error=CANCELLED.to_dict())])[1]
    assert not Validate(logic.snapshot()).on_batch([Finished(document("c"), error=CANCELLED.to_dict())])[1]


def test_a_cancelled_document_is_no_dead_letter() -> None:
    out, _ = Validate(None).on_batch([Finished(document("a"), error=CANCELLED.to_dict())])
    assert [type(each) for each in out] == [ProcessingFailed, Delivery]


def test_a_file_changed_between_is_reported_not_mixed_up(tmp_path: Path) -> None:
    item = finished("a", tmp_path, "f" * 64)
    source = item.document.source.model_copy(update={"sha256": "e" * 64})
    seen = Finished(item.document.model_copy(update={"source": source}), item.outcome)
    _, delivery, _ = Validate(None).on_batch([seen])[0]
    assert delivery.result["error"]["code"] == "fetch_failed"  # type: ignore[union-attr]


def test_quality_events_hold_failed_verdicts_only_and_no_values(tmp_path: Path) -> None:
    event = Validate(None).on_batch([finished("a", tmp_path)])[0][0]
    assert isinstance(event, QualityValidated)
    assert event.validation_results == []
    assert event.confidence_score == 0.9


class Source:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def acknowledge(self, event: NewDocument, outcome: Acknowledgement) -> None:
        self.told.append((event.id, outcome.status))


class Store(Recovery):
    """A recovery store whose frontier the test moves."""

    def __init__(self) -> None:
        super().__init__(None)
        self.front = 1

    @property
    def there(self) -> bool:
        return True

    def frontier(self) -> int:
        return self.front


def test_a_source_is_told_only_when_the_epoch_of_the_result_is_committed(tmp_path: Path) -> None:
    source, store, progress = Source(), Store(), []
    sink = AcknowledgeSink({"inbox": source}, store, tmp_path, progress=lambda: progress.append(1))
    part = sink.build_part("s", "p", None)
    delivery = Delivery(document("a"), {"status": "completed"})
    part.write_batch([delivery])
    part.snapshot()  # an epoch whose number is not known: it waits
    part.write_batch([Tick(5)])
    state = part.snapshot()
    store.front = 5
    part.snapshot()
    assert source.told == progress == []
    store.front = 6
    part.snapshot()
    assert source.told == [("a", "completed")]
    assert progress == [1]
    assert part.snapshot()["waiting"] == []
    restored = Source()
    AcknowledgeSink({"inbox": restored}, store, tmp_path).build_part("s", "p", state)
    assert restored.told == [("a", "completed")]


def test_what_a_source_is_to_be_told_that_does_not_run_this_time_is_kept_until_it_does(
    tmp_path: Path,
) -> None:
    store, source = Store(), Source()
    part = AcknowledgeSink({"inbox": None}, store, tmp_path).build_part("s", "p", None)
    part.write_batch([Delivery(document("a"), {"status": "completed"}), Tick(5)])
    store.front = 9
    for _ in range(3):
        state = part.snapshot()
    assert len(state["waiting"]) == 1
    AcknowledgeSink({"inbox": source}, store, tmp_path).build_part("s", "p", state)
    assert source.told == [("a", "completed")]


def test_a_file_is_removed_only_when_the_epoch_that_does_without_it_is_committed(tmp_path: Path) -> None:
    store, files = Store(), [tmp_path / name for name in ("one", "two")]
    sink = AcknowledgeSink({}, store, tmp_path)
    part = sink.build_part("s", "p", None)
    for epoch, file in enumerate(files, 5):
        file.touch()
        part.write_batch([Spent("a", str(file)), Tick(epoch)])
        state = part.snapshot()
    assert all(file.exists() for file in files)
    store.front = 6
    part.snapshot()
    assert [file.exists() for file in files] == [False, True]
    sink.build_part("s", "p", state)  # what a snapshot has is committed
    assert not files[1].exists()


def test_acknowledgements_wait_while_the_store_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, store = Source(), Store()
    part = AcknowledgeSink({"inbox": source}, store, tmp_path).build_part("s", "p", None)
    part.write_batch([Delivery(document("a"), {"status": "completed"}), Tick(5)])
    with monkeypatch.context() as patch:
        patch.setattr(Store, "frontier", Mock(side_effect=sqlite3.OperationalError("unreadable")))
        assert len(part.snapshot()["waiting"]) == 1
    store.front = 6
    part.snapshot()
    assert source.told == [("a", "completed")]


def test_a_reader_that_is_ended_again_and_again_leaves_a_question_unanswered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_db_dir(tmp_path, 1)  # type: ignore[no-untyped-call]
    ends = tmp_path / "ends.py"
    ends.touch()
    recovery = Recovery(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(recovery_reader, "__file__", str(ends))
        with pytest.raises(sqlite3.OperationalError, match="ended again and again"):
            recovery.frontier()
    assert recovery.frontier() == 1
    recovery.close()


def test_the_clock_counts_epochs_and_goes_on_from_the_one_it_is_given() -> None:
    source = ClockSource(1.0, lambda: False, lambda: 7)
    part = source.build_part("s", "clock", None)
    assert part.next_batch() == [Tick(7)]
    assert part.next_batch() == []
    part.snapshot()
    part.snapshot()
    assert part.next_batch() == [Tick(9)]
    assert ClockSource(1.0, lambda: False, lambda: None).build_part("s", "clock", 4).next_batch() == [Tick(5)]


def test_states_of_uncommitted_epochs_are_forgotten(tmp_path: Path) -> None:
    init_db_dir(tmp_path, 2)  # type: ignore[no-untyped-call]
    recovery = Recovery(tmp_path)
    assert recovery.frontier() == 1
    with (
        sqlite3.connect(tmp_path / "part-0.sqlite3") as one,
        sqlite3.connect(tmp_path / "part-1.sqlite3") as other,
    ):
        one.execute("INSERT INTO exs (ex_num, worker_count, resume_epoch) VALUES (3, 2, 4)")
        one.execute("INSERT INTO fronts (ex_num, worker_index, worker_frontier) VALUES (2, 0, 9), (3, 0, 6)")
        for epoch in (3, 5, 6):
            other.execute("INSERT INTO snaps (step_id, state_key, snap_epoch) VALUES ('s', 'k', ?)", (epoch,))
    assert recovery.frontier() == 4  # the second worker has told nothing since the execution began
    with sqlite3.connect(tmp_path / "part-1.sqlite3") as other:
        other.execute("INSERT INTO fronts (ex_num, worker_index, worker_frontier) VALUES (3, 1, 6)")
    assert recovery.frontier() == 6
    recovery.forget_uncommitted()
    with sqlite3.connect(tmp_path / "part-1.sqlite3") as other:
        assert [row[0] for row in other.execute("SELECT snap_epoch FROM snaps ORDER BY 1")] == [3, 5]


def test_no_store_is_no_error() -> None:
    assert not Recovery(None).there
    assert Recovery(None).began() is None
    Recovery(None).forget_uncommitted()


def _written(confidence: bytes, fields: bytes) -> bytes:
    """A result but for what a test has put into it."""
    return (
        b'{"jobId":"a","status":"completed","extractedData":{"confidence":%b,"fields":%b},'
        b'"metadata":{"sha256":"a"},"validationResults":[]}' % (confidence, fields)
    )


@pytest.mark.parametrize(
    "written",
    [
        b"{}",
        b"[]",
        b'{"jobId":"a","status":"completed"}',
        b'{"jobId":"a","status":"completed","extractedData":{"confidence":0.5,"fields":{"a":{"confidence":"x"}}},'
        b'"metadata":{"sha256":"a"},"validationResults":[]}',
        b'{"jobId":"a","status":"completed","extractedData":{"confidence":0.5,"fields":{"a":{"value":%b}}},'
        b'"metadata":{"sha256":"a"},"validationResults":[]}' % (b"[" * 300 + b"]" * 300),
        _written(b'"0.5"', b"{}"),
        _written(b"0.5", b'{"a":{"confidence":"0.5"}}'),
        _written(b"0.5", b'{"a":[{"confidence":0.1},{"value":1}]}'),
        _written(b"0.5", b"{}").replace(b',"fields":{}', b""),
        _written(b"0.5", b"{}").replace(b"validationResults", b"validation_results"),
    ],
)
def test_what_an_agent_wrote_that_is_no_result_fails_the_document_alone(
    tmp_path: Path, written: bytes
) -> None:
    item = finished("a", tmp_path)
    assert item.outcome is not None
    Path(item.outcome.result_path).write_bytes(written)
    _, delivery, _ = Validate(None).on_batch([item])[0]
    assert delivery.result["error"]["code"] == "internal"  # type: ignore[union-attr]
