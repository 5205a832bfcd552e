"""How a contract renews, and what notice stops that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..candidates import Candidate
from ..model import Document
from ..patterns import Pattern, lowered, regex
from ..sentences import Sentence
from .dates import NUMBERS, Period, periods

HEADED = Pattern(r"\b(?:term|duration|expiration|period|commencement|renewal|effective)\b", re.IGNORECASE)
NOT_TERM = Pattern(
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

_NOTICE_OF = regex(r"\bnotice(?:\s+period)?\s+of(?:\s+at\s+least|\s+not\s+less\s+than)?\s*$", re.IGNORECASE)


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
        score = 0.5 + (0.2 if HEADED.search(each.heading) else 0.0)
        score += 0.15 if re.search(r"\bautomatic|\bsuccessive|\boption", sentence, re.IGNORECASE) else 0.0
        score += 0.1 if re.search(r"\b(?:agreement|term|contract)\b", sentence[:200], re.IGNORECASE) else 0.0
        score -= 0.3 if NOT_TERM.search(sentence[:160]) or NOT_TERM.search(each.heading) else 0.0
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
            number = times["digits"] or str(NUMBERS[lowered(times["word"])])
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
            named = list(periods(told))
            for number, period in enumerate(named):
                around = told[max(period.start - 120, 0) : period.end + 160]
                # "before" behind the next length of time is of that one, and so is "a notice of" before it
                following = named[number + 1].start if number + 1 < len(named) else len(told)
                after = _NOTICE_OF.sub("", told[period.end : min(period.end + 90, following)])
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
