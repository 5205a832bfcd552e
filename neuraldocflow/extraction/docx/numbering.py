"""The labels of numbered paragraphs, counted as Word counts them (ECMA-376, 17.9)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from neuraldocflow.extraction.docx.xml import children, switched_on, val, whole
from neuraldocflow.extraction.patterns import regex

_PLACE = regex(r"%([1-9])")
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass(slots=True)
class Level:
    start: int = 1
    form: str = "decimal"
    text: str = ""
    suffix: str = " "
    legal: bool = False
    restart: int = -1
    """1-based level whose step starts this one again; 0 for none; -1 for any above."""
    style: str = ""


@dataclass(slots=True)
class Numbered:
    """A list in use: the abstract one whose counters it shares, and what it changes."""

    abstract: str
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, Level] = field(default_factory=dict)


class Numbering:
    """Counts labels; :meth:`label` must be called for each numbered paragraph in order."""

    def __init__(self, root: Element | None) -> None:
        self._abstract: dict[str, dict[int, Level]] = {}
        self._lists: dict[str, Numbered] = {}
        self._counters: dict[str, dict[int, int]] = {}
        self._started: set[tuple[str, int]] = set()
        links: dict[str, str] = {}
        linked: dict[str, str] = {}
        for element in children(root, "abstractNum"):
            number = element.get("abstractNumId", "")
            self._abstract[number] = dict(_level(item) for item in children(element, "lvl"))
            if (link := val(element.find("numStyleLink"))) is not None:
                links[number] = link
            if (style := val(element.find("styleLink"))) is not None:
                linked[style] = number
        for element in children(root, "num"):
            abstract = val(element.find("abstractNumId")) or ""
            abstract = linked.get(links.get(abstract, ""), abstract)
            made = Numbered(abstract)
            for override in children(element, "lvlOverride"):
                index = whole(override.get("ilvl"))
                if (start := val(override.find("startOverride"))) is not None:
                    made.starts[index] = whole(start, 1)
                if (level := override.find("lvl")) is not None:
                    made.levels[index] = _level(level)[1]
            self._lists[element.get("numId", "")] = made

    def level_of_style(self, list_id: str, style_id: str) -> int | None:
        """The level of a list that belongs to a paragraph style."""
        made = self._lists.get(list_id)
        for index, level in self._abstract.get(made.abstract, {}).items() if made else ():
            if level.style == style_id:
                return index
        return None

    def label(self, list_id: str, index: int) -> str | None:
        """The next label of a list at a level, with what parts it from the text; None without a list."""
        made = self._lists.get(list_id)
        if made is None:
            return None
        levels = self._abstract.get(made.abstract, {})
        level = made.levels.get(index) or levels.get(index)
        if level is None:
            return None
        counters = self._counters.setdefault(made.abstract, {})
        if index in made.starts and (list_id, index) not in self._started:
            self._started.add((list_id, index))
            counters[index] = made.starts[index]
        else:
            counters[index] = counters[index] + 1 if index in counters else level.start
        used = min(counters)
        for skipped in (number for number in levels if used < number < index):
            counters.setdefault(skipped, levels[skipped].start)
        for below in [number for number in counters if number > index]:
            restart = levels[below].restart if below in levels else -1
            if restart == -1 or (restart > 0 and index < restart):
                del counters[below]
        if level.form == "none" and not level.text:
            return ""
        if level.form == "bullet":
            return _bullet(level.text) + level.suffix

        def counted(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            above = made.levels.get(place) or levels.get(place) or Level()
            if above.form == "bullet":
                return ""
            form = "decimal" if level.legal and above.form != "decimalZero" else above.form
            return written(counters.get(place, above.start), form)

        text = _PLACE.sub(counted, level.text)
        return text + level.suffix if text else ""


def _level(element: Element) -> tuple[int, Level]:
    level = Level()
    level.start = whole(val(element.find("start")))
    level.form = val(element.find("numFmt")) or "decimal"
    level.text = val(element.find("lvlText")) or ""
    level.suffix = "" if val(element.find("suff")) == "nothing" else " "
    legal = element.find("isLgl")
    level.legal = legal is not None and switched_on(legal.get("val"))
    level.restart = whole(val(element.find("lvlRestart")), -1)
    level.style = val(element.find("pStyle")) or ""
    return min(whole(element.get("ilvl")), 8), level


def _bullet(text: str) -> str:
    """Those in symbol fonts stand in Unicode's private area, or as letters: Word's hollow bullet is an "o" of
    Courier New. What they look like is a bullet."""
    letter = len(text) == 1 and (text.isalnum() or text == "§")
    return "•" if not text or letter or "\ue000" <= text[0] <= "\uf8ff" else text


def written(number: int, form: str) -> str:
    """A number in one of Word's formats; those in words and in other scripts are given in digits."""
    if form in ("lowerLetter", "upperLetter") and 0 < number <= 26 * 30:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman") and 0 < number < 5000:
        roman = ""
        for value, letters in _ROMAN:
            while number >= value:
                roman += letters
                number -= value
        return roman if form == "lowerRoman" else roman.upper()
    if form == "decimalZero":
        return f"{number:02d}"
    if form == "ordinal":
        ending = (
            {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
        )
        return f"{number}{ending}"
    return "" if form == "none" else str(number)
