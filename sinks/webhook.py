"""The webhook output's configuration: events posted to other people's endpoints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from neuraldocflow.components import SINKS, Component
from neuraldocflow.values import Events, Secret, Section


class RetryConfig(Section):
    """When a delivery is tried again."""

    max_retries: int = Field(3, ge=0, le=100)
    backoff_strategy: Literal["exponential", "linear", "fixed", "standard"] = "exponential"


class EndpointConfig(Section):
    """One receiver."""

    url: str = Field(description="http:// or https://")
    events: tuple[Events, ...] = Field(("completion", "error"), min_length=1)
    retry_config: RetryConfig = RetryConfig()
    secrets: tuple[Secret, ...] = Field((), description="signing secrets (whsec_…), the newest first")
    timeout_ms: int = Field(10_000, ge=100, le=120_000)

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return url


class WebhookSinkConfig(Section):
    """Endpoints, each with its own events and retries."""

    endpoints: tuple[EndpointConfig, ...] = Field(min_length=1)
    allow_private_networks: tuple[str, ...] = Field((), description="networks such as 10.0.0.0/8")


SINKS.add(Component("webhook", WebhookSinkConfig))
