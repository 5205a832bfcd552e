"""The gateway's metrics have the values of what happens."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from support.gateway import Gateway, Talk, letter, submit
from support.receiver import Receiver

from neuraldocflow.values import PRIORITIES


async def metric(session: aiohttp.ClientSession, series: str) -> float:
    """A series' value now; 0 where there is none yet."""
    answer = await session.get("/metrics")
    found = re.search(rf"^neuraldocflow_{re.escape(series)} (\S+)$", await answer.text(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_every_series_is_there_before_anything_happens(tmp_path: Path) -> None:
    """Alerts that compare with 0, or look at a rate, see nothing of a series that is not there."""

    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            text = await (await session.get("/metrics")).text()
        values = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        for series in (
            ("neuraldocflow_documents_total", "completed", "sec_10k"),
            ("neuraldocflow_documents_total", "failed", "unknown"),
            ("neuraldocflow_pages_total", "other", "partial"),
            ("neuraldocflow_failures_total", "timeout"),
            ("neuraldocflow_deliveries_total", "failed", "webhook"),
            ("neuraldocflow_stage_seconds_count", "total"),
            *(("neuraldocflow_queue_depth", priority) for priority in PRIORITIES),
        ):
            assert values[series] == 0

    with Gateway(tmp_path, with_job=False) as gateway:
        asyncio.run(work(gateway))


def test_metrics_follow_what_happens(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:

            async def reaches(series: str, value: float) -> None:
                async with asyncio.timeout(60):  # the log has to be read first
                    while await metric(session, series) != value:
                        await asyncio.sleep(0.05)

            for number, priority in enumerate(("urgent", "low", "low")):
                await submit(session, letter(number), priority=priority)
            await reaches('queue_depth{priority="urgent"}', 1)
            await reaches('queue_depth{priority="low"}', 2)
            assert await metric(session, "connections") == 0
            async with gateway.stream() as socket:
                await Talk(socket).ask("ping")
                assert await metric(session, "connections") == 1
            await reaches("connections", 0)
            gateway.start_job()
            for series in (
                'stage_seconds_count{stage="total"}',
                'stage_seconds_count{stage="queued"}',
                'stage_seconds_count{stage="reading"}',
                'deliveries_total{sink="webhook",status="delivered"}',
            ):
                await reaches(series, 3)
            assert await metric(session, 'stage_seconds_sum{stage="total"}') > 0
            for priority in ("urgent", "low"):
                await reaches(f'queue_depth{{priority="{priority}"}}', 0)
            await reaches("in_flight", 0)

    with Receiver() as receiver:
        webhook = {"endpoints": [{"url": receiver.url()}], "allow_private_networks": ["127.0.0.0/8"]}
        outputs = {"output_streams": [{"type": "webhook", "config": webhook}]}
        with Gateway(tmp_path, with_job=False, processing_pipeline=outputs) as gateway:
            asyncio.run(work(gateway))
