"""Opening PDFs: every way in which a file can refuse, as a typed error, and MuPDF kept quiet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pymupdf

from neuraldocflow.errors import Corrupt, DocumentError, Empty, Encrypted, OutOfMemory, TooManyPages
from neuraldocflow.extraction.pdf.bombs import refuse_bombs
from neuraldocflow.limits import Limits

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)

MUPDF_ERRORS: tuple[type[Exception], ...] = (
    pymupdf.mupdf.FzErrorBase,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    RecursionError,
    OSError,
)
"""What PyMuPDF raises over a damaged file, its own code's slips over unexpected objects included."""


def open_pdf(source: bytes | Path, limits: Limits) -> Any:
    """The ``pymupdf.Document`` of a PDF, decrypted with the empty password where that is enough.

    Raises Empty, Encrypted, TooManyPages, OutOfMemory, and Corrupt for anything that has no pages to read.
    """
    pymupdf.TOOLS.reset_mupdf_warnings()
    try:
        refuse_bombs(source, limits.max_uncompressed_mb)
        if isinstance(source, Path):
            if source.stat().st_size == 0:
                raise Empty("The file has no bytes.")
            document = pymupdf.open(str(source), filetype="pdf")
        else:
            if not source:
                raise Empty("The file has no bytes.")
            document = pymupdf.open(stream=source, filetype="pdf")
        if not document.is_pdf:
            raise Corrupt("The file is not a PDF inside.")
        if document.needs_pass and not document.authenticate(""):
            raise Encrypted("The PDF asks for a password; send a copy saved without one.")
        pages = document.page_count
    except DocumentError:
        raise
    except MemoryError as error:
        raise OutOfMemory("Opening the PDF needed more memory than allowed.") from error
    except pymupdf.EmptyFileError as error:
        raise Empty("The file has no bytes.") from error
    except MUPDF_ERRORS as error:
        raise _refusal(error, "The PDF cannot be opened, nor repaired.") from None
    if pages <= 0:
        raise Empty("The PDF has no pages.")
    if pages > limits.max_pages:
        raise TooManyPages(f"The PDF has {pages} pages, {limits.max_pages} are allowed.")
    return document


def _refusal(error: Exception, sentence: str) -> DocumentError:
    """MuPDF says "out of memory" as an ordinary error of its own."""
    text = str(error)
    if "malloc" in text or "out of memory" in text:
        return OutOfMemory("Reading the PDF needed more memory than allowed.")
    return Corrupt(sentence)


def metadata_of(document: Any) -> dict[str, str]:
    """title, author, subject, keywords, creator, created, modified, as far as given; dates as ISO 8601."""
    try:
        given = document.metadata or {}
    except MUPDF_ERRORS:
        return {}
    found: dict[str, str] = {}
    for ours, theirs in (
        ("title", "title"),
        ("author", "author"),
        ("subject", "subject"),
        ("keywords", "keywords"),
        ("creator", "creator"),
        ("producer", "producer"),
    ):
        value = given.get(theirs)
        if value and value.strip():
            found[ours] = value.strip()
    for ours, theirs in (("created", "creationDate"), ("modified", "modDate")):
        date = _iso_date(given.get(theirs) or "")
        if date:
            found[ours] = date
    return found


def _iso_date(text: str) -> str | None:
    """PDF's ``D:YYYYMMDDHHmmSS…`` (ISO 32000-2, 7.9.4) as ISO 8601, as far as it goes."""
    digits = text.removeprefix("D:")
    count = next((i for i, ch in enumerate(digits) if not ch.isdigit()), len(digits))
    digits = digits[:count]
    if len(digits) < 4:
        return None
    date = "-".join(part for part in (digits[:4], digits[4:6], digits[6:8]) if part)
    if len(digits) >= 12:
        date += f"T{digits[8:10]}:{digits[10:12]}:{digits[12:14] or '00'}"
    return date


def outline_of(document: Any, most: int = 5000) -> list[tuple[int, str, str]]:
    """(level, title, ``page:N``) of the bookmarks, in order; [] where there are none or they loop."""
    try:
        entries = document.get_toc(simple=True)
    except MUPDF_ERRORS:
        return []
    return [
        (int(level), str(title).strip(), f"page:{page}" if page > 0 else "")
        for level, title, page in entries[:most]
    ]
