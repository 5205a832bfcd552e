"""Documents that are small, odd, broken or hostile, by name."""

from __future__ import annotations

from collections.abc import Callable

from support import docx, html, pdf

ODD: dict[str, Callable[[], bytes]] = {
    "words.pdf": pdf.simple,
    "locked.pdf": lambda: pdf.locked("secret"),
    "owned.pdf": lambda: pdf.locked("", "owner"),
    "looping.pdf": pdf.looping_tree,
    "no-pages.pdf": pdf.no_pages,
    "huge-page.pdf": lambda: pdf.one_page_of("0 0 200000 200000"),
    "bomb.pdf": lambda: pdf.deflate_bomb(520),
    "many-pages.pdf": lambda: pdf.many_pages(5001),
    "cut.pdf": lambda: pdf.simple()[:300],
    "words.docx": lambda: docx.simple(docx.paragraph(docx.run("Term: 12 months from January 5, 2024."))),
    "cut.docx": lambda: docx.simple(docx.paragraph(docx.run("Words.")))[:200],
    "two-names.docx": lambda: docx.two_names("Words."),
    "words.html": lambda: html.page(
        "<h1>Agreement</h1>" + html.table(("Fee", "Amount"), ("Rent", "$1,200.50"))
    ),
    "odd-letters.html": lambda: html.page(
        "<p>\ud800 ﬁne — Zoë \U0001f600</p>".encode(errors="replace").decode()
    ),
    "deep.html": lambda: html.page("<div>" * 100_000 + "words"),
    "deep.docx": lambda: docx.simple(
        "<w:sdt><w:sdtContent>" * 50_000 + "<w:p/>" + "</w:sdtContent></w:sdt>" * 50_000
    ),
    "deep.pdf": lambda: pdf.by_hand(
        {
            1: f"<</Type/Catalog/Pages 2 0 R/Deep {'[' * 50_000}{']' * 50_000}>>",
            2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>",
        }
    ),
    "empty.html": lambda: b"",
    "binary.pdf": lambda: bytes(range(256)) * 8,
}
