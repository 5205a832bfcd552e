"""The WebSocket output's configuration: what the gateway's relay passes on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neuraldocflow.components import SINKS, Component
from neuraldocflow.values import Section

Channel = Literal["results", "notifications", "progress"]


class WebSocketConfig(Section):
    """Channels of ``/v1/stream``."""

    broadcast_progress: bool = Field(True, description="publish progress too")
    result_channels: tuple[Channel, ...] = Field(("results", "notifications"), description="where results go")


SINKS.add(Component("websocket", WebSocketConfig, gateway=True))
