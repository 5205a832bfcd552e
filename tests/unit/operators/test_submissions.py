"""What comes through the gateway: what is urgent overtakes a backlog on the log, and each is emitted once."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuraldocflow.components import SourceContext
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.log import DEAD_LETTERS, DOCUMENT_STREAM, EmbeddedLog, LogError, Message, Record
from neuraldocflow.operators import submissions
from neuraldocflow.operators.submissions import SubmissionsPartition, SubmissionsSource
from neuraldocflow.swarm.job import PRIORITIES, Priority
from sinks.events import message_of


class Stream:
    """A log, and the source that reads its submissions with as much room as it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = EmbeddedLog(folder / "log.db")
        self.log.ensure_topic(DOCUMENT_STREAM, 3)
        self.log.ensure_topic(DEAD_LETTERS)
        self.room = self.urgent_room = 1000

    def close(self) -> None:
        self.log.close()
        for thread in threading.enumerate():
            if thread.name == "submissions":  # nobody waits for news of the log any more
                thread.join()

    def submit(self, *documents: tuple[str, Priority]) -> None:
        self.log.append([message_for(*each) for each in documents])

    def partition(self, state: object = None, *, by_priority: bool = True) -> SubmissionsPartition:
        context = SourceContext(
            self.folder, room=lambda: self.room, urgent_room=lambda: self.urgent_room, once=True
        )
        source = SubmissionsSource(self.log, context, by_priority=by_priority)
        return source.build_part("in", "submissions", state)


def message_for(name: str, priority: Priority) -> Message:
    source = DocumentSource(kind="file", uri="file:///x", size=1)
    return message_of(NewDocument(id=name, source=source, priority=priority))


@pytest.mark.parametrize("id", ["../../elsewhere", "a\0b", "long" * 20, "a b"])
def test_a_document_whose_id_can_not_be_part_of_a_file_s_name_is_no_document(tmp_path: Path, id: str) -> None:
    stream = Stream(tmp_path)
    fine = message_for("fine", "normal")
    named = orjson.loads(fine.value)
    named["data"]["id"] = id
    stream.log.append([replace(fine, value=orjson.dumps(named)), fine])
    part = stream.partition()
    assert names_of(part) == ["fine"]
    letters = stream.log.scan(DEAD_LETTERS, stream.log.bounds(DEAD_LETTERS))
    assert [letter.headers["code"] for letter in letters] == ["undecodable"]
    part.close()
    stream.close()


def names_of(part: SubmissionsPartition) -> list[str]:
    return [event.id for event in part.next_batch()]


def test_an_urgent_document_overtakes_a_backlog_on_the_log(tmp_path: Path) -> None:
    with closing(Stream(tmp_path)) as stream:
        stream.submit(*((f"low-{number}", "low") for number in range(1000)), ("now", "urgent"))
        stream.room = stream.urgent_room = 0
        with closing(stream.partition()) as part:
            while part._places[0].position + part._places[1].position + part._places[2].position < 1001:
                assert names_of(part) == []
            stream.room, stream.urgent_room = 0, 1
            assert names_of(part) == ["now"]
            stream.urgent_room = 8
            assert names_of(part) == []
            stream.room, stream.urgent_room = 2, 10
            assert len(names_of(part)) == 2


def test_what_is_on_a_log_that_was_made_anew_is_read_from_its_beginning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The recovery store stayed, and says that ten documents of the former log were emitted."""
    with closing(Stream(tmp_path)) as stream:
        stream.submit(*((f"old-{number}", "normal") for number in range(30)))
        with closing(stream.partition()) as part:
            assert len([event for _ in range(5) for event in part.take()]) == 30
            state = part.snapshot()
    (tmp_path / "anew").mkdir()
    with closing(Stream(tmp_path / "anew")) as stream:
        stream.submit(*((f"new-{number}", "normal") for number in range(9)))
        with closing(stream.partition(state)) as part:
            found = [event.id for _ in range(5) for event in part.take()]
            stream.submit(("later", "normal"))
            part._news.set()
            found += [event.id for _ in range(5) for event in part.take()]
    assert sorted(found) == sorted([*(f"new-{number}" for number in range(9)), "later"])
    assert "is another one" in caplog.text


def test_on_another_log_no_place_of_the_former_one_is_gone_on_from(tmp_path: Path) -> None:
    """Whose records are more than were read before: nothing of it is beyond its end."""
    with closing(Stream(tmp_path)) as stream:
        stream.submit(*((f"old-{number}", "normal") for number in range(30)))
        with closing(stream.partition()) as part:
            assert len([event for _ in range(5) for event in part.take()]) == 30
            state = part.snapshot()
        with closing(stream.partition(state)) as part:
            assert [event for _ in range(5) for event in part.take()] == []
            state = part.snapshot()
    (tmp_path / "another").mkdir()
    with closing(Stream(tmp_path / "another")) as stream:
        stream.submit(*((f"new-{number}", "normal") for number in range(60)))
        with closing(stream.partition(state)) as part:
            found = {event.id for _ in range(5) for event in part.take()}
    assert found == {f"new-{number}" for number in range(60)}


def test_without_priority_queues_they_come_in_the_order_of_the_log(tmp_path: Path) -> None:
    with closing(Stream(tmp_path)) as stream:
        ordered = [message_for("first", "low"), message_for("second", "high"), message_for("third", "urgent")]
        stream.log.append([replace(each, key="one") for each in ordered])  # all in one partition
        with closing(stream.partition(by_priority=False)) as part:
            assert names_of(part) == ["first", "second", "third"]
        with closing(stream.partition()) as part:
            assert names_of(part) == ["third", "second", "first"]


def test_no_more_is_read_ahead_than_so_many_records_until_some_are_taken_up(tmp_path: Path) -> None:
    with closing(Stream(tmp_path)) as stream:
        stream.submit(*((f"low-{number}", "low") for number in range(2 * submissions._AHEAD)))
        stream.room = stream.urgent_room = 0
        with closing(stream.partition()) as part:
            for _ in range(2 * submissions._AHEAD // submissions._READ):
                assert names_of(part) == []
            read = sum(place.position for place in part._places.values())
            assert submissions._AHEAD - 3 <= read <= submissions._AHEAD
            stream.room = stream.urgent_room = 1000
            emitted: list[str] = []
            while not _at_end(part):
                emitted += names_of(part)
            assert len(emitted) == len(set(emitted)) == 2 * submissions._AHEAD


def test_what_is_no_document_is_a_dead_letter_once_however_long_others_wait(tmp_path: Path) -> None:
    with closing(Stream(tmp_path)) as stream:
        stream.submit(("first", "low"))
        stream.log.append([Message(DOCUMENT_STREAM, "x", b"{")])
        stream.room = stream.urgent_room = 0
        with closing(stream.partition()) as part:
            assert names_of(part) == []
            state = part.snapshot()
        stream.room = stream.urgent_room = 10
        with closing(stream.partition(state)) as part:
            assert names_of(part) == ["first"]
        letters = [stream.log.end(DEAD_LETTERS, each) for each in stream.log.partitions(DEAD_LETTERS)]
        assert sum(letters) == 1


Step = tuple[str, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.integers(0, len(PRIORITIES) - 1)),
        st.tuples(st.just("take"), st.integers(0, 5)),
        st.tuples(st.sampled_from(["snapshot", "crash"]), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_each_document_is_emitted_once_whatever_waited_at_a_restart(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Stream(Path(folder))) as stream:
        part = stream.partition()
        state: object = None
        submitted, emitted, covered = 0, set[str](), set[str]()
        for what, number in steps:
            if what == "submit":
                stream.submit((str(submitted), PRIORITIES[number]))
                submitted += 1
                part._news.set()
            elif what == "take":
                stream.room = stream.urgent_room = number
                fresh = names_of(part) if not _at_end(part) else []
                assert len(fresh) <= number
                assert not emitted & set(fresh)
                emitted |= set(fresh)
            elif what == "snapshot":
                state, covered = part.snapshot(), set(emitted)
            else:
                part.close()
                part, emitted = stream.partition(state), set(covered)
        part.close()
        stream.room = stream.urgent_room = 1000
        with closing(stream.partition(part.snapshot())) as last:
            while not _at_end(last):
                fresh = names_of(last)
                assert not emitted & set(fresh)
                emitted |= set(fresh)
        assert emitted == {str(number) for number in range(submitted)}


def _at_end(part: SubmissionsPartition) -> bool:
    """Whether the next batch would say that there is nothing more."""
    assert part._ends is not None
    return all(part._places[place].first >= end for place, end in part._ends.items())


def test_a_log_that_is_away_while_it_is_read_is_read_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Stream(tmp_path)) as stream:
        stream.submit(("a", "normal"))
        part = stream.partition()
        with monkeypatch.context() as patch, closing(part):

            def away(*_: object, **__: object) -> list[Record]:
                raise LogError("no broker answers")

            patch.setattr(stream.log, "read", away)
            assert names_of(part) == []
            patch.undo()
            deadline = time.monotonic() + 30
            while not (found := names_of(part)):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert found == ["a"]
