"""Small fictional PDFs, made by code."""

from __future__ import annotations

import zlib
from typing import Any

import pymupdf

WIDTH, HEIGHT = 612, 792


class PdfBuilder:
    """Pages of text, rulings and form fields; :meth:`done` gives the bytes."""

    def __init__(self) -> None:
        self.document = pymupdf.open()
        self.current: Any = None

    def page(self, width: float = WIDTH, height: float = HEIGHT, rotation: int = 0) -> PdfBuilder:
        self.current = self.document.new_page(width=width, height=height)
        self.current.set_rotation(rotation)
        return self

    def text(self, x: float, y: float, words: str, size: float = 11, bold: bool = False) -> PdfBuilder:
        """Words with their baseline's start at x, y of the unrotated page."""
        self.current.insert_text((x, y), words, fontsize=size, fontname="hebo" if bold else "helv")
        return self

    def html(self, x: float, y: float, words: str) -> PdfBuilder:
        """Words in whichever font has their letters, below and right of x, y."""
        self.current.insert_htmlbox((x, y, x + 200, y + 20), words)
        return self

    def lines(self, x: float, y: float, lines: list[str], size: float = 11) -> PdfBuilder:
        """A paragraph, each line where the one before leaves off."""
        for number, line in enumerate(lines):
            self.text(x, y + number * size * 1.25, line, size)
        return self

    def row(self, y: float, *cells: tuple[float, str]) -> PdfBuilder:
        for x, words in cells:
            self.text(x, y, words, 10)
        return self

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> PdfBuilder:
        self.current.draw_line((x0, y0), (x1, y1), width=0.7)
        return self

    def grid(self, xs: list[float], ys: list[float]) -> PdfBuilder:
        for x in xs:
            self.rule(x, ys[0], x, ys[-1])
        for y in ys:
            self.rule(xs[0], y, xs[-1], y)
        return self

    def field(self, name: str, value: str, box: tuple[float, float, float, float]) -> PdfBuilder:
        widget = pymupdf.Widget()
        widget.field_name, widget.field_value = name, value
        widget.field_type = pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect = pymupdf.Rect(box)
        self.current.add_widget(widget)
        return self

    def note(self, x: float, y: float, words: str) -> PdfBuilder:
        self.current.add_text_annot((x, y), words)
        return self

    def link(self, box: tuple[float, float, float, float], url: str) -> PdfBuilder:
        self.current.insert_link({"kind": pymupdf.LINK_URI, "from": pymupdf.Rect(box), "uri": url})
        return self

    def scan(self, words: str) -> PdfBuilder:
        """A page that shows a picture of the words and has no text."""
        drawn = pymupdf.open()
        sheet = drawn.new_page(width=WIDTH, height=HEIGHT)
        sheet.insert_text((72, 200), words, fontsize=24)
        picture = sheet.get_pixmap(dpi=150)
        self.page()
        self.current.insert_image(self.current.rect, pixmap=picture)
        return self

    def done(self, **options: Any) -> bytes:
        return bytes(self.document.tobytes(**options))


def simple(words: str = "Fictional words on a page.") -> bytes:
    return PdfBuilder().page().text(72, 100, words).done()


def locked(user: str, owner: str = "owner") -> bytes:
    """Encrypted; opens without asking where ``user`` is empty."""
    builder = PdfBuilder().page().text(72, 100, "A locked page.")
    return builder.done(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=user, owner_pw=owner)


def by_hand(objects: dict[int, str | tuple[str, bytes]]) -> bytes:
    """A PDF of given objects (text, or dictionary text and stream); object 1 is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places: dict[int, int] = {}
    for number, content in sorted(objects.items()):
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode()
        if isinstance(content, tuple):
            head, stream = content
            out += f"<<{head}/Length {len(stream)}>>\nstream\n".encode() + stream + b"\nendstream"
        else:
            out += content.encode()
        out += b"\nendobj\n"
    start = len(out)
    most = max(objects) + 1
    out += f"xref\n0 {most}\n0000000000 65535 f \n".encode()
    for number in range(1, most):
        out += f"{places.get(number, 0):010d} 00000 {'n' if number in places else 'f'} \n".encode()
    out += f"trailer\n<</Size {most}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def looping_tree() -> bytes:
    """Its page tree contains itself."""
    return by_hand(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Count 2/Kids[2 0 R 3 0 R]>>",
            3: "<</Type/Pages/Count 1/Kids[2 0 R]/Parent 2 0 R>>",
        }
    )


def no_pages() -> bytes:
    return by_hand({1: "<</Type/Catalog/Pages 2 0 R>>", 2: "<</Type/Pages/Count 0/Kids[]>>"})


def one_page_of(media_box: str, content: bytes = b"", head: str = "") -> bytes:
    return by_hand(
        {
            1: "<</Type/Catalog/Pages 2 0 R>>",
            2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: f"<</Type/Page/Parent 2 0 R/MediaBox[{media_box}]/Contents 4 0 R"
            "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
            4: (head, content),
        }
    )


def broken_structure(words: str) -> bytes:
    """A tagged page one of whose elements has a parent that is not there: MuPDF 1.28 makes no display list of
    it, and aborts."""
    content = f"/P <</MCID 0>> BDC BT /F1 12 Tf 72 700 Td ({words}) Tj ET EMC"
    more = "/P <</MCID 1>> BDC BT /F1 12 Tf 72 600 Td (And no more.) Tj ET EMC"
    return by_hand(
        {
            1: "<</Type/Catalog/Pages 2 0 R/MarkInfo<</Marked true>>/StructTreeRoot 5 0 R>>",
            2: "<</Type/Pages/Count 1/Kids[3 0 R]>>",
            3: "<</Type/Page/Parent 2 0 R/StructParents 0/MediaBox[0 0 612 792]/Contents 4 0 R"
            "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
            4: ("", f"{content}\n{more}\n".encode()),
            5: "<</Type/StructTreeRoot/K 7 0 R/ParentTree 6 0 R>>",
            6: "<</Nums[0[7 0 R 8 0 R]]>>",
            7: "<</Type/StructElem/S/P/P 5 0 R/Pg 3 0 R/K 0>>",
            8: "<</Type/StructElem/S/P/P 9 0 R/Pg 3 0 R/K 1>>",
        }
    )


def deflate_bomb(megabytes: int) -> bytes:
    """A page whose content unpacks, through two layers, to so many megabytes of blanks."""
    inner = zlib.compress(b" " * (megabytes << 20), 9)
    return one_page_of("0 0 612 792", zlib.compress(inner, 9), "/Filter[/FlateDecode/FlateDecode]")


def many_pages(count: int, content: bytes = b"") -> bytes:
    """So many pages in one flat tree, empty or all with the same content."""
    font = "<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    objects: dict[int, str | tuple[str, bytes]] = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: f"<</Type/Pages/Count {count}/Kids[{' '.join(f'{n} 0 R' for n in range(4, count + 4))}]>>",
        3: ("", content),
    }
    for number in range(4, count + 4):
        objects[number] = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 3 0 R/Resources{font}>>"
    return by_hand(objects)


def long_to_read() -> bytes:
    """2,000 full pages: many seconds of work."""
    lines = b" T* ".join(
        b"(Fictional words that fill the better part of a line, every time.) Tj" for _ in range(60)
    )
    return many_pages(2000, b"BT /F1 9 Tf 12 TL 50 750 Td " + lines + b" ET")
