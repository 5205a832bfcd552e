"""HTML's bytes as text, its tokens, and what attributes say about how text is shown."""

from __future__ import annotations

import codecs
import html
import re
from collections import deque
from dataclasses import dataclass, field

from neuraldocflow.extraction.html.styles import StyleSheet, hides
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.extraction.symbols import UNSEEN, of_font

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_XML_ENCODING = regex(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.I)
_META_ENCODING = regex(rb"<meta\b[^>]{0,500}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
_KNOWN = regex(
    r"iso-?8859-\d{1,2}|windows-?125\d|cp125\d|koi8-?[ru]|gb2312|gbk|gb18030|big5(?:-hkscs)?|euc-(?:jp|kr)"
    r"|shift[_-]?jis|sjis|iso-2022-jp|macintosh|mac-?roman|ibm8\d\d|cp8\d\d|tis-620",
    re.IGNORECASE,
)
_LATIN = regex(r"iso-?8859-1$|windows-?1252$|cp1252$", re.IGNORECASE)

TOKEN = regex(
    r"<(?:(/?)([A-Za-z][^\s/>]*+)((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?)*+)(?:>|\Z)"
    r"|!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|[!?/][^>]*+(?:>|\Z))",
    re.DOTALL,
)
"""A tag as (slash, name, attributes), or a comment or declaration, which have no groups.

Possessive throughout: every character is looked at once or twice, whatever quotes or brackets are missing.
"""
_ATTRIBUTE = regex(r"""([^\s=/>"']++)(?:\s*=\s*(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++)))?""")
_BOLD = regex(r"font(?:-weight)?\s*:[^;:]*?\b(?:bold|bolder|[6-9]00)\b", re.I)
_NOT_BOLD = regex(r"font-weight\s*:\s*(?:normal|lighter|[1-5]00)\b", re.I)
_ITALIC = regex(r"font(?:-style)?\s*:[^;:]*?\b(?:italic|oblique)\b", re.I)
_NOT_ITALIC = regex(r"font-style\s*:\s*normal\b", re.I)
_SIZE = regex(r"font(?:-size)?\s*:[^;:]*?(?<![\d.])(\d{1,3}(?:\.\d{1,4})?)\s*(pt|px|em|rem|%)", re.I)
_SHOWS_HIDDEN = regex(r"-sec-ix-hidden\s*:\s*([\w.-]+)")
_GAP = regex(r"(?:padding|margin)-left\s*:\s*(?:[2-9](?:\.\d{1,4})?|\d{2,3}(?:\.\d{1,4})?)p[tx]", re.I)
_RAISED = regex(r"vertical-align\s*:\s*super\b|position\s*:\s*relative\s*;\s*top\s*:\s*-", re.I)
_FONT = regex(r"font-family\s*:\s*([^;,]{1,60})", re.I)
_DISPLAY = regex(r"(?<![\w-])display\s*:\s*([\w-]{1,20})", re.I)
_SPREADING = frozenset({"flex", "grid", "inline-flex", "inline-grid"})
_LINES = frozenset({"block", "flex", "grid", "table", "table-row", "list-item", "flow-root"})
_WHITE_SPACE = regex(r"white-space\s*:\s*(pre|break-spaces|normal|nowrap)\b", re.I)
_FONT_SIZES = {"1": 8.0, "2": 10.0, "3": 12.0, "4": 14.0, "5": 18.0, "6": 24.0, "7": 36.0}


def decode(data: bytes) -> str:
    """The text by byte order mark, declaration or trial: UTF-8 where it is mostly that, else Windows-1252."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _clean(data[len(bom) :].decode(name, "replace"))
    start = data[:512]
    if start.count(0) * 3 > len(start):
        odd = start[1::2].count(0) >= start[::2].count(0)
        return _clean(data.decode("utf-16-le" if odd else "utf-16-be", "replace"))
    try:
        text = data.decode("utf-8")
        if not text.isascii() or b"\x1b" not in data:
            return _clean(text)
    except UnicodeDecodeError:
        pass
    declared = _XML_ENCODING.search(data[:1024]) or _META_ENCODING.search(data[:16384])
    name = declared[1].decode("ascii") if declared else ""
    if name and _KNOWN.fullmatch(name) and not _LATIN.match(name):
        try:
            return _clean(data.decode(name, "replace"))
        except LookupError:
            pass
    mostly = data.decode("utf-8", "replace")
    if mostly.count("\ufffd") * 2 < len(mostly) - len(mostly.encode("ascii", "ignore")):
        return _clean(data.decode("utf-8", _MIXED))
    return _clean(data.decode("windows-1252", "replace"))


def _as_latin(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 amid such as are: a template or an address list of another encoding."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("windows-1252", "replace"), error.end


_MIXED = "windows-1252 amid utf-8"
codecs.register_error(_MIXED, _as_latin)


def _clean(text: str) -> str:
    return text.replace("\x00", "") if "\x00" in text else text


def unescape(text: str) -> str:
    """Character references resolved; characters no one sees left out."""
    if "&" in text:
        try:
            text = html.unescape(text)
        except (ValueError, OverflowError):  # a number of thousands of digits
            text = re.sub(r"&#\w{20,};?", "\ufffd", text)
    if not text.isascii():
        text = text.translate(UNSEEN)
    return text


@dataclass(slots=True)
class Look:
    """What a tag's attributes say: None where they say nothing."""

    values: dict[str, str] = field(default_factory=dict)
    bold: bool | None = None
    italic: bool | None = None
    size: float | None = None
    hidden: bool = False
    symbols: dict[int, str] | None = None
    """What the characters stand for where it sets a font of symbols; {} for a font of letters."""
    raised: bool = False
    """Its text is set higher."""
    gap: bool = False
    """Its text stands apart from what comes before it in the line."""
    lines: bool = False
    """Its text has lines of its own, as a block's has, whatever element it is."""
    spreads: bool = False
    """What stands in it stands apart."""
    pre: bool | None = None
    """Its lines are those of the source."""
    shows: str | None = None
    """Id of a hidden fact that the text inside stands for (an SEC convention of inline XBRL)."""
    closed: bool = False
    """``<p/>``."""


PLAIN = Look()


class Looks:
    """Attributes read, each different string once: filings repeat the same style thousands of times."""

    def __init__(self) -> None:
        self._known: dict[str | tuple[str, str], Look] = {"": PLAIN, "/": Look(closed=True)}
        self.sheet = StyleSheet()

    def of(self, raw: str, tag: str = "") -> Look:
        key = (raw, tag) if raw and self.sheet.by_tag else raw
        look = self._known.get(key)
        if look is None:
            look = self._read(raw, tag)
            if len(self._known) > 4000:
                self._known.clear()
            self._known[key] = look
        return look

    def _read(self, raw: str, tag: str) -> Look:
        look = Look(closed=raw.endswith(('"/', "'/", " /", "\n/")) or raw == "/")
        values = look.values
        for name, double, single, bare in _ATTRIBUTE.findall(raw):
            values.setdefault(name.lower(), double or single or bare)
        style = values.get("style", "")
        if ruled := self.sheet.style(values, tag):
            style = f"{ruled};{style}"
        if style:
            self._style(look, style[-5000:])
        look.hidden = look.hidden or "hidden" in values
        if "face" in values:
            look.symbols = of_font(values["face"]) or {}
        if "size" in values and look.size is None:
            look.size = _FONT_SIZES.get(values["size"])
        for name in ("href", "id", "name", "alt", "value", "title", "content"):
            if "&" in values.get(name, ""):
                values[name] = unescape(values[name])
        return look

    def _style(self, look: Look, style: str) -> None:
        look.bold = _either(_BOLD, _NOT_BOLD, style)
        look.italic = _either(_ITALIC, _NOT_ITALIC, style)
        look.hidden = hides(style)
        if font := _last(_FONT, style):
            look.symbols = of_font(font[1]) or {}
        look.raised = _RAISED.search(style) is not None
        look.gap = "-left" in style and _GAP.search(style) is not None
        if "display" in style and (display := _last(_DISPLAY, style)):
            look.lines = display[1].lower() in _LINES
            look.spreads = display[1].lower() in _SPREADING
            look.gap = look.gap or display[1].lower() == "table-cell"
        if "white-space" in style and (white := _last(_WHITE_SPACE, style)):
            look.pre = white[1].lower() in ("pre", "break-spaces")
        if size := _last(_SIZE, style):
            number = float(size[1])
            look.size = {"pt": number, "px": number * 0.75, "em": number * 11, "rem": number * 12}.get(
                size[2].lower(), number * 0.11
            )
        if "-sec-ix-hidden" in style and (shown := _SHOWS_HIDDEN.search(style)):
            look.shows = shown[1]


def _last(pattern: re.Pattern[str], style: str) -> re.Match[str] | None:
    """What a style says last counts, as in a browser: the sheet's rules come first, then what is inline."""
    return next(iter(deque(pattern.finditer(style), maxlen=1)), None)


def _either(yes: re.Pattern[str], no: re.Pattern[str], style: str) -> bool | None:
    """Which of both a style says last; None where it says neither."""
    for_it, against = _last(yes, style), _last(no, style)
    if for_it is None or against is None:
        return None if for_it is against else for_it is not None
    return for_it.start() > against.start()
