"""Kafka clients: made from the configuration, and asked for a topic with patience. Errors are sentences."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from operator import methodcaller
from typing import Any, TypeVar

from confluent_kafka import KafkaError, KafkaException, Message, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from neuraldocflow.errors import ConfigError
from neuraldocflow.kafka_settings import KafkaSettings
from neuraldocflow.outages import Outage
from neuraldocflow.values import Secret

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds a job that starts waits for the brokers to answer."""
DURABLE: Mapping[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    # With more than one request under way, the first to a new partition can be refused while its leader is
    # still being told and the second taken; brokers before 4.5 then call the first a repeat when it comes
    # again, and librdkafka reports it delivered, which it is not (KAFKA-15591).
    "max.in.flight.requests.per.connection": 1,
}
"""Of a producer whose deliveries can be relied on."""
_ASK = 3.0
"""Seconds of one question."""
_NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
"""Of topics at brokers before 2.8."""
_BROKERS_OWN: Mapping[str, str] = {}
"""A topic's settings where nothing else is wanted."""
_REFUSED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.POLICY_VIOLATION,
    KafkaError.TOPIC_EXCEPTION,
    KafkaError.INVALID_PARTITIONS,
    KafkaError.INVALID_REPLICATION_FACTOR,
    KafkaError.INVALID_CONFIG,
)

_headers: Callable[[Message], list[tuple[str, bytes | None]] | None] = methodcaller("headers")
"""Not called directly: Python soon looks no more, then, whether that failed, and has a list that is none."""


class Refusals:
    """An ``error_cb``: why brokers refuse a client. It is told to nobody else; questions have no answer."""

    def __init__(self) -> None:
        self._reason = ""

    def __call__(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
            # without the broker at its beginning and the milliseconds at its end
            self._reason = re.sub(r"^\S+: | \(after [^)]*\)$", "", error.str())

    def reason(self, client: Any, error: KafkaException) -> str:
        """Why a client's question had no answer, in words."""
        client.poll(0)
        return self._reason or reason_of(error)


def settings_of(
    config: KafkaSettings,
    where: str,
    fixed: Mapping[str, Any],
    defaults: Mapping[str, Any],
    fallback: str | None = None,
) -> dict[str, Any]:
    """librdkafka's settings: ``defaults``, then the user's ``client`` keys, then ``fixed``.

    Raises ConfigError, naming the key, where there are no brokers or the user sets what is fixed.
    """
    try:
        brokers = config.brokers(fallback)
    except ConfigError as error:
        raise ConfigError(f"{where}.{error}") from error
    for key in config.client:
        if key in fixed or key == "bootstrap.servers":
            raise ConfigError(f"{where}.client.{key} follows from the other keys here; remove it")
    client = {
        key: value.get_secret_value() if isinstance(value, Secret) else value
        for key, value in config.client.items()
    }
    quiet = {"log_level": 0, "client.id": "neuraldocflow"}
    return {**quiet, **defaults, **client, **fixed, "bootstrap.servers": brokers}


def make(kind: Callable[[dict[str, Any]], T], settings: dict[str, Any], where: str) -> T:
    """A client. Raises ConfigError for keys and values that librdkafka doesn't know."""
    try:
        return kind(settings)
    except (KafkaException, ValueError, TypeError) as error:
        raise ConfigError(f"{where}.client: {reason_of(error)}") from error


def common(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of a producer's or a consumer's settings, those that say how to reach the brokers."""
    kept = (
        "bootstrap.",
        "client.",
        "security.",
        "sasl.",
        "ssl.",
        "socket.",
        "broker.",
        "enable.ssl",
    )
    return {key: value for key, value in settings.items() if key.startswith(kept) or key == "log_level"}


def headers_of(message: Message) -> list[tuple[str, bytes | None]] | None:
    """A message's headers; None where a name is not UTF-8, which the client can't give. To be called once:
    asked again for such headers, it crashes."""
    try:
        return _headers(message) or []
    except SystemError:
        return None


def reason_of(error: Exception | KafkaError) -> str:
    """A Kafka error in words."""
    found = error.args[0] if isinstance(error, KafkaException) else error
    return str(found.str()) if isinstance(found, KafkaError) else str(error) or type(error).__name__


def partitions_of(client: Any, topic: str, timeout: float | None = None) -> int:
    """How many partitions a topic has; 0 where there is no such topic. Raises KafkaException."""
    found = client.list_topics(topic, timeout=timeout or _ASK).topics.get(topic)
    if found is None:
        return 0
    if found.error is not None:
        if found.error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
            return 0
        raise KafkaException(found.error)
    return len(found.partitions)


def ids_of(admin: AdminClient, topics: Iterable[str]) -> dict[str, str]:
    """The ids that brokers gave topics, each as long as it is the same one: a topic of that name that was
    made anew has another. Empty where they do not say, or do not answer."""
    found: dict[str, str] = {}
    for topic in topics:
        try:
            answer = admin.describe_topics(TopicCollection([topic]), request_timeout=_ASK)[topic]
            told = str(answer.result(timeout=2 * _ASK).topic_id)
        except (KafkaException, TimeoutError):
            told = ""
        found[topic] = "" if told == _NO_ID else told
    return found


def asked(
    client: Any, refusals: Refusals, topic: str, where: str, brokers: str, patience: float | None = None
) -> int:
    """``partitions_of``, asked until there is an answer. Raises ConfigError after ``patience`` (30) s."""
    outage = Outage(f"Kafka at {brokers}")
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    while True:
        try:
            count = partitions_of(client, topic)
            outage.over()
            return count
        except KafkaException as error:
            if error.args[0].code() in _REFUSED:
                raise ConfigError(f"{where}.topic: {topic} can't be used: {reason_of(error)}") from error
            reason = refusals.reason(client, error)
            pause = outage.goes_on(reason)
            if time.monotonic() + pause > deadline:
                raise ConfigError(
                    f"{where}.bootstrap_servers: no Kafka answers at {brokers} ({reason}); "
                    "correct it, or KAFKA_BOOTSTRAP_SERVERS, or start the brokers"
                ) from error
            time.sleep(pause)


def command_for(topic: str, partitions: int, brokers: str, config: Mapping[str, str] = _BROKERS_OWN) -> str:
    """What makes a topic, for a person to copy."""
    settings = "".join(f" --config {name}={value}" for name, value in config.items())
    made = f"--create --topic {topic} --partitions {partitions}{settings}"
    return f"kafka-topics.sh --bootstrap-server {brokers} {made}"


def make_topic(
    admin: AdminClient,
    topic: str,
    partitions: int,
    where: str,
    brokers: str,
    config: Mapping[str, str] = _BROKERS_OWN,
) -> None:
    """Make a topic with the brokers' own replication; no error when it is there. Raises ConfigError."""
    wanted = NewTopic(topic, num_partitions=partitions, replication_factor=-1, config=dict(config))
    made = admin.create_topics([wanted])
    try:
        made[topic].result(timeout=PATIENCE)
    except (KafkaException, TimeoutError) as error:
        reason = error.args[0] if error.args else None
        if isinstance(reason, KafkaError) and reason.code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return
        raise ConfigError(
            f"{where}: there is no topic {topic}, and it can't be made ({reason_of(error)}). Have it made: "
            f"{command_for(topic, partitions, brokers, config)}"
        ) from error
