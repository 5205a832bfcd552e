from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuraldocflow.errors import DocumentError, Empty, Timeout, TooLarge
from neuraldocflow.extraction.html.reader import read
from neuraldocflow.extraction.model import Document
from neuraldocflow.limits import Limits

MANY = 20_000
_NAMES = """
div p b span table tr td th li ul ol a h1 pre br hr ix:header ix:hidden ix:nonFraction ix:nonNumeric
script style title caption thead xbrli:context xbrli:startDate ix:continuation input select svg body"""
TAGS = _NAMES.split()
PIECES = [
    *(f"<{tag}>" for tag in TAGS),
    *(f"</{tag}>" for tag in TAGS),
    "<td colspan=3 rowspan=2>", "<td colspan=0>", "<p/>", "<a href='#x' name=y>",
    '<ix:nonFraction name="a:b" scale="99999">',
    '<ix:nonNumeric name="a:c" continuedAt="k" id="f">', '<ix:continuation id="k" continuedAt="k">',
    "<!--", "-->",
    '<span style="-sec-ix-hidden:f">', '<div style="display:none">', "<![CDATA[", "<?", "<", ">", '"', "'",
    "=", "&", "&#", "&#99999999;", "words", " ", "$", "1,234", ")",
    "\u00a0", "\ud7ff", "☒", "\n\n",
]  # fmt: skip


def is_whole(document: Document) -> None:
    """Every offset of a document points at what it says it does."""
    for block in document.blocks:
        assert document.text[block.start : block.end] == block.text
        for cell in block.table.cells if block.table else ():
            assert document.text[cell.start : cell.end] == cell.text
            assert cell.row + 1 <= block.table.n_rows
            assert cell.column + cell.colspan <= block.table.n_columns
    for fact in document.facts:
        assert -1 <= fact.start <= fact.end <= len(document.text)
    for link in document.links:
        assert link.start == -1 or document.text[link.start : link.end][:500] == link.text


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_order_of_tags_gives_a_whole_document(pieces: list[str]) -> None:
    with suppress(Empty):
        is_whole(read("".join(pieces).encode()))


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400), st.sampled_from([b"", b"<p>", b"<html><table>", b"\xff\xfe", b"<meta charset="])
)
def test_any_bytes_give_a_document_or_a_typed_error(data: bytes, prefix: bytes) -> None:
    with suppress(DocumentError):
        is_whole(read(prefix + data))


@pytest.mark.parametrize("source", [b"", b"   \r\n", b"\x00\x00"])
def test_nothing_is_empty(source: bytes) -> None:
    with pytest.raises(Empty):
        read(source)


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * MANY,
        "<table><tr><td>" * MANY,
        "<ul><li>" * MANY,
        "<ix:nonNumeric name='a:b'>" * MANY,
        "<b><i></b></i>" * MANY,
        "<a href='" * MANY,
        "<a " * MANY,
        "<!-- " * MANY,
        "<script>" * MANY,
        "<title>" * MANY,
        "<select>" + "<option " * 20 * MANY + "</select>",
        "<" * MANY,
        "<table>" + "<tr><td colspan=1000 rowspan=60000>x" * 2000,
        "<style>" + "@media{a{" * MANY,
        "&#" + "9" * MANY + ";",
        "<p style='" + "font:" * MANY + "'>",
        "<p><table><td>" + "<b>" * MANY + "</p>" * MANY,
    ],
    ids=lambda source: source[:20],
)
def test_html_without_end_ends(source: str) -> None:
    is_whole(read((source + "x").encode(), Limits(max_seconds=20)))


def test_the_size_limit_is_kept() -> None:
    with pytest.raises(TooLarge):
        read(b"<p>Words " * 150_000, Limits(max_uncompressed_mb=1))


def test_the_time_limit_is_kept() -> None:
    with pytest.raises(Timeout):
        read(b"<p>Words" * 10_000, Limits(max_seconds=0))


def test_an_entity_of_the_document_type_is_not_resolved() -> None:
    source = b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><html><p>[&x;]</p></html>'
    assert "[&x;]" in read(source).text
