"""What the gateway says of itself, and whether it keeps to it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
from support.gateway import Gateway
from support.web import build

from neuraldocflow.gateway.asyncapi import describe
from neuraldocflow.schemas import schemas

TESTS = Path(__file__).parents[2]


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
            assert (await anyone.head("/docs")).status == 200
            headers = (await anyone.get("/docs")).headers
            assert "script-src 'self'" in headers["Content-Security-Policy"]
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "Access-Control-Allow-Origin" not in headers

    asyncio.run(work())


def test_the_asyncapi_document_is_as_the_specifications_own_schema_has_it() -> None:
    folder = build() / "node_modules" / "@asyncapi" / "specs" / "schemas"
    schema = json.loads((folder / "3.0.0.json").read_text(encoding="utf-8"))
    official = jsonschema.Draft7Validator(schema)
    document = describe()
    official.validate(document)
    stream = document["channels"]["stream"]
    for wrong in (
        {"operations": {"ping": {"action": "ask", "channel": {"$ref": "#/channels/stream"}}}},
        {"channels": {"stream": {**stream, "bindings": {"ws": {"method": "PUT"}}}}},
        {"channels": {"stream": {**stream, "adress": "/"}}},
        {"components": {"schemas": {"Ping": {"type": "nothing"}}}},
    ):
        assert not official.is_valid({**document, **wrong}), wrong


def test_every_schema_is_served_where_its_id_says(gateway: Gateway) -> None:
    async def work() -> None:
        async with aiohttp.ClientSession(gateway.url) as anyone:
            for name, schema in schemas().items():
                answer = await anyone.get(schema["$id"])
                assert (answer.status, answer.content_type) == (200, "application/schema+json"), name
                assert await answer.json(content_type=None) == schema
                jsonschema.Draft202012Validator.check_schema(schema)
            assert schemas()["result.json"]["$id"] == "/schemas/result.json"
            assert (await anyone.get("/schemas/none.json")).status == 404

    asyncio.run(work())


def test_generated_requests_find_nothing_that_is_not_as_openapi_describes_it(
    gateway: Gateway, tmp_path: Path
) -> None:
    program = Path(sys.executable).parent / "schemathesis"
    arguments: list[Any] = ["--config-file", Path(__file__).with_name("schemathesis.toml"), "run"]
    arguments += [f"{gateway.url}/openapi.json", "--checks", "all"]
    arguments += ["--exclude-checks", "use_after_free"]  # a job that is deleted is cancelled, and still there
    key = gateway.key("generated", scopes=("submit", "read", "metrics"))
    arguments += ["--header", f"Authorization: Bearer {key}", "--max-examples", "4", "--seed", "1"]
    arguments += ["--phases", "examples,coverage,fuzzing,stateful", "--request-timeout", "20"]
    done = subprocess.run(
        [program, *arguments, "--workers", "1"],  # with two, Python 3.11.7 may fail to parse a lambda
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "support.generated_requests", "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
