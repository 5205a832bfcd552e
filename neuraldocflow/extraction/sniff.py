"""What a file is, by its content: a file's name only settles what the content leaves open."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from neuraldocflow.errors import Corrupt, Empty, Encrypted, UnsupportedFormat
from neuraldocflow.extraction.docx.package import parts_of
from neuraldocflow.extraction.html.submission import is_submission
from neuraldocflow.extraction.model import Kind
from neuraldocflow.extraction.patterns import regex

_HEAD = 65536
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = regex(
    r"<(?:!doctype\s+html|/?(?:html|head|body|title|meta|link|style|script|div|span|p|h[1-6]|table|t[rdh]|tbody"
    r"|thead|br|hr|ul|ol|li|dl|a|b|i|u|em|strong|font|center|img|pre|blockquote|section|article|main|header"
    r"|footer|nav|form)(?=[\s>/]))",
    re.IGNORECASE,
)
_ROOT = regex(r"<(?:!doctype\s+(?:\w+:)?html|(?:\w+:)?html[\s>])", re.IGNORECASE)
_BEFORE_ROOT = regex(r"(?:\s|\ufeff|<!--.*?-->|<\?.*?>|<!(?!--)[^>]*>)*", re.DOTALL)
_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"BM", "a bitmap image"),
    (b"RIFF", "a media file"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
)
_OLE_STREAMS: tuple[tuple[str, str], ...] = (
    ("WordDocument", "a Word document of the old binary kind (.doc)"),
    ("Workbook", "an Excel workbook of the old binary kind (.xls)"),
    ("PowerPoint Document", "a PowerPoint file of the old binary kind (.ppt)"),
    ("__properties_version1", "an Outlook message"),
)


def sniff(source: bytes | Path, filename: str = "") -> Kind:
    """Which reader a file is for.

    ``source`` is the whole file, since a ZIP archive tells what it is at its end. Raises Empty, Encrypted for
    an Office file with a password, Corrupt for a broken archive, and UnsupportedFormat saying what it seems.
    """
    head = _head(source)
    if not head:
        raise Empty("The file has no bytes.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(source, head, filename)
    if head.startswith(_OLE):
        raise _ole(source)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    text = _as_text(head)
    if text is not None and _is_html(text, filename):
        return "html"
    raise UnsupportedFormat(f"The file seems to be {_guess(head, text)}; PDF, DOCX and HTML are read.")


def _head(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source[:_HEAD]
    with source.open("rb") as file:
        return file.read(_HEAD)


def _archive(source: bytes | Path, head: bytes, filename: str) -> Kind:
    """A ZIP archive by the names in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            names = parts_of(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError, UnicodeError):
        if b"word/" in head or filename.lower().endswith((".docx", ".docm")):
            return "docx"  # its reader refuses it, with the reason
        raise Corrupt("The file is a ZIP archive whose directory is missing or damaged.") from None
    if not names:
        raise Empty("The file is a ZIP archive with nothing in it.")
    if any(name.startswith("xl/") for name in names):
        raise UnsupportedFormat("The file seems to be an Excel workbook; PDF, DOCX and HTML are read.")
    if any(name.startswith("ppt/") for name in names):
        raise UnsupportedFormat("The file seems to be a PowerPoint file; PDF, DOCX and HTML are read.")
    if "[content_types].xml" in names or any(name.startswith("word/") for name in names):
        return "docx"
    if "mimetype" in names:
        seems = "an e-book" if any(name.endswith(".opf") for name in names) else "an OpenDocument file"
    else:
        seems = "a ZIP archive"
    raise UnsupportedFormat(f"The file seems to be {seems}; PDF, DOCX and HTML are read.")


def _ole(source: bytes | Path) -> Encrypted | UnsupportedFormat:
    """The error for a compound file: Office wraps a password-protected DOCX in one (MS-OFFCRYPTO, 2.3.1)."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Encrypted("The Office file asks for a password; send a copy saved without one.")
    for stream, seems in _OLE_STREAMS:
        if stream.encode("utf-16-le") in data:
            return UnsupportedFormat(f"The file seems to be {seems}; PDF, DOCX and HTML are read.")
    return UnsupportedFormat("The file seems to be an OLE compound file; PDF, DOCX and HTML are read.")


def _as_text(head: bytes) -> str | None:
    """The beginning as text, roughly decoded; None for binary."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    start = head[:512]
    if start.count(0) * 3 > len(start):
        odd = start[1::2].count(0) >= start[::2].count(0)
        text = head[: len(head) // 2 * 2].decode("utf-16-le" if odd else "utf-16-be", "replace")
        return None if "\x00" in text[:256] else text
    strange = sum(1 for byte in head[:4096] if byte < 32 and byte not in b"\t\n\r\f\x1b")
    if strange * 20 > min(len(head), 4096):
        return None
    return head.decode("utf-8" if head.startswith(b"\xef\xbb\xbf") else "latin-1", "replace")


def _is_html(text: str, filename: str) -> bool:
    """A document by its root; a fragment by beginning with a tag, by many of them, or by its name."""
    prologue = _BEFORE_ROOT.match(text)
    start = prologue.end() if prologue else 0
    if _ROOT.search(text, 0, start + 200):
        return True
    if text.lstrip("\ufeff \t\r\n").startswith("<?xml") and not _ROOT.search(text):
        return False
    if _MARKUP.match(text, start) or _ROOT.search(text) or is_submission(text):
        return True
    found = sum(1 for _, _ in zip(range(5), _MARKUP.finditer(text), strict=False))
    named = filename.lower().endswith((".html", ".htm", ".xhtml", ".xht"))
    return found >= 5 or (named and found >= 1)


def _guess(head: bytes, text: str | None) -> str:
    for prefix, seems in _PREFIXES:
        if head.startswith(prefix):
            return seems
    if head[4:8] == b"ftyp":
        return "a film or an image of a camera"
    if text is None:
        return "binary data of no known kind"
    beginning = text.lstrip("\ufeff \t\r\n")[:200]
    if not beginning:
        return "blank text"
    if beginning.startswith(("<?xml", "<")):
        return "XML that is not HTML"
    if beginning.startswith(("{", "[")):
        return "JSON or the like"
    if re.match(r"(?:From|Return-Path|Received|MIME-Version|Message-ID|Subject): ", beginning):
        return "an e-mail message"
    return "plain text"
