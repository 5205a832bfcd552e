"""Who the patient is, and by whom and where seen: the labelled particulars at a document's head."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, pairwise

from ..model import Document, Span, Table
from ..patterns import regex
from .identity import is_letterhead
from .parts import Part, lines_of, part_of
from .sections import CLOSING, CONTENTS, LISTS, ClinicalSection
from .terms import RELATIVE, clause_before, section_kind

_NUMBERED = r"(?:ids?|identifiers?|no|numbers?|num)"
_LABELS: list[tuple[str, str]] = [
    (
        "patient_name",
        r"^((patient|resident|client)( name)?|patient'?s? (full )?name|name( of patient)?|full name"
        r"|pt( name)?|re|member name)$",
    ),
    ("given_name", r"^(patient'?s? )?(first|given|fore) ?names?$"),
    ("family_name", r"^(patient'?s? )?(last|family|sur) ?name$"),
    ("birth_date", r"^((patient )?(date of birth|birth ?date|dob|d o b|born|birth date)( age)?)$"),
    (
        "sex",
        r"^((patient )?(administrative )?(sex|gender|sex gender|gender identity)|legal sex|birth sex"
        r"|age (sex|gender)|(sex|gender) age)$",
    ),
    (
        "identifiers",
        r"^((patient|medical record|mrn|mr|chart|account|record|health|member|national|person|ssn"
        r"|social security|nhs|nhi|chi|"
        rf"hospital|unit|external|internal|enterprise)\b.*\b{_NUMBERED}|mrn|mr"
        r"|m r n|ssn|patient ids?|"
        r"mpi|medical record|identifiers?)$",
    ),
    (
        "encounter_date",
        r"^(encounter date|date of (visit|service|encounter|admission|discharge|consultation|clinic|surgery"
        r"|operation|procedure|arrival)"
        r"|visit date|"
        r"service date|admission date|discharge date|admitted|discharged|date seen|dos|clinic date"
        r"|appointment date|admit date|surgery date|arrival( date)?)$",
    ),
    (
        "provider",
        r"^(((primary )?performer|performed by|(attending|referring|primary care|ordering|consulting"
        r"|treating)? ?"
        r"(physician|provider|doctor|practitioner|clinician|surgeon|consultant|pcp|\w+ologist)"
        r"|attending|attender|admitter|gp|seen by"
        r"|responsible party|"
        r"author|dictated by|completed by|prepared by|reported by|electronically signed by|signed( by)?"
        r"|legal authenticator)( ((primary care|general|family|attending|admitting|consulting"
        r"|referring|nurse) )?"
        r"(physician|provider|practitioner|doctor|surgeon|nurse)| name)?)$",
    ),
    (
        "facility",
        r"^(document maintained by|facility( name)?|clinic( name)?|hospital( name)?|organi[sz]ation"
        r"|practice( name)?|"
        r"encounter location|custodian|location|site)$",
    ),
]
_LABEL_PATTERNS = [(role, regex(pattern)) for role, pattern in _LABELS]
_IN_TEXT = regex(
    r"(?:^|(?<=[\n\t|;,])|(?<=\s\s)|(?<=\s)|(?<=\())(?:(?P<label>"
    r"(?i:Medical Record|Record|Patient|Account|Chart|Hospital|NHS|MR|Unit) ?(?i:ID|Number|No\.?|#)"
    r"|(?i:(?:First|Given|Last|Family) ?Names?|Forenames?|Surname)"
    r"|(?:Patient|Resident|Client)(?:'s)?(?: Full)?(?: Name)?|Name"
    r"|Pt|RE|Re|DOB|D\.O\.B\.|"
    r"Date of [Bb]irth|DATE OF BIRTH|Birth ?[Dd]ate|Born|(?:Age ?/ ?)?(?:Sex|SEX|Gender|GENDER)|MRN|"
    r"Date of (?:[Vv]isit|[Ss]ervice|[Ee]ncounter|[Aa]dmission"
    r"|[Dd]ischarge|[Cc]onsultation|[Cc]linic|[Ss]urgery|[Oo]peration|[Pp]rocedure)"
    r"|DATE OF (?:SERVICE|VISIT|ADMISSION|DISCHARGE|SURGERY|OPERATION|PROCEDURE)|"
    r"Admitted|Discharged|(?:Visit|Encounter|Admission|Discharge|Service|Clinic) [Dd]ate|(?:Attending"
    r"|Referring|Primary [Cc]are"
    r"|Ordering|Treating)?"
    r"\s?(?:Physician|Provider|Surgeon)|Attending|Consultant|PCP|SURGEON|Completed by"
    r"|[A-Z][a-z]+ologist|PHYSICIAN|Facility|Clinic|Hospital|Location"
    r"|PATIENT(?: NAME)?|NAME|GP)\s*[:#]"
    r"|(?P<signed>[Ee]lectronically [Ss]igned [Bb]y)\s*:?|(?P<bare>DOB|D\.O\.B\.|MRN"
    r"|[Bb]orn(?: on)?)(?= \w*\d))\s*"
)
_LABEL_SIGN = regex(r"[:#]|DOB|D\.O\.B|MRN|[Bb]orn|[Ss]igned")
"""What every label in a text has."""
_STOP = regex(
    r"\s{2,}|[\n\t|;)]|,?\s+(?=[A-Z][A-Za-z./]{1,14}(?: [a-z]{2,12})?:|[A-Z]{2,5} Number:)|\s+on\s+\d"
)
_LETTERHEAD = 4
"""Blocks at the head of a document among which the name of the place is looked for."""
_LONGEST_LABEL = 60
_NO_NAME = regex(
    r"^\S+$|\b(?:information|details|demographics?|data|summary|records?|history|instructions|education|portal"
    r"|identification|contact|care|provider|birth|date|gender|sex|age|address|visit)\b",
    re.IGNORECASE,
)
"""What stands behind "Patient" or "Name" in a title, or among the heads of columns, and is nobody."""
_MOST_LABEL_WORDS, _MOST_VALUE_WORDS, _MOST_NAME_WORDS = 5, 12, 6


def label_role(label: str) -> str | None:
    """What a label announces, such as ``birth_date``; None for any other label."""
    if len(label) > _LONGEST_LABEL or re.search(r"\d\d", label):
        return None
    plain = re.sub(r"\s*\([^()]*\)\s*:?\s*$", "", label)  # "Performer (consulting provider)"
    for told in dict.fromkeys((label.replace("#", " number"), plain)):
        words = " ".join(re.findall(r"[a-z]+", told.lower()))
        for role, pattern in _LABEL_PATTERNS:
            if pattern.search(words):
                return role
    return None


def particulars(document: Document, sections: list[ClinicalSection]) -> Iterator[tuple[str, Part, float]]:
    """(role, value, score) for every labelled value: those beside label cells, then in text."""
    names: dict[str, tuple[Part, float]] = {}
    for role, part, score in _labelled(document, sections):
        if role in ("given_name", "family_name"):
            names.setdefault(role, (part, score))
        else:
            yield role, part, score
    if len(names) == 2:
        (given, score), (family, _) = names["given_name"], names["family_name"]
        yield "patient_name", Part(f"{given.text} {family.text}", family.start, family.end), score


def _labelled(document: Document, sections: list[ClinicalSection]) -> Iterator[tuple[str, Part, float]]:
    for section in sections:
        if section.kind in ("head", None, "encounters", "care_team"):
            for table in section.tables:
                if section.kind == "head":
                    yield from _below_labels(table)
                for number, row in table.by_row().items():
                    if section.kind != "head" and number < table.header_rows:
                        continue
                    for label, shown in pairwise(row):
                        role = label_role(label.text)
                        if role and shown.text.strip() and not label_role(shown.text):
                            yield role, part_of(shown), 0.97 if section.kind == "head" else 0.85
                    if section.kind == "head" and not any(label_role(cell.text) for cell in row):
                        for cell in row:  # a page may show label and value in one cell
                            yield from _labelled_line(part_of(cell))
    yield from _labelled_lines(document)
    yield from _bold_labels(document)
    yield from _labels_in_text(document)
    yield from _signatures(document)
    for block in document.blocks:
        found = _AGED.finditer(block.text) if block.table is None else ()
        if aged := next((each for each in found if _of_the_patient(block.text, each.start())), None):
            yield (
                "sex",
                Part(aged["sex"], block.start + aged.start("sex"), block.start + aged.end("sex")),
                0.7,
            )
            break
    for block in document.blocks[:_LETTERHEAD]:
        for line in lines_of(part_of(block))[:1] if block.table is None else ():
            if is_letterhead(line.text):
                yield "facility", line, 0.6


def _below_labels(table: Table) -> Iterator[tuple[str, Part, float]]:
    """Values in the row below one that holds labels alone, most of them the patient's particulars."""
    for above, row in pairwise(table.by_row().values()):
        roles = {cell.column: label_role(cell.text) for cell in above if cell.text.strip()}
        known = [role for role in roles.values() if role]
        if len(known) < 2 or 2 * len(known) <= len(roles) or any(label_role(cell.text) for cell in row):
            continue
        for cell in row:
            role = roles.get(cell.column)
            if role and cell.text.strip():
                yield role, part_of(cell), 0.97


_AGED = regex(
    r"\b\d{1,3}[- ]?(?:y(?:ea)?rs?[- ]old|y\.?/?o\.?) (?:\w+ ){0,2}"
    r"(?P<sex>man|woman|male|female|gentleman|lady|boy|girl)\b",
    re.I,
)
"""How a letter says who the patient is: ``this 72-year-old gentleman``."""


def _of_the_patient(text: str, start: int) -> bool:
    """Whether a sentence, as far as it goes, has not come to speak of a relative."""
    return RELATIVE.search(clause_before(text, start)) is None


_SIGNS = regex(
    r"(?:Dr|Prof)\.? [A-Z]"
    r"|[A-Z][\w.'-]+(?: [A-Z][\w.'-]*)+,? (?:M\.?D|D\.?O|N\.?P|P\.?A(?:-C)?|R\.?N|MB|MRCP|FRCP)\b"
)
"""A line that begins with the name of a clinician, told by a title or a degree."""
_DEGREES = regex(r"(?:,? (?:[A-Z]\.?){2,6}(?:-C)?)+(?= [A-Z][a-z])")
"""Degrees with something behind them that a page shows in the same line, such as a post."""


def _signatures(document: Document) -> Iterator[tuple[str, Part, float]]:
    """Who signs below the closing line of a letter."""
    closed = False
    for block in document.blocks:
        if block.table is not None or not block.text.strip():
            continue
        for line in lines_of(part_of(block)):
            if closed and _SIGNS.match(line.text):
                degrees = _DEGREES.search(line.text)
                yield "provider", line.cut(0, degrees.end() if degrees else len(line.text)), 0.85
            closing = CLOSING.match(line.text) or line.text.startswith("____")
            closed = closing is not None and len(line.text.split()) <= _MOST_LABEL_WORDS


def _labels_in_text(document: Document) -> Iterator[tuple[str, Part, float]]:
    """Values behind labels with a colon, wherever they stand in a text or a cell."""
    for block in document.blocks:
        for shown in block.table.cells if block.table else [block]:
            if _LABEL_SIGN.search(shown.text) is None:
                continue  # as of most cells: looking for each label takes far longer
            part = part_of(shown)
            for match in _IN_TEXT.finditer(part.text):
                role = "provider" if match["signed"] else label_role(match["label"] or match["bare"])
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
    contents = False
    for block in document.blocks:
        if block.kind == "heading" and section_kind(block.text) in LISTS:
            return
        if block.kind == "heading":
            contents = CONTENTS.fullmatch(block.text) is not None
        if contents or block.table is not None or not block.text.strip():
            waiting = None
            continue
        for line in lines_of(part_of(block)):
            whole = label_role(line.text)
            if whole:
                waiting = whole
                continue
            if waiting and block.kind != "heading" and not _IN_TEXT.match(line.text):
                yield waiting, line, 0.9
            waiting = None
            yield from _labelled_line(line)


def _labelled_line(line: Part) -> Iterator[tuple[str, Part, float]]:
    """The value of a line that begins with a label, the longest there is."""
    words = list(re.finditer(r"\S+", line.text))
    if len(_IN_TEXT.findall(line.text)) > 1:
        return
    for count in range(min(_MOST_LABEL_WORDS, len(words) - 1), 0, -1):
        role = label_role(line.text[: words[count - 1].end()])
        if role:
            value = line.cut(words[count].start(), len(line.text))
            marked = line.text[words[count - 1].end() - 1] in ":#"
            if _may_be(role, value.text) and (
                marked or role != "patient_name" or not _NO_NAME.search(value.text)
            ):
                yield role, value, 0.9
            return


def _may_be(role: str, value: str) -> bool:
    """Whether a value is as short as what is labelled, and a name written as one."""
    words = value.split()
    if role != "patient_name":
        return len(words) <= _MOST_VALUE_WORDS
    return len(words) <= _MOST_NAME_WORDS and all(re.match(r"[A-Z(.]", word) for word in words)


def _up_to_next(value: Part) -> Part:
    """A value without the next label that stands behind it."""
    ends = [each.start() for each in (_IN_TEXT.search(value.text), _STOP.search(value.text)) if each]
    return value.cut(0, min([*ends, len(value.text)])).trimmed(" :,;")


def _bold_labels(document: Document) -> Iterator[tuple[str, Part, float]]:
    """Values behind bold labels in lines above the first list: a form without rulings, several to a line."""
    for block in document.blocks:
        if block.kind == "heading" and section_kind(block.text) in LISTS:
            return
        for line, first in zip(block.lines, block.line_starts, strict=False):
            role, at = None, first
            runs = [
                (bold, "".join(span.text for span in spans)) for bold, spans in groupby(line.spans, _is_bold)
            ]
            for bold, text in runs:
                start = block.text.find(text.strip(), at)
                if start < 0 or not text.strip():
                    continue
                at = start + len(text.strip())
                if bold:
                    role = label_role(text)
                elif role:
                    value = _up_to_next(Part(text.strip(), block.start + start, block.start + at))
                    if value.text and _may_be(role, value.text):
                        yield role, value, 0.9
                    role = None


def _is_bold(span: Span) -> bool:
    return span.bold
