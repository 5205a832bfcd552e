"""``streamResults``: what is known of a document comes before its result, to those who asked for it."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from support.gateway import Gateway, Talk, letter
from support.pdf import PdfBuilder

PAGES = 300


def book(title: str) -> bytes:
    """A PDF of so many pages that reading them takes longer than two messages are apart."""
    made = PdfBuilder()
    for number in range(1, PAGES + 1):
        lines = [f"{title}: page {number} begins", *(f"Line {line}. " * 8 for line in range(45))]
        made.page().current.insert_text((72, 72), lines, fontsize=9)
    return bytes(made.done())


async def told_of(
    gateway: Gateway, content: bytes, name: str, profile: str = "auto", **options: Any
) -> list[dict[str, Any]]:
    """The events of a document, from its submission to its result."""
    async with gateway.stream() as socket:
        talk = Talk(socket)
        document = {"source": "base64", "content": base64.b64encode(content).decode(), "filename": name}
        answer = await talk.ask("process_document", document=document, profile=profile, options=options)
        job = answer["payload"]["job_id"]
        await talk.ask("subscribe", job_id=job)
        events: list[dict[str, Any]] = []
        while not events or events[-1]["event"] != "result":
            events.append(talk.events.pop(0) if talk.events else (await talk.receive())["payload"])
        return events


def known_in(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each["data"]["intermediateResults"] for each in events if "intermediateResults" in each["data"]]


def test_each_page_is_told_once_and_in_order_before_the_result(gateway: Gateway) -> None:
    events = asyncio.run(told_of(gateway, book("A book"), "book.pdf", "generic", streamResults=True))
    known = known_in(events)
    pages = [page for each in known for page in each.get("pages", [])]
    assert len(known) > 1
    assert pages[0]["text"].startswith("A book: page 1 begins")
    assert [page["page"] for page in pages] == list(range(1, PAGES + 1))
    assert all(
        page["text"].startswith(f"A book: page {page['page']} begins") for page in pages if page["text"]
    )
    assert all(len(page["text"]) <= 500 and page["truncated"] for page in pages)
    result = events[-1]["data"]
    assert known[-1]["documentType"] == result["extractedData"]["documentType"]
    assert known[-1]["profile"] == result["metadata"]["profile"]
    shares = [each["data"]["progress"] for each in events if each["event"] == "progress"]
    assert shares == sorted(shares)


def test_the_pages_of_a_document_that_is_read_in_no_time_are_told_too(gateway: Gateway) -> None:
    short = PdfBuilder().page().text(72, 72, "The only page").done()
    known = known_in(asyncio.run(told_of(gateway, short, "short.pdf", streamResults=True)))
    assert [page for each in known for page in each.get("pages", [])] == [
        {"page": 1, "text": "The only page", "truncated": False}
    ]


def test_a_document_without_pages_tells_its_kind(gateway: Gateway) -> None:
    (known,) = known_in(asyncio.run(told_of(gateway, letter(900), "letter.html", streamResults=True)))
    assert set(known) == {"profile", "documentType"}


@pytest.mark.parametrize("options", [{}, {"streamResults": False}])
def test_nobody_who_has_not_asked_is_told(gateway: Gateway, options: dict[str, Any]) -> None:
    short = PdfBuilder().page().text(72, 72, f"A page that nobody asked for, with {options}").done()
    assert known_in(asyncio.run(told_of(gateway, short, "quiet.pdf", **options))) == []


def test_pages_of_a_medical_record_are_in_its_result_alone(gateway: Gateway) -> None:
    record = PdfBuilder().page().text(72, 72, "Patient: Ada Example").done()
    told = asyncio.run(told_of(gateway, record, "record.pdf", "medical_record", streamResults=True))
    assert known_in(told) == [{"profile": "medical_record", "documentType": "medical_record"}]
