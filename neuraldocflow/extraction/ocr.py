"""Text of scanned pages by Tesseract, where it is installed; one thread a process."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from neuraldocflow.extraction.model import Span
from neuraldocflow.extraction.pdf.page import PageContent, TextLine
from neuraldocflow.page_image import png

DPI = 200
_PLACES = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
_SECONDS_A_PAGE = 60.0
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def available() -> bool:
    """Whether there is a ``tesseract`` command and language data for it."""
    return shutil.which("tesseract") is not None and tessdata() is not None


def tessdata() -> str | None:
    """The directory of Tesseract's language data; None where there is none."""
    given = os.environ.get("TESSDATA_PREFIX")
    for place in (given, *_PLACES):
        if place and any(Path(place).glob("*.traineddata")):
            return place
    return None


def recognise(page: Any, number: int, seconds: float = _SECONDS_A_PAGE) -> tuple[PageContent, float] | None:
    """The page's lines as Tesseract reads them and its mean confidence 0..1; None where it reads nothing.

    The page is rendered as shown, at 200 dpi. Tesseract's own TSV output is read, not PyMuPDF's OCR text
    page, because only that carries a confidence a word (0..100, weighted here by the word's length).
    """
    environment = dict(os.environ, OMP_THREAD_LIMIT="1", TESSDATA_PREFIX=tessdata() or "")
    try:
        ran = subprocess.run(
            ["tesseract", "stdin", "stdout", "--dpi", str(DPI), "--psm", "3", "tsv"],
            input=png(page, DPI),
            capture_output=True,
            timeout=max(seconds, 1.0),
            env=environment,
            check=False,
            preexec_fn=partial(_die_with, os.getpid()),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if ran.returncode != 0:
        return None
    content = PageContent(number, page.rect.width, page.rect.height, page.rotation)
    confidence = lines_of_tsv(ran.stdout.decode("utf-8", "replace"), content)
    return (content, confidence) if content.lines else None


def _die_with(parent: int) -> None:
    """The kernel kills this process when its parent ends: nobody would take what it reads."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def lines_of_tsv(tsv: str, content: PageContent) -> float:
    """Fills the page's lines from Tesseract's TSV; gives the mean confidence by character."""
    scale = 72 / DPI
    weighted = characters = 0.0
    grouped: dict[tuple[str, ...], list[tuple[float, float, float, float, str]]] = {}
    for row in tsv.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != "5" or not cells[11].strip():
            continue
        certainty = float(cells[10])
        if certainty < 0:
            continue
        x, y, wide, tall = (float(cell) * scale for cell in cells[6:10])
        word = cells[11].strip()
        grouped.setdefault(tuple(cells[2:5]), []).append((x, y, x + wide, y + tall, word))
        weighted += certainty / 100 * len(word)
        characters += len(word)
    for (block, _, _), words in grouped.items():
        x0, y0 = min(w[0] for w in words), min(w[1] for w in words)
        x1, y1 = max(w[2] for w in words), max(w[3] for w in words)
        text = " ".join(w[4] for w in words)
        size = y1 - y0
        span = Span(text, (x0, y0, x1, y1), "", size, False, False)
        content.lines.append(TextLine(x0, y0, x1, y1, text, [span], size, False, int(block)))
    return weighted / characters if characters else 0.0
