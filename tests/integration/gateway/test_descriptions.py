"""What the gateway says of itself, and whether it keeps to it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.gateway import Gateway


def test_descriptions_are_served_to_anyone_and_nothing_is_fetched_from_elsewhere(gateway: Gateway) -> None:
    async def work() -> None:
        async with aiohttp.ClientSession(gateway.url) as anyone:
            page = await (await anyone.get("/docs")).text()
            assert "http" not in page.replace("http-equiv", "")
            for path in (
                "/docs/start.js",
                "/docs/assets/swagger-ui-bundle.js",
                "/docs/assets/swagger-ui.css",
            ):
                assert path.rsplit("/", 1)[1] in page
                assert (await anyone.get(path)).status == 200
            described = await (await anyone.get("/openapi.json")).json()
            assert "/api/v1/documents" in described["paths"]
            assert (await (await anyone.get("/asyncapi.json")).json())["asyncapi"] == "3.0.0"
            assert (await (await anyone.get("/schemas/result.json")).json())["title"] == "ProcessingResult"
            assert (await anyone.get("/schemas/none.json")).status == 404
            headers = (await anyone.get("/docs")).headers
            assert "script-src 'self'" in headers["Content-Security-Policy"]
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "Access-Control-Allow-Origin" not in headers

    asyncio.run(work())


@pytest.mark.timeout(240)
def test_generated_requests_find_no_answer_that_openapi_does_not_describe(
    gateway: Gateway, tmp_path: Path
) -> None:
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    arguments: list[Any] = ["run", f"{gateway.url}/openapi.json", "--checks", checks]
    arguments += ["--header", f"Authorization: Bearer {gateway.key('generated')}"]
    arguments += ["--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "1"]
    arguments += ["--request-timeout", "20", "--exclude-path-regex", "/events$", "--workers", "2"]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "schemathesis"), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
