"""Dead letters of webhooks, sent again."""

from __future__ import annotations

from pathlib import Path

import yaml
from aiohttp import web
from support.receiver import Receiver

from neuraldocflow import config
from neuraldocflow.dead_letters import WEBHOOK, DeadLetter, letter_id
from neuraldocflow.events import ProcessingFailed, encode
from neuraldocflow.log import PROCESSING_EVENTS, TOPICS, EmbeddedLog
from neuraldocflow.results import ErrorInfo
from neuraldocflow.selection import Conditions, Range
from neuraldocflow.webhooks.redelivery import letters, redeliver


def test_each_time_a_letter_is_sent_again_is_an_event_of_its_own(tmp_path: Path) -> None:
    """Readers take what has the id of one they had for a repeat of it."""
    answers = iter([503, 200])

    async def hook(_: web.Request) -> web.Response:
        return web.Response(status=next(answers))

    event = ProcessingFailed(id="d1", error=ErrorInfo(code="corrupt", message="damaged"))
    with Receiver(hook=hook) as server, EmbeddedLog(tmp_path / "log.db") as log:
        for topic in TOPICS:
            log.ensure_topic(topic)
        url = server.url("hook")
        number = letter_id(event.id, 0)
        letter = DeadLetter(
            event.id, encode(event), "webhook_exhausted", "HTTP 503", WEBHOOK, number, attempts=4, target=url
        )
        log.append([letter.message()])
        sink = {"allow_private_networks": ["127.0.0.0/8"], "endpoints": [{"url": url}]}
        outputs = {"output_streams": [{"type": "webhook", "config": sink}]}
        configured = config.parse(yaml.safe_dump({"processing_pipeline": outputs}))
        ended = [
            each.delivered
            for _ in range(2)
            for each in redeliver(log, configured, letters(log, Range(), Conditions([])))
        ]
        told = [
            record.headers["ce_id"]
            for part in log.partitions(PROCESSING_EVENTS)
            for record in log.read(PROCESSING_EVENTS, part, 0)
        ]
    assert ended == [False, True]
    assert len(set(told)) == 2
