"""The webhook output: events posted to other people's endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from neuraldocflow.components import SINKS, Component, SinkContext
from neuraldocflow.errors import ConfigError
from neuraldocflow.guard import Guard
from neuraldocflow.values import Events, Secret, Section
from neuraldocflow.webhooks.receivers import Receiver
from neuraldocflow.webhooks.signing import signing_key


class RetryConfig(Section):
    """When a delivery is tried again."""

    max_retries: int = Field(3, ge=0, le=100)
    backoff_strategy: Literal["exponential", "linear", "fixed", "standard"] = "exponential"
    initial_delay_ms: int = Field(
        5000, ge=1, le=36_000_000, description="the first pause; the unit of the others"
    )


class EndpointConfig(Section):
    """One receiver."""

    url: str = Field(description="http:// or https://")
    events: tuple[Events, ...] = Field(("completion", "error"), min_length=1)
    retry_config: RetryConfig = RetryConfig()
    secrets: tuple[Secret, ...] = Field((), description="signing secrets (whsec_…), the newest first")
    timeout_ms: int = Field(10_000, ge=100, le=120_000)
    max_concurrent: int = Field(16, ge=1, le=1000, description="deliveries under way at a time")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        try:
            address = urlsplit(url)
            _ = address.port
            host = (address.hostname or "").encode("idna")
        except ValueError as error:  # UnicodeError is one
            raise ValueError("its host or port is not valid") from error
        if not host:
            raise ValueError("it has no host")
        return url


class WebhookSinkConfig(Section):
    """Endpoints, each with its own events and retries."""

    endpoints: tuple[EndpointConfig, ...] = Field(min_length=1)
    allow_private_networks: tuple[str, ...] = Field((), description="networks such as 10.0.0.0/8")


@dataclass(frozen=True, slots=True)
class WebhookSink:
    """What :class:`~neuraldocflow.operators.deliver.Deliver` needs: this output is an operator."""

    receivers: tuple[Receiver, ...]


def _build(name: str, config: WebhookSinkConfig, context: SinkContext) -> WebhookSink:
    return WebhookSink(receivers_of(config, context.where))


def receivers_of(config: WebhookSinkConfig, where: str) -> tuple[Receiver, ...]:
    """The endpoints, ready to be posted to; ``where`` is the configuration's place. Raises ConfigError."""
    guard = Guard(config.allow_private_networks, f"{where}.allow_private_networks")
    for number, endpoint in enumerate(config.endpoints):
        for place, secret in enumerate(endpoint.secrets):
            try:
                signing_key(secret.get_secret_value())
            except ConfigError as error:
                raise ConfigError(f"{where}.endpoints[{number}].secrets[{place}]: {error}") from error
    return tuple(_receiver(each, guard) for each in config.endpoints)


def _receiver(config: EndpointConfig, guard: Guard) -> Receiver:
    from neuraldocflow.webhooks.pool import (
        Endpoint,  # loads aiohttp, which a job without webhooks does without
    )

    retry = config.retry_config
    endpoint = Endpoint(config.url, config.secrets, config.timeout_ms / 1000, guard, config.max_concurrent)
    first = retry.initial_delay_ms / 1000
    return Receiver(endpoint, config.events, retry.max_retries, retry.backoff_strategy, first)


SINKS.add(Component("webhook", WebhookSinkConfig, _build))
