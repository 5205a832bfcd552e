"""Values of a patient's particulars: names of people and places, identifiers, sex, from their text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..patterns import regex
from .parts import Part
from .terms import ABSENCE, HONORIFIC

_OID = regex(r"\s+\(?\d(?:\.\d+){4,}\)?")
_ID_LABEL = regex(
    r"^(?:[A-Za-z][A-Za-z .]{0,24}:\s*|(?:MRN|SSN|MBI|HICN?|NHS|ID|No\.?|EPI|PIN)\s+(?=\w*\d))", re.I
)
_ROOT = regex(r"\d+(?:\.\d+)+")
"""An object identifier with nothing before it: it names who issues identifiers, and is none."""
_IDENTIFIER = regex(r"(?<![A-Z0-9])[A-Z0-9](?=[\w/-]*\d)[\w/-]*$|(?<!\d)(?<!\d )\d[\d ]+\d$", re.IGNORECASE)
_ISSUER = regex(r"\s*\([^()]*\)\s*$")
_DEGREE = r"(?:M\.?D|D\.?O|Ph\.?D|R\.?N|N\.?P|P\.?A(?:-C)?|C?P?NP|Jr|Sr|II|III|IV)\.?"
_ORGANISATION = regex(
    r"\b(?:hospitals?|clinics?|polyclinic|cl[ií]nica|cent(?:er|re)s?|department|health(?:care)?|medic(?:al|ine)|systems?"
    r"|associates|group|practice|physicians|hospitalists|laborator(?:y|ies)|infirmary|pediatrics|cardiology"
    r"|endocrinology|urgent care|surgery cent\w+|university|institute|facility|nursing|specialists"
    r"|generator|inc|llc|ehr)\b",
    re.IGNORECASE,
)
_PLACE_ENDS = regex(
    r"(?:hospitals?|clinics?|cent(?:er|re)|infirmary|medicine|associates|laborator(?:y|ies)|practice|surgery|health"
    r"|medical group|health system|pediatrics|cardiology|oncology|specialists|facility)$",
    re.IGNORECASE,
)
_NOBODY = regex(
    r"\b(?:engine|version|software|application|server|interface|gateway|tbd|unknown|unassigned|other)\b"
    r"|(?-i:[a-z](?:Systems?|Share|Soft|Chart|Health|Care|Link|Net)\b)|^(?-i:[A-Z]{3,8})$",
    re.IGNORECASE,
)
"""What stands where an author does and is a system, an abbreviation or a blank: ``Test Engine 2.1``."""
_LOWER = regex(
    r"(?:^|\s)(?!(?:de|der|den|del|van|von|zu|la|le|du|da|dos|di|bin|ibn|al|el|y|e|and)\b)[a-z]{2,}"
)
"""A word that no name has: ``Referral for …``."""
_SUBJECT = regex(
    r"\b(?:for|the|requests?|referral|reports?|results?|letter|appointment|claim"
    r"|follow[- ]?up|visit|authori[sz]ation)\b",
    re.IGNORECASE,
)
"""What the subject of a letter has and no name: ``Re: Request for …``."""
_DOCUMENT = regex(r"\b(?:note|summary|report|record|letter)$", re.IGNORECASE)
"""What a name ends with that is a document's: ``Hospital Discharge Summary``."""
_NO_PLACE = regex(
    r"\b(?:note|summary|record|report|letter|document|department|results?|history|of)\b", re.IGNORECASE
)


def identifiers(cell: Part) -> Iterator[Part]:
    """The identifiers of a cell, without labels, the names of their issuers and their object identifiers."""
    found = list(_OID.finditer(cell.text))
    if found:
        position = 0
        for match in found:
            part = _unlabelled(cell.cut(position, match.start()))
            if part.text:
                yield part
            position = match.end()
        return
    for match in re.finditer(r"[^\n,;|]+", cell.text):
        part = _unlabelled(cell.cut(*match.span()))
        inner = _IDENTIFIER.search(part.text)
        if inner and not _ROOT.fullmatch(part.text):
            yield part.cut(*inner.span())


def _unlabelled(part: Part) -> Part:
    """An identifier's text without the label before it and the issuer in brackets behind it."""
    label, issuer = _ID_LABEL.match(part.text), _ISSUER.search(part.text)
    return part.cut(label.end() if label else 0, issuer.start() if issuer else len(part.text))


_SEXES = {"m": "male", "f": "female", "man": "male", "woman": "female", "undifferentiated": "other"}
_SEXES |= {"gentleman": "male", "boy": "male", "lady": "female", "girl": "female"}


def sex(text: str) -> str | None:
    """``male``, ``female``, ``other`` or ``unknown``; None for a text that names no sex."""
    match = re.match(
        r"\W*(male|female|m|f|man|woman|gentleman|lady|boy|girl|other|undifferentiated|unknown)\b",
        text.lower(),
    )
    match = match or re.search(r"^\W*\d.*\b(male|female|m|f|man|woman)\b", text.lower())  # behind an age
    if match is None:
        return None
    return _SEXES.get(match[1], match[1])


def person(text: str) -> str:
    """A person's name without titles before it and other names after it, surname last."""
    text = HONORIFIC.sub("", " ".join(text.split())).strip(" ,;")
    match = re.fullmatch(r"([\w'’-]+(?: [\w'’-]+)?),\s*([\w'’.-]+(?: [\w'’.-]+)*)", text)
    if match and not re.fullmatch(_DEGREE, match[2], re.IGNORECASE):
        if match[1].split()[0] == match[2].split()[0]:
            return match[1]
        text = f"{match[2]} {match[1]}"
    return text


def is_organisation(text: str) -> bool:
    """Whether a name is rather one of a place or a body than of a person."""
    return _ORGANISATION.search(text) is not None


def _is_person(name: str) -> bool:
    """Whether what a provider's label shows is written as a person's name is."""
    if is_organisation(name) or _NOBODY.search(name) or _POST.fullmatch(name):
        return False
    return name[:1].isupper() and _LOWER.search(name.partition(",")[0]) is None


_POST = regex(
    r"(?:(?:consultant|senior|specialist|staff|chief|lead|nurse|\w+(?:ic|al|ry|ar|gy|ive|ac)) )*"
    r"(?:physician|surgeon|practitioner|registrar|consultant|nurse|\w+ologist)",
    re.IGNORECASE,
)
"""What stands behind a consultant's name and is no name: ``Consultant Respiratory Physician``."""


def is_letterhead(text: str) -> bool:
    """Whether a line at a document's head is nothing but the name of a clinic, hospital or laboratory."""
    words = text.split()
    return (
        2 <= len(words) <= 7
        and _PLACE_ENDS.search(text) is not None
        and _NO_PLACE.search(text) is None
        and all(word[:1].isupper() or word in ("and", "&", "at", "for", "the") for word in words)
    )


def values_of(role: str, part: Part, date_in: Callable[[str], str | None]) -> Iterator[tuple[Part, str]]:
    """The values a labelled text gives for a role, each with its place; ``date_in`` reads dates."""
    text = " ".join(part.text.split())
    if ABSENCE.match(text) and role != "sex":
        return
    if role == "identifiers":
        for piece in identifiers(part):
            yield piece, piece.text
    elif role == "patient_name":
        name = re.split(r",?\s*(?:\(|\b(?:DOB|MRN|born)\b)", text)[0]
        if re.search(r"[A-Za-z]{2}", name) and len(name.split()) <= 7 and not _SUBJECT.search(name):
            yield part, person(name)
    elif role == "sex":
        yield part, sex(text) or ""
    elif role == "encounter_date":
        for date in re.split(r"\bto\b|\s[-–]\s", text):
            yield part, date_in(date) or ""
    elif role == "birth_date":
        yield part, date_in(text) or ""
    elif role == "provider":
        if text.startswith(","):  # no name before that of the organisation
            return
        name = re.split(r"\s+(?:of|at|signed|on)\s|\s*\n|,?\s+\d", part.text.split("\n")[0])[0]
        name = " ".join(name.split()).strip(" ,")
        first, _, rest = name.partition(",")
        if rest and (is_organisation(rest) or _PLACE_ENDS.search(rest)):
            name = first
        if _is_person(name):
            yield part, name
    else:
        name = part.text.split("\n")[0].strip(" ,")
        if not name.lower().startswith("id:") and not _DOCUMENT.search(name):
            yield part, " ".join(name.split())
