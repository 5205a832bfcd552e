"""Lines that MuPDF made of several cells: runs of figures whose columns stand close together, and what a
typewriter's type sets in columns by spaces alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ..model import Span
from ..patterns import regex

_FIGURE = regex(
    r"(?:[$€£¥]\s?)?(?:\(\s?)?(?:[$€£¥]\s?)?[-–—−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+)(?:\s?\))?(?:\s?%)?"
    r"|(?:[$€£¥]\s?)?[-–—]"
)
_YEAR = regex(r"(?:19|20)\d\d")
_TYPEWRITTEN = regex(r"Cour|Mono|Consol|Typewriter|Fixed", re.IGNORECASE)
TYPED_GAP = regex(r"\s{3,}|(?<=[\d)%])\s{2}(?=[$€£¥(\d–—-])")
"""What parts columns in monospaced text: three spaces, two between figures."""
_LABEL = regex(r"\(?[A-Za-z\d.]{1,6}[.)]|[-–—•*o ]{1,5}")
"""What numbers or marks a paragraph, which is no cell of its own."""
_LAST = frozenset("0123456789)%–—")
Part = tuple[float, float, str]
"""Left edge, right edge, text."""


def figures_of(text: str) -> list[str]:
    """The figures of a line that is nothing but several of them, and the sign of the next; else none."""
    sign = [text[-1]] if text[-2:-1] == " " and text[-1] in "$€£¥" else []
    if sign:
        text = text[:-2]
    if " " not in text or text[0].isalpha() or text[-1] not in _LAST:
        return []
    found = list(_FIGURE.finditer(text))
    if len(found) < 2 or found[0].start() or found[-1].end() < len(text):
        return []
    if any(text[one.end() : other.start()] != " " for one, other in pairwise(found)):
        return []
    told = sum(any(each in one[0] for each in ",.$") or _YEAR.fullmatch(one[0]) is not None for one in found)
    if told < len(found) - 1 or _is_range(found):
        return []
    return [*(one[0] for one in found), *sign]


def _is_range(found: list[re.Match[str]]) -> bool:
    """Whether a dash stands between numbers, as in "2031 - 2035"."""
    return any(one[0] in "-–—" for one in found[1:]) and len(found) <= 3


def typed_columns(spans: list[Span]) -> list[str]:
    """The texts that stand apart in a line of monospaced type, by spaces alone; else none."""
    if not _is_typewritten(spans[0].font):
        return []
    raw = "".join(span.text for span in spans).strip()
    texts = [" ".join(text.split()) for text in TYPED_GAP.split(raw)]
    if len(texts) > 1 and _LABEL.fullmatch(texts[0]):
        texts[:2] = [f"{texts[0]} {texts[1]}"]
    return texts if len(texts) > 1 else []


@lru_cache(1000)
def _is_typewritten(font: str) -> bool:
    return _TYPEWRITTEN.search(font) is not None


def parted(texts: list[str], line: dict[str, Any], shown: Callable[[Any], Any]) -> list[Part]:
    """Where each text of a line stands; ``line`` holds its characters, as MuPDF's raw dictionary does, and
    ``shown`` says where a box is on the page as it is shown."""
    chars = [
        (char["c"], shown(char["bbox"]))
        for span in line["spans"]
        for char in span["chars"]
        if not char["c"].isspace()
    ]
    parts: list[Part] = []
    at = 0
    for text in texts:
        wanted = "".join(text.split())
        own = chars[at : at + len(wanted)]
        if "".join(letter for letter, _ in own) != wanted:
            return []
        parts.append((min(box[0] for _, box in own), max(box[2] for _, box in own), text))
        at += len(wanted)
    return parts
