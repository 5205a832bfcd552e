"""Who the patient is, and by whom and where seen: the labelled particulars at a document's head."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from .clinical_sections import LISTS, ClinicalSection
from .clinical_terms import section_kind
from .clinical_values import Part
from .model import Document

_LABELS: list[tuple[str, str]] = [
    (
        "patient_name",
        r"^(patient|patient'?s? (full )?name|name( of patient)?|full name|pt( name)?|re|member name)$",
    ),
    ("birth_date", r"^((patient )?(date of birth|birth ?date|dob|d o b|born|birth date)( age)?)$"),
    ("sex", r"^((patient )?(administrative )?(sex|gender|sex gender|gender identity)|legal sex|birth sex)$"),
    (
        "identifiers",
        r"^((patient|medical record|mrn|chart|account|record|health|member|national|person|ssn"
        r"|social security|nhs|"
        r"hospital|unit|external|internal|enterprise)\b.*\b(ids?|identifiers?|no|numbers?|num)|mrn"
        r"|m r n|ssn|patient ids?|"
        r"mpi|medical record|identifiers?)$",
    ),
    (
        "encounter_date",
        r"^(encounter date|date of (visit|service|encounter|admission|discharge|consultation)|visit date|"
        r"service date|admission date|discharge date|admitted|discharged|date seen|dos"
        r"|appointment date|admit date)$",
    ),
    (
        "provider",
        r"^(((primary )?performer|performed by|(attending|referring|primary care|ordering|consulting"
        r"|treating)? ?"
        r"(physician|provider|doctor|practitioner|clinician|surgeon|pcp)|attending|seen by|surgeon"
        r"|responsible party|"
        r"author|dictated by|electronically signed by|signed( by)?"
        r"|legal authenticator)( primary care.*| name)?)$",
    ),
    (
        "facility",
        r"^(document maintained by|facility( name)?|clinic( name)?|hospital( name)?|organi[sz]ation"
        r"|practice( name)?|"
        r"encounter location|custodian|location|site)$",
    ),
]
_LABEL_PATTERNS = [(role, re.compile(pattern)) for role, pattern in _LABELS]
_IN_TEXT = re.compile(
    r"(?:^|(?<=[\n\t|;,])|(?<=\s\s)|(?<=\s)|(?<=\())(?P<label>Patient(?:'s)?(?: Full)?(?: Name)?|Name"
    r"|Pt|RE|Re|DOB|D\.O\.B\.|"
    r"Date of [Bb]irth|DATE OF BIRTH|Birth ?[Dd]ate|Born|Sex|SEX|Gender|GENDER|MRN"
    r"|Medical Record (?:Number|No\.?|#)|"
    r"Patient ID|Account (?:Number|No\.?|#)|Date of (?:[Vv]isit|[Ss]ervice|[Ee]ncounter|[Aa]dmission"
    r"|[Dd]ischarge|Consultation)|"
    r"(?:Visit|Encounter|Admission|Discharge|Service) [Dd]ate|(?:Attending|Referring|Primary [Cc]are"
    r"|Ordering|Treating)?"
    r"\s?(?:Physician|Provider|Surgeon)|Facility|Clinic|Hospital|PATIENT(?: NAME)?|NAME)\s*[:#]\s*"
)
_STOP = re.compile(r"\s{2,}|[\n\t|;)]|,?\s+(?=[A-Z][A-Za-z./]{1,14}:)")
_OID = re.compile(r"\s+\(?\d(?:\.\d+){4,}\)?")


def label_role(label: str) -> str | None:
    """What a label announces, such as ``birth_date``; None for any other label."""
    if re.search(r"\d\d", label):
        return None
    words = " ".join(re.findall(r"[a-z]+", label.lower()))
    for role, pattern in _LABEL_PATTERNS:
        if pattern.search(words):
            return role
    return None


def particulars(document: Document, sections: list[ClinicalSection]) -> Iterator[tuple[str, Part, float]]:
    """(role, value, score) for every labelled value: those beside label cells, then in text."""
    for section in sections:
        if section.kind in ("head", None, "encounters", "care_team"):
            for table in section.tables:
                for row in table.by_row().values():
                    for label, shown in pairwise(row):
                        role = label_role(label.text)
                        if role and shown.text.strip() and not label_role(shown.text):
                            part = Part(shown.text, shown.start, shown.end).cut(0, len(shown.text))
                            yield role, part, 0.97 if section.kind == "head" else 0.85
    yield from _labelled_lines(document)
    for block in document.blocks:
        held = [Part(cell.text, cell.start, cell.end) for cell in block.table.cells] if block.table else []
        for part in held or [Part(block.text, block.start, block.end)]:
            for match in _IN_TEXT.finditer(part.text):
                role = label_role(match["label"])
                rest = part.text[match.end() :]
                following = _IN_TEXT.search(rest)
                stop = _STOP.search(rest)
                ends = [m.start() for m in (following, stop) if m is not None and m.start() > 0]
                value = part.cut(match.end(), match.end() + min([*ends, len(rest), 80]))
                if role and value.text:
                    yield role, value, 0.85


def _labelled_lines(document: Document) -> Iterator[tuple[str, Part, float]]:
    """Lines above the first list that begin with a label, and the line after one that is only a label."""
    waiting: str | None = None
    for block in document.blocks:
        if block.kind == "heading" and section_kind(block.text) in LISTS:
            return
        if block.table is not None or not block.text.strip():
            waiting = None
            continue
        part = Part(block.text, block.start, block.end)
        words = list(re.finditer(r"\S+", block.text))
        whole = label_role(block.text)
        if whole:
            waiting = whole
            continue
        if waiting and block.kind != "heading":
            yield waiting, part, 0.9
        waiting = None
        for count in range(min(5, len(words) - 1), 0, -1):
            role = label_role(block.text[: words[count - 1].end()])
            if role:
                value = part.cut(words[count].start(), len(block.text))
                name_like = all(re.match(r"[A-Z(.]", word) for word in value.text.split())
                if role != "patient_name" or (name_like and len(value.text.split()) <= 6):
                    yield role, value, 0.9
                break


def identifiers(cell: Part) -> Iterator[Part]:
    """The identifiers of a cell, without the object identifiers of their issuers."""
    found = list(_OID.finditer(cell.text))
    if found:
        position = 0
        for match in found:
            part = cell.cut(position, match.start())
            if part.text:
                yield part
            position = match.end()
        return
    for match in re.finditer(r"[^\n,;|]+", cell.text):
        part = cell.cut(*match.span())
        inner = re.search(r"[A-Z0-9][A-Z0-9-]*\d[A-Z0-9-]*$", part.text, re.IGNORECASE)
        if inner:
            yield part.cut(*inner.span())


_MONTHS = {
    m: i
    for i, m in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}


def iso_date(text: str) -> str | None:
    """The first date of a text as ISO 8601; a slashed one is read month first."""
    text = re.sub(r"(?<=\d)\s*([-/])\s*(?=\d)", r"\1", text)
    if match := re.search(r"\b((?:19|20)\d\d)-(\d\d?)-(\d\d?)", text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    elif match := re.search(r"\b(\d\d?)[/.-](\d\d?)[/.-]((?:19|20)\d\d)\b", text):
        month, day, year = int(match[1]), int(match[2]), int(match[3])
        if month > 12:
            month, day = day, month
    elif match := re.search(
        r"\b([A-Za-z]{3})[a-z]*\.?\s+(\d\d?)(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b", text
    ):
        month, day, year = _MONTHS.get(match[1].lower(), 0), int(match[2]), int(match[3])
    elif match := re.search(r"\b(\d\d?)[\s-]([A-Za-z]{3})[a-z]*\.?,?[\s-]((?:19|20)\d\d)\b", text):
        day, month, year = int(match[1]), _MONTHS.get(match[2].lower(), 0), int(match[3])
    elif match := re.search(r"\b((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\b", text):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
    else:
        return None
    return f"{year:04}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else None


def sex(text: str) -> str | None:
    """``male``, ``female``, ``other`` or ``unknown``; None for a text that names no sex."""
    match = re.match(r"\W*(male|female|m|f|man|woman|other|undifferentiated|unknown)\b", text.lower())
    if match is None:
        return None
    return {"m": "male", "f": "female", "man": "male", "woman": "female", "undifferentiated": "other"}.get(
        match[1], match[1]
    )
