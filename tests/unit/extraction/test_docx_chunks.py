"""Web pages that libraries put into a DOCX as a whole, for Word to turn into text."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from neuraldocflow.errors import Timeout
from neuraldocflow.extraction.docx.reader import read
from neuraldocflow.limits import Limits
from tests.support.docx import files, package, paragraph

PAGE = """<html><head><title>Offer</title><style>.gone {display: none}</style></head><body><h1>Offer</h1>
<p>Für <b>ten</b> crowns</p><p class=gone>unseen</p>
<table border=1><tr><th>A<th>B<tr><td>1<td>2</table></body></html>"""


def with_chunk(name: str, content: str | bytes, times: int = 1) -> bytes:
    made = files(paragraph("Before") + '<w:altChunk r:id="chunk"/>' * times + paragraph("after."))
    relations = "word/_rels/document.xml.rels"
    chunk = f'<Relationship Id="chunk" Type="x/aFChunk" Target="/word/{name}"/></Relationships>'
    made[relations] = made[relations].replace("</Relationships>", chunk)
    return package({**made, f"word/{name}": content})


def mhtml(charset: str, encoding: str) -> bytes:
    message = EmailMessage()
    message.set_content(PAGE, subtype="html", charset=charset, cte=encoding)
    message.add_related(b"GIF89a", "image", "gif", filename="a.gif")
    return message.as_bytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", PAGE),
        ("page.HTM", PAGE.encode("utf-16")),
        ("afchunk.mht", mhtml("utf-8", "quoted-printable")),
        ("afchunk.mht", mhtml("iso-8859-1", "base64")),
    ],
)
def test_a_page_is_read_where_word_shows_it(name: str, content: str | bytes) -> None:
    document = read(with_chunk(name, content))
    assert [block.text for block in document.blocks if block.kind != "table"] == [
        "Before",
        "Offer",
        "Für ten crowns",
        "after.",
    ]
    (table,) = [block.table for block in document.blocks if block.table is not None]
    assert [cell.text for cell in table.cells] == ["A", "B", "1", "2"]
    assert document.warnings == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.rtf", rb"{\rtf1 words}"),
        ("afchunk.mht", b"Content-Type: text/html; charset=none-such\n\nwords"),
        ("afchunk.mht", b"Content-Type: image/gif\n\nGIF89a"),
        ("afchunk.mht", b"\xff\x00"),
    ],
)
def test_what_can_not_be_read_is_told(name: str, content: bytes) -> None:
    document = read(with_chunk(name, content))
    assert document.text == "Before\nafter."
    assert document.warnings == [("damaged_part", f"Parts of the DOCX could not be read: {name}.")]


def test_a_missing_page_is_told() -> None:
    made = with_chunk("page.html", PAGE).replace(b"word/page.html", b"word/page.none")
    assert [code for code, _ in read(made).warnings] == ["damaged_part"]


def test_a_page_keeps_to_the_time_limit() -> None:
    with pytest.raises(Timeout):
        read(with_chunk("page.html", "<p>word</p>" * 300_000), Limits(max_seconds=0.2))


def test_a_page_that_is_shown_again_and_again_does_not_fill_the_memory() -> None:
    size = 4 << 20
    document = read(with_chunk("page.html", "<p>" + "word " * (size // 5), times=1000))
    assert size < len(document.text) < 32 * size
    assert [code for code, _ in document.warnings] == ["damaged_part"]
