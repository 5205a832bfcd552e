"""Dead letters of webhooks are posted once more, each to an endpoint that is asked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from support.receiver import Receiver

from neuraldocflow import config
from neuraldocflow.dead_letters import WEBHOOK, DeadLetter, letter_id
from neuraldocflow.events import ProcessingFailed, encode
from neuraldocflow.log import TOPICS, EmbeddedLog
from neuraldocflow.results import ErrorInfo
from neuraldocflow.selection import Conditions, Range
from neuraldocflow.webhooks import pool
from neuraldocflow.webhooks.redelivery import letters, redeliver


def test_an_endpoint_that_is_left_alone_for_a_while_is_asked_for_each_letter_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_OPEN_SECONDS", 0.2)
    error = ErrorInfo(code="corrupt", message="damaged")
    refusals = iter([429] * 5)

    async def hook(request: web.Request) -> web.Response:
        return web.Response(status=next(refusals, 200))

    with Receiver(hook=hook) as server, EmbeddedLog(tmp_path / "log.db") as log:
        for topic in TOPICS:
            log.ensure_topic(topic)
        for number in range(20):
            event = ProcessingFailed(id=f"d{number}", error=error)
            letter = DeadLetter(
                event.id, encode(event), "webhook_exhausted", "HTTP 503", WEBHOOK, letter_id(event.id, 0),
                attempts=4, target=server.url("hook"),
            )  # fmt: skip
            log.append([letter.message()])
        endpoint = {"url": server.url("hook")}
        output = {
            "type": "webhook",
            "config": {"allow_private_networks": ["127.0.0.0/8"], "endpoints": [endpoint]},
        }
        configured = config.parse(yaml.safe_dump({"processing_pipeline": {"output_streams": [output]}}))
        found = list(redeliver(log, configured, letters(log, Range(), Conditions([]))))
    assert Counter(each.delivered for each in found) == {True: 15, False: 5}
