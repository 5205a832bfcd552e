"""Documents given by address, fetched by a real job from a real web server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from support.gateway import Gateway, letter, result, running
from support.receiver import Receiver

LARGE = letter(9) + b" " * 3_000_000


def serving(status: int = 200, body: bytes = b"", **headers: str) -> Any:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Content-Type": "text/html", **headers})

    return handler


class Broken:
    """Breaks off in the middle, then goes on from where it is asked to."""

    def __init__(self) -> None:
        self.ranges: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.ranges.append(request.headers.get("Range", ""))
        start = int(self.ranges[-1].removeprefix("bytes=").rstrip("-") or 0)
        left = LARGE[start:]
        response = web.StreamResponse(
            status=206 if start else 200,
            headers={"Content-Length": str(len(left)), "Content-Type": "text/html"},
        )
        await response.prepare(request)
        await response.write(left[: 1_000_000 if len(self.ranges) < 3 else None])
        if len(self.ranges) < 3:
            assert request.transport is not None
            request.transport.close()
        return response


@pytest.fixture(scope="module")
def broken() -> Broken:
    return Broken()


@pytest.fixture(scope="module")
def server(broken: Broken) -> Iterator[Receiver]:
    handlers = {
        "good": serving(body=letter(1)),
        "moved": serving(302, Location="/good"),
        "round": serving(302, Location="/round"),
        "away": serving(302, Location="file:///etc/passwd"),
        "inside": serving(302, Location="http://10.0.0.1/"),
        "missing": serving(404),
        "image": serving(body=b"\x89PNG", **{"Content-Type": "image/png"}),
        "large": serving(body=b"<html>" + b"x" * 6_000_000),
        "broken": broken,
    }
    with Receiver(**handlers) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    limits = {"allowed_networks": ["127.0.0.1/32"], "limits": {"max_download_mb": 5}}
    yield from running(tmp_path_factory.mktemp("allowed"), runtime=limits)


async def processed(gateway: Gateway, url: str, name: str = "") -> dict[str, Any]:
    async with gateway.http() as session:
        request = {"document": {"source": "url", "content": url, "filename": name}}
        answer = await session.post("/api/v1/documents", json=request)
        assert answer.status == 202, await answer.text()
        return await result(session, (await answer.json())["job_id"])


@pytest.mark.parametrize("path", ["good", "moved"])
def test_a_document_is_fetched_and_its_hash_is_in_the_result(
    gateway: Gateway, server: Receiver, path: str
) -> None:
    made = asyncio.run(processed(gateway, server.url(path), "letter.html"))
    assert made["status"] in ("completed", "partial")
    assert made["metadata"]["filename"] == "letter.html"


def test_a_transfer_that_breaks_off_goes_on_where_it_was(
    gateway: Gateway, server: Receiver, broken: Broken
) -> None:
    made = asyncio.run(processed(gateway, server.url("broken"), "letter.html"))
    assert made["status"] in ("completed", "partial")
    assert made["metadata"]["bytes"] == len(LARGE)
    assert broken.ranges[0] == ""
    assert all(each.startswith("bytes=") for each in broken.ranges[1:])


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        ("missing", "fetch_failed", "404"),
        ("round", "fetch_failed", "redirects"),
        ("away", "forbidden_url", "http"),
        ("inside", "forbidden_url", "10.0.0.1"),
        ("image", "unsupported_format", "image/png"),
        ("large", "too_large", "5 MB"),
    ],
)
def test_what_can_not_be_fetched_fails_with_its_code(
    gateway: Gateway, server: Receiver, path: str, code: str, told: str
) -> None:
    made = asyncio.run(processed(gateway, server.url(path)))
    assert (made["status"], made["error"]["code"]) == ("failed", code)
    assert told in made["error"]["message"]


def test_private_addresses_are_refused_where_nothing_was_allowed(
    server: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def work(gateway: Gateway) -> None:
        for url in (server.url("good"), server.url("good").replace("127.0.0.1", "localhost")):
            made = await processed(gateway, url)
            assert made["error"]["code"] == "forbidden_url"

    before = len(server.seen)
    with Gateway(tmp_path_factory.mktemp("forbidden")) as gateway:
        asyncio.run(work(gateway))
    assert len(server.seen) == before
