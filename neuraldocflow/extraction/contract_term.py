"""How long a contract runs: when it takes effect and expires, how it renews, what notice stops that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .candidates import Candidate
from .contract_dates import NUMBERS, Period, dates, later, periods
from .model import Document
from .patterns import Pattern
from .sentences import Sentence

_HEADED = Pattern(r"\b(?:term|duration|expiration|period|commencement|renewal|effective)\b", re.IGNORECASE)
_RUNS = Pattern(
    r"\b(?:initial\s+term|(?:term|duration)\s+of\s+(?:this|the)\s+\S+|this\s+(?:\S+\s+){0,2}(?:agreement"
    r"|contract|license|lease)"
    r"|the\s+(?:agreement|contract|term|engagement)|it)\b[^.;]{0,90}?"
    r"\b(?:shall|will|is|begins?|commences?|becomes?|expires?|terminates?|continues?|remains?|runs?"
    r"|starts?)\b",
    re.IGNORECASE,
)
_DURING = Pattern(
    r"\b(?:during|throughout|within)\s+(?:the\s+)?(?:initial\s+)?(?:term|period)\b", re.IGNORECASE
)
_LASTS = re.compile(
    r"\b(?:for|of|be|is|in\s+effect|effect\s+until|expires?|until|to|date|ending"
    r"|ends?(?:\s+on)?)\b[^.;]{0,50}$"
    r"|\binitial\b[^.;]{0,60}$|[:(-]\s*$",
    re.IGNORECASE,
)
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
_END_DATE = Pattern(
    r"\b(?:(?:expir(?:ation|y)|end)\s+date[\"”’')]*\s*(?::|means|shall\s+mean|is|shall\s+be|of)?\s*(?:the\s+)?"
    r"|concluding\s+(?:on\s+)?)",
    re.IGNORECASE,
)
"""What stands right before the date on which a contract ends, in whatever sentence."""
_LONG = Pattern(r"year|month|anniversary|perpetu|indefinite|unlimited|until|unless|end|expire", re.IGNORECASE)
"""A sentence without any of these, and without a digit, has no end of a term in it."""
_DIGIT = re.compile(r"\d")
_NOT_TERM = Pattern(
    r"\bconfidential|\bwarrant|\binsurance|\bnon-?compet|\bpayment|\binvoice|\bcure|\bbreach|\bdefault"
    r"|\bsurviv|\baudit|\bindemnif"
    r"|\bdays?\s+(?:after|of)\s+receipt|\bpublic offering|\bloan|\bemployment",
    re.IGNORECASE,
)
_RENEWS = Pattern(
    r"\b(?:renew\w*|extend\w*|extension\w*|roll(?:s|ed)? over|automatically\s+continue"
    r"|continue[sd]?\s+(?:\w+\s+){0,4}(?:year"
    r"|month)[- ]to[- ])",
    re.IGNORECASE,
)
_AGAIN = Pattern(
    r"\bsuccessive|\bconsecutive|\b(?:year|month|renewal|additional|annual"
    r"|\))[\s-]+(?:renewal\s+)?(?:periods|terms)\b"
    r"|\b(?:periods|terms)\s+of\b|\beach\b|\bevery\b|\byear[- ]to[- ]year|\bmonth[- ]to[- ]month"
    r"|\bannual|\byearly|\byear\s+basis",
    re.IGNORECASE,
)
_TIMES = Pattern(
    r"\b(?P<word>one|two|three|four|five|six|ten)\s*(?:\(\s*(?P<digits>\d{1,2})\s*\))?\s+(?:additional"
    r"|further|successive|consecutive|subsequent|more|renewal|separate)",
    re.IGNORECASE,
)
_TO_AND_FRO = Pattern(
    r"\b(?P<unit>year|month)[- ](?:to|by)[- ](?:year|month)\b"
    r"|\b(?P<annual>annually|yearly|(?:every|each) year|(?:on an )?annual(?= (?:basis|renewal|extension)))\b",
    re.IGNORECASE,
)
_ON_AND_ON = Pattern(
    r"\b(?:renew\w*|extend\w*|renewal)\b[^.;]{0,60}\b(?:indefinite(?:ly)?|unlimited|perpetual(?:ly)?)\b"
    r"|\bcontinu\w+[^.;]{0,60}\bthereafter\s+(?:until|unless)\b[^.;]{0,40}\b(?:terminat|cancel)\w*"
    r"|\bthereafter\b[^.;]{0,40}\bcontinu\w+[^.;]{0,40}\b(?:until|unless)\b[^.;]{0,40}\b(?:terminat|cancel)\w*",
    re.IGNORECASE,
)
"""A term after the first that has no end of its own."""
_NOTICE = Pattern(r"\b(?:notice|notif\w+|advise\w*|inform\w*|elect\w*|writing|give[ns]?)\b", re.IGNORECASE)
_BEFORE = Pattern(r"\b(?:prior|before|advance|preceding|in advance of|notice)\b", re.IGNORECASE)


def expiration(document: Document, cut: Sequence[Sentence], start: str | None) -> Iterator[Candidate]:
    """Dates on which the contract ends, told or counted from ``start``; ``perpetual`` where it has no end."""
    for label in _END_DATE.finditer(document.text):
        date = next(dates(document.text, label.end(), label.end() + 40), None)
        if date is not None and date.start == label.end() and date.value != start:
            yield Candidate(document.text[date.start : date.end], 0.75, date.start, date.end, date.value)
    for each in cut:
        sentence = document.text[each.start : each.end]
        if not (_DIGIT.search(sentence) or _LONG.search(sentence)):
            continue
        score = _term_score(sentence, each.heading)
        found = _end_of(sentence, start) if score >= 0.45 else None
        if found is not None and found[0] != start:
            value, first, last, sure = found
            yield Candidate(sentence[first:last], score * sure, each.start + first, each.start + last, value)


def _term_score(sentence: str, heading: str) -> float:
    """How likely a sentence says how long the contract runs."""
    if len(sentence) > 1800:
        return 0.0
    score = 0.3
    if _HEADED.search(heading):
        score += 0.25
    runs = _RUNS.search(sentence)
    if runs is not None:
        score += 0.3 if runs.start() < 160 else 0.15
    if re.search(r"\binitial\b|[\"“]term[\"”]", sentence, re.IGNORECASE):
        score += 0.15
    if _FROM_TO.search(sentence):
        score += 0.3
    if _DURING.search(sentence):
        score -= 0.25
    if _NOT_TERM.search(heading) or _NOT_TERM.search(sentence[:160]):
        score -= 0.25
    return min(score, 0.98)


def _end_of(sentence: str, start: str | None) -> tuple[str, int, int, float] | None:
    for date in dates(sentence):
        before = sentence[max(date.start - 90, 0) : date.start]
        if _ENDS_ON.search(before) and _last(_END_WORD, before) > _last(_START_WORD, before):
            return date.value, date.start, date.end, 1.0
    for period in periods(sentence):
        before = sentence[max(period.start - 90, 0) : period.start]
        if period.unit in ("day", "week") or not _LASTS.search(before):
            continue
        if re.search(
            r"\b(?:renew\w*|additional|successive|extended|notice|prior|extension\w*)\b[^.;]{0,60}$",
            before,
            re.I,
        ):
            continue
        if start is None:
            return None
        value = later(start, period)
        return (value, period.start, period.end, 0.95) if value is not None else None
    match = re.search(
        r"\b(?P<rank>first|second|third|fourth|fifth|sixth|seventh|tenth|\d{1,2}(?:st|nd|rd"
        r"|th))\b[^.;]{0,12}\banniversary\b",
        sentence,
        re.I,
    )
    if match is not None and start is not None:
        ranks = {
            "first": 1,
            "second": 2,
            "third": 3,
            "fourth": 4,
            "fifth": 5,
            "sixth": 6,
            "seventh": 7,
            "tenth": 10,
        }
        count = ranks.get(match["rank"].lower()) or int(re.sub(r"\D", "", match["rank"]))
        value = later(start, Period(count, "year", match.start(), match.end()))
        if value is not None:
            return value, match.start(), match.end(), 0.95
    match = _FOREVER.search(sentence)
    if match is not None:
        return "perpetual", match.start(), match.end(), 0.8
    return None


def _last(pattern: Pattern, text: str) -> int:
    """Where the last match begins, -1 without one."""
    return max((match.start() for match in pattern.finditer(text)), default=-1)


def renewal(document: Document, cut: Sequence[Sentence]) -> Iterator[Candidate]:
    """How the contract renews: ``successive 1 year``, ``2 successive 5 years``, ``3 years``."""
    for each in cut:
        sentence = document.text[each.start : each.end]
        match = _RENEWS.search(sentence)
        if len(sentence) > 1800:
            continue
        endless = _ON_AND_ON.search(sentence)
        if endless is not None and any(period.unit in ("year", "month") for period in periods(sentence)):
            start, end = each.start + endless.start(), each.start + endless.end()
            yield Candidate(endless[0], 0.7, start, end, "perpetual")
            continue
        if match is None:
            continue
        found = _renewed_by(sentence, match)
        if found is None:
            continue
        value, first, last = found
        score = 0.5 + (0.2 if _HEADED.search(each.heading) else 0.0)
        score += 0.15 if re.search(r"\bautomatic|\bsuccessive|\boption", sentence, re.IGNORECASE) else 0.0
        score += 0.1 if re.search(r"\b(?:agreement|term|contract)\b", sentence[:200], re.IGNORECASE) else 0.0
        score -= 0.3 if _NOT_TERM.search(sentence[:160]) or _NOT_TERM.search(each.heading) else 0.0
        yield Candidate(sentence[first:last], score, each.start + first, each.start + last, value)


def _renewed_by(sentence: str, said: re.Match[str]) -> tuple[str, int, int] | None:
    to_and_fro = _TO_AND_FRO.search(sentence, max(said.start() - 12, 0))
    for period in periods(sentence, said.start(), min(said.end() + 320, len(sentence))):
        after = sentence[period.end : period.end + 60]
        before = sentence[max(period.start - 60, 0) : period.start]
        if re.search(
            r"^\W*(?:prior|notice|before|advance|written|in advance|of notice)\b", after, re.I
        ) or re.search(
            r"\b(?:least|least of|within|upon|than|not later|exceed\w*|notice of|first|initial)\W*$",
            before,
            re.I,
        ):
            continue
        if period.unit == "day" and period.count < 28:
            continue
        around = sentence[max(said.start() - 40, 0) : period.end + 40]
        times = _TIMES.search(sentence, max(said.start() - 60, 0), period.end + 10)
        count = ""
        if times is not None:
            number = times["digits"] or str(NUMBERS[times["word"].lower()])
            count = f"{number} " if number != "1" else "1 "
        if times is not None and times.end() >= period.start:
            count = ""
        if times is not None and count == "1 ":
            return str(period), period.start, period.end
        if count:
            return f"{count}successive {period}", period.start, period.end
        again = _AGAIN.search(around)
        if again and period.unit == "month" and period.count == 12:
            period = Period(1, "year", period.start, period.end)
        return (f"successive {period}" if again else str(period)), period.start, period.end
    if to_and_fro is not None and to_and_fro.start() < said.end() + 200:
        unit = "month" if (to_and_fro["unit"] or "").lower() == "month" else "year"
        return f"successive 1 {unit}", to_and_fro.start(), to_and_fro.end()
    return None


def renewal_notice(document: Document, cut: Sequence[Sentence], near: int | None) -> Iterator[Candidate]:
    """The notice that stops a renewal: in the sentence that renews or one of the two after it."""
    for index, each in enumerate(cut):
        sentence = document.text[each.start : each.end]
        if near is None or not each.start <= near < each.end:
            continue
        for step, other in enumerate(cut[index : index + 3]):
            told = document.text[other.start : other.end]
            for period in periods(told):
                around = told[max(period.start - 120, 0) : period.end + 160]
                after = told[period.end : period.end + 90]
                if not (_NOTICE.search(around) and _BEFORE.search(after)) or period.unit == "year":
                    continue
                if re.search(
                    r"\bmore than\s*$|\bwithin\s*$", told[max(period.start - 20, 0) : period.start], re.I
                ):
                    continue
                if step and not re.search(
                    r"\brenew|\bexpir|\bend of|\bextend|\bthen[- ]current|\bnon-?renew", told, re.I
                ):
                    continue
                yield Candidate(
                    told[period.start : period.end],
                    0.8 - 0.1 * step,
                    other.start + period.start,
                    other.start + period.end,
                    str(period),
                )
                return
        del sentence
