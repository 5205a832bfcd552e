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
from neuraldocflow.log import DOCUMENT_STREAM, PROCESSING_EVENTS, PROCESSING_RESULTS, Message, open_log
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
    assert [each["name"] for each in tail(job, "results")] == ["ProcessingCompleted"]


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
    done = neuraldocflow("tail", "-c", "job.yaml", "--no-follow", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("nothing, as it does not wait for what comes (earlier: --since 1h")


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


@pytest.mark.parametrize(("topic", "name"), [("documents", DOCUMENT_STREAM), ("results", PROCESSING_RESULTS)])
def test_what_others_have_put_on_the_log_is_shown_whatever_it_is(
    tmp_path: Path, topic: str, name: str
) -> None:
    job = JobFolder(tmp_path)
    values = [
        b'{"name": 5}',
        b'{"name": ["a", 5]}',
        b'{"error": "boom"}',
        b'{"error": {"x": 1}}',
        b'{"result": 5}',
        b'{"result": {}}',
        b"[1]",
        b"\xff",
    ]
    with open_log(RuntimeConfig(state_directory=tmp_path / ".neuraldocflow")) as log:
        log.append([Message(name, "k", value, {}) for value in values])
    shown = (topic, "-c", "job.yaml", "--from-beginning", "--no-follow")
    done = neuraldocflow("tail", *shown, folder=job.root)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(values)
    assert "boom" in done.stdout


def test_a_documents_name_does_not_control_the_terminal(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    with open_log(RuntimeConfig(state_directory=tmp_path / ".neuraldocflow")) as log:
        event = delivery("\x1b]0;owned\x07\x1b[31m\x9b2Ja\nb.pdf")
        event.result["metadata"]["filename"] = event.document.source.filename
        log.append([message_of(event)])
    done = neuraldocflow("tail", "-c", "job.yaml", "--from-beginning", "--no-follow", folder=job.root)
    assert done.returncode == 0, done.stderr
    assert "a b.pdf" in done.stdout
    assert not {"\x1b", "\x07", "\x9b"} & set(done.stdout)


def test_brackets_and_colons_in_a_name_are_shown(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    file = tmp_path / "a[final]:100:.html"
    file.write_text("<h1>Letter</h1><p>Reference: 5</p>")
    done = neuraldocflow("process", file.name, "--out", "out", folder=tmp_path)
    assert file.name in done.stdout + done.stderr
    document = delivery(file.name).document
    source = document.source.model_copy(update={"uri": file.as_uri(), "size": file.stat().st_size})
    with open_log(RuntimeConfig(state_directory=tmp_path / ".neuraldocflow")) as log:
        log.append([message_of(document.model_copy(update={"source": source}))])
    options = ("--topic", "documents", "--from-beginning", "--dry-run")
    done = neuraldocflow("replay", "-c", "job.yaml", *options, folder=job.root)
    assert done.stdout == f"{file.name}  run 1\n"


@pytest.mark.parametrize("since", ["999999d", "99999999999d", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_no_calendar_has_is_told(tmp_path: Path, since: str) -> None:
    done = neuraldocflow("tail", "--since", since, folder=tmp_path)
    assert done.returncode == 2
    assert f"--since: {since}: write an age" in done.stderr


def test_conditions_look_into_lists(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    with open_log(RuntimeConfig(state_directory=tmp_path / ".neuraldocflow")) as log:
        drifted = delivery("a.pdf")
        drifted.result["validationResults"] = [{"rule": "drift", "passed": False}]
        log.append([message_of(drifted), message_of(delivery("b.pdf"))])
    assert len(tail(job, "results", "--where", "rule=drift")) == 1
