"""Paragraphs, runs and what stands in them (ECMA-376, 17.3)."""

from __future__ import annotations

from neuraldocflow.extraction.docx.flow import Attributes, Flow, attribute, closes, opens
from neuraldocflow.extraction.docx.xml import switched_on, whole
from neuraldocflow.extraction.symbols import PRIVATE, of_font


@opens("p")
def _open_paragraph(flow: Flow, attributes: Attributes) -> None:
    flow.open_paragraph()


@closes("p")
def _close_paragraph(flow: Flow) -> None:
    if flow.paragraph is not None and not flow.paragraph.deleted:
        flow.close_paragraph()


@opens("pPr")
def _open_properties(flow: Flow, attributes: Attributes) -> None:
    flow.in_paragraph_properties = flow.paragraph is not None


@closes("pPr")
def _close_properties(flow: Flow) -> None:
    flow.in_paragraph_properties = False


@opens("pStyle")
def _style(flow: Flow, attributes: Attributes) -> None:
    if flow.in_paragraph_properties and flow.paragraph is not None:
        flow.paragraph.style_id = attribute(attributes) or ""
        flow.paragraph.style = flow.shared.styles.paragraph(flow.paragraph.style_id)


@opens("outlineLvl")
def _outline(flow: Flow, attributes: Attributes) -> None:
    level = whole(attribute(attributes), -1)
    if flow.in_paragraph_properties and flow.paragraph is not None and level >= 0:
        flow.paragraph.level = level + 1 if level < 9 else 0


@opens("numId")
def _list(flow: Flow, attributes: Attributes) -> None:
    if flow.in_paragraph_properties and flow.paragraph is not None:
        flow.paragraph.list_id = attribute(attributes)


@opens("ilvl")
def _list_level(flow: Flow, attributes: Attributes) -> None:
    level = whole(attribute(attributes), -1)
    if flow.in_paragraph_properties and flow.paragraph is not None and level >= 0:
        flow.paragraph.list_level = min(level, 8)


@opens("r")
def _open_run(flow: Flow, attributes: Attributes) -> None:
    flow.bold = flow.italic = flow.hidden = flow.size = flow.symbols = None
    flow.raised = False


@opens("b")
def _bold(flow: Flow, attributes: Attributes) -> None:
    if not flow.in_paragraph_properties:
        flow.bold = switched_on(attribute(attributes))


@opens("i")
def _italic(flow: Flow, attributes: Attributes) -> None:
    if not flow.in_paragraph_properties:
        flow.italic = switched_on(attribute(attributes))


@opens("vanish")
def _hidden(flow: Flow, attributes: Attributes) -> None:
    if not flow.in_paragraph_properties:
        flow.hidden = switched_on(attribute(attributes))


@opens("sz")
def _size(flow: Flow, attributes: Attributes) -> None:
    size = whole(attribute(attributes))
    if not flow.in_paragraph_properties and size:
        flow.size = size / 2


@opens("vertAlign")
def _raised(flow: Flow, attributes: Attributes) -> None:
    if not flow.in_paragraph_properties:
        flow.raised = attribute(attributes) == "superscript"


@opens("rFonts")
def _font(flow: Flow, attributes: Attributes) -> None:
    name = attribute(attributes, "ascii")
    if name and not flow.in_paragraph_properties:
        flow.symbols = of_font(name)


@opens("rStyle")
def _run_style(flow: Flow, attributes: Attributes) -> None:
    style = flow.shared.styles.by_id.get(attribute(attributes) or "")
    if style is not None and not flow.in_paragraph_properties:
        flow.bold = style.bold or flow.bold
        flow.italic = style.italic or flow.italic
        flow.hidden = style.hidden or flow.hidden


@opens("t")
def _open_text(flow: Flow, attributes: Attributes) -> None:
    flow.text = []


@closes("t")
def _close_text(flow: Flow) -> None:
    if flow.text is not None:
        text = "".join(flow.text)
        flow.text = None
        flow.add(text)


@opens("tab", "ptab")
def _blank(flow: Flow, attributes: Attributes) -> None:
    if not flow.in_paragraph_properties:
        flow.add(" ")
        if flow.paragraph is not None:
            flow.paragraph.tabbed = True


@opens("br", "cr")
def _line_break(flow: Flow, attributes: Attributes) -> None:
    flow.add(" ")
    if flow.paragraph is not None:
        flow.paragraph.broken = True


@opens("noBreakHyphen")
def _hyphen(flow: Flow, attributes: Attributes) -> None:
    flow.add("-")


@opens("sym")
def _symbol(flow: Flow, attributes: Attributes) -> None:
    """A character of a symbol font; those of Wingdings and Symbol that mean something are translated."""
    code = attribute(attributes, "char") or ""
    if len(code) > 5 or not all(c in "0123456789abcdefABCDEF" for c in code):
        return
    number = int(code or "0", 16)
    font = of_font(attribute(attributes, "font") or "") or {}
    sign = font.get(number & 0xFF) or PRIVATE.get(number)
    if sign is None and 32 <= number < 0xD800:
        sign = chr(number)
    flow.add(sign or "")


@opens("footnoteRef", "endnoteRef")
def _note_number(flow: Flow, attributes: Attributes) -> None:
    flow.add(f"{flow.notes} ")


@opens("footnote", "endnote")
def _note(flow: Flow, attributes: Attributes) -> None:
    """A note; those that only draw the line between text and notes are left."""
    if (attribute(attributes, "type") or "normal") != "normal":
        flow.skip = 1
    else:
        flow.notes += 1


@opens("del", "moveFrom")
def _deleted(flow: Flow, attributes: Attributes) -> None:
    """What tracked changes removed: text, a paragraph's mark, or a row."""
    if flow.in_paragraph_properties and flow.paragraph is not None:
        flow.paragraph.deleted = True
    elif flow.in_row_properties and flow.tables:
        flow.tables[-1].deleted = True
    flow.skip = 1
