"""What a contract calls itself: lines of its head that name a kind of contract, and "this … Agreement"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..candidates import Candidate
from ..model import Block, Document
from ..patterns import Pattern, regex
from ..ranking import Facts, around, crossed, facts, tokens
from .head import ORGANISATION, REACH, Opening

_KIND = regex(
    r"\b(?:agreement|contract|amendment|addendum|lease|licen[cs]e|schedule|memorandum|statement of work"
    r"|letter|deed|undertaking|plan|terms and conditions|application|order form|supplement|rider|appendix"
    r"|proposal|program|policy|certificate|endorsement|power of attorney|statement)s?\b",
    re.IGNORECASE,
)
_TRAILS = regex(
    r"(?:\s*\((?:[^()]*\b(?:no|number|contract|agreement)\b[^()]*)\)|\s*\[[^\]]*\]|[\s,_]+(?:19|20)\d\d"
    r"|\s*_{3,}.*|\s+and$)+\s*$",
    re.IGNORECASE,
)
_EXHIBIT = regex(
    r"^(?:exhibit|annex|ex)[\s.-]+(?:\d+(?:\.(?:\d+|[A-Z]\b))*(?:\([a-z0-9]+\))*|[A-Z]{1,2})(?!\w)\W*"
    r"|^execution (?:copy|version)\W*",
    re.IGNORECASE,
)
_AFTER_KIND = regex(
    r"(.{4,}?\b(?:agreement|contract))\s+(?!(?:to|for|of|and|or|in|on|with|relating|regarding|concerning"
    r"|no|nos|number|by"
    r"|agreement|contract|amendment|addendum|form|terms|schedule|[ivx]+)\b)[A-Za-z].*$",
    re.IGNORECASE,
)
_TO_KIND = regex(r".{4,}?\b(?:agreement|contract|amendment|addendum|licen[cs]e|lease)\b", re.IGNORECASE)
_FRONT = Pattern(
    r"\bexhibit\b|\bconfidential|\bexecution (?:copy|version)|\bdraft\b|\btable of contents|\bsource:"
    r"|\bpursuant to|\bomitted|\bredacted|\bpage\b"
    r"|\bversion\b|\bno\.\s*\d|\bcopy\b|\bfiled\b|\bsecurities and exchange",
    re.IGNORECASE,
)
_HANGS = regex(r"(?:\b(?:to|and|of|for|the)|,|&)\s*$", re.IGNORECASE)
_CONTINUES = regex(r"\s*(?:to|and|for|of)\s", re.IGNORECASE)
_WITHIN = regex(
    r"\b((?:(?!(?:This|THIS|The|Execution|EXECUTION|Version|Copy)\b)[A-Z][\w&/,’'-]*\s+|(?:and|of|for"
    r"|AND|OF|FOR|&)\s+){1,8}"
    r"(?:AGREEMENT|Agreement|CONTRACT|Contract))\b"
)
_SELF = regex(
    r"\b(?i:this)\s+((?:[A-Z0-9&/,-][\w&/’'®-]*,?\s+|(?:and|of|for|to|the)\s+){0,11}?"
    r"(?:Agreement|AGREEMENT|Contract|CONTRACT|Amendment|AMENDMENT|Addendum|ADDENDUM|Lease|License"
    r"|Letter|Schedule|Memorandum|Statement))\b"
)
_WORD = regex(r"[^\W_]+|&")
_CALLED = 3
"""Places in which the text calls itself something that are looked at."""
_LINES = 60


def titles(document: Document, opening: Opening | None) -> list[Candidate]:
    """Each title the contract may have once."""
    before = min(opening.parties if opening else 3000, 6000)
    lines = [block for block in document.blocks[:_LINES] if block.start <= before and block.table is None]
    found: dict[str, tuple[Candidate, Facts]] = {}
    for each, about in (*_from_lines(document, lines), *_from_text(document, before)):
        known = found.get(each.value)
        if known is None and len(each.value) > 2:
            found[each.value] = (each, about)
        elif known is not None and each.score > known[0].score:
            known[0].score = each.score
    _judge(document, list(found.values()))
    return [each for each, _ in found.values()]


def _judge(document: Document, found: Sequence[tuple[Candidate, Facts]]) -> None:
    """Gives each title its features."""
    head = document.text[:REACH]
    folded = f" {_folded(head)} "
    called = {_folded(match[1]) for match in _SELF.finditer(head)}
    scores = sorted((each.score for each, _ in found), reverse=True)
    for each, about in found:
        name = _folded(each.value)
        others = scores[1:2] if each.score == scores[0] else scores[:1]
        about |= {
            "called so": min(folded.count(f" this {name} "), 3),
            "calls itself so": name in called,
            "part of its name": any(f" {name} " in f" {other} " for other in called),
            "more than its name": any(f" {other} " in f" {name} " for other in called - {name}),
            "times": min(folded.count(f" {name} "), 6),
            "words": len(each.value.split()),
            "capitals": each.value.isupper(),
            "small": sum(word[0].islower() for word in each.value.split()),
            "figures": any(letter.isdigit() for letter in each.value),
            "parenthesis": "(" in each.value,
            "organisation": ORGANISATION.search(each.value) is not None,
            "hangs": _HANGS.search(each.value) is not None or _CONTINUES.match(each.value) is not None,
            "score": round(each.score * 20),
            "rank": scores.index(each.score),
            "ahead": round((each.score - max(others, default=0.0)) * 10),
            "titles": len(found),
        }
        plain = facts(about)
        pairs = [name for name in plain if name.startswith(("called", "calls", "rank=", "how=", "lines="))]
        said = tokens(each.value)
        each.features = plain | crossed(f"how={about['how']}", plain)
        each.features |= {f"{one} {other}": 1.0 for one in pairs for other in pairs if one < other}
        each.features |= {f"n {word}": 0.6 for word in (*said, " ".join(said[-2:]), f"^{said[0]}")}
        each.features |= around(document.text, each.start, each.end, 0.3)


def _folded(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _from_lines(document: Document, lines: Sequence[Block]) -> Iterator[tuple[Candidate, Facts]]:
    """Lines that name a kind of contract, with up to two before; surer where the text calls itself so."""
    folded = " ".join(document.text[:REACH].lower().split())
    for index, block in enumerate(lines):
        text = _EXHIBIT.sub("", " ".join(block.text.split()))
        if not _is_title(text):
            continue
        for first in (index, index - 1, index - 2):
            if first < 0 or (first < index and not _joins(lines[first].text)):
                break
            whole = " ".join(" ".join(each.text.split()) for each in lines[first : index + 1])
            whole = _EXHIBIT.sub("", whole)
            score = 0.62 - 0.04 * min(index, 8) - 0.03 * (index - first)
            if f"this {whole.lower()}" in folded:
                score += 0.3 + 0.02 * (index - first)
            if block.kind == "heading" or text.isupper():
                score += 0.05
            score += _completeness(whole, text, first < index, lines[max(first - 1, 0)].text)
            plain = _plain_title(whole)
            about: Facts = {"how": "line", "line": index, "lines": index - first}
            for value in dict.fromkeys((plain, *_shorter(plain))):
                of_rule = value == plain
                about = {**about, "whole": len(whole) - len(value) < 3, "shorter": not of_rule}
                yield (
                    Candidate(
                        whole, min(score, 0.97) if of_rule else 0.0, lines[first].start, block.end, value
                    ),
                    about,
                )


def _shorter(title: str) -> Iterator[str]:
    """A title up to the first word for a contract, and without "form of"."""
    match = _TO_KIND.match(title)
    if match is not None:
        yield match[0]
    yield re.sub(r"^(?:form|sample) of ", "", title, flags=re.IGNORECASE)


def _from_text(document: Document, before: int) -> Iterator[tuple[Candidate, Facts]]:
    """Names of a contract within sentences."""
    within = _WITHIN.search(document.text[: min(before, 2500)])
    if within is not None:
        title = re.sub(r"^(?:and|of|for|AND|OF|FOR|&)\s+", "", " ".join(within[1].split()))
        yield Candidate(within[1], 0.4, within.start(1), within.end(1), title), {"how": "within"}
    for number, match in enumerate(_SELF.finditer(document.text[:REACH])):
        if number == _CALLED:
            break
        score = 0.45 if len(match[1].split()) > 1 else 0.25
        about: Facts = {"how": "called", "number": number}
        yield Candidate(match[1], score, match.start(1), match.end(1), " ".join(match[1].split())), about


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
        and not ORGANISATION.search(plain)
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
