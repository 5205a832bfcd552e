"""Pages of sites that the configuration names may call the API, others may not; by default none may."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from support.gateway import Gateway, Talk, letter
from websockets.exceptions import InvalidStatus

APP, OTHER = "https://app.example", "https://elsewhere.example"


def test_pages_of_the_configured_sites_may_call_and_others_may_not(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with aiohttp.ClientSession(gateway.url) as browser:
            for method, path, headers in (
                ("POST", "/api/v1/documents", "authorization,content-type,idempotency-key"),
                ("PATCH", "/api/v1/uploads/x", "authorization,tus-resumable,upload-offset,content-type"),
                ("DELETE", "/api/v1/jobs/x", "authorization"),
                ("GET", "/api/v1/jobs/x/events", "authorization,last-event-id"),
            ):
                asking = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
                may = await browser.options(path, headers={**asking, "Origin": APP})
                assert may.status == 200, (method, await may.text())
                assert may.headers["Access-Control-Allow-Origin"] == APP
                may_not = await browser.options(path, headers={**asking, "Origin": OTHER})
                assert "Access-Control-Allow-Origin" not in may_not.headers
        async with gateway.http() as session:
            sent = await session.post("/api/v1/documents", data=letter(), headers={"Origin": APP})
            assert (sent.status, sent.headers["Access-Control-Allow-Origin"]) == (202, APP)
            assert "NeuralDocFlow-Job" in sent.headers["Access-Control-Expose-Headers"]
            assert "Access-Control-Allow-Credentials" not in sent.headers
            refused = await session.get("/api/v1/jobs/none", headers={"Origin": APP})
            assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (404, APP)
            other = await session.get("/api/v1/jobs", headers={"Origin": OTHER})
            assert "Access-Control-Allow-Origin" not in other.headers
        async with gateway.stream(origin=APP) as socket:
            assert (await Talk(socket).ask("ping"))["type"] == "response"
        with pytest.raises(InvalidStatus):
            await gateway.stream(origin=OTHER)

    with Gateway(tmp_path, with_job=False, gateway={"cors_origins": [APP]}) as gateway:
        asyncio.run(work(gateway))


def test_by_default_no_other_site_may_call_and_every_answer_keeps_browsers_careful(tmp_path: Path) -> None:
    async def work(gateway: Gateway) -> None:
        async with gateway.http() as session:
            for path in ("/", "/api/v1/jobs", "/api/v1/jobs/none", "/openapi.json"):
                answer = await session.get(path, headers={"Origin": OTHER})
                asking = {
                    "Access-Control-Request-Method": "GET",
                    "Access-Control-Request-Headers": "authorization",
                }
                preflight = await session.options(path, headers={**asking, "Origin": OTHER})
                for each in (answer, preflight):
                    assert "Access-Control-Allow-Origin" not in each.headers
                    assert "script-src 'self'" in each.headers["Content-Security-Policy"]
                    assert each.headers["Referrer-Policy"] == "no-referrer"
                assert not preflight.ok
        with pytest.raises(InvalidStatus):
            await gateway.stream(origin=OTHER)

    with Gateway(tmp_path, with_job=False) as gateway:
        asyncio.run(work(gateway))
