"""Names in a contract that may be its parties, by every way to tell one.

Names come from the opening (:mod:`.parties`), from what ends in a corporate form, from what is given
a term ("…, the “Company”"), from labels ("Buyer: …") and from where the contract is signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..patterns import Pattern, regex
from .head import Opening
from .parties import FORM, FORM_ONLY, NAME, NO_NAME, Spot, signing, tidy, whole_of

BELOW = 6000
"""Characters after the first sign of a signature in which names are looked for."""
_HEAD, _LABELLED = 6000, 5000
"""Characters of the beginning in which names are looked for, and in which labels are."""
_END = 2500
"""Characters before the end that are taken for the signatures where nothing says where they begin."""
_BACK = 110
"""Characters a name may take up before its corporate form or its term."""
_MOST_WORDS, _LONGEST = 10, 110
_ENDS = regex(
    rf"(?:,\s*|\s+)(?i:{FORM}|Bank|Trust|University|Partnership|Institute|Foundation|Association|Holdings"
    r"|Group|Fund|Partners|Plc|Center|Centre|Society|Authority)\b\.?"
    rf"(?:,?\s+(?i:{FORM})\b\.?)*"
)
_TERM = regex(
    r"\s*[,;]?\s*\(\s*(?:(?:the|each|as|hereinafter|hereafter|herein|referred|to|called|collectively"
    r"|together|individually|an?|with|its|affiliates|and)[\s,]+){0,8}[\"“”'‘’]"
)
_LABEL = regex(
    r"(?:^|\n|\s)(?:The\s+)?(?:Party\s+[A-E](?:\s*\([^()\n]{1,40}\))?|(?i:covenanter|buyer|seller|licensor"
    r"|licensee|company|customer|client|supplier|distributor|agent|owner|contractor|consultant"
    r"|name|vendor|between|provider|principal|reseller|sponsor|franchisee|franchisor|employer|executive)"
    r"|\w+/\w+(?:-\w+)?)\s*(?:\([^()\n]{1,30}\)\s*)?[:：]\s*(?=[A-Z])"
)
_WITNESS = Pattern(
    r"\bin witness\s+(?:whereof|thereof)\b|\bthe undersigned (?:hereby )?(?:has|have|execut\w*|agree\w*)"
    r"|\bhave (?:duly )?executed this|\bhave caused this",
    re.IGNORECASE,
)
_SIGNS = regex(
    r"(?P<name>(?<![^\W\d_])[^\W\d_a-zß-ÿ][^\n:;a-zß-ÿ]{4,80}?)\s{0,40}(?:(?:By|BY)\s*:|/s/|\(Signature\))"
)
"""A name in capitals right before a signature."""
_PIECE = regex(r"\S+|\n")
_BREAKS = regex(r"[;:()\[\]\"“”|]$|[;:)\"”\]]\S")
_SMALL = frozenset(re.findall(r"[\w&]+", "of and the for de & du des la und y e at in"))
"""Words that may stand within a name."""
_NEVER = frozenset(
    re.findall(
        r"\w+",
        "between by with among this that these whereas agreement exhibit section article witnesseth parties "
        "recitals background to from dated effective date as is are such each any all if in on at under or "
        "our we you its their his her an a not no whose which who through pursuant both name title attention "
        "attn re dear ladies gentlemen executed source",
    )
)
"""Words that are no part of one, capitalised or not."""
_LEAD = regex(
    r"(?:(?:of|and|for|de|&|the|at|in|AND|BETWEEN|OF)\s+|[-–—•*]+\s*|\(?(?:\d{1,2}|[a-zivx]{1,4})[.)]\s+"
    r"|(?:19|20)\d\d\s+)+"
)
_AND = regex(r"\s(?:and|AND|&)\s+")


def signed_at(text: str) -> int:
    """Where the signatures begin, the text's end where nothing says so."""
    first = _WITNESS.search(text)
    return first.start() if first is not None else len(text)


def names_of(
    text: str, opening: Opening | None, named: Sequence[Spot], signed: int
) -> Iterator[tuple[str, Spot]]:
    """Names with the way each was found.

    ``named`` is what the grammar of openings finds in the opening, ``signed`` where the signatures begin.
    """
    for how, spot in _every(text, opening, named, signed):
        if 2 <= len(spot[0]) <= _LONGEST and not NO_NAME.match(spot[0]) and not FORM_ONLY.match(spot[0]):
            yield how, spot


def _every(
    text: str, opening: Opening | None, named: Sequence[Spot], signed: int
) -> Iterator[tuple[str, Spot]]:
    end = min(len(text), max(_HEAD, opening.end if opening is not None else 0))
    if opening is not None:
        for name, first, last, score in named:
            yield "opening", (name, opening.parties + first, opening.parties + last, score)
    for how, first, last in (*_bodies(text, 0, end), *_termed(text, end), *_labelled(text)):
        yield how, _spot(text, first, last)
    if signed == len(text):
        signed = max(len(text) - _END, end)
    if signed >= end or opening is None:
        below = min(signed + BELOW, len(text))
        for how, first, last in _bodies(text, signed, below):
            yield f"signing {how}", _spot(text, first, last)
        for match in _SIGNS.finditer(text, signed, below):
            yield "signs", _spot(text, match.start("name"), match.end("name"))
        for name, first, last, _ in signing(text[signed:below]):
            yield "signer", (name, signed + first, signed + last, 0.0)


def _spot(text: str, start: int, end: int) -> Spot:
    return tidy(" ".join(text[start:end].split()).strip(' "“”,')), start, end, 0.0


def _bodies(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """What ends in a corporate form, with and without what stands before a comma or an "and" in it."""
    for match in _ENDS.finditer(text, start, end):
        firsts: set[int] = set()
        for how, commas in (("body", False), ("body with comma", True)):
            first = _back(text, match.start(), start, commas)
            if first < match.start() and text[first].isalnum() and first not in firsts:
                firsts.add(first)
                yield how, first, match.end()
                within = list(_AND.finditer(text, first, match.start()))
                if within:
                    yield "body after and", within[-1].end(), match.end()


def _termed(text: str, end: int) -> Iterator[tuple[str, int, int]]:
    for match in _TERM.finditer(text, 0, end):
        first = _back(text, match.start(), 0, False)
        if first < match.start() and text[first].isupper():
            yield "term", first, match.start()


def _labelled(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _LABEL.finditer(text, 0, _LABELLED):
        named = NAME.match(text, match.end())
        if named is not None and whole_of(text, named) - named.start("name") < _LONGEST:
            yield "label", named.start("name"), whole_of(text, named)


def _back(text: str, at: int, lowest: int, commas: bool) -> int:
    """Where a name that goes on to ``at`` begins: capitalised words and small ones between them."""
    first = at
    pieces = list(_PIECE.finditer(text, max(lowest, at - _BACK), at))
    for number, piece in enumerate(reversed(pieces)):
        word, core = piece[0], piece[0].strip(".,")
        if not core or word == "\n" or _BREAKS.search(word) or number == _MOST_WORDS:
            break
        if word.endswith(",") and first != at and not (commas and number):
            break
        if core.lower() in _NEVER or (
            core[0].islower() and core.lower() not in _SMALL and not re.search(r"[A-Z.-]", core)
        ):
            break
        first = piece.start()
        if word[0] in '(["“':
            first += len(word) - len(word.lstrip('(["“'))
            break
    lead = _LEAD.match(text, first, at)
    return lead.end() if lead is not None else first
