"""What every connection to Kafka has in common."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from neuraldocflow.errors import ConfigError
from neuraldocflow.log.interface import TOPICS
from neuraldocflow.values import Secret, Section

Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
"""A topic's name, of the characters that Kafka allows."""


class KafkaSettings(Section):
    """Brokers and librdkafka keys: those with a dot (``sasl.mechanism``) beside it, any under ``client``."""

    model_config = ConfigDict(
        json_schema_extra={"patternProperties": {r"\.": {"type": ["string", "number", "boolean", "object"]}}}
    )

    bootstrap_servers: str | None = Field(None, description="host:port,…; default: KAFKA_BOOTSTRAP_SERVERS")
    client: dict[str, str | int | float | bool | Secret] = Field(
        default_factory=dict, description="further librdkafka keys; passwords as ${VARIABLE} or {file: PATH}"
    )

    _secret_words: ClassVar[tuple[str, ...]] = ("password", "secret", "key.pem", "oauthbearer.config")

    @model_validator(mode="before")
    @classmethod
    def _passwords_are_secrets(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        client = data.get("client", {})
        dotted = {key: value for key, value in data.items() if "." in str(key)}
        data = {key: value for key, value in data.items() if key not in dotted}
        if not isinstance(client, dict) or not (client or dotted):
            return data
        client = {**client, **dotted}
        wrong: list[InitErrorDetails] = []
        for key, value in client.items():
            if any(word in str(key) for word in cls._secret_words):
                try:
                    client[key] = Secret._parse(value)
                except PydanticCustomError as error:
                    place = (key,) if key in dotted else ("client", key)
                    wrong.append(InitErrorDetails(type=error, loc=place, input=value))
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return {**data, "client": client}

    def brokers(self, fallback: str | None = None) -> str:
        """This section's, else ``fallback``, else the environment's; ConfigError when there are none."""
        found = self.bootstrap_servers or fallback or os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
        if not found:
            raise ConfigError("bootstrap_servers is not set: give it here or in KAFKA_BOOTSTRAP_SERVERS")
        return found


@dataclass(frozen=True, slots=True)
class LogTopics:
    """Where a log in Kafka has its topics: each is ``prefix`` and its name."""

    brokers: str
    prefix: str = ""

    def own(self, brokers: str, topic: str) -> str | None:
        """What the log calls a topic at ``brokers``; None for one that is not the log's."""
        mine, theirs = ({each.strip() for each in listed.split(",")} for listed in (self.brokers, brokers))
        name = topic.removeprefix(self.prefix)
        is_own = topic == self.prefix + name and name in TOPICS and not mine.isdisjoint(theirs)
        return name if is_own else None
