"""Following the log, as a user does it, where clocks and crashes have left their marks on it."""

from __future__ import annotations

import json
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest
from support.command import neuraldocflow, rest_of
from support.deliveries import delivery
from support.job import JobFolder
from support.topics import Topics

from neuraldocflow.config import RuntimeConfig
from neuraldocflow.dead_letters import refused
from neuraldocflow.events import ProcessingProgress
from neuraldocflow.log import PROCESSING_EVENTS, open_log
from sinks.events import message_of


def tail(job: JobFolder, topic: str, *more: str) -> list[dict[str, Any]]:
    shown = ("--from-beginning", "--no-follow", "--json", *more)
    done = neuraldocflow("tail", topic, "-c", "job.yaml", *shown, folder=job.root)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_a_crash_has_written_twice_is_shown_once(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    letters = [refused("k", b"\xff", "not JSON", f"incoming[2]@{offset}").message() for offset in (41, 42)]
    with open_log(RuntimeConfig(state_directory=tmp_path / ".neuraldocflow")) as log:
        for _ in range(2):
            log.append([*letters, message_of(delivery())])
    assert [each["origin"] for each in tail(job, "dead-letters")] == ["incoming[2]@41", "incoming[2]@42"]
    assert len(tail(job, "results")) == 1


DEEP = 900
REFUSED = (
    *(b"\xff\xfe", b"", b"5", b"null", b"[1]", b'"text"', b'{"data": 5, "hello": 1}'),
    *(b'{"type": 5, "data": null}', b'{"data": [1]}', b'{"data": {"name": 5, "error": [1], "source": "x"}}'),
    *(b"[" * DEEP + b"]" * DEEP, b'{"data":' * DEEP + b"1" + b"}" * DEEP),
    b'{"specversion": "1.0", "type": "neuraldocflow.NewDocument.v1", "data": "text"}',
)
"""Messages that others have sent."""


def test_a_refused_message_of_any_shape_is_shown_and_passed_over_by_a_replay(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    letters = [refused("k", value, "no document", f"in[0]@{n}").message() for n, value in enumerate(REFUSED)]
    with open_log(RuntimeConfig(state_directory=tmp_path / ".neuraldocflow")) as log:
        log.append(letters)
    assert [each["origin"] for each in tail(job, "dead-letters")] == [f"in[0]@{n}" for n in range(13)]
    for where, count in (("hello=1", 1), ("reason=no document", 13)):
        found = tail(job, "dead-letters", "--where", where)
        assert len(found) == count
        arguments = ("--dead-letters", "--from-beginning", "--dry-run", "--where", where)
        done = neuraldocflow("replay", "-c", "job.yaml", *arguments, folder=tmp_path)
        assert done.stderr.count("can't be run again: it is no document") == count, done.stderr
    lines = neuraldocflow(
        *("tail", "dead-letters", "-c", "job.yaml", "--from-beginning", "--no-follow"), folder=tmp_path
    )
    assert len(lines.stdout.splitlines()) == len(REFUSED)


def test_following_says_that_only_what_is_new_is_shown(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    with open_log(RuntimeConfig(state_directory=tmp_path / ".neuraldocflow")) as log:
        log.append([message_of(delivery())])
    process = job.start("tail", "-c", "job.yaml")
    assert process.stdout is not None
    assert "what comes from now on (earlier: --since 1h, --from-beginning)" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest = rest_of(process)
    assert (rest, process.returncode) == ("", 0)


@pytest.mark.servers
def test_records_whose_clocks_go_backwards_are_shown_once_in_their_order(tmp_path: Path, kafka: str) -> None:
    """A topic that somebody else has made keeps the producers' time."""
    topics, prefix = Topics(kafka), f"{uuid.uuid4().hex[:10]}."
    topic = topics.make(f"{prefix}{PROCESSING_EVENTS}", message_timestamp_type="CreateTime")
    job = JobFolder(tmp_path, log={"kafka": {"bootstrap_servers": kafka, "topic_prefix": prefix}})
    now = 1_760_000_000_000
    for number in range(5):
        event = ProcessingProgress(id="d", progress=number / 10, stage="reading", sequence=number)
        topics.send(topic, message_of(event).value, timestamp=now - number * 60_000)
    assert [each["progress"] for each in tail(job, "events")] == [0.0, 0.1, 0.2, 0.3, 0.4]
