"""Makes the PDFs in neuraldocflow/samples of the texts in scripts/samples: fictional, and of our own making.

Run it again after a change: ``.venv/bin/python scripts/make_samples.py``.
"""

from __future__ import annotations

from pathlib import Path

import pymupdf

TEXTS = Path(__file__).parent / "samples"
SAMPLES = Path(__file__).parent.parent / "neuraldocflow" / "samples"
STYLE = "body {font-family: serif; font-size: 10pt} td {padding: 2pt 14pt}"


def make(text: Path) -> None:
    """Lay a text out on letter pages; ``<!-- new page -->`` begins one."""
    page = pymupdf.paper_rect("letter")
    inside = pymupdf.Rect(page.x0 + 72, page.y0 + 72, page.x1 - 72, page.y1 - 72)
    target = SAMPLES / f"{text.stem}.pdf"
    laid_out = target.with_suffix(".tmp")
    writer = pymupdf.DocumentWriter(str(laid_out))
    for part in text.read_text(encoding="utf-8").split("<!-- new page -->"):
        story = pymupdf.Story(part, user_css=STYLE)
        more = True
        while more:
            device = writer.begin_page(page)
            more, _ = story.place(inside)
            story.draw(device)
            writer.end_page()
    writer.close()
    with pymupdf.open(laid_out) as document:
        document.subset_fonts()
        document.save(target, garbage=4, deflate=True, no_new_id=True)
    laid_out.unlink()


if __name__ == "__main__":
    for each in sorted(TEXTS.glob("*.html")):
        make(each)
