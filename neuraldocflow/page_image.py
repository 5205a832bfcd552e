"""A page of a PDF as an image: drawn in a process of its own for the gateway, and in the browser.

Imports PyMuPDF and nothing else, so that the process starts quickly.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pymupdf
from pymupdf import mupdf

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
        return png(page, max(1, int(_DPI * scale)))


def png(page: Any, dpi: int) -> bytes:
    """A page as it is seen. Raises RuntimeError of PyMuPDF.

    Not by ``get_pixmap``, which makes a display list: MuPDF 1.28 frees memory twice where the structure tree
    is damaged.
    """
    scale, colours = dpi / 72, mupdf.FzColorspace(mupdf.FzColorspace.Fixed_RGB)
    drawn = mupdf.fz_new_pixmap_from_page(page.this, mupdf.FzMatrix(scale, 0, 0, scale, 0, 0), colours, 0)
    image: bytes = pymupdf.Pixmap("raw", drawn).tobytes("png")
    return image


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(Path(sys.argv[1]), int(sys.argv[2])))
