"""Fetching beside the dataflow: order, waiting, and what plugs in by scheme."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.topics import wait_for

from neuraldocflow.errors import Corrupt, FetchFailed, Replaced, Unreachable
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.fetch_queue import Have
from neuraldocflow.fetching import Fetching
from neuraldocflow.swarm.job import Job, Outcome
from neuraldocflow.swarm.queues import PASSED_OVER


class Place:
    """A scheme's content by address, and its moods."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.asked: list[str] = []
        self.open = threading.Event()
        self.open.set()

    def fetch(self, source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        self.asked.append(source.uri)
        self.open.wait(60)
        if any(name in source.uri for name in self.down):
            raise Unreachable("no answer")
        yield source.uri.encode()[have.size :]


class Fetched:
    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.jobs: list[Job] = []
        self.fetching = Fetching(folder, 1000, self.jobs.append, **settings)

    def ask(
        self, name: str, priority: Any = "normal", host: str = "one", source: str = "", **more: Any
    ) -> None:
        told = DocumentSource(kind="url", uri=f"test://{host}/{name}", size=0)
        event = NewDocument(id=name, source=told, origin=f"/sources/{source}")
        self.fetching.submit(Job(name, "", "out", key="me", priority=priority, **more), event)

    def failures(self, count: int) -> list[Outcome]:
        found: list[Outcome] = []
        wait_for(lambda: len(found.extend(self.fetching.take("me")) or found) == count)
        return found


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def fetched(tmp_path: Path, place: Place) -> Iterator[Fetched]:
    made = Fetched(tmp_path / "fetched", threads=1)
    made.fetching.add_scheme("test", place.fetch)
    yield made
    place.open.set()
    made.fetching.close()


def test_a_payload_becomes_the_jobs_file_until_the_job_is_done(fetched: Fetched) -> None:
    fetched.ask("a")
    wait_for(lambda: bool(fetched.jobs))
    path = Path(fetched.jobs[0].path)
    assert path.read_bytes() == b"test://one/a"
    wait_for(lambda: fetched.fetching.count() == 0)
    (told,) = fetched.fetching.progress("me")
    assert (told.stage, told.progress, told.agent_id) == ("fetching", 0.0, "")
    assert fetched.fetching.progress("me") == []
    fetched.fetching.forget(fetched.jobs[0])
    assert not path.exists()


def test_urgent_documents_are_fetched_before_those_that_came_earlier(fetched: Fetched, place: Place) -> None:
    place.open.clear()
    for name, priority in (("first", "normal"), ("low", "low"), ("normal", "normal"), ("urgent", "urgent")):
        fetched.ask(name, priority)
        wait_for(lambda: bool(place.asked))
    place.open.set()
    wait_for(lambda: len(fetched.jobs) == 4)
    assert [job.document_id for job in fetched.jobs] == ["first", "urgent", "normal", "low"]


def test_a_low_document_is_fetched_though_urgent_ones_go_on_coming(fetched: Fetched, place: Place) -> None:
    place.open.clear()
    fetched.ask("first")
    wait_for(lambda: place.asked == ["test://one/first"])
    fetched.ask("low", "low")
    for number in range(PASSED_OVER + 20):
        fetched.ask(f"urgent-{number}", "urgent")
    place.open.set()
    wait_for(lambda: len(fetched.jobs) == PASSED_OVER + 22)
    assert place.asked.index("test://one/low") == PASSED_OVER + 1


def test_a_place_that_does_not_answer_does_not_hold_up_another(fetched: Fetched, place: Place) -> None:
    place.down.add("down")
    fetched.ask("a", host="down")
    fetched.ask("b", host="up")
    wait_for(lambda: len(fetched.jobs) == 1)
    assert fetched.jobs[0].document_id == "b"
    place.down.clear()
    wait_for(lambda: len(fetched.jobs) == 2)


def test_a_document_is_fetched_no_longer_than_its_deadline(fetched: Fetched, place: Place) -> None:
    place.down.add("down")
    fetched.ask("late", host="down", deadline=time.monotonic() + 0.3)
    (failure,) = fetched.failures(1)
    assert failure.error is not None
    assert (failure.error["code"], "deadline" in failure.error["message"]) == ("timeout", True)


def test_a_document_that_waits_for_its_turn_ends_by_its_deadline_or_when_it_is_cancelled(
    fetched: Fetched, place: Place
) -> None:
    place.open.clear()
    fetched.ask("first")
    wait_for(lambda: bool(place.asked))
    fetched.ask("later", deadline=time.monotonic() + 60)
    fetched.ask("late", deadline=time.monotonic() + 0.3)
    (failure,) = fetched.failures(1)
    assert (failure.job.document_id, failure.error and failure.error["code"]) == ("late", "timeout")
    fetched.ask("unwanted")
    fetched.fetching.cancel("unwanted", 0)
    (failure,) = fetched.failures(1)
    assert failure.job.document_id == "unwanted"
    assert fetched.fetching.count() == 2
    place.open.set()
    wait_for(lambda: [job.document_id for job in fetched.jobs] == ["first", "later"])


def test_cancelling_a_run_leaves_the_fetching_of_the_others(fetched: Fetched, place: Place) -> None:
    place.open.clear()
    for run in (0, 1, 2):
        fetched.ask("document", run=run)
    fetched.fetching.cancel("document", 1)
    place.open.set()
    (failure,) = fetched.failures(1)
    assert failure.job.run == 1
    wait_for(lambda: len(fetched.jobs) == 2)


def test_the_same_document_is_fetched_once_at_a_time(fetched: Fetched, place: Place) -> None:
    place.open.clear()
    fetched.ask("a")
    fetched.ask("a")
    assert fetched.fetching.count() == 1
    place.open.set()
    wait_for(lambda: fetched.fetching.count() == 0)
    assert len(fetched.jobs) == len(place.asked) == 1


def test_a_place_that_never_answers_fails_its_document_and_leaves_no_file(
    tmp_path: Path, place: Place
) -> None:
    made = Fetched(tmp_path / "fetched", patience=0.0)
    made.fetching.add_scheme("test", place.fetch)
    place.down.add("one")
    made.ask("a")
    (outcome,) = made.failures(1)
    assert outcome.error is not None
    assert (outcome.error["code"], outcome.error["retryable"]) == ("fetch_failed", True)
    assert "test://one/a" in outcome.error["message"]
    assert list(made.folder.iterdir()) == []
    made.fetching.close()


def test_an_addresss_password_and_signature_are_told_nowhere(
    tmp_path: Path, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    made = Fetched(tmp_path / "fetched", patience=0.2)
    made.fetching.add_scheme("test", place.fetch)
    place.down.add("one")
    made.ask("a?signature=word2", host="ida:word1@one:81")
    (outcome,) = made.failures(1)
    made.fetching.close()
    assert outcome.error is not None
    for told in (outcome.error["message"], caplog.text):
        assert "test://one:81" in told
        assert "word" not in told
        assert "ida" not in told


@pytest.mark.parametrize(
    ("error", "code"), [(Corrupt("no"), "corrupt"), (ValueError("the document says: secret"), "internal")]
)
def test_a_fetchers_error_fails_its_document_only_and_its_text_is_not_told_on(
    fetched: Fetched, error: Exception, code: str
) -> None:
    def broken(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        raise error
        yield b""

    fetched.fetching.add_source("bad", broken)
    fetched.ask("a", source="bad")
    fetched.ask("b")
    (outcome,) = fetched.failures(1)
    assert outcome.error is not None
    assert outcome.error["code"] == code
    assert "secret" not in outcome.error["message"]
    wait_for(lambda: len(fetched.jobs) == 1)


def test_a_full_disk_is_waited_for(fetched: Fetched) -> None:
    tried: list[int] = []

    def full_at_first(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        tried.append(have.size)
        yield b"abc"
        if len(tried) < 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    fetched.fetching.add_scheme("test", full_at_first)
    fetched.ask("a")
    wait_for(lambda: bool(fetched.jobs))
    assert tried == [0, 0, 0]
    assert Path(fetched.jobs[0].path).read_bytes() == b"abc"


@pytest.mark.parametrize("error", [FetchFailed("gone"), Replaced()], ids=["failed", "replaced"])
def test_a_file_that_can_not_be_removed_stops_no_thread(
    fetched: Fetched, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """As on a network folder that has just gone."""
    tried: list[str] = []

    def at_first(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        tried.append(source.uri)
        yield b"abc"
        if len(tried) == 1:
            raise error

    def unlink(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "unlink", unlink)
    fetched.fetching.add_scheme("test", at_first)
    fetched.ask("a")
    if isinstance(error, FetchFailed):
        (failure,) = fetched.failures(1)
        assert failure.job.document_id == "a"
    fetched.ask("b")
    wait_for(lambda: fetched.fetching.count() == 0)
    assert fetched.jobs[-1].document_id == "b"
    assert all(Path(job.path).read_bytes() == b"abc" for job in fetched.jobs)


def test_files_an_earlier_run_left_are_removed(tmp_path: Path, place: Place) -> None:
    (tmp_path / "fetched").mkdir()
    (tmp_path / "fetched" / "left").touch()
    made = Fetched(tmp_path / "fetched")
    made.fetching.add_scheme("test", place.fetch)
    made.ask("a")
    wait_for(lambda: bool(made.jobs))
    assert [path.name for path in made.folder.iterdir()] == ["a-0"]
    made.fetching.close()


def test_what_is_too_large_is_refused_with_its_limit(fetched: Fetched) -> None:
    def endless(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        while True:
            yield b"x" * 100

    fetched.fetching.add_scheme("test", endless)
    fetched.ask("a")
    (outcome,) = fetched.failures(1)
    assert outcome.error is not None
    assert outcome.error["code"] == "too_large"
    assert list(fetched.folder.iterdir()) == []


def test_what_was_replaced_meanwhile_is_fetched_from_its_beginning(fetched: Fetched) -> None:
    versions = iter(["one", "two", "two"])

    def replaced(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        version = next(versions)
        if have.size and have.version != version:
            raise Replaced
        have.version = version
        yield version.encode()
        if version == "one":
            raise Unreachable("broken off")

    fetched.fetching.add_scheme("test", replaced)
    fetched.ask("a")
    wait_for(lambda: bool(fetched.jobs))
    assert Path(fetched.jobs[0].path).read_bytes() == b"two"


def test_a_document_that_never_ends_is_given_up(tmp_path: Path) -> None:
    def trickle(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        while True:
            time.sleep(0.01)
            yield b""

    made = Fetched(tmp_path / "fetched", most_seconds=0.2)
    made.fetching.add_scheme("test", trickle)
    made.ask("a")
    (outcome,) = made.failures(1)
    assert outcome.error is not None
    assert outcome.error["code"] == "fetch_failed"
    assert "max_download_seconds" in outcome.error["message"]
    made.fetching.close()


@pytest.mark.parametrize("limit", ["most_seconds", "patience"])
def test_a_document_that_waits_for_its_turn_does_not_use_up_its_time(tmp_path: Path, limit: str) -> None:
    asked: list[str] = []

    def slow(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        asked.append(source.uri)
        if "last" in source.uri and len(asked) == 5:
            raise Unreachable("not now")
        time.sleep(0.01 if "last" in source.uri else 1.0)
        yield b"there"

    made = Fetched(tmp_path / "fetched", threads=1, **{limit: 3.0})
    made.fetching.add_scheme("test", slow)
    for name in ("a", "b", "c", "d", "last"):
        made.ask(name)
    wait_for(lambda: made.fetching.count() == 0)
    assert made.fetching.take("me") == []
    assert [job.document_id for job in made.jobs] == ["a", "b", "c", "d", "last"]
    made.fetching.close()


def test_slow_places_hold_up_nothing_that_is_fetched_by_other_means(fetched: Fetched, place: Place) -> None:
    fetched.fetching.add_scheme("slow", place.fetch)
    other = Place()
    fetched.fetching.add_scheme("test", other.fetch)
    place.open.clear()
    told = DocumentSource(kind="url", uri="slow://one/a", size=0)
    fetched.fetching.submit(Job("slow", "", "out", key="me"), NewDocument(id="slow", source=told))
    wait_for(lambda: bool(place.asked))
    fetched.ask("b")
    wait_for(lambda: [job.document_id for job in fetched.jobs] == ["b"])


def test_one_slow_host_of_many_does_not_take_all_threads(tmp_path: Path) -> None:
    slow = Place()
    slow.open.clear()

    def fetch(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        yield from (slow.fetch(source, have) if "slow" in source.uri else iter([b"quick"]))

    made = Fetched(tmp_path / "fetched", threads=2)
    made.fetching.add_scheme("test", fetch, of_a_place=1)
    for name in "abc":
        made.ask(name, host="slow")
    made.ask("d", "low", host="other")
    wait_for(lambda: [job.document_id for job in made.jobs] == ["d"])
    assert slow.asked == ["test://slow/a"]
    slow.open.set()
    wait_for(lambda: len(made.jobs) == 4)
    made.fetching.close()


def test_an_unknown_scheme_is_refused_at_once(fetched: Fetched) -> None:
    event = NewDocument(id="a", source=DocumentSource(kind="url", uri="gopher://a/b", size=0))
    with pytest.raises(FetchFailed, match="gopher addresses are unknown"):
        fetched.fetching.submit(Job("a", "", "out"), event)
    assert fetched.fetching.count() == 0
