"""Documents given by address, fetched by a real job from a real web server."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from support.gateway import Gateway, letter, result, running
from support.receiver import Receiver

from neuraldocflow.errors import FetchFailed, Unreachable
from neuraldocflow.events import DocumentSource
from neuraldocflow.fetch_queue import Have
from neuraldocflow.guard import Guard
from neuraldocflow.url_fetch import UrlFetcher

LARGE = letter(9) + b" " * 3_000_000


def serving(status: int = 200, body: bytes = b"", **headers: str) -> Any:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Content-Type": "text/html", **headers})

    return handler


class Broken:
    """Breaks off in the middle, twice, then goes on from where it is asked to; ``etags`` are those of its
    answers, where it has any."""

    def __init__(self, *etags: str, ranges: bool = True) -> None:
        self.asked: list[tuple[str, str]] = []
        self._etags = etags
        self._knows_ranges = ranges

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.headers.get("Range", ""), request.headers.get("If-Range", "")))
        etag = self._etags[min(len(self.asked), len(self._etags)) - 1] if self._etags else ""
        given = request.headers.get("Range", "")
        goes_on = given and self._knows_ranges and request.headers.get("If-Range", etag) == etag
        start = int(given.removeprefix("bytes=").rstrip("-")) if goes_on else 0
        document = LARGE.replace(b"Letter 9", f"Letter {etag or 9}".encode())
        left = document[start:]
        headers = {"Content-Length": str(len(left)), "Content-Type": "text/html"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(document) - 1}/{len(document)}"
        if etag:
            headers["ETag"] = etag
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        await response.write(left[: 1_000_000 if len(self.asked) < 3 else None])
        if len(self.asked) < 3:
            assert request.transport is not None
            request.transport.close()
        return response


@pytest.fixture(scope="module")
def broken() -> dict[str, Broken]:
    """By name, what breaks off."""
    return {
        "goes-on": Broken('"1"'),
        "no-ranges": Broken('"1"', ranges=False),
        "replaced": Broken('"1"', '"2"'),
        "weak": Broken('W/"1"'),
        "nameless": Broken(),
    }


@pytest.fixture(scope="module")
def server(broken: dict[str, Broken]) -> Iterator[Receiver]:
    handlers = {
        "good": serving(body=letter(1)),
        "moved": serving(302, Location="/good"),
        "round": serving(302, Location="/round"),
        "away": serving(302, Location="file:///etc/passwd"),
        "inside": serving(302, Location="http://10.0.0.1/"),
        "nowhere": serving(302, Location="http://[::1"),
        "nobody": serving(302, Location="http://a..example/"),
        "missing": serving(404),
        "image": serving(body=b"\x89PNG", **{"Content-Type": "image/png"}),
        "large": serving(body=b"<html>" + b"x" * 6_000_000),
        **broken,
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


def test_an_address_is_read_as_browsers_read_it(gateway: Gateway, server: Receiver) -> None:
    made = asyncio.run(processed(gateway, f" {server.url('good').replace('http://', 'HTTP://')}\n"))
    assert made["status"] in ("completed", "partial")
    named = asyncio.run(processed(gateway, server.url("R%C3%A9sum%C3%A9%20%2Fof%202026.html?name=other.pdf")))
    assert named["metadata"]["filename"] == "of 2026.html"


def test_what_an_address_held_is_told_of_its_job(gateway: Gateway, server: Receiver) -> None:
    made = asyncio.run(processed(gateway, server.url("good"), "letter.html"))
    job = gateway.ask(f"/jobs/{made['jobId']}")
    assert (job["bytes"], job["sha256"]) == (len(letter(1)), hashlib.sha256(letter(1)).hexdigest())
    assert job["contentType"] == made["metadata"]["contentType"] == "text/html"


@pytest.mark.parametrize("path", ["goes-on", "no-ranges"])
def test_a_transfer_that_breaks_off_goes_on_where_it_was(
    gateway: Gateway, server: Receiver, broken: dict[str, Broken], path: str
) -> None:
    made = asyncio.run(processed(gateway, server.url(path), "letter.html"))
    assert made["status"] in ("completed", "partial")
    assert made["metadata"]["sha256"] == hashlib.sha256(LARGE.replace(b"Letter 9", b'Letter "1"')).hexdigest()
    asked = broken[path].asked
    assert asked[0] == ("", "")
    assert all(given.startswith("bytes=") and etag == '"1"' for given, etag in asked[1:])


@pytest.mark.parametrize(("path", "etag"), [("replaced", '"2"'), ("weak", 'W/"1"'), ("nameless", "9")])
def test_two_versions_of_a_document_are_never_mixed(
    gateway: Gateway, server: Receiver, broken: dict[str, Broken], path: str, etag: str
) -> None:
    """Where a server does not say that it is still the same, it is fetched from its beginning."""
    made = asyncio.run(processed(gateway, server.url(path), "letter.html"))
    assert made["status"] in ("completed", "partial")
    whole = LARGE.replace(b"Letter 9", f"Letter {etag}".encode())
    assert made["metadata"]["sha256"] == hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize(
    ("begun", "drop"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2", b";x=y"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Drop: 1\r\n"),
    ],
    ids=["interim answers", "headers", "a chunk's extensions", "trailers"],
)
def test_what_only_drips_and_gives_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, begun: bytes, drop: bytes
) -> None:
    """Each drop is heard of, so that the silence of the line alone would never end it."""

    async def dripping(request: web.Request) -> web.Response:
        transport = request.transport
        assert transport is not None
        transport.write(begun)
        for _ in range(100):
            transport.write(drop)
            await asyncio.sleep(0.1)
        return web.Response()

    monkeypatch.setattr("neuraldocflow.url_fetch._SILENCE", 1.0)
    with Receiver(dripping=dripping) as receiver:
        source = DocumentSource(kind="url", uri=receiver.url("dripping"), size=0)
        with pytest.raises(Unreachable, match="does not answer in time"):
            list(UrlFetcher(Guard(["127.0.0.0/8"]))(source, Have()))


def test_a_server_that_misses_a_range_nobody_asked_for_is_not_asked_again() -> None:
    """Of what is asked for from its beginning there is nothing that another beginning would change."""
    with Receiver(ranged=serving(416)) as receiver:
        source = DocumentSource(kind="url", uri=receiver.url("ranged"), size=0)
        with pytest.raises(FetchFailed, match="HTTP 416"):
            list(UrlFetcher(Guard(["127.0.0.0/8"]))(source, Have()))


@pytest.mark.parametrize(
    ("path", "code", "told"),
    [
        ("missing", "fetch_failed", "404"),
        ("round", "fetch_failed", "redirects"),
        ("away", "forbidden_url", "http"),
        ("inside", "forbidden_url", "10.0.0.1"),
        ("nowhere", "fetch_failed", "not valid"),
        ("nobody", "fetch_failed", "not valid"),
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
