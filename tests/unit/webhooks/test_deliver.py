"""What becomes of deliveries: while an endpoint is left alone, over restarts and changed configurations."""

from __future__ import annotations

import errno
import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.deliveries import delivery
from support.receiver import Receiver as Server
from support.servers.serving import free_port

from neuraldocflow.dead_letters import DeadLetter
from neuraldocflow.deliveries import Spent
from neuraldocflow.events import ProcessingCompleted, ResultDelivered, decode
from neuraldocflow.guard import Guard
from neuraldocflow.operators.deliver import Deliver, Told, forget_bodies
from neuraldocflow.values import Secret
from neuraldocflow.webhooks import pool
from neuraldocflow.webhooks.attempts import Attempt, Body
from neuraldocflow.webhooks.receivers import Receiver, by_name
from neuraldocflow.webhooks.schedule import LONGEST_ASKED


def receiver_at(url: str, retries: int = 1) -> Receiver:
    guard = Guard(("127.0.0.0/8",), "test")
    endpoint = pool.Endpoint(url, (), 5.0, guard, concurrency=8)
    return Receiver(endpoint, ("all",), max_retries=retries, strategy="fixed", first_pause=0.01)


def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}/hook"


class Process:
    """The operator's logic for one document, in a process that has ``receivers`` in its configuration."""

    _owners = iter(range(1_000_000))

    def __init__(
        self, spool: Path, *urls: str, state: dict[str, Any] | None = None, retries: int = 1
    ) -> None:
        self.receivers = by_name(receiver_at(url, retries) for url in urls)
        owner = f"process {next(self._owners)}"
        self.logic = Deliver(self.receivers, spool, lambda: owner, lambda: False, set(), state)
        self.told: list[Told] = []

    def take(self, *values: Any) -> None:
        self.told += self.logic.on_batch(list(values))[0]

    def until_done(self) -> list[Told]:
        """What is told until nothing is left to deliver."""
        done, deadline = False, time.monotonic() + 120
        while not done:
            assert time.monotonic() < deadline, "it never ended"
            more, done = self.logic.on_notify()
            self.told += more
            time.sleep(0.01)
        self.end()
        return self.told

    def end(self) -> None:
        for receiver in self.receivers.values():
            receiver.endpoint.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def statuses(told: list[Told]) -> list[tuple[str, str]]:
    found = [each.delivery_status for each in told if isinstance(each, ResultDelivered)]
    return [(each.target.rpartition("/")[2], each.status) for each in found]


def letters(told: list[Told]) -> list[DeadLetter]:
    return [each for each in told if isinstance(each, DeadLetter)]


def run(spool: Path, port: int, count: int, there_after: float = math.inf) -> list[tuple[str, int]]:
    """Status and attempts of deliveries to an endpoint that is there after some seconds, or never."""
    receiver = receiver_at(f"http://127.0.0.1:{port}/hook")
    logics = [
        Deliver(by_name((receiver,)), spool, partial(str, number), lambda: False, set(), None)
        for number in range(count)
    ]
    told = [each for at, logic in enumerate(logics) for each in logic.on_batch([delivery(f"{at}.pdf")])[0]]
    start = time.monotonic()
    with ExitStack() as servers:
        started = False
        while len(ended := [each for each in told if isinstance(each, ResultDelivered)]) < count:
            assert time.monotonic() < start + 120, "it never ended"
            if not started and time.monotonic() > start + there_after:
                servers.enter_context(Server(port))
                started = True
            told += [each for logic in logics for each in logic.on_notify()[0]]
            time.sleep(0.01)
        receiver.endpoint.close()
    return [(each.delivery_status.status, each.delivery_status.attempts) for each in ended]


def test_nothing_is_given_up_for_want_of_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint is there again before it is asked again, though the retries alone would not last."""
    monkeypatch.setattr(pool, "_OPEN_SECONDS", 2.0)
    assert {status for status, _ in run(tmp_path, free_port(), 30, there_after=0.5)} == {"delivered"}


def test_an_endpoint_that_stays_away_is_given_up_within_a_few_openings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_OPEN_SECONDS", 0.2)
    assert run(tmp_path, free_port(), 30) == [("failed", 2)] * 30


def test_a_body_becomes_a_file_only_when_an_epoch_ends_before_its_delivery(
    tmp_path: Path, server: Server
) -> None:
    """Then the next process has it, and the file may go when the delivery has ended."""
    first = Process(tmp_path, url := server.url("hook"), retries=1000)
    first.take(delivery())
    assert list(tmp_path.iterdir()) == []
    state = first.logic.snapshot()
    (body,) = tmp_path.iterdir()
    told = Process(tmp_path, url, state=state).until_done()
    assert b"Example GmbH" in server.bodies("hook")[-1]
    assert statuses(told) == [("hook", "delivered")]
    assert told[-1] == Spent(delivery().document.id, str(body))
    assert body.exists()  # until a snapshot is written that does without it
    first.end()


def test_bodies_of_an_epoch_that_a_kill_undid_are_removed_and_those_that_wait_are_not(
    tmp_path: Path,
) -> None:
    process = Process(tmp_path, nowhere(), retries=1000)
    process.take(delivery())
    state = process.logic.snapshot()
    (body,) = tmp_path.iterdir()
    undone, half = tmp_path / "undone", tmp_path / ".writing-1"
    for left in (undone, half):
        left.write_text("a patient's")
    forget_bodies(tmp_path, [state], older_than=60.0)  # others may have written them just now
    assert set(tmp_path.iterdir()) == {body, undone, half}
    forget_bodies(tmp_path, [state], older_than=0.0)
    assert set(tmp_path.iterdir()) == {body}
    forget_bodies(tmp_path, [], older_than=0.0)
    assert list(tmp_path.iterdir()) == []
    process.end()


def test_bodies_stay_where_a_state_is_of_another_release(tmp_path: Path) -> None:
    (tmp_path / "body").touch()
    forget_bodies(tmp_path, [{"version": 99}], older_than=0.0)
    assert (tmp_path / "body").exists()


def test_a_delivery_that_no_file_was_made_for_leaves_nothing_to_remove(
    tmp_path: Path, server: Server
) -> None:
    process = Process(tmp_path, server.url("hook"))
    process.take(delivery())
    assert not any(isinstance(each, Spent) for each in process.until_done())


@pytest.mark.parametrize("path", ["there", "away"])
def test_what_ended_just_before_a_crash_ends_again_and_is_told_again_with_the_same_ids(
    tmp_path: Path, server: Server, path: str
) -> None:
    """What was told of its end came after the snapshot, so it may be lost; the body is not."""
    url = server.url("hook") if path == "there" else nowhere()
    first = Process(tmp_path, url)
    first.take(delivery())
    state = first.logic.snapshot()
    before, after = first.until_done(), Process(tmp_path, url, state=state).until_done()
    assert statuses(before) == statuses(after)
    assert {each.event_id for each in before if isinstance(each, ResultDelivered)} == {
        each.event_id for each in after if isinstance(each, ResultDelivered)
    }
    assert [(each.id, each.value) for each in letters(before)] == [
        (each.id, each.value) for each in letters(after)
    ]
    assert len(letters(after)) == (0 if path == "there" else 1)


def test_a_body_that_is_gone_is_told_and_holds_nothing_up(tmp_path: Path, server: Server) -> None:
    first = Process(tmp_path, server.url("hook"))
    first.take(delivery())
    state = first.logic.snapshot()
    first.end()
    for body in tmp_path.iterdir():
        body.unlink()
    told = Process(tmp_path, server.url("hook"), state=state).until_done()
    (letter,) = letters(told)
    assert (letter.code, letter.value) == ("webhook_body_lost", b"")
    assert "is not there any more" in letter.reason
    assert statuses(told) == [("hook", "failed")]


def test_what_waits_goes_to_its_own_endpoint_wherever_that_is_in_the_configuration_now(
    tmp_path: Path, server: Server
) -> None:
    a, b, new = (server.url(path) for path in ("a", "b", "new"))
    away = nowhere()
    first = Process(tmp_path, away, a, b)
    first.take(delivery())
    state = first.logic.snapshot()
    first.end()
    told = Process(tmp_path, new, b, away, a, state=state).until_done()
    assert {path for path, _, _ in server.seen} == {"a", "b"}
    assert sorted(statuses(told)) == [("a", "delivered"), ("b", "delivered"), ("hook", "failed")]


def test_two_entries_for_one_endpoint_have_a_queue_each_and_share_the_last_one_that_is_left(
    tmp_path: Path, server: Server
) -> None:
    url = server.url("hook")
    first = Process(tmp_path, url, url)
    first.take(delivery())
    state = first.logic.snapshot()
    first.end()
    assert statuses(Process(tmp_path, url, state=state).until_done()) == [("hook", "delivered")] * 2


@pytest.mark.parametrize("left", [(), ("other",)], ids=["none", "another"])
def test_what_waits_for_an_endpoint_that_is_no_longer_configured_is_a_dead_letter(
    tmp_path: Path, server: Server, left: tuple[str, ...]
) -> None:
    url = server.url("gone")
    first = Process(tmp_path, url)
    first.take(delivery())
    state = first.logic.snapshot()
    first.end()
    (body,) = tmp_path.iterdir()
    process = Process(tmp_path, *map(server.url, left), state=state)
    assert process.logic.notify_at() is not None  # it is told soon, not when something else comes
    kept = process.logic.snapshot()
    assert kept == state
    told = process.until_done()
    (letter,) = letters(told)
    assert (letter.code, letter.target, letter.attempts) == ("webhook_removed", url, 0)
    assert letter.reason == f"webhook: {url}: the endpoint is no longer in the configuration"
    assert isinstance(decode(letter.value), ProcessingCompleted)
    assert statuses(told) == [("gone", "failed")]
    assert told[-1] == Spent(delivery().document.id, str(body))


@pytest.mark.parametrize(
    ("path", "code", "attempts"), [("wrong", "refused", 1), ("over", "gone", 1), ("away", "exhausted", 2)]
)
def test_a_dead_letter_says_why_in_a_word_how_often_and_where_to(
    tmp_path: Path, path: str, code: str, attempts: int
) -> None:
    async def answer(request: Any) -> Any:
        from aiohttp import web

        return web.Response(status={"/wrong": 422, "/over": 410}.get(request.path, 503))

    with Server(wrong=answer, over=answer, away=answer) as server:
        process = Process(tmp_path, server.url(path))
        process.take(delivery())
        (letter,) = letters(process.until_done())
        headers = letter.message().headers
        assert (headers["code"], headers["attempts"]) == (f"webhook_{code}", str(attempts))
        assert headers["target"] == server.url(path)


def test_what_may_be_secret_in_an_address_is_told_nowhere(tmp_path: Path) -> None:
    async def refused(request: Any) -> Any:
        from aiohttp import web

        return web.Response(status=422)

    with Server(hook=refused) as server:
        urls = [server.url(f"hook?token=word{number}").replace("//", "//ida:word@") for number in range(2)]
        process = Process(tmp_path, *urls)
        process.take(delivery())
        told = process.until_done()
    ended = [each for each in told if isinstance(each, ResultDelivered)]
    assert "word" not in repr(told) + repr([letter.message() for letter in letters(told)])
    targets = {each.delivery_status.target for each in ended}
    assert len(targets) == 2
    assert {target.partition("#")[0] for target in targets} == {server.url("hook")}


def test_what_waits_by_a_clock_that_was_ahead_waits_a_day_at_most(tmp_path: Path) -> None:
    first = Process(tmp_path, url := nowhere())
    first.take(delivery())
    state = first.logic.snapshot()
    (name, ((message, document, run, tenant, attempts, _),)) = next(iter(state["queues"].items()))
    state["queues"][name] = [(message, document, run, tenant, attempts, time.time() + 90 * 86_400)]
    again = Process(tmp_path, url, state=state)
    waits = again.logic.notify_at()
    assert waits is not None
    assert waits.timestamp() - time.time() <= LONGEST_ASKED
    first.end()
    again.end()


def test_an_address_that_ends_a_try_by_a_fault_is_given_up(tmp_path: Path) -> None:
    process = Process(tmp_path, "http://hooks..example.com/hook")  # no host of the kind is looked up
    process.take(delivery())
    told = process.until_done()
    assert statuses(told) == [("hook", "failed")]
    assert len(letters(told)) == 1


def test_bodies_that_wait_for_a_slow_endpoint_are_in_files_and_not_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(tmp_path, nowhere())
    (receiver,) = process.receivers.values()
    posted: list[Attempt] = []
    monkeypatch.setattr(receiver.endpoint, "post", posted.append)
    process.take(delivery())
    (attempt,) = posted
    assert isinstance(attempt.body, Body)
    body = attempt.body.read()
    assert attempt.body.data == body
    process.logic.snapshot()
    assert attempt.body.data is None
    assert attempt.body.read() == body


def test_an_answer_is_looked_for_soon_though_the_clock_is_set_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(tmp_path, nowhere())
    (receiver,) = process.receivers.values()
    monkeypatch.setattr(receiver.endpoint, "post", lambda attempt: None)
    process.take(delivery())
    later = time.time() + 8 * 3600
    monkeypatch.setattr("time.time", lambda: later)
    at = process.logic.notify_at()
    assert at is not None
    assert at.timestamp() - later < 60


def undelivered(spool: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The snapshot of a process that has delivered nothing; its body is in a file."""
    process = Process(spool, url)
    (receiver,) = process.receivers.values()
    monkeypatch.setattr(receiver.endpoint, "post", lambda attempt: None)
    process.take(delivery())
    return process.logic.snapshot()


def test_a_body_that_can_not_be_read_just_now_is_tried_again(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = undelivered(tmp_path, url := server.url("hook"), monkeypatch)
    read, fails = Path.read_bytes, [1, 1]

    def without_handles(path: Path) -> bytes:
        if path.parent == tmp_path and fails:
            fails.pop()
            raise OSError(errno.EMFILE, "Too many open files")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", without_handles)
    told = Process(tmp_path, url, state=state, retries=5).until_done()
    assert statuses(told) == [("hook", "delivered")]


def test_the_only_copy_of_a_body_stays_where_it_could_never_be_read(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = undelivered(tmp_path, url := server.url("hook"), monkeypatch)

    def refused(path: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", refused)
    told = Process(tmp_path, url, state=state, retries=1).until_done()
    assert [each.reason for each in letters(told)] == [
        f"webhook: {url}: its body can't be read: Input/output error (attempt 2)"
    ]
    assert not any(isinstance(each, Spent) for each in told)


def test_a_secret_whose_file_is_just_being_written_is_waited_for(tmp_path: Path, server: Server) -> None:
    key, spool = tmp_path / "key", tmp_path / "spool"
    spool.mkdir()
    key.write_text("")
    guard = Guard(("127.0.0.0/8",), "test")
    endpoint = pool.Endpoint(server.url("hook"), (Secret(file=key),), 5.0, guard, concurrency=1)
    receiver = Receiver(endpoint, ("all",), max_retries=100, strategy="fixed", first_pause=0.05)
    logic = Deliver(by_name((receiver,)), spool, lambda: "1", lambda: False, set(), None)
    told, done = logic.on_batch([delivery()])
    deadline = time.monotonic() + 60
    while not done:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        more, done = logic.on_notify()
        told += more
        if not key.read_text():
            key.write_text("whsec_" + "QUJD" * 8)
    endpoint.close()
    assert statuses(told) == [("hook", "delivered")]
