"""The S3 source against a real server: listing, identity, and what is done with an object afterwards."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.pulling import Pulled
from support.servers.s3 import S3Server

from connectors.s3 import S3Config, S3Source
from neuraldocflow.components import Acknowledgement, SourceContext
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import NewDocument
from neuraldocflow.fetch_queue import Have

pytestmark = pytest.mark.servers

DONE = Acknowledgement("completed")
FAILED = Acknowledgement("failed", {"code": "corrupt", "message": "damaged"})
Make = Callable[..., Pulled]


@pytest.fixture
def watch(tmp_path: Path, bucket: str) -> Iterator[Make]:
    opened: list[Pulled] = []

    def make(once: bool = False, room: Callable[[], int] | None = None, **settings: Any) -> Pulled:
        given = {"bucket": bucket, "polling_interval_ms": 100, **settings}
        context = SourceContext(tmp_path / "state", once=once)
        if room is not None:
            context = replace(context, room=room)
        opened.append(Pulled(S3Source("inbox", S3Config.model_validate(given), context)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def put(s3: S3Server, bucket: str) -> Callable[..., str]:
    client = s3.client()

    def put(key: str, body: bytes = b"content") -> str:
        etag: str = client.put_object(Bucket=bucket, Key=key, Body=body)["ETag"]
        return etag.strip('"')

    return put


@pytest.fixture
def keys(s3: S3Server, bucket: str) -> Callable[[], list[str]]:
    client = s3.client()
    return lambda: [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def names(events: list[NewDocument]) -> list[str]:
    return sorted(event.source.uri.split("/", 3)[3] for event in events)


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_objects_there_and_objects_that_come_later_are_emitted_once(
    watch: Make, put: Callable[..., str]
) -> None:
    put("a.pdf")
    watched = watch()
    assert names(watched.until(1)) == ["a.pdf"]
    put("sub/b.pdf")
    assert names(watched.until(1)) == ["sub/b.pdf"]
    assert watched.quiet()


def test_an_event_says_what_is_known_of_its_object(watch: Make, put: Callable[..., str], bucket: str) -> None:
    etag = put("in/a.pdf", b"abc")
    (event,) = watch(profile="sec_10k", priority="high").until(1)
    source = event.source
    assert (source.kind, source.uri, source.size) == ("s3", f"s3://{bucket}/in/a.pdf", 3)
    assert (source.filename, source.content_type) == ("a.pdf", "application/pdf")
    assert (source.version, source.sha256) == (etag, "")
    assert (event.profile, event.priority, event.source_name) == ("sec_10k", "high", "inbox")


def test_only_documents_under_the_prefix_are_taken_and_folder_markers_are_none(
    watch: Make, put: Callable[..., str]
) -> None:
    for key in ("in/a.PDF", "in/b.txt", "in/deep/c.docx", "out/d.pdf", "inner.pdf"):
        put(key)
    put("in/folder.pdf/", b"")
    events = watch(once=True, prefix="in/", file_patterns=["*.pdf", "*.docx"]).drain()
    assert names(events) == ["in/a.PDF", "in/deep/c.docx"]


def test_keys_with_spaces_signs_and_any_script_are_read_and_changed_as_they_are(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]]
) -> None:
    strange = ["a b+c%20d.pdf", "日本語/ünï #1?.pdf", "x&y=z;'\"<>.pdf"]
    for key in strange:
        put(key)
    watched = watch(delete_after_processing=True)
    events = watched.until(len(strange))
    fetch = watched.source.fetcher()
    assert [b"".join(fetch(event.source, Have())) for event in events] == [b"content"] * len(strange)
    for event in events:
        watched.source.acknowledge(event, DONE)
    assert eventually(lambda: keys() == [])


def test_an_object_written_again_is_another_document(watch: Make, put: Callable[..., str]) -> None:
    put("a.pdf", b"one")
    watched = watch()
    (first,) = watched.until(1)
    put("a.pdf", b"two")
    (second,) = watched.until(1)
    assert first.id != second.id
    watched.source.acknowledge(second, DONE)
    watched.source.acknowledge(first, DONE)
    assert watched.quiet()


def test_what_was_not_acknowledged_comes_again_with_the_same_id_after_a_restart(
    watch: Make, put: Callable[..., str]
) -> None:
    put("a.pdf", b"a")
    put("b.pdf", b"b")
    first = watch()
    events = {event.source.filename: event for event in first.until(2)}
    first.source.acknowledge(events["a.pdf"], DONE)
    first.close()
    (again,) = watch(once=True).drain()
    assert again.id == events["b.pdf"].id


def test_another_number_of_partitions_gives_the_same_documents(watch: Make, put: Callable[..., str]) -> None:
    for number in range(30):
        put(f"{number}.pdf", str(number).encode())
    one = watch(once=True, partitions=1).drain()
    seven = watch(once=True, partitions=7).drain()
    assert len(one) == 30
    assert {event.id for event in one} == {event.id for event in seven}


def test_a_listing_of_several_pages_is_drained_and_each_object_comes_once(
    watch: Make, put: Callable[..., str]
) -> None:
    for number in range(1100):
        put(f"{number:05}.pdf", b"x")
    events = watch(once=True).drain()
    assert len(events) == len({event.id for event in events}) == 1100


def test_without_room_nothing_is_emitted(watch: Make, put: Callable[..., str]) -> None:
    for number in range(5):
        put(f"{number}.pdf")
    room = [0]
    watched = watch(room=lambda: room[0], partitions=1)
    assert watched.quiet()
    room[0] = 2
    assert len(watched.pull()) == 2
    room[0] = 100
    assert len(watched.until(3)) == 3


def test_an_empty_object_is_an_error_of_its_own(watch: Make, put: Callable[..., str]) -> None:
    put("a.pdf", b"")
    (event,) = watch().until(1)
    assert event.error is not None
    assert event.error.code == "empty"


def test_an_object_is_deleted_only_when_acknowledged_and_not_when_it_failed(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]]
) -> None:
    for key in ("bad.pdf", "good.pdf", "unread.pdf"):
        put(key)
    watched = watch(delete_after_processing=True)
    events = {event.source.filename: event for event in watched.until(3)}
    assert len(keys()) == 3
    watched.source.acknowledge(events["good.pdf"], DONE)
    watched.source.acknowledge(events["good.pdf"], DONE)
    watched.source.acknowledge(events["bad.pdf"], FAILED)
    assert eventually(lambda: keys() == ["bad.pdf", "unread.pdf"])
    assert watched.quiet()


def test_an_object_that_comes_again_as_it_was_is_taken_away_again(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]]
) -> None:
    watched = watch(move_processed_to="done/")
    put("a.pdf", b"one")
    (event,) = watched.until(1)
    watched.source.acknowledge(event, DONE)
    assert eventually(lambda: keys() == ["done/a.pdf"])
    put("a.pdf", b"one")
    assert eventually(lambda: "a.pdf" not in keys())
    assert watched.quiet()
    put("a.pdf", b"two")
    assert len(watched.until(1)) == 1


def test_an_object_replaced_meanwhile_is_not_deleted_and_comes_as_a_document(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]]
) -> None:
    put("a.pdf", b"one")
    put("b.pdf", b"b")
    watched = watch(delete_after_processing=True)
    events = {event.source.filename: event for event in watched.until(2)}
    etag = put("a.pdf", b"two")
    watched.source.acknowledge(events["a.pdf"], DONE)
    watched.source.acknowledge(events["b.pdf"], DONE)
    assert eventually(lambda: keys() == ["a.pdf"])
    (newer,) = watched.until(1)
    assert newer.source.version == etag


def test_processed_objects_are_moved_without_overwriting_and_are_not_taken_again(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]]
) -> None:
    put("done/a.pdf", b"in the way")
    put("a.pdf", b"good")
    put("sub/b.pdf", b"bad")
    watched = watch(move_processed_to="done/", move_failed_to="failed/")
    for event in watched.until(2):
        watched.source.acknowledge(event, DONE if event.source.filename == "a.pdf" else FAILED)
    assert eventually(lambda: keys() == ["done/a (2).pdf", "done/a.pdf", "failed/sub/b.pdf"])
    assert watched.quiet()


def test_processed_objects_are_tagged_and_keep_their_other_tags(
    watch: Make, put: Callable[..., str], s3: S3Server, bucket: str
) -> None:
    client = s3.client()
    put("a.pdf")
    own = {"Key": "owner", "Value": "ledger"}
    client.put_object_tagging(Bucket=bucket, Key="a.pdf", Tagging={"TagSet": [own]})
    watched = watch(tag_processed=True)
    (event,) = watched.until(1)
    watched.source.acknowledge(event, Acknowledgement("partial"))

    def tags() -> dict[str, str]:
        found = client.get_object_tagging(Bucket=bucket, Key="a.pdf")["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}

    wanted = {"owner": "ledger", "neuraldocflow-status": "partial", "neuraldocflow-job": event.id}
    assert eventually(lambda: tags() == wanted)


def test_what_is_acknowledged_after_the_source_closed_is_dealt_with_at_once(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]]
) -> None:
    put("a.pdf")
    watched = watch(once=True, delete_after_processing=True)
    (event,) = watched.drain()
    watched.close()
    watched.source.acknowledge(event, DONE)
    assert keys() == []


def test_a_deletion_a_crash_prevented_is_made_after_the_next_start(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]]
) -> None:
    put("a.pdf")
    first = watch(delete_after_processing=True)
    (event,) = first.until(1)
    first.source._ledger.add("a.pdf", event.source.version, {"status": "completed", "id": event.id})
    first.close()
    assert keys() == ["a.pdf"]
    watch(delete_after_processing=True)
    assert eventually(lambda: keys() == [])


def test_what_is_done_while_the_source_has_another_bucket_is_taken_away_from_its_own(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]], s3: S3Server
) -> None:
    put("a.pdf")
    first = watch(delete_after_processing=True)
    (event,) = first.until(1)
    first.close()
    s3.client().create_bucket(Bucket=(other := f"other-{uuid.uuid4().hex[:12]}"))
    s3.client().put_object(Bucket=other, Key="a.pdf", Body=b"content")  # of the same etag
    second = watch(delete_after_processing=True, bucket=other)
    second.source.acknowledge(event, DONE)
    (there,) = second.until(1)
    assert there.source.uri == f"s3://{other}/a.pdf"
    assert keys() == ["a.pdf"]
    watch(delete_after_processing=True)
    assert eventually(lambda: keys() == [])


@pytest.mark.parametrize("named", ["", "x" * 300])
def test_what_somebody_else_says_to_be_the_sources_is_left_alone(
    watch: Make, put: Callable[..., str], tmp_path: Path, named: str
) -> None:
    """Events that are put on the log may name any source."""
    put("a.pdf")
    watched = watch()
    (event,) = watched.until(1)
    source = event.source.model_copy(update={"uri": f"s3://{named}/a.pdf"})
    watched.source.acknowledge(event.model_copy(update={"source": source}), DONE)
    assert len(list((tmp_path / "state" / "sources").glob("*.db"))) == 1


@pytest.mark.parametrize(
    "now",
    [
        {"move_processed_to": "other/", "move_failed_to": "other-failed/"},
        {"delete_after_processing": True},
        {},
    ],
    ids=["moves elsewhere", "deletes", "leaves"],
)
def test_what_was_moved_to_a_former_prefix_is_no_new_document(
    watch: Make, put: Callable[..., str], keys: Callable[[], list[str]], now: dict[str, Any]
) -> None:
    first = watch(move_processed_to="done/", move_failed_to="failed/")
    for name, outcome in (("a.pdf", DONE), ("b.pdf", FAILED)):
        put(name)
        first.source.acknowledge(*first.until(1), outcome)
    assert eventually(lambda: keys() == ["done/a.pdf", "failed/b.pdf"])
    first.close()
    put("c.pdf")
    assert names(watch(once=True, **now).drain()) == ["c.pdf"]
    assert names(watch(once=True, prefix="done/", **now).drain()) == ["done/a.pdf"]  # asked for


def test_a_bucket_that_is_not_there_is_told_at_the_start(s3: S3Server, tmp_path: Path) -> None:
    config = S3Config(bucket="no-such-bucket")
    with pytest.raises(
        ConfigError, match=r"^stream_sources\.x\.config\.bucket: there is no bucket no-such-b"
    ):
        S3Source("x", config, SourceContext(tmp_path))


def test_wrong_credentials_are_told_at_the_start(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    with pytest.raises(ConfigError, match=r"config\.bucket: .* refuses these credentials") as told:
        S3Source("x", S3Config(bucket=bucket), SourceContext(tmp_path))
    assert "not-the-secret" not in str(told.value)


def test_an_endpoint_nobody_answers_at_is_told_at_the_start(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neuraldocflow.objects.reach.PATIENCE", 0.5)
    config = S3Config(bucket="inbox", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"config\.endpoint_url: nothing answers at http://127\.0\.0\.1:9"):
        S3Source("x", config, SourceContext(tmp_path))
