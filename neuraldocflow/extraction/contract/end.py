"""When a contract ends: a date it tells, one counted from its beginning, or never."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..candidates import Candidate
from ..linear_model import paired, words
from ..model import Document
from ..normalise import day_first
from ..patterns import Pattern, lowered, regex
from ..ranking import Facts, Features, around, crossed, facts
from ..sentences import Sentence
from .dates import Period, dates, later, periods
from .term import HEADED, NOT_TERM

Starts = Sequence[tuple[str, str]]
"""The days a term may count from: what each is, and the day."""

_RUNS = Pattern(
    r"\b(?:initial\s+term|(?:term|duration)\s+of\s+(?:this|the)\s+\S+|this\s+(?:\S+\s+){0,2}(?:agreement"
    r"|contract|license|lease)"
    r"|the\s+(?:agreement|contract|term|engagement)|it)\b[^.;]{0,90}?"
    r"\b(?:shall|will|is|begins?|commences?|becomes?|expires?|terminates?|continues?|remains?|runs?"
    r"|starts?|enters?\s+into\s+(?:force|effect)|ends?\s+on)\b",
    re.IGNORECASE,
)
_DURING = Pattern(
    r"\b(?:during|throughout|within)\s+(?:the\s+)?(?:initial\s+)?(?:term|period)\b", re.IGNORECASE
)
_LASTS = regex(
    r"\b(?:for|of|be|is|in\s+effect|effect\s+until|expires?|until|to|date|ending"
    r"|ends?(?:\s+on)?)\b[^.;]{0,50}$"
    r"|\binitial\b[^.;]{0,60}$|[:(-]\s*$",
    re.IGNORECASE,
)
_TERMINATES = regex(r"\b(?:shall|will)\s+(?:\w+\s+)?(?:terminate|end)\b[^.;]{0,50}$", re.IGNORECASE)
_FROM_START = regex(
    r"\s*(?:after|from|following)\s+(?:the\s+)?(?:effective\s+date|commencement\s+date"
    r"|date\s+(?:hereof|of\s+(?:this|its|execution|signature|signing)))\b",
    re.IGNORECASE,
)
"""Behind a length of time: that it counts from the contract's own beginning."""
_END_WORD = Pattern(
    r"\b(?:until|through|expir\w*|terminat\w*|end(?:s|ing)?|conclud\w*|up to|to and including|to)\b",
    re.IGNORECASE,
)
_START_WORD = Pattern(r"\b(?:from|commenc\w+|effective|dated|as of|begin\w*)\b", re.IGNORECASE)
_FROM_TO = Pattern(
    r"\b(?:begin\w*|commenc\w+|from)\b.{0,60}\d{4}.{0,60}\b(?:end\w*|through|until|to"
    r"|expir\w+)\b.{0,30}\d{4}",
    re.IGNORECASE,
)
_ENDS_ON = Pattern(
    r"\b(?:until|through|expir\w*|terminat\w*|end(?:s|ing)?|conclud\w*|up to|to and including"
    r"|to)\b[^.;]{0,60}$",
    re.IGNORECASE,
)
_FOREVER = Pattern(
    r"\bperpetual(?:ly)?\b|\b(?:in|for) perpetuity\b|\bindefinite(?:ly)?\b"
    r"|\bunlimited (?:term|period|duration)\b"
    r"|\b(?:shall|will|to)\s+(?:\w+,?\s+){0,6}(?:continue|remain|be|stay)\b[^.;]{0,80}\b(?:until"
    r"|unless)\b[^.;]{0,60}"
    r"\b(?:terminat\w+|cancel\w*|gives?\s+(?:\w+\s+)?notice)\b"
    r"|\b(?:end|expire)\s+(?:only\s+)?(?:when|if|upon)\b[^.;]{0,40}\bterminated\b",
    re.IGNORECASE,
)
_OPEN = Pattern(
    r"\b(?:until|unless)\b[^.;]{0,90}\b(?:terminat\w+|cancel\w*)\b|\buntil\s+(?:such\s+time|the\s+(?:date"
    r"|expiration|termination|completion|last|later))\b|\bno\s+(?:fixed|specific|set)\s+(?:term|duration)\b"
    r"|\bends?\s+(?:only\s+)?(?:when|if|upon)\b|\b(?:expire|terminate)s?\s+(?:upon|on|when)\b"
    r"|\bcontinue\s+(?:in\s+(?:full\s+)?(?:force|effect)|until|thereafter)\b|\bso\s+long\s+as\b"
    r"|\bfor\s+the\s+life\b|\bterminated?\b[^.;]{0,60}\bat\s+any\s+time\b|\bunlimited\b",
    re.IGNORECASE,
)
"""An end that hangs on what happens: weaker than what :data:`_FOREVER` finds."""
_END_DATE = Pattern(
    r"\b(?:(?:expir(?:ation|y)|end)\s+date[\"”’')]*\s*(?::|means|shall\s+mean|is|shall\s+be|of)?\s*(?:the\s+)?"
    r"|concluding\s+(?:on\s+)?)",
    re.IGNORECASE,
)
"""What stands right before the date on which a contract ends, in whatever sentence."""
_LONG = Pattern(r"year|month|anniversary|perpetu|indefinite|unlimited|until|unless|end|expire", re.IGNORECASE)
"""A sentence without any of these, and without a digit, has no end of a term in it."""
_DIGIT = regex(r"\d")
_RANKS = {
    name: number
    for number, name in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), 1
    )
}
_ANNIVERSARY = Pattern(
    rf"\b(?P<rank>{'|'.join(_RANKS)}|\d{{1,2}}(?:st|nd|rd|th))\b[^.;]{{0,12}}\banniversary\b", re.IGNORECASE
)
_OTHER_PERIOD = regex(
    r"\b(?:renew\w*|additional|successive|extended|notice|prior|extension\w*)\b[^.;]{0,60}$", re.IGNORECASE
)
_INITIAL = regex(r"\binitial\b|[\"“]term[\"”]", re.IGNORECASE)
_LIKELY = 0.45
"""The score from which on a sentence may say how long the contract runs."""
_LONGEST = 1800


@dataclass(slots=True)
class _End:
    """An end as a sentence tells it: how, the day (or ``perpetual``), and where in the sentence."""

    how: str
    value: str
    start: int
    end: int
    score: float
    """What the rules give it, 0 where they would not choose it."""
    sentence: Sentence
    about: Facts


def expiration(document: Document, cut: Sequence[Sentence], starts: Starts) -> list[Candidate]:
    """All ends the document tells or that count from ``starts``."""
    leads = day_first(document.text)
    ends = [*_labelled(document, starts, leads), *_told(document, cut, starts, leads)]
    best: dict[str, float] = {}
    for each in ends:
        best[each.value] = max(best.get(each.value, 0.0), each.score)
    order = sorted((value for value in best if best[value]), key=lambda value: -best[value])
    ranks = {value: rank for rank, value in enumerate(order)}
    times = Counter(each.value for each in ends)
    found: list[Candidate] = []
    for each in ends:
        rank = ranks.get(each.value, -1)
        others = order[1:2] if rank == 0 else order[:1]
        about = facts(
            {
                **each.about,
                "score": round(best[each.value] * 20),
                "rank": rank,
                "ahead": round((best[each.value] - max((best[value] for value in others), default=0.0)) * 10),
                "told": len(order),
                "times": times[each.value],
                "ends": len(best),
                "starts": len(starts),
                "at start": any(each.value == day for _, day in starts),
                "before start": any(_before(each.value, day) for _, day in starts),
                "tenth": 10 * each.sentence.start // max(len(document.text), 1),
            }
        )
        about |= crossed(each.how, about)
        about |= _words_of(document, each)
        start, end = each.sentence.start + each.start, each.sentence.start + each.end
        raw = document.text[start:end]
        found.append(Candidate(raw, each.score, start, end, each.value, features=about))
    return found


def _before(value: str, day: str) -> bool:
    return value[:4].isdigit() and day[:4].isdigit() and value < day


def _words_of(document: Document, each: _End) -> Features:
    """Words beside the end, and those of its sentence and heading."""
    start, end = each.sentence.start + each.start, each.sentence.start + each.end
    low, high = max(start - 260, each.sentence.start), min(end + 120, each.sentence.end)
    told = paired(words(document.text[low:high]))
    found = around(document.text[low:high], start - low, end - low, 0.6)
    found |= {f"s {name}": 2.0 / len(told) ** 0.5 for name in told}
    return found | {f"h {name}": 0.7 for name in paired(words(each.sentence.heading))}


def _labelled(document: Document, starts: Starts, leads: bool) -> Iterator[_End]:
    for label in _END_DATE.finditer(document.text):
        date = next(dates(document.text, label.end(), label.end() + 40, day_leads=leads), None)
        if date is not None and date.start == label.end() and date.value not in (day for _, day in starts):
            place = Sentence(date.start, date.end)
            yield _End("labelled", date.value, 0, date.end - date.start, 0.75, place, {})


def _told(document: Document, cut: Sequence[Sentence], starts: Starts, leads: bool) -> Iterator[_End]:
    headings: dict[str, tuple[bool, bool]] = {}
    for each in cut:
        sentence = document.text[each.start : each.end]
        if len(sentence) > _LONGEST or not (_DIGIT.search(sentence) or _LONG.search(sentence)):
            continue
        if each.heading not in headings:
            found = HEADED.search(each.heading), NOT_TERM.search(each.heading)
            headings[each.heading] = found[0] is not None, found[1] is not None
        headed, otherwise = headings[each.heading]
        score = _term_score(sentence, headed, otherwise)
        if score < _LIKELY:
            continue
        about: Facts = {
            "term": round(score * 20),
            "headed": headed,
            "headed otherwise": otherwise,
            "initial": _INITIAL.search(sentence) is not None,
            "from to": _FROM_TO.search(sentence) is not None,
            "long": len(sentence),
        }
        chosen = _end_of(sentence, starts[0][1] if starts else None, leads)
        seen: set[tuple[str, int]] = set()
        for end in _ends(sentence, starts, each, leads):
            if (end.value, end.start) in seen:
                continue
            seen.add((end.value, end.start))
            if chosen is not None and (end.value, end.start) == chosen[:2]:
                end.score = score * chosen[2] if end.value not in (day for _, day in starts) else 0.0
            end.about |= about
            yield end


def _ends(sentence: str, starts: Starts, place: Sentence, leads: bool) -> Iterator[_End]:
    """Every end that a sentence on the term may mean."""
    days = list(dates(sentence, day_leads=leads))
    for date in days:
        yield _End("date", date.value, date.start, date.end, 0.0, place, {"blank": not date.whole})
    own = [("sentence", date.value) for date in days[:2] if date.whole]
    starts = [*starts, *(each for each in own if each[1] not in (day for _, day in starts))]
    lengths = [each for each in periods(sentence) if each.unit in ("year", "month")]
    for told, several in (("period", lengths), ("anniversary", list(_anniversaries(sentence)))):
        for period in several:
            for name, day in starts:
                value = later(day, period)
                if value is not None:
                    about: Facts = {
                        "from": name,
                        "unit": period.unit,
                        "count": period.count,
                    }
                    yield _End(told, value, period.start, period.end, 0.0, place, about)
    match = _FOREVER.search(sentence) or _OPEN.search(sentence)
    if match is not None:
        yield _End("never", "perpetual", match.start(), match.end(), 0.0, place, {})


def _anniversaries(sentence: str) -> Iterator[Period]:
    for match in _ANNIVERSARY.finditer(sentence):
        count = _RANKS.get(lowered(match["rank"])) or int(re.sub(r"\D", "", match["rank"]))
        yield Period(count, "year", match.start(), match.end())


def _term_score(sentence: str, headed: bool, otherwise: bool) -> float:
    """How likely a sentence says how long the contract runs, under a heading that speaks of terms or of
    something else."""
    score = 0.3
    if headed:
        score += 0.25
    if otherwise or NOT_TERM.search(sentence[:160]):
        score -= 0.25
    if _INITIAL.search(sentence):
        score += 0.15
    if _FROM_TO.search(sentence):
        score += 0.3
    if score + 0.3 < _LIKELY:
        return score
    runs = _RUNS.search(sentence)
    if runs is not None:
        score += 0.3 if runs.start() < 160 else 0.15
    if score >= _LIKELY and _DURING.search(sentence):
        score -= 0.25
    return min(score, 0.98)


def _end_of(sentence: str, start: str | None, leads: bool) -> tuple[str, int, float] | None:
    """The end that a sentence on the term most plainly tells, where it stands, and how sure that is."""
    for date in dates(sentence, day_leads=leads):
        before = sentence[max(date.start - 90, 0) : date.start]
        if _ENDS_ON.search(before) and _last(_END_WORD, before) > _last(_START_WORD, before):
            return date.value, date.start, 1.0
    for period in periods(sentence):
        before = sentence[max(period.start - 90, 0) : period.start]
        lasts = _LASTS.search(before) or (
            _FROM_START.match(sentence, period.end) and _TERMINATES.search(before)
        )
        if period.unit in ("day", "week") or not lasts or _OTHER_PERIOD.search(before):
            continue
        if start is None:
            return None
        value = later(start, period)
        return (value, period.start, 0.95) if value is not None else None
    anniversary = next(_anniversaries(sentence), None)
    if anniversary is not None and start is not None:
        value = later(start, anniversary)
        if value is not None:
            return value, anniversary.start, 0.95
    match = _FOREVER.search(sentence)
    return ("perpetual", match.start(), 0.8) if match is not None else None


def _last(pattern: Pattern, text: str) -> int:
    """Where the last match begins, -1 without one."""
    return max((match.start() for match in pattern.finditer(text)), default=-1)
