"""Whose law governs a contract: the sentence that says so, and the state or country it names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..candidates import Candidate
from ..model import Document
from ..patterns import Pattern, regex
from ..sentences import Sentence

STATES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii"
    "|Idaho|Illinois"
    "|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi"
    "|Missouri"
    "|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio"
    "|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont"
    "|West Virginia|Virginia|Washington|Wisconsin|Wyoming|District of Columbia|Puerto Rico"
)
PROVINCES = (
    "Ontario|Quebec|Québec|British Columbia|Alberta|Manitoba|Saskatchewan|Nova Scotia|New Brunswick"
    "|Newfoundland and Labrador|Prince Edward Island"
)
COUNTRIES = (
    "England and Wales|England & Wales|England|Wales|Scotland|Northern Ireland|Republic of Ireland|Ireland"
    "|United Kingdom|People[’'`]?s Republic of China|Republic of China|Mainland China|PRC|China"
    "|Hong Kong|Macau"
    "|Taiwan|Federal Republic of Germany|Germany|France|Switzerland|Netherlands|Belgium|Luxembourg"
    "|Austria|Italy"
    "|Spain|Portugal|Denmark|Sweden|Norway|Finland|Iceland|Poland|Czech Republic|Hungary|Romania"
    "|Bulgaria|Greece"
    "|Turkey|Cyprus|Malta|Russian Federation|Russia|Ukraine|State of Israel|Israel|United Arab Emirates|Dubai"
    "|Saudi Arabia|Qatar|Kuwait|Egypt|Republic of South Africa|South Africa|Nigeria|Kenya|Ghana|India"
    "|Pakistan"
    "|Bangladesh|Sri Lanka|Singapore|Malaysia|Indonesia|Thailand|Vietnam|Philippines|Japan|Republic of Korea"
    "|South Korea|Korea|New South Wales|Victoria|Queensland|Western Australia|South Australia|Australia"
    "|New Zealand"
    "|Canada|Mexico|Brazil|Argentina|Chile|Colombia|Peru|Uruguay|Panama|Costa Rica|Bermuda|Cayman Islands"
    "|British Virgin Islands|Bahamas|Barbados|Jersey|Guernsey|Isle of Man|Gibraltar|Liechtenstein|Monaco"
    "|Marshall Islands|Mauritius|Beijing|United States of America|United States"
)
WHERE = regex(rf"(?:the )?(?:{STATES}|{PROVINCES}|{COUNTRIES}|U\.?S\.?A?\.?|U\.?K\.?)", re.IGNORECASE)
"""A place, as the whole of a text."""
_PEOPLES = {
    "english": "England",
    "israeli": "Israel",
    "german": "Germany",
    "french": "France",
    "swiss": "Switzerland",
    "dutch": "Netherlands",
    "japanese": "Japan",
    "chinese": "People's Republic of China",
    "canadian": "Canada",
    "swedish": "Sweden",
    "danish": "Denmark",
    "italian": "Italy",
    "spanish": "Spain",
    "indian": "India",
    "irish": "Ireland",
    "scots": "Scotland",
    "norwegian": "Norway",
    "finnish": "Finland",
    "austrian": "Austria",
    "belgian": "Belgium",
    "polish": "Poland",
    "portuguese": "Portugal",
    "greek": "Greece",
    "turkish": "Turkey",
    "russian": "Russia",
    "korean": "Korea",
    "australian": "Australia",
    "brazilian": "Brazil",
    "mexican": "Mexico",
    "singapore": "Singapore",
}
_PLACE = regex(
    rf"\b(?:{STATES}|{PROVINCES}|{COUNTRIES}|(?:{'|'.join(_PEOPLES)})(?=\s+laws?\b))\b", re.IGNORECASE
)
_GOVERNS = regex(
    r"\b(?:governed|construed|interpreted|enforced|determined|controlled)\b[^.;]{0,120}?\b(?:laws?"
    r"|statutes)\b"
    r"|\b(?:laws?)\s+of\b[^.;]{0,160}?\b(?:shall|will|is to|are to|governs?|appl(?:y|ies)|controls?)\b"
    r"|\b(?:governing|applicable|controlling)\s+law\b"
    r"|\b(?:subject to|under|in accordance with"
    r"|pursuant to)\s+(?:and\s+\w+\s+)?(?:the\s+)?(?:\w+\s+){0,2}laws?\s+of\b"
    rf"|\bsubject to\s+(?:{'|'.join(_PEOPLES)})\s+laws?\b"
    rf"|\b(?:{'|'.join(_PEOPLES)})\s+laws?\s+(?:(?:shall|will)\s+)?appl(?:y|ies)\b"
    rf"|\b(?:decided|resolved|settled|governed)\s+(?:exclusively\s+)?(?:under|by)\s+(?:{STATES})\s+laws?\b"
    r"|\bsubstantive\s+laws?\s+of\b"
    r"|\bdeemed (?:to be )?(?:a contract )?(?:made|entered|executed)\b[^.;]{0,60}\blaws?\b",
    re.IGNORECASE,
)
_SAYS = regex(r"(?:governed|construed|interpreted)\b", re.IGNORECASE)
_LAW_OF = regex(
    r"\b(?:laws?|statutes|courts?)\b(?:\s+and\s+\w+)?[^.;]{0,60}?\b(?:of|in)\b|\blaws?\b", re.IGNORECASE
)
_ORGANISED = Pattern(
    r"\b(?:organi[sz]ed|incorporated|existing|formed|registered|established|good standing"
    r"|chartered)\b[^.;]{0,60}?\blaws?\b|\bsecurities laws\b",
    re.IGNORECASE,
)
_ENDS = regex(
    r"\bwithout\b|\bexcluding\b|\bexclusive of\b|\bregardless\b|\birrespective\b|\bexcept\b"
    r"|\bnotwithstanding\b"
    r"|\bas (?:such laws|applied|they apply|if)\b|\bapplicable to\b|\b(?:and"
    r"|but)\s+(?:the\s+)?(?:parties|each|any|all|both|venue)\b"
    r"|\bcourts?\b|\bwith(?:out)? (?:respect|regard|reference)|[;(]|\bany (?:action|dispute|suit)"
    r"|\bfor (?:contracts|agreements)",
    re.IGNORECASE,
)
_HEADED = Pattern(r"\b(?:governing|applicable|choice of|controlling|law)\b", re.IGNORECASE)
_SAID = {
    "prc": "People's Republic of China",
    "state of israel": "Israel",
    "england and wales": "England; Wales",
    "england & wales": "England; Wales",
    "united states of america": "United States",
    "federal republic of germany": "Germany",
    "mainland china": "People's Republic of China",
}


def governing_law(document: Document, cut: Sequence[Sentence]) -> Iterator[Candidate]:
    """Sentences on the governing law with the places they name, surest first where scores tell."""
    text = document.text
    for each in cut:
        sentence = text[each.start : each.end]
        if len(sentence) > 3000 or ("aw" not in sentence and "AW" not in sentence):
            continue
        for match in _GOVERNS.finditer(sentence):
            found = _places(sentence, match)
            if found is None:
                continue
            value, start, end = found
            score = 0.75
            if _HEADED.search(each.heading):
                score += 0.12
            if _SAYS.match(match[0]):
                score += 0.05
            if re.search(
                r"\bthis\b[^.;]{0,40}\b(?:agreement|contract|amendment|license|lease)\b", sentence, re.I
            ):
                score += 0.08
            if _ORGANISED.search(sentence[max(match.start() - 20, 0) : match.end() + 60]):
                score -= 0.4
            yield Candidate(
                text[each.start + start : each.start + end],
                score,
                each.start + start,
                each.start + end,
                value,
            )
            break


def _places(sentence: str, said: re.Match[str]) -> tuple[str, int, int] | None:
    """The places named after the law is, up to where the sentence turns to something else."""
    law = _LAW_OF.search(sentence, said.start())
    begin = law.end() if law is not None else said.end()
    stop = _ENDS.search(sentence, begin)
    end = min(stop.start() if stop else len(sentence), begin + 220)
    found = list(_PLACE.finditer(sentence, begin, end))
    if not found:
        before = list(_PLACE.finditer(sentence, max(said.start() - 160, 0), begin))
        if not before:
            return None
        found = before[-1:]
    names: list[str] = []
    found = [match for match in found if match.start() <= found[0].end() + 45]
    for match in found:
        name = _name(match[0])
        if name.casefold() not in (each.casefold() for each in names):
            names.append(name)
    return _joined(names), found[0].start(), found[-1].end()


def _name(text: str) -> str:
    plain = " ".join(text.split()).replace("’", "'")
    if plain.lower() in _PEOPLES:
        return _PEOPLES[plain.lower()]
    if plain.lower() in _SAID:
        return _SAID[plain.lower()]
    if plain.isupper():
        plain = re.sub(r"\b(Of|And)\b", lambda match: match[0].lower(), plain.title()).replace("'S ", "'s ")
    return plain


def _joined(names: list[str]) -> str:
    """A province with its country; a state alone where the United States stand beside it."""
    states = [name for name in names if re.fullmatch(STATES, name)]
    if states:
        names = [name for name in names if name != "United States"]
    if any(re.fullmatch(PROVINCES, name) for name in names):
        province = next(name for name in names if re.fullmatch(PROVINCES, name))
        return f"{province}, Canada"
    if (
        len(names) > 1
        and names[1] in ("United Kingdom", "Australia", "People's Republic of China")
        and names[0] != names[1]
    ):
        names = names[:1]
    return "; ".join(names[:2])
