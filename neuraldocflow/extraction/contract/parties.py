"""Who makes a contract: the names in its opening, between "by and between" and the recitals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ..candidates import Candidate
from ..model import Document
from ..patterns import regex
from .head import Opening
from .law import STATES, WHERE

Spot = tuple[str, int, int, float]
"""A name, where it begins and ends in the text that was searched, and how sure it is one."""
FORM = (
    r"Incorporated|Inc|Corporation|Corp|Company|Co|L\.?\s?L\.?\s?C|Limited|Ltda?|L\.?\s?L\.?\s?P"
    r"|L\.?\s?P|P\.?\s?L\.?\s?C|N\.\s?A|S\.?\s?A\.?\s?S|S\.?\s?[AÀ]\.?\s?R\.?\s?L"
    r"|S\.?\s?p\.?\s?A|S\.\s?A|A\.?\s?G|N\.\s?V|B\.\s?V|GmbH\s?&\s?Co\.?\s?KG|GmbH|KG|K\.?K|Pty|Pte|LLLP|Kft|A\.?B|A/S|ApS|Oy"
    r"|S\.\s?L|NV|BV|SA|S/A|G\.\s?I\.\s?E"
)
_BODY = (
    r"corporation|company|partnership|association|trust|bank|limited liability|individual|institution"
    r"|university|organi[sz]ation|entity|resident|citizen|society|business"
    r"|subsidiary|division|affiliate|person|sole proprietor|firm|foundation|joint venture|body corporate"
    r"|fund|person"
)
_LEADS = regex(
    r"(?:\s|[,;:.•–—-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})\)|\band\b|\bbetween\b|\bby\b|\bboth\b|\beach of\b"
    r"|\bwith\b|\bamong\b|\bon the (?:one|other) (?:hand|part)\b|\bPARTIES\b"
    r"|\bthe\b(?=\s+(?-i:[A-Z]))|\bBETWEEN\b|\bAND\b|\(\s*(?:1|2|3|i|ii)\s*\)|\bthe (?:undersigned"
    r"|following)\b)+",
    re.IGNORECASE,
)
NAME = regex(
    rf"(?P<name>[\"“]?(?:[A-Z0-9]"
    rf"|[a-z](?=[\w.-]*[A-Z.-][\w.-]*[A-Za-z]\b))[^,;()\"“”\n]*?(?:\s?[,\n]?\s*(?i:{FORM})\b\.?)*"
    r"(?:\s+(?:d/b/a/?|dba|doing business as)\s+[A-Z][^,;()\"“”\n]*)?)"
    r"(?=\s*(?:[,;()\"“”\n]|(?<=[a-z]{3})\.\s|$|\s(?:and|AND|And)\s|\s[-–—]\s|\s(?:an?|the|with|having"
    r"|whose|located"
    r"|at|which|who|as|on"
    r"|organi[sz]ed|incorporated|acting|hereinafter|hereafter|by|through|for|is|of\s+\d|of\s+(?:[A-Z]\w+\s+){1,2}(?:House|Street|Road|Lane|Avenue|Drive|Quay)\b|together|c/o|represented|formerly|agrees?"
    r"|[A-Z]\w+\s+corporation)\b))"
)
ROLE = regex(
    r"\W{0,3}\(\s*(?:the|as|as the)?\s*(?-i:[A-Z])[A-Za-z-]+(?:\s(?-i:[A-Z])[A-Za-z-]+)?\s*\)", re.IGNORECASE
)
"""A name in parentheses right after another, without quotation marks: "(the Company)", "(as Carrier)"."""
DEFINED = regex(
    r"[(\[]\s*(?:\S+\s+){0,8}?[\"“”'‘’]|\bhereinafter\b|\bhereafter\b|\breferred to as\b", re.IGNORECASE
)
BODY_SAID = regex(rf"^[^\w\"“”'‘’]*(?:an?|the)\s+(?:[\w.’'-]+,?\s+){{0,8}}?(?:{_BODY})\b", re.IGNORECASE)
PLACED = regex(
    r"^\W*(?:with|having|whose|located|of\s+\d|at\s+\d|organi[sz]ed|incorporated|existing|registered"
    r"|a\s+\w+\s+\w*|doing business|individually|residing|aged)\b",
    re.IGNORECASE,
)
CORPORATE = regex(
    rf"(?:^|[\s,])(?:{FORM}|Bank|Trust|University|Partnership|Institute|Foundation|Association"
    rf"|Holdings?|Group|Fund|Partners|plc)\b\.?$",
    re.IGNORECASE,
)
_SIGNATURES = 6000
_HEAD = 5000
_PARAGRAPH = 2000
_RECITED = regex(r"\bWHEREAS\b|\bRECITALS?\b|\n\s*(?:1|I|A)\.\s")
_TERM = regex(r"\(\s*(?:\w+,?\s+){0,4}?[\"“][A-Z]")
_TERM_NEXT = regex(r"[^()]{0,240}?(?:\([^()\"“]{0,60}\)[^()]{0,80}?){0,2}\(\s*(?:\w+,?\s+){0,4}?[\"“][A-Z]")
_LETTERED = 4000
_LEFT_OPEN = regex(r"(?:n/?a|tb[ad]|to be|none)\b", re.IGNORECASE)
"""What stands in a form that nobody has filled in."""
_FOLDED = 60
"""Characters of a line of prose: what such lines break goes on in the next."""
_LETTER = regex(r"\bParty\s+[A-E]\s*(?:\([^()\n]{1,40}\)\s*)?[:：]\s*", re.IGNORECASE)
_IN_ROLE = regex(
    r"(?:^|\n)\W{0,3}(?:The\s+)?(?:landlord|tenant|lessor|lessee|lender|borrower|guarantor|buyer|seller|purchaser"
    r"|vendor|client|customer|(?:service )?provider|supplier|contractor|consultant|employer|employee|licensor"
    r"|licensee|franchisor|franchisee|distributor|principal|agent|owner|assignor|assignee"
    r"|(?:disclosing|receiving) party)(?: name)?\s*(?:\([^()\n]{1,40}\)\s*)?(?:[:：]\s*|\n)(?=[^\W\d_])",
    re.IGNORECASE,
)
"""A line that begins with what a party is in the contract, and names it; or the name is below, or beside."""
_SIGNED = regex(
    r"\bin witness whereof\b|\bthe undersigned (?:hereby )?(?:has|have|execut\w*|agree\w*)", re.IGNORECASE
)
_SIGNER = regex(
    rf"(?:^|\n|(?<=\d{{4}}\. )|(?<=Date: )|(?<=By: )"
    rf"|/s/ [^\n]{{3,30}}\n)\s*"
    rf"(?P<name>[A-Z][\w&.’' /()-]{{2,70}}?,?\s+(?i:{FORM})\b\.?(?:,?\s+(?i:{FORM})\b\.?)?)"
)
_OFFICE = regex(
    r"^(?:(?:Chief|Vice|Managing|Executive|Authorized|Authorised|Compliance|Financial|Operating|Senior|Legal"
    r"|General)\s+)+(?:Officer|President|Director|Signatory|Person|Counsel|Manager)\s+(?=\S)"
)
_SAYS = regex(r"\b(?:is|are|was|were|has|have|shall|will|to|that|which)\b")
"""Words of sentences, not of names."""
_CLOSES = regex(r"\)|;|\n|\bhereinafter\b|\bthe \"")
ALL_NAMED = regex(
    r"\W*(?:\(|,)?\s*(?:(?:each|both|individually|collectively|together|jointly|hereinafter|sometimes"
    r"|either)\b[^()]{0,60}\bpart(?:y|ies)\b)",
    re.IGNORECASE,
)
_MORE = regex(r"[^().;]{0,40}[)”\"’'.]*\)\s*,?\s*and\s+(?=[A-Z])")
"""After a group of parties is named together, one more party."""
_PARTIES_SAID = regex(
    r"\b(?:collectively|together|each|both|jointly|individually|singularly)\b[^;]{0,120}?[\"“”'‘’]Parties\b[\"“”'‘’.,)]*"
)
_COMMON = regex(
    r"^(?:A|An|If|In|It|This|That|These|Each|Any|All|For|On|At|By|As|Such|Its|Our|We|You|Whereas"
    r"|Section|Exhibit|Suite|Floor|Room)\s",
    re.IGNORECASE,
)
_PLACE = regex(
    r"\b(?:Street|Avenue|Road|Blvd|Boulevard|Drive|Suite|Floor|Highway|Parkway|Building)\b"
    r"|\b[A-Z]{2}\s+\d{5}\b",
    re.IGNORECASE,
)
_PEOPLE = r"(?:[A-Z][\w.'’-]*\s){1,3}[A-Z][\w'’-]+"
_PERSON = regex(_PEOPLE)
_SHARES_TERM = regex(
    rf"(?:,\s{_PEOPLE})*,?\s(?:and|AND|&)\s{_PEOPLE},?\s\((?:\w+,?\s){{0,4}}[\"“'‘]",
)
"""Behind the first of several people who go by one term: ``Ann Lee and Bo Reed (together, "Tenant")``."""
FORM_ONLY = regex(r"(?:Inc|Corp|LLC|L\.L\.C|Co|Ltd|LP|L\.P)\b\.?,?(?:\s|$)", re.IGNORECASE)
_FORM_NEXT = regex(rf",?\s+(?i:{FORM})\b\.?(?=\s+[A-Z(]|,)")
FOR_ANOTHER = regex(
    r"\W*(?:its|as|the|their)\s+(?:sole\s+|managing\s+|general\s+|investment\s+)*(?:partner|member"
    r"|manager|adviser|advisor|trustee|agent)",
    re.IGNORECASE,
)
_INNER_AND = regex(
    rf"\s+(?:and|AND)\s+(?:[A-Z][\w.&’'-]*\s+){{0,5}}?[A-Z][\w.&’'-]*,?\s(?i:{FORM})\b\.?(?=\s*[,;(]"
    rf"|\s+(?:a|an|and|of|with)\b)"
)
_TRADING = regex(
    r",?\s*(?:d/b/a/?|dba|DBA|doing business as|D/B/A)\s+(?:[A-Z][\w.&’'-]*(?:\s+|(?=[,;(\"“]))|of\s"
    r"|the\s){1,6}"
)
_SMALL = regex(
    r"\b(?!doing|business|successor"
    r"|trading)[a-z]{3,}\b(?<!and)(?<!the)(?<!for)(?<!des)(?<!der)(?<!von)(?<!van)"
)
_STATE_AND_ZIP = regex(rf"\s*,?\s*(?:{STATES}|[A-Z]{{2}})\.?,?\s+\d{{5}}|\s+\d{{5}}")
_BODY_ONLY = regex(
    rf"(?:an?\s+)?(?:{STATES})\s+(?:corporation|company|limited|partnership|general|statutory|business)\b"
    r"|[\w-]*\s*(?:subsidiary|division|affiliate)\s+of\b",
    re.IGNORECASE,
)
NO_NAME = regex(
    r"^(?:the\s+)?(?:[\w’']+ (?:means|shall|is|are|must|has|may|will)\b.*|effective as of.*|interpretation"
    r"|definitions|control|background|preamble|israel|china|germany|canada|japan|part(?:y|ies)|agreement|effective"
    r"|date|each|collectively|individually|together|its|hereinafter|a|an|state|county|city|suite|street"
    r"|floor|usa|u\.s\.a|united states|"
    r"delaware|california|new york|nevada|texas|florida|whereas|witnesseth|recitals?|article|section"
    r"|exhibit|all|such|this|both|either|certain|between|principal|registered|p\.?o\.? box|"
    r"inc|llc|ltd|corp|company|limited|successors?|assigns|affiliates?|subsidiaries)\b\.?$",
    re.IGNORECASE,
)


def by_rules(document: Document, found: Opening | None, named: Sequence[Spot]) -> Iterator[Candidate]:
    """The parties in the order they are named; ``named`` is what :func:`named_in` finds in the opening."""
    text = by_lines(document)
    start = found.parties if found is not None else 0
    kept = list(_once(document, named, start))
    if len(kept) < 2:
        for label in (_LETTER, _IN_ROLE):
            introduced = list(_once(document, labelled(text[:_LETTERED], label), 0))
            if len(introduced) >= 2:
                kept = introduced
                break
    if not kept:
        kept = _introduced(document)
    if len(kept) < 2 and (found is None or not named):
        for signed in _SIGNED.finditer(text):
            start = signed.end()
            signers = list(_once(document, signing(text[start : start + _SIGNATURES]), start))
            if signers:
                kept = signers
                break
    yield from kept


def by_lines(document: Document) -> str:
    """The text with a line for each cell of a table, as signatures stand side by side, and for each line that
    its author began: names end there."""
    text = document.text.replace("\t", "\n")
    shown = (block.table.cells if block.table is not None else [block] for block in document.blocks)
    breaks = sorted(
        each.start + at - 1
        for several in shown
        for each in several
        if max(last - first for first, last in pairwise([0, *each.breaks, len(each.text)])) < _FOLDED
        for at in each.breaks
    )
    edges = [0, *breaks, len(text)]
    return "\n".join(text[first + (first > 0) : last] for first, last in pairwise(edges))


def _introduced(document: Document) -> list[Candidate]:
    """Organisations a paragraph of the head names with the term each goes by, where nothing says between
    whom the contract is made."""
    for block in document.blocks:
        if block.start > _HEAD:
            break
        text = document.text[block.start : block.start + _PARAGRAPH]
        stop = _RECITED.search(text)
        text = text[: stop.start()] if stop is not None else text
        if len(_TERM.findall(text)) < 2:
            continue
        named = (
            (name, start, end, min(score, 0.6))
            for name, start, end, score in named_in(text)
            if _TERM_NEXT.match(text, end)
            and (CORPORATE.search(name) or BODY_SAID.match(text[end : end + 260]))
        )
        found = list(_once(document, named, block.start))
        if len(found) >= 2:
            return found
    return []


def list_of(text: str) -> str:
    """The opening up to where it calls all that were named the parties."""
    for match in _PARTIES_SAID.finditer(text):
        if not re.match(r"[\s)”\"’'.,}]*(?:and|,)\s+(?=[A-Z])", text[match.end() :]):
            return text[: match.end()]
    return text


def _once(document: Document, named: Iterable[Spot], offset: int) -> Iterator[Candidate]:
    """Each name once; a name that only repeats the beginning of an earlier one is none."""
    seen: list[str] = []
    for name, start, end, score in named:
        folded = re.sub(r"\W+", " ", name.lower()).strip()
        if not folded or any(f"{each} ".startswith(f"{folded} ") for each in seen):
            continue
        seen.append(folded)
        raw = document.text[offset + start : offset + end]
        yield Candidate(raw, score, offset + start, offset + end, name)


def labelled(text: str, label: re.Pattern[str]) -> Iterator[Spot]:
    """Parties that a label introduces: "Party A: …", "Lender: …"."""
    for match in label.finditer(text):
        named = NAME.match(text, match.end())
        if named is not None:
            end = whole_of(text, named)
            name = " ".join(text[named.start("name") : end].split()).strip(' "“”,')
            told = not _SAYS.search(name) and not NO_NAME.match(name) and not _LEFT_OPEN.match(name)
            if 3 <= len(name) <= 90 and told:
                yield name, named.start("name"), end, 0.6


def signing(text: str) -> Iterator[Spot]:
    """Organisations that stand at the beginning of a line where a contract is signed."""
    for match in _SIGNER.finditer(text):
        name = tidy(_OFFICE.sub("", " ".join(match["name"].split()).strip(" ,")))
        if _SAYS.search(name):
            continue
        if 4 <= len(name) <= 80 and not NO_NAME.match(name) and not _PLACE.search(name):
            if FOR_ANOTHER.match(text, match.end()):
                continue
            yield name, match.start("name"), match.end("name"), 0.4


def named_in(text: str) -> Iterator[Spot]:
    """Names with their ranges: the first thing said, then what follows ``and``, ``;`` or a defined term."""
    position, first, last = 0, True, 0
    shared = False
    while position < len(text):
        lead = _LEADS.match(text, position)
        if lead is not None:
            position = lead.end()
        match = NAME.match(text, position)
        if match is not None:
            end = whole_of(text, match)
            name = " ".join(text[match.start("name") : end].split()).strip(' "“”,')
            after = text[end : end + 260]
            closed = first or shared or bool(_CLOSES.search(text, last, match.start()))
            score = _score(name, after, first, closed)
            if score > 0 and not FORM_ONLY.match(name):
                yield tidy(name), match.start("name"), end, score
                first = False
                position = last = end
                shared = _PERSON.fullmatch(name) is not None and _SHARES_TERM.match(text, end) is not None
        ended = None if first else ALL_NAMED.match(text, position)
        if ended is not None and not _MORE.match(text, ended.end()):
            return
        position = _next(text, position)


def whole_of(text: str, match: re.Match[str]) -> int:
    """Where a name ends: after its trading name, or after an "and" within it ("Gas and Electric Company")."""
    end = match.end("name")
    form = _FORM_NEXT.match(text, end)
    if form is not None:
        end = form.end()
    name = match["name"].strip()
    if form is None and not CORPORATE.search(name) and not WHERE.fullmatch(name):
        longer = _INNER_AND.match(text, end)
        if longer is not None and len(match["name"]) < 60 and not re.search(r"\d|\.$", match["name"]):
            end = longer.end()
    trading = _TRADING.match(text, end)
    return trading.end() if trading is not None else end


def _score(name: str, after: str, first: bool, closed: bool) -> float:
    words = name.split()
    if (
        len(name) > 90
        or len(name) < 3
        or NO_NAME.match(name)
        or _BODY_ONLY.match(name)
        or len(words) > 12
        or not re.search(r"[A-Za-z]{2}", name)
    ):
        return 0.0
    corporate = bool(CORPORATE.search(_TRADING.split(name)[0]))
    if not corporate and (
        re.search(r"\d", name) or (not closed and not BODY_SAID.match(after)) or _COMMON.match(name)
    ):
        return 0.0
    if not corporate and (
        (_SMALL.search(name) and not BODY_SAID.match(after))
        or _STATE_AND_ZIP.match(after)
        or WHERE.fullmatch(name)
    ):
        return 0.0
    if _PLACE.search(name):
        return 0.0
    score = 0.35 if first else 0.0
    if corporate:
        score += 0.5
    if BODY_SAID.match(after):
        score += 0.4
    elif PLACED.match(after):
        score += 0.15
    defined = DEFINED.search(after)
    role = ROLE.match(after)
    if role is not None and (closed or corporate):
        score += 0.35
    elif defined is not None and not re.search(r"\sand\s+[A-Z]|;", after[: defined.start()]):
        score += 0.35 if defined.start() < 4 else 0.15
    placed = closed and bool(PLACED.match(after)) and len(words) > 1
    shares = closed and _PERSON.fullmatch(name) is not None and _SHARES_TERM.match(after) is not None
    if not first and not corporate and (placed or shares):
        score = max(score, 0.5)
    if not first and not corporate and score < 0.5 and not role and not (defined and defined.start() < 4):
        return 0.0
    return min(score, 0.97) if score >= 0.35 else 0.0


def _next(text: str, position: int) -> int:
    """Where the next name may begin: after ``and``, a semicolon, or a parenthesis, outside parentheses."""
    depth = 0
    start = position
    for match in re.finditer(
        r"[()]|;|\n|,\s+(?=[A-Z(])|\b(?:and|AND|And|between|BETWEEN|with)\b", text[start:]
    ):
        sign = match[0]
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
            if depth == 0:
                return start + match.end()
        elif depth == 0 or (depth == 1 and sign == "\n"):
            return start + match.end()
    return len(text)


def tidy(name: str) -> str:
    """The name without what leads to it, and once where two signatures beside each other name it twice."""
    plain = re.sub(r"\s+,", ",", name)
    plain = re.sub(
        r"^(?:Party [A-Z]|[A-Z]\w+ Name|Name of [\w ]+|[A-Z][a-z]+(?: [A-Z][a-z]+)?)\s*:\s*", "", plain
    )
    plain = re.sub(r"^(?:the|and)\s+(?=[a-z])", "", plain).strip(" ,;:-–")
    words = plain.split()
    half = len(words) // 2
    return " ".join(words[:half]) if half > 1 and words[:half] == words[half:] else plain
