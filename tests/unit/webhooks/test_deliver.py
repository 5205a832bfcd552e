"""What becomes of deliveries while an endpoint is left alone."""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from support.deliveries import delivery
from support.receiver import Receiver as Server
from support.servers.serving import free_port

from neuraldocflow.events import ResultDelivered
from neuraldocflow.guard import Guard
from neuraldocflow.operators import deliver
from neuraldocflow.webhooks import pool
from neuraldocflow.webhooks.schedule import LONGEST_ASKED


def receiver_at(port: int, retries: int = 1) -> deliver.Receiver:
    guard = Guard(("127.0.0.0/8",), "test")
    endpoint = pool.Endpoint(f"http://127.0.0.1:{port}/hook", (), 5.0, guard, concurrency=8)
    return deliver.Receiver(endpoint, ("all",), max_retries=retries, strategy="fixed", first_pause=0.01)


def run(spool: Path, port: int, count: int, there_after: float = math.inf) -> list[tuple[str, int]]:
    """Status and attempts of deliveries to an endpoint that is there after some seconds, or never."""
    receiver = receiver_at(port)
    logics = [
        deliver.Deliver((receiver,), spool, partial(str, number), lambda: False, None)
        for number in range(count)
    ]
    told = [each for at, logic in enumerate(logics) for each in logic.on_batch([delivery(f"{at}.pdf")])[0]]
    start = time.monotonic()
    with ExitStack() as servers:
        started = False
        while len(ended := [each for each in told if isinstance(each, ResultDelivered)]) < count:
            assert time.monotonic() < start + 30, "it never ended"
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


def test_a_body_becomes_a_file_only_when_an_epoch_ends_before_its_delivery(tmp_path: Path) -> None:
    """Then the next process has it, and the file goes with the delivery."""
    port = free_port()
    first = deliver.Deliver((receiver_at(port, 1000),), tmp_path, lambda: "1", lambda: False, None)
    first.on_batch([delivery()])
    assert list(tmp_path.iterdir()) == []
    state = first.snapshot()
    assert len(list(tmp_path.iterdir())) == 1
    receiver = receiver_at(port, 1000)
    second = deliver.Deliver((receiver,), tmp_path, lambda: "2", lambda: False, state)
    with Server(port) as server:
        done, deadline = False, time.monotonic() + 30
        while not done and time.monotonic() < deadline:
            _, done = second.on_notify()
            time.sleep(0.01)
        receiver.endpoint.close()
        assert done
        assert b"Example GmbH" in server.bodies("hook")[-1]
    assert list(tmp_path.iterdir()) == []


def test_what_ended_just_before_a_crash_is_not_told_as_failed_after_it(tmp_path: Path) -> None:
    receiver = receiver_at(free_port())
    logic = deliver.Deliver((receiver,), tmp_path, lambda: "1", lambda: False, None)
    logic.on_batch([delivery()])
    state = logic.snapshot()
    for body in tmp_path.iterdir():
        body.unlink()  # as the end of the delivery does
    again = deliver.Deliver((receiver,), tmp_path, lambda: "2", lambda: False, state)
    assert again.on_notify() == ([], True)
    receiver.endpoint.close()


def test_what_waits_by_a_clock_that_was_ahead_waits_a_day_at_most(tmp_path: Path) -> None:
    receiver = receiver_at(free_port())
    logic = deliver.Deliver((receiver,), tmp_path, lambda: "1", lambda: False, None)
    logic.on_batch([delivery()])
    state = logic.snapshot()
    (message, document, run, tenant, attempts, _), *_ = state["queues"][0]
    state["queues"][0] = [(message, document, run, tenant, attempts, time.time() + 90 * 86_400)]
    again = deliver.Deliver((receiver,), tmp_path, lambda: "2", lambda: False, state)
    waits = again.notify_at()
    assert waits is not None
    assert waits.timestamp() - time.time() <= LONGEST_ASKED
    receiver.endpoint.close()
