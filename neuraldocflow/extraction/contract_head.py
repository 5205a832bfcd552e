"""The head of a contract: its title, the opening that names the parties, and the date it is made as of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .candidates import Candidate
from .contract_dates import Dated, dates
from .model import Document
from .patterns import Pattern

REACH = 14000
"""Characters in which the opening is looked for."""
_LENGTH = 2600
"""Characters the opening may have."""
_KIND = re.compile(
    r"\b(?:agreement|contract|amendment|addendum|lease|licen[cs]e|schedule|memorandum|statement of work"
    r"|letter|deed"
    r"|undertaking|plan|terms and conditions|application|order form|supplement|rider|appendix|proposal"
    r"|program|policy)s?\b",
    re.IGNORECASE,
)
_BETWEEN = Pattern(
    r"\b(?:by\s+and\s+)?(?:between|among|amongst)(?:\s*[:,]|\s+and\s+among)?\s+(?!the\s+parties\b)"
    r"|\b(?:made|entered)\s+(?:into\s+)?(?:as\s+of\s+[^.;]{6,40}\s)?by\s+(?=[A-Z])",
    re.IGNORECASE,
)
_MADE = Pattern(r"\b(?:made|entered|dated|effective|agreement|executed|contract|amendment)\b", re.IGNORECASE)
_STOP = re.compile(
    r"\bWHEREAS\b|\bWhereas\b|\bW\s?I\s?T\s?N\s?E\s?S\s?S\s?E\s?T\s?H|\bRECITALS?\b|\bRecitals?\b"
    r"|\bBACKGROUND\b|\bNOW,? THEREFORE|\bNow,? Therefore"
    r"|\bTABLE OF CONTENTS|\bIN CONSIDERATION|\bIn consideration|\bPREAMBLE\b"
    r"|\b(?:the\s+)?part(?:y|ies)\s+(?:hereto\s+)?(?:hereby\s+)?agree\b|\n\s*(?:1|I|A)\.\s"
    r"|\bhereby agree\b|\bSection 1\b|\bARTICLE\b"
)
_TRAILS = re.compile(
    r"(?:\s*\((?:[^()]*\b(?:no|number|contract|agreement)\b[^()]*)\)|\s*\[[^\]]*\]|[\s,_]+(?:19|20)\d\d"
    r"|\s*_{3,}.*|\s+and$)+\s*$",
    re.IGNORECASE,
)
_EXHIBIT = re.compile(
    r"^(?:exhibit|annex|ex)[\s.-]+(?:\d+(?:\.\d+)*(?:\([a-z0-9]+\))?|[A-Z]{1,2})\b\W*|^execution (?:copy"
    r"|version)\W*",
    re.IGNORECASE,
)
_AFTER_KIND = re.compile(
    r"(.{4,}?\b(?:agreement|contract))\s+(?!(?:to|for|of|and|or|in|on|with|relating|regarding|concerning"
    r"|no|nos|number|by"
    r"|agreement|contract|amendment|addendum|form|terms|schedule|[ivx]+)\b)[A-Za-z].*$",
    re.IGNORECASE,
)
_FRONT = Pattern(
    r"\bexhibit\b|\bconfidential|\bexecution (?:copy|version)|\bdraft\b|\btable of contents|\bsource:"
    r"|\bpursuant to|\bomitted|\bredacted|\bpage\b"
    r"|\bversion\b|\bno\.\s*\d|\bcopy\b|\bfiled\b|\bsecurities and exchange",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Opening:
    """The paragraph that says who makes the contract: its range, and where the parties begin in it."""

    start: int
    parties: int
    end: int


def opening(document: Document) -> Opening | None:
    """The first place in the head that speaks of a contract made between parties."""
    text = document.text[:REACH]
    best: tuple[float, Opening] | None = None
    for match in _BETWEEN.finditer(text):
        before = text[max(match.start() - 350, 0) : match.start()]
        after = text[match.end() : match.end() + 400]
        score = 0.0
        if _MADE.search(before[-200:]):
            score += 1.0
        if re.search(
            r"\b(?:this|the)\s+(?:\S+\s+){0,9}(?:agreement|contract|amendment|lease|license|addendum)\b",
            before,
            re.I,
        ):
            score += 1.0
        if re.search(r"[\"“”]|\bhereinafter\b|\bcollectively\b", after):
            score += 1.0
        if _ORGANISATION.search(after):
            score += 0.5
        if re.match(r"[A-Z\"“(\d]", after.lstrip()[:1] or "x"):
            score += 0.5
        if re.match(
            r"\s*(?:the|its|such|any|each|them|all)\s+(?!undersigned|following)[a-z]?", after, re.I
        ) and not re.match(r"\s*the [A-Z][\w ]+,", after):
            score -= 1.5
        if re.search(
            r"\bthat certain\b|\bas amended\b|\bsuccessor\b",
            before[-60:] + match[0] + after[:120],
            re.I,
        ):
            score -= 0.4
        score -= 2 * match.start() / REACH
        if best is None or score > best[0]:
            stop = _STOP.search(text, match.end())
            end = min(stop.start() if stop else len(text), match.end() + _LENGTH)
            block = document.block_at(match.start())
            start = max(min(block.start if block else match.start(), match.start()), match.start() - 600)
            best = (score, Opening(start, match.end(), end))
    return best[1] if best is not None and best[0] >= 1.0 else None


def titles(document: Document) -> Iterator[Candidate]:
    """Lines of the head that name a kind of contract; surer where the text calls itself so."""
    found = opening(document)
    before = min(found.parties if found else 3000, 6000)
    lines = [block for block in document.blocks[:60] if block.start <= before and block.table is None]
    folded = " ".join(document.text[:REACH].lower().split())
    for index, block in enumerate(lines):
        text = _EXHIBIT.sub("", " ".join(block.text.split()))
        if not _is_title(text):
            continue
        for first in (index, index - 1, index - 2):
            if first < 0 or (first < index and not _joins(lines[first].text)):
                break
            whole = _EXHIBIT.sub(
                "", " ".join(" ".join(each.text.split()) for each in lines[first : index + 1])
            )
            score = 0.62 - 0.04 * min(index, 8) - 0.03 * (index - first)
            if f"this {whole.lower()}" in folded:
                score += 0.3 + 0.02 * (index - first)
            if block.kind == "heading" or text.isupper():
                score += 0.05
            score += _completeness(whole, text, first < index, lines[max(first - 1, 0)].text)
            yield Candidate(whole, min(score, 0.97), lines[first].start, block.end, _plain_title(whole))
    within = _WITHIN.search(document.text[: min(before, 2500)])
    if within is not None:
        title = re.sub(r"^(?:and|of|for|AND|OF|FOR|&)\s+", "", " ".join(within[1].split()))
        yield Candidate(within[1], 0.4, within.start(1), within.end(1), title)
    match = re.search(
        r"\b[Tt][Hh][Ii][Ss]\s+((?:[A-Z0-9&/,-][\w&/’'-]*,?\s+|(?:and|of|for|to"
        r"|the)\s+){0,9}(?:Agreement|AGREEMENT|Contract|CONTRACT|Amendment|AMENDMENT|Addendum|Lease"
        r"|License))\b",
        document.text[:REACH],
    )
    if match is not None:
        yield Candidate(match[1], 0.45 if len(match[1].split()) > 1 else 0.25, match.start(1), match.end(1))


def _completeness(whole: str, last: str, joined: bool, before: str) -> float:
    """Less for titles that hang in the air or say just "agreement"; more where lines belong together."""
    plain = _plain_title(whole)
    if len(plain.split()) < 2:
        return -0.4
    if _HANGS.search(plain) or _CONTINUES.match(plain):
        return -0.4
    if joined and (_HANGS.search(whole[: -len(last)]) or _CONTINUES.match(last) or len(last.split()) < 2):
        return 0.4
    if not joined and (_CONTINUES.match(last) or (_HANGS.search(before) and _joins(before))):
        return -0.2
    return 0.0


_HANGS = re.compile(r"(?:\b(?:to|and|of|for|the)|,|&)\s*$", re.IGNORECASE)
_CONTINUES = re.compile(r"\s*(?:to|and|for|of)\s", re.IGNORECASE)
_WITHIN = re.compile(
    r"\b((?:(?!(?:This|THIS|The|Execution|EXECUTION|Version|Copy)\b)[A-Z][\w&/,’'-]*\s+|(?:and|of|for"
    r"|AND|OF|FOR|&)\s+){1,8}"
    r"(?:AGREEMENT|Agreement|CONTRACT|Contract))\b"
)


def _is_title(text: str) -> bool:
    if not 6 <= len(text) <= 160 or _FRONT.search(text) or not _KIND.search(text):
        return False
    words = re.findall(r"[A-Za-z][\w’'-]*", text)
    small = sum(word[0].islower() and len(word) > 3 for word in words)
    return (
        len(words) <= 18
        and small <= 1
        and not text.endswith((";", ","))
        and not re.match(r"(?i)(?:this|whereas|by)\b", text)
    )


def _joins(text: str) -> bool:
    """Whether a line may be the title's beginning, the kind of contract standing in the next."""
    plain = " ".join(text.split())
    return (
        3 <= len(plain) <= 90
        and not _FRONT.search(plain)
        and not _ORGANISATION.search(plain)
        and not plain.endswith((".", ":"))
    )


def _plain_title(text: str) -> str:
    plain = re.sub(r"\s*\((?:the|this|hereinafter)?\s*[\"“”].*$", "", text)
    plain = re.sub(r"^\s*(?:(?:exhibit|annex)\s+\S+\s+|\d+\.|[-–])\s*", "", plain, flags=re.IGNORECASE)
    plain = re.split(
        r"\s+(?:between|by and|among|dated|made|effective dates?)\b", plain, flags=re.IGNORECASE
    )[0]
    plain = _TRAILS.sub("", plain)
    ended = _AFTER_KIND.match(plain)
    plain = ended[1] if ended is not None else plain
    return plain.strip(' .:*,-–—"“”')


def made_on(document: Document) -> Iterator[Candidate]:
    """Dates the contract is made as of: in the opening, else in the head, else where it is signed."""
    found = opening(document)
    text = document.text
    if found is not None:
        for rank, date in enumerate(dates(text, max(found.start - 300, 0), found.end)):
            score = 0.9 if found.start <= date.start else 0.7
            before = text[max(date.start - 60, 0) : date.start]
            if re.search(
                r"\b(?:as of|dated|made|entered|effective|on|this|date)\b[^.;]{0,45}$", before, re.I
            ):
                score += 0.05
            yield _dated(text, date, score - 0.04 * rank)
    for rank, date in enumerate(dates(text, 0, min(found.parties if found else 3000, 4000))):
        before = text[max(date.start - 50, 0) : date.start]
        if re.search(r"\b(?:source|filed|rule)\b", before, re.I):
            continue
        yield _dated(text, date, 0.6 - 0.03 * rank)
    signed = [
        date
        for match in _SIGNED.finditer(text)
        for date in [next(dates(text, match.start(), match.end() + 350), None)]
        if date
    ]
    for date in signed:
        latest = (
            date.value == max(each.value for each in signed if each.whole) if date.whole else len(signed) == 1
        )
        yield _dated(text, date, 0.48 if latest else 0.38)


_SIGNED = Pattern(
    r"\bin witness whereof\b|\bexecuted (?:as of|this|on)\b|\bdated?(?: signed)?\s*:", re.IGNORECASE
)


def _dated(text: str, date: Dated, score: float) -> Candidate:
    return Candidate(text[date.start : date.end], max(score, 0.1), date.start, date.end, date.value)


_FORM = (
    r"Inc(?:orporated)?|Corp(?:oration)?|Co(?:mpany)?|L\.?\s?L\.?\s?C|Ltd|Limited|L\.?\s?L\.?\s?P"
    r"|L\.?\s?P|P\.?\s?L\.?\s?C|N\.?\s?A|S\.?\s?A|A\.?\s?G|N\.?\s?V|B\.?\s?V"
    r"|GmbH|KG|S\.?\s?p\.?\s?A|S\.?\s?A\.?\s?S|S\.?\s?A\.?\s?R\.?\s?L|Pty|Pte|Trust|Bank|Partnership"
    r"|University|Association|Foundation|Fund|Institute|Group|Holdings|Partners|LLLP|Kft|AB|A/S|ApS|Oy"
)
_ORGANISATION = re.compile(rf"(?:,\s*|\s)(?:{_FORM})\b\.?", re.IGNORECASE)
_DEFINES = Pattern(r"[\"“”'‘’]?\beffective\s*date\b[\"“”'‘’)]*", re.IGNORECASE)
_EFFECTIVE = Pattern(r"\b(?:effective|commenc\w+|in\s+effect|takes?\s+effect|begin\w*)\b", re.IGNORECASE)
_BEGINS = Pattern(
    r"\b(?:commenc(?:e|es|ing)|begin(?:s|ning)?|start(?:s|ing)?|(?:be|is|become)\s+effective|takes?\s+effect"
    r"|into\s+(?:force|effect))\s+(?:(?:on|as|of|from|the)\s+){0,3}(?=[\dJFMASONDjfmasond])",
    re.IGNORECASE,
)
"""What stands right before the date on which something is said to begin."""
_TERM_NAMED = Pattern(r"\b(?:agreement|contract|term|period|duration)\b[^.;]{0,100}$", re.IGNORECASE)
_SAME_DAY = Pattern(
    r"\b(?:effective|commence|begin|start)\w*\b[^.;]{0,60}\b(?:date\s+(?:hereof|of\s+this|first|written"
    r"|above|set\s+forth\s+above)"
    r"|execution|signature|signing|above\s+date|date\s+(?:it\s+is\s+)?(?:last\s+)?signed)\b",
    re.IGNORECASE,
)


def effective_on(document: Document, made: str | None) -> Iterator[Candidate]:
    """Dates on which the contract takes effect: said so, defined so, or the date it is made as of."""
    found = opening(document)
    text = document.text
    end = max(found.end if found else 3000, 3000)
    head = text[:end]
    for date in dates(head):
        after, before = head[date.end : date.end + 60], head[max(date.start - 60, 0) : date.start]
        if _DEFINES.search(after) and not re.search(r"[.;]\s", after[:25]):
            yield _dated(text, date, 0.95)
        elif _DEFINES.search(before):
            yield _dated(text, date, 0.92)
        elif re.search(
            r"\beffective\s+(?:as\s+of|on|from|this|beginning)?\W*(?:the\s+)?$", before, re.IGNORECASE
        ):
            yield _dated(text, date, 0.9)
    for match in _DEFINES.finditer(text, end):
        for date in dates(text, match.start(), match.end() + 90):
            yield _dated(text, date, 0.8)
            break
    for match in _BEGINS.finditer(text):
        begins = next(dates(text, match.end(), match.end() + 40), None)
        if begins is None or begins.start != match.end():
            continue
        if _TERM_NAMED.search(text, max(match.start() - 120, 0), match.start()):
            yield _dated(text, begins, 0.72)
    if made is None:
        return
    if _SAME_DAY.search(text):
        yield Candidate("", 0.65, -1, -1, made)
    elif _DEFINES.search(head):
        yield Candidate("", 0.6, -1, -1, made)
