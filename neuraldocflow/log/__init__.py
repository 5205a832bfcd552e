"""The log: what was accepted, what happened, what came out, in order and durable.

Start with :class:`Log` in ``interface.py``; ``embedded.py`` keeps it in one SQLite file,
``kafka.py`` in a Kafka cluster.
``open_log(runtime)`` opens what the configuration says. Nothing outside this package knows which one it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neuraldocflow.log.embedded import EmbeddedLog
from neuraldocflow.log.interface import (
    DEAD_LETTERS,
    DOCUMENT_STREAM,
    GROWTH,
    PROCESSING_EVENTS,
    PROCESSING_RESULTS,
    SWARM_DECISIONS,
    TOPICS,
    Log,
    LogError,
    Message,
    OffsetOutOfRange,
    Position,
    Record,
    UnknownTopic,
    partition_of,
)

if TYPE_CHECKING:  # outputs import this package, and the configuration imports the outputs
    from neuraldocflow.config import RuntimeConfig

__all__ = [
    "DEAD_LETTERS",
    "DOCUMENT_STREAM",
    "GROWTH",
    "PROCESSING_EVENTS",
    "PROCESSING_RESULTS",
    "SWARM_DECISIONS",
    "TOPICS",
    "EmbeddedLog",
    "Log",
    "LogError",
    "Message",
    "OffsetOutOfRange",
    "Position",
    "Record",
    "UnknownTopic",
    "open_log",
    "partition_of",
]


def open_log(runtime: RuntimeConfig) -> Log:
    """The configured log with its four topics. Raises ConfigError or LogError with one sentence."""
    log: Log
    if runtime.log.kind == "kafka":
        # only here: both import the configuration, which imports the outputs, and these this package
        from neuraldocflow.log.kafka import KafkaLog
        from neuraldocflow.payloads import PayloadStore

        log = KafkaLog(
            runtime, PayloadStore(runtime.payload_url, runtime.state_directory / "work" / "scratch")
        )
    else:
        log = EmbeddedLog(runtime.state_directory / "log.db")
    for topic in TOPICS:
        log.ensure_topic(topic)
    return log
