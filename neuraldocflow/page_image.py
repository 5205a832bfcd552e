"""A page of a PDF as an image: drawn in a process of its own for the gateway, and in the browser.

Imports PyMuPDF and nothing else, so that the process starts quickly.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pymupdf

_DPI = 110
"""Known to the page too, which puts boxes on the image."""
_MOST_PIXELS = 4000


def draw(path: Path, number: int) -> bytes:
    """Page ``number``, from 1, as PNG. Raises LookupError where there is none, RuntimeError of PyMuPDF."""
    with pymupdf.open(path, filetype="pdf") as document:
        if not 1 <= number <= document.page_count:
            raise LookupError(number)
        page = document[number - 1]
        scale = min(1.0, _MOST_PIXELS / max(1.0, max(page.rect.width, page.rect.height) * _DPI / 72))
        image: bytes = page.get_pixmap(dpi=max(1, int(_DPI * scale))).tobytes("png")
        return image


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(Path(sys.argv[1]), int(sys.argv[2])))
