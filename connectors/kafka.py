"""Documents announced on a topic, or sent on it: each message becomes a document.

At least once, visible once: where reading goes on is in the snapshot; a message's offset is committed to the
group only after the results of all messages before and up to it are durable.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from bytewax.inputs import FixedPartitionedSource
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient
from pydantic import Field, model_validator

from neuraldocflow.arrivals import Arrivals
from neuraldocflow.components import SOURCES, Acknowledgement, Component, SourceContext
from neuraldocflow.dead_letters import refused
from neuraldocflow.errors import ConfigError, ForbiddenUrl
from neuraldocflow.events import NewDocument
from neuraldocflow.kafka_settings import KafkaSettings, Topic
from neuraldocflow.log import LogError
from neuraldocflow.outages import Outage
from neuraldocflow.payloads import FORBIDDEN, path_of
from neuraldocflow.results import ErrorInfo
from neuraldocflow.topics.client import Refusals, asked, command_for, common, ids_of, make, settings_of
from neuraldocflow.topics.forms import Document, Manners
from neuraldocflow.topics.ledger import Ledger
from neuraldocflow.topics.reader import Lane, Reader, Refused
from neuraldocflow.values import PRIORITIES, OwnPath, Priority
from neuraldocflow.versions import readable

log = logging.getLogger(__name__)

_VERSION = 1
_SETTLE = 0.2
"""Seconds between two looks at which documents are done."""
_AHEAD = 64
"""Messages read ahead of a partition, at least: pausing and going on costs a round trip."""
_DEFAULTS = {
    "auto.offset.reset": "earliest",
    "queued.max.messages.kbytes": 16_384,
    "fetch.wait.max.ms": 100,
    "reconnect.backoff.max.ms": 2_000,
    "topic.metadata.refresh.interval.ms": 60_000,
}


class KafkaSourceConfig(KafkaSettings):
    """NewDocument events, or documents themselves, on a topic."""

    topic: Topic = Field(description="the topic to read")
    priority_topics: tuple[Priority, ...] = Field(
        (), description="also read TOPIC.PRIORITY for each of these, the most urgent first"
    )
    consumer_group: str = Field("neuraldocflow", min_length=1, description="where lag tools look")
    auto_commit: bool = Field(False, description="true: offsets are committed as soon as messages are read")
    max_poll_records: int = Field(100, ge=1, le=100_000, description="messages taken at a time")
    file_directories: tuple[OwnPath, ...] | None = Field(
        None, description="files that events may name are in these; default: anywhere"
    )
    priority: Priority = "normal"
    profile: str = Field("auto", min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.priority_topics)) < len(self.priority_topics):
            raise ValueError("priority_topics names a priority twice")
        return self

    def topics(self) -> dict[str, Priority | None]:
        """Every topic with its own priority, the most urgent first; the main one's documents have theirs."""
        ranked: list[tuple[int, str, Priority | None]] = [
            (PRIORITIES.index(each), f"{self.topic}.{each}", each) for each in self.priority_topics
        ]
        ranked.append((PRIORITIES.index(self.priority), self.topic, None))
        return {topic: priority for _, topic, priority in sorted(ranked, key=lambda each: each[:2])}

    def may_read(self, uri: str) -> bool:
        """Whether an event may name this file. Links are followed before it is judged."""
        if self.file_directories is None:
            return True
        path = Path(os.path.realpath(path_of(uri)))
        return any(path.is_relative_to(os.path.realpath(each)) for each in self.file_directories)


class KafkaSource(FixedPartitionedSource[NewDocument, Any]):
    """NewDocument events of a topic's messages; one partition of the dataflow for each of the topic's.

    Guarantee: every message is emitted, or put among the dead letters, at least once, always with the same
    id; the group's offset never passes one whose result is not durable.
    """

    def __init__(self, name: str, config: KafkaSourceConfig, context: SourceContext) -> None:
        if context.payloads is None or context.log is None:
            raise ConfigError(f"{name}: a Kafka source needs a payload store and a log")
        self.name, self.config, self.context = name, config, context
        self.payloads, self.log = context.payloads, context.log
        self._where = f"stream_sources.{name}.config"
        self._refusals = Refusals()
        # of all Kafka sources: producers' ids are kept as they are, a document may come through several
        self.ledger = Ledger(context.state_directory / "sources" / "@kafka.db")
        brokers = config.brokers(context.brokers) if config.bootstrap_servers or context.brokers else None
        settings = settings_of(
            config,
            self._where,
            {
                "group.id": config.consumer_group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "error_cb": self._trouble,
                "on_commit": self._committed,
            },
            _DEFAULTS,
            brokers,
        )
        self._outage = Outage(f"Kafka at {settings['bootstrap.servers']}")
        self.consumer = make(Consumer, settings, self._where)
        self.reader: Reader = Reader(
            self.consumer,
            self._outage,
            self._stored,
            context.arrived.set,
            self._grown,
            look_every=int(settings["topic.metadata.refresh.interval.ms"]) / 1000,
            ahead=max(2 * config.max_poll_records, _AHEAD),
            once=context.once,
            latest=settings["auto.offset.reset"] in ("latest", "largest", "end"),
        )
        self._known = {topic: self.ledger.partitions(name, topic) for topic in config.topics()}
        self._counts = self._count(str(settings["bootstrap.servers"]))
        self.reader.watch(self._counts)
        self._ids = ids_of(make(AdminClient, common(settings), self._where), self._counts)
        self._lock = threading.Lock()
        self._open: set[KafkaPartition] = set()
        self._closed: list[KafkaPartition] = []

    def list_parts(self) -> list[str]:
        return [f"{topic}/{part}" for topic, count in self._counts.items() for part in range(count)]

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> KafkaPartition:
        topic, _, number = for_part.rpartition("/")
        rank = list(self.config.topics()).index(topic)
        manners = Manners(self.name, self.config.profile, self.config.priority, self.config.topics()[topic])
        resumed = readable("kafka", resume_state, (_VERSION,))
        state = resumed if resumed is not None and self._is_mine(topic, resumed) else None
        lane = Lane(
            (topic, int(number)),
            rank,
            manners,
            start=state["position"] if state else None,
            fresh=0 < self._known[topic] <= int(number),
        )
        made = KafkaPartition(self, lane, state, self._ids[topic])
        with self._lock:
            self._open.add(made)
        self.reader.open(lane)
        return made

    def _is_mine(self, topic: str, state: Mapping[str, Any]) -> bool:
        """Whether a snapshot is of this group, and of the topic that has the name now: offsets of one that
        was deleted, or of other brokers, say nothing of it."""
        known, found = state.get("topic_id"), self._ids[topic]
        return state["group"] == self.config.consumer_group and (not (known and found) or known == found)

    def acknowledge(self, event: NewDocument, outcome: Acknowledgement) -> None:
        """The document's result is durable. Safe to call again."""
        self.ledger.add(f"{event.id}:{event.run}")
        if self._closed and not self._open:
            for part in self._closed:
                part.settle()
            self.reader.commit_now()

    def close_part(self, part: KafkaPartition) -> None:
        """After the last one of this process, what is done is committed at once."""
        with self._lock:
            self._open.discard(part)
            self._closed.append(part)
            last = not self._open
        if last:
            self.reader.stop()

    def note_partitions(self) -> None:
        """A snapshot covers the partitions there are: those that come later are read from their beginning."""
        if self._known != self._counts:
            for topic, count in self._counts.items():
                self.ledger.note_partitions(self.name, topic, count)
            self._known = dict(self._counts)

    def _count(self, brokers: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for topic, known in self._known.items():
            try:
                counts[topic] = asked(
                    self.consumer, self._refusals, topic, self._where, brokers, 3.0 if known else None
                )
            except ConfigError:
                if not known:
                    raise
                counts[topic] = known  # where it is known what they have, brokers are waited for
            if not counts[topic]:
                raise ConfigError(
                    f"{self._where}.topic: there is no topic {topic} at {brokers}; correct the name, or make "
                    f"it: {command_for(topic, 4, brokers)}"
                )
        return counts

    def _trouble(self, error: KafkaError) -> None:
        self._refusals(error)
        if error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION, KafkaError._SSL):
            self.reader.trouble(error)

    def _grown(self, told: str) -> None:
        """Partitions are the engine's from the start on, so new ones are read after another."""
        if self.context.start_again is None or self.context.once:
            log.warning("%s: start the job again to read all of them", told)
        else:
            self.context.start_again(told)

    def _committed(self, error: KafkaError | None, positions: list[TopicPartition]) -> None:
        self.reader.committed(error, positions)

    def _stored(self, document: Document) -> NewDocument:
        return document.event(self.payloads.put([document.data], document.filename))

    def allowed(self, event: NewDocument) -> NewDocument:
        """The event, failed where it names a file that this source may not read."""
        uri = event.source.uri
        named = uri.startswith(FORBIDDEN)  # for a replay that trusts what stands after it
        if not named and (
            not uri.startswith("file://") or self.payloads.keeps(uri) or self.config.may_read(uri)
        ):
            return event
        error = ForbiddenUrl("The file is outside of the directories that this source may read.")
        # its address leads nowhere from here on: who draws its pages asks no source; a replay asks this one
        shut = {"uri": uri if named else FORBIDDEN + uri, "through": self.name}
        source = event.source.model_copy(update=shut)
        return event.model_copy(update={"error": ErrorInfo.model_validate(error.to_dict()), "source": source})


class KafkaPartition(Arrivals[Any]):
    """One partition. The snapshot has where it goes on, and which messages before that are not done yet."""

    def __init__(self, source: KafkaSource, lane: Lane, state: Any, topic_id: str) -> None:
        super().__init__(source.context)
        self._source = source
        self._topic_id = topic_id or (state.get("topic_id", "") if state else "")
        self._lane = lane
        self._position: int | None = lane.start
        self._waiting: dict[int, str] = dict(state["waiting"]) if state else {}
        """Offsets that were emitted, and whose documents have no durable result yet."""
        self._under_way = set(self._waiting.values())
        self._seen = source.ledger.end()
        """How far the ledger was looked at for what is under way."""
        self._done(source.ledger.among(self._under_way))
        self._settle_at = 0.0

    def next_batch(self) -> list[NewDocument]:
        if self._source.reader.fault is not None:
            raise RuntimeError("reading from Kafka ended") from self._source.reader.fault
        if time.monotonic() >= self._settle_at:
            self.settle()
        return super().next_batch()

    def take(self) -> list[NewDocument]:
        context = self._context
        room = context.urgent_room() if self._lane.manners.rank == "urgent" else context.room()
        room = min(room, self._source.config.max_poll_records)
        if not room or not self._lane.items or self._source.reader.more_urgent(self._lane.rank):
            return []
        found: list[tuple[int, NewDocument]] = []
        while self._lane.items and len(found) < room:
            following, item = self._lane.items[0]
            if isinstance(item, Refused) and not self._bury(item):
                break
            self._lane.items.popleft()
            self._position = following
            if isinstance(item, NewDocument):
                found.append((following - 1, item))
        self._source.reader.taken(self._lane)
        done = self._source.ledger.among(f"{event.id}:{event.run}" for _, event in found) if found else set()
        events: list[NewDocument] = []
        for offset, event in found:
            identity = f"{event.id}:{event.run}"
            if identity in done:
                continue
            self._waiting[offset] = identity
            if identity not in self._under_way:
                self._under_way.add(identity)
                events.append(self._source.allowed(event))
        return events

    def _bury(self, item: Refused) -> bool:
        """Put a message among the dead letters; False when the log can't take it now."""
        taken = item.taken
        place = {"topic": taken.topic, "partition": str(taken.partition), "offset": str(taken.offset)}
        letter = refused(taken.key, taken.value or b"", item.reason, taken.place, **place)
        try:
            self._source.log.append([letter.message()])
        except LogError as error:
            log.warning("%s can't be put among the dead letters: %s; trying again", taken.place, error)
            return False
        log.warning("%s is no document: %s", taken.place, item.reason)
        return True

    def drained(self) -> bool:
        end = self._lane.end
        return end is not None and self._position is not None and self._position >= end

    def may_rest(self) -> bool:
        return not self._lane.items

    def _nothing_more(self) -> list[NewDocument]:
        self._lane.finished = True
        return super()._nothing_more()

    def settle(self) -> None:
        """Look which messages are done, and have the offset committed before which all are."""
        self._settle_at = time.monotonic() + _SETTLE
        self._seen, done = self._source.ledger.after(self._seen)
        self._done(done & self._under_way)
        if self._position is not None:
            done_with = min(self._waiting, default=self._position)
            by_time = self._source.config.auto_commit
            self._source.reader.commit(self._lane.place, self._position if by_time else done_with)

    def _done(self, done: set[str]) -> None:
        if done:
            self._under_way -= done
            self._waiting = {at: each for at, each in self._waiting.items() if each not in done}

    def snapshot(self) -> Any:
        self.settle()
        self._source.note_partitions()
        return {
            "version": _VERSION,
            "group": self._source.config.consumer_group,
            "topic_id": self._topic_id,
            "position": self._position,
            "waiting": dict(self._waiting),
        }

    def close(self) -> None:
        self._source.close_part(self)


SOURCES.add(Component("kafka", KafkaSourceConfig, KafkaSource))
