"""Where a group is: told to brokers that answer late, or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from neuraldocflow.outages import Outage
from neuraldocflow.topics import reader as topics_reader
from neuraldocflow.topics.reader import Reader

PLACE = ("t", 0)


class Told:
    """What a consumer is told to commit; who asks without waiting is answered by the test."""

    def __init__(self) -> None:
        self.offsets: list[int] = []

    def commit(self, *, offsets: Sequence[TopicPartition], asynchronous: bool) -> None:
        self.offsets += [each.offset for each in offsets]


def reader_of(told: Told) -> Reader:
    unused: Any = None
    return Reader(
        cast(Consumer, told),
        Outage("Kafka"),
        unused,
        unused,
        unused,
        look_every=0.0,
        ahead=1,
        once=False,
        latest=False,
    )


def answered(reader: Reader, offset: int, code: int | None = None) -> None:
    error = None if code is None else KafkaError(code)
    reader.committed(error, [TopicPartition(*PLACE, offset)])


def test_what_was_not_answered_is_committed_again_at_the_end() -> None:
    told = Told()
    reader = reader_of(told)
    reader.commit(PLACE, 15)
    reader._commit()
    reader.stop()
    assert told.offsets == [15, 15]
    reader.commit_now()
    assert told.offsets == [15, 15]


def test_a_late_answer_to_an_earlier_commit_changes_nothing() -> None:
    for code in (None, KafkaError.NOT_COORDINATOR):
        told = Told()
        reader = reader_of(told)
        reader.commit(PLACE, 13)
        reader._commit()
        reader.commit(PLACE, 15)
        reader.commit_now()
        answered(reader, 13, code)
        reader.commit_now()
        assert told.offsets == [13, 15]


def test_brokers_that_do_not_answer_at_the_end_are_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics_reader, "_AT_THE_END", 0.05)
    answer = threading.Event()

    class Silent(Told):
        def commit(self, *, offsets: Sequence[TopicPartition], asynchronous: bool) -> None:
            super().commit(offsets=offsets, asynchronous=asynchronous)
            answer.wait(30)

    told = Silent()
    reader = reader_of(told)
    began = time.monotonic()
    for offset in range(13, 20):  # as documents end while the job drains
        reader.commit(PLACE, offset)
        reader.commit_now()
    assert time.monotonic() - began < 10
    assert told.offsets == [13]
    answer.set()


def test_what_brokers_refuse_is_told_again() -> None:
    told = Told()
    reader = reader_of(told)
    reader.commit(PLACE, 13)
    reader._commit()
    answered(reader, 13, KafkaError.NOT_COORDINATOR)
    reader._commit_at = 0.0
    reader._commit()
    answered(reader, 13)
    reader.commit_now()
    assert told.offsets == [13, 13]
