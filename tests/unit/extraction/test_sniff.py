from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.errors import Corrupt, DocumentError, Empty, Encrypted, UnsupportedFormat
from neuraldocflow.extraction.sniff import sniff
from tests.support.docx import paragraph, simple

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return made.getvalue()


def test_a_pdf_may_have_something_before_its_header() -> None:
    assert sniff(b"\r\nprinted by a device\r\n%PDF-1.4\n") == "pdf"


def test_a_docx_is_told_by_what_the_archive_holds_not_by_its_name() -> None:
    assert sniff(simple(paragraph("Words")), "report.pdf") == "docx"


@pytest.mark.parametrize(
    "source",
    [
        b"<!DOCTYPE html><p>Words",
        b"\xef\xbb\xbf<html><body>Words",
        b"<?xml version='1.0'?><!-- made --><html xmlns='http://www.w3.org/1999/xhtml'/>",
        b"<div><p>A fragment</p></div>",
        b"  <!-- a note --> <table><tr><td>1</table>",
        "<html><p>Words".encode("utf-16"),
        "<html><body><p>Words without a mark".encode("utf-16-le"),
        b"Words first <b>bold</b> and <i>italic</i> and <br> more <p> of <span>them</span>",
        b"<DOCUMENT><TYPE>10-K<TEXT><html><body>Words",
    ],
)
def test_html_of_any_kind_is_html(source: bytes) -> None:
    assert sniff(source) == "html"


def test_a_name_settles_what_the_content_leaves_open() -> None:
    assert sniff(b"Nearly plain text,<br> once broken.", "note.html") == "html"
    with pytest.raises(UnsupportedFormat):
        sniff(b"Nearly plain text,<br> once broken.", "note.txt")


@pytest.mark.parametrize(
    ("source", "seems"),
    [
        (b"Just words.", "plain text"),
        (b"   \n", "blank text"),
        (b'{"a": 1}', "JSON"),
        (b"{\\rtf1 words}", "RTF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG"),
        (b"<?xml version='1.0'?><ClinicalDocument/>", "XML"),
        (b"From: nobody\r\nSubject: nothing\r\n", "e-mail"),
        (bytes(range(256)) * 3, "binary"),
        (archive("xl/workbook.xml", "[Content_Types].xml"), "Excel"),
        (archive("ppt/presentation.xml", "[Content_Types].xml"), "PowerPoint"),
        (archive("mimetype", "content.xml"), "OpenDocument"),
        (archive("notes.txt"), "ZIP"),
        (OLE + "WordDocument".encode("utf-16-le"), ".doc"),
        (OLE, "OLE"),
    ],
)
def test_a_refusal_says_what_the_file_seems_to_be(source: bytes, seems: str) -> None:
    with pytest.raises(UnsupportedFormat, match=seems.replace(".", r"\.")):
        sniff(source)


def test_an_office_file_with_a_password_is_encrypted() -> None:
    with pytest.raises(Encrypted):
        sniff(OLE + "EncryptedPackage".encode("utf-16-le"))


def test_no_bytes_are_empty() -> None:
    with pytest.raises(Empty):
        sniff(b"")
    with pytest.raises(Empty):
        sniff(archive())


def test_an_archive_cut_short_is_corrupt_or_left_to_its_reader() -> None:
    with pytest.raises(Corrupt):
        sniff(archive("notes.txt")[:-30])
    assert sniff(simple(paragraph("Words"))[:-30], "a.docx") == "docx"


def test_a_path_is_sniffed_as_its_bytes_are(tmp_path: Path) -> None:
    for number, source in enumerate((b"%PDF-1.7\n", simple(paragraph("Words")), b"<p>Words")):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(source)
        assert sniff(path) == sniff(source)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"<html", OLE[:8], b"\xff\xfe"]),
)
def test_any_bytes_give_a_kind_or_a_typed_error(data: bytes, prefix: bytes) -> None:
    with suppress(DocumentError):
        assert sniff(prefix + data) in ("pdf", "docx", "html")
