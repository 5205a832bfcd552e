"""Styles of a DOCX: what paragraphs and runs inherit (ECMA-376, 17.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from neuraldocflow.extraction.docx.xml import children, switched_on, val, whole
from neuraldocflow.extraction.patterns import regex

_HEADING_NAME = regex(r"(?:heading|überschrift|titre|título|titolo|kop|rubrik)\s*([1-9])$", re.IGNORECASE)
_DEEPEST = 30


@dataclass(slots=True)
class Style:
    """A style with all it inherits."""

    name: str = ""
    level: int = 0
    """Heading level, 0 for none."""
    bold: bool = False
    italic: bool = False
    hidden: bool = False
    size: float = 0.0
    list_id: str = ""
    list_level: int = 0
    kind: str = "paragraph"


@dataclass(slots=True)
class Styles:
    by_id: dict[str, Style] = field(default_factory=dict)
    default: Style = field(default_factory=Style)

    def paragraph(self, style_id: str) -> Style:
        return self.by_id.get(style_id, self.default)


def styles_of(root: Element | None) -> Styles:
    """The styles of ``styles.xml``; a loop of ``basedOn`` ends where it closes."""
    found = Styles()
    if root is None:
        return found
    base = Style()
    for properties in root.findall("docDefaults/rPrDefault/rPr"):
        _take_run(base, properties)
    found.default = base
    given = {style.get("styleId", ""): style for style in children(root, "style")}
    for style_id in given:
        found.by_id[style_id] = _resolve(style_id, given, found.by_id, base)
    for style_id, element in given.items():
        if element.get("type") == "paragraph" and element.get("default") in ("1", "true", "on"):
            found.default = found.by_id[style_id]
    return found


def _resolve(style_id: str, given: dict[str, Element], known: dict[str, Style], base: Style) -> Style:
    chain: list[str] = []
    current = style_id
    while current in given and current not in known and current not in chain and len(chain) < _DEEPEST:
        chain.append(current)
        current = val(given[current].find("basedOn")) or ""
    style = known.get(current, base)
    for name in reversed(chain):
        style = _derive(style, given[name])
        known[name] = style
    return style


def _derive(parent: Style, element: Element) -> Style:
    style = replace(parent, name=(val(element.find("name")) or "").strip(), kind="paragraph")
    lower = style.name.lower()
    properties = element.find("pPr")
    outline = val(properties.find("outlineLvl")) if properties is not None else None
    heading = _HEADING_NAME.match(style.name)
    if (level := whole(outline, -1)) >= 0:
        style.level = level + 1 if level < 9 else 0
    elif heading:
        style.level = int(heading[1])
    elif lower == "title":
        style.level = 1
    elif lower.startswith("toc"):
        style.level = 0
    if "caption" in lower:
        style.kind = "caption"
    elif lower in ("footnote text", "endnote text"):
        style.kind = "footnote"
    numbering = properties.find("numPr") if properties is not None else None
    if numbering is not None:
        style.list_id = val(numbering.find("numId")) or style.list_id
        style.list_level = min(whole(val(numbering.find("ilvl")), style.list_level), 8)
    for run in children(element, "rPr"):
        _take_run(style, run)
    return style


def _take_run(style: Style, properties: Element) -> None:
    for name, attribute in (("b", "bold"), ("i", "italic"), ("vanish", "hidden")):
        if (element := properties.find(name)) is not None:
            setattr(style, attribute, switched_on(element.get("val")))
    if size := whole(val(properties.find("sz"))):
        style.size = size / 2
