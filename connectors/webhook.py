"""The webhook source's configuration: documents posted over HTTP, received by the gateway."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neuraldocflow.components import SOURCES, Component
from neuraldocflow.values import Priority, Secret, Section, Size


class WebhookSourceConfig(Section):
    """An endpoint of the gateway that takes documents."""

    endpoint: str = Field(
        "/api/v1/documents/webhook", pattern=r"^/[^?#]*$", description="the path to post to"
    )
    authentication: Literal["bearer_token", "signature", "both"] = Field(
        "bearer_token", description="a caller shows the token, a Standard Webhooks signature, or both"
    )
    token: Secret | None = Field(None, description="the bearer token")
    signing_secret: Secret | None = Field(None, description="the Standard Webhooks secret (whsec_…)")
    max_payload_size: Size = Field(50_000_000, description="larger bodies are refused with 413")
    async_processing: bool = Field(True, description="answer 202 at once; false waits for the result")
    priority: Priority = "normal"
    profile: str = Field("auto", min_length=1)


SOURCES.add(Component("webhook", WebhookSourceConfig, gateway=True))
