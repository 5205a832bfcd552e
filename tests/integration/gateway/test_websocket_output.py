"""The ``websocket`` output's configuration: what is published to whom, by a running gateway and job."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.gateway import Gateway, Talk, letter, submit

Event = tuple[str, str]
"""A channel, and what came on it: ``result``, ``progress``, or a notification's type."""


def event_of(payload: dict[str, Any]) -> Event:
    return payload["channel"], payload["data"].get("type", payload["event"])


async def published(gateway: Gateway) -> tuple[set[Event], set[Event]]:
    """What came of one document: to who listens to all channels, and to who follows its job."""
    async with gateway.stream() as one, gateway.stream() as other, gateway.http() as session:
        listener, follower = Talk(one), Talk(other)
        for channel in ("results", "notifications", "progress"):
            await listener.ask("subscribe_channel", channel=channel)
        jobs = [await submit(session, letter(1))]
        await follower.ask("subscribe", job_id=jobs[0])
        await follower.until("result")
        jobs.append(await submit(session, letter(2)))
        of_job: dict[str, list[Event]] = {job: [] for job in jobs}
        while not ends(of_job[jobs[1]]):  # then all there is of the first one has come
            payload = (await listener.receive())["payload"]
            of_job[payload["data"]["jobId"]].append(event_of(payload))
        await follower.ask("subscribe", job_id=jobs[0])  # from the beginning
        own = []
        while not ends(own):
            own.append(event_of((await follower.receive())["payload"]))
    counted = Counter(of_job[jobs[0]])
    assert all(counted[event] == 1 for event in counted if ends([event]))
    return set(counted), set(own)


def ends(events: list[Event]) -> set[str]:
    """The channels on which a result was told."""
    return {channel for channel, what in events if what in ("result", "ProcessingCompleted")}


@pytest.mark.parametrize(
    ("config", "channels", "progress"),
    [
        ({"broadcast_progress": False, "result_channels": ["results"]}, {"results"}, False),
        ({"result_channels": ["notifications"]}, {"notifications"}, True),
    ],
)
def test_progress_and_results_are_published_where_the_configuration_says(
    tmp_path: Path, config: dict[str, Any], channels: set[str], progress: bool
) -> None:
    """Whoever follows a job gets all of it in any case, and the result in full."""
    outputs = {"output_streams": [{"type": "websocket", "config": config}]}
    with Gateway(tmp_path, processing_pipeline=outputs) as gateway:
        to_all, own = asyncio.run(published(gateway))
    assert ends(list(to_all)) == channels
    assert (("progress", "progress") in to_all) is progress
    assert own >= {("progress", "progress"), ("results", "result")}
