"""A body that does not come is not waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from neuraldocflow.gateway.problems import Problem
from neuraldocflow.gateway.receiving import chunks


async def read(pieces: list[bytes], pause: float) -> bytes:
    """What comes of a body whose sender pauses before each piece."""
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    return b"".join([chunk async for chunk in chunks(request)])


def test_a_body_is_what_came() -> None:
    assert asyncio.run(read([b"a", b"b"], 0)) == b"ab"


def test_a_sender_that_falls_silent_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuraldocflow.gateway.receiving._SILENCE", 0.05)
    with pytest.raises(Problem, match="Nothing came") as told:
        asyncio.run(read([b"a", b"b"], 60))
    assert told.value.status == 408


def test_a_sender_that_only_drips_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuraldocflow.gateway.receiving._PATIENCE", 0.05)
    with pytest.raises(Problem, match="bytes a second") as told:
        asyncio.run(read([b"a"] * 10_000, 0.01))
    assert told.value.status == 408


def test_a_sender_that_is_fast_enough_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neuraldocflow.gateway.receiving._PATIENCE", 0.05)
    monkeypatch.setattr("neuraldocflow.gateway.receiving._SLOWEST", 1)
    assert len(asyncio.run(read([bytes(1000)] * 20, 0.01))) == 20_000
