"""Entries in list items and lines: a name, and behind it what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..patterns import regex
from .codes import column_codes, split_codes
from .columns import column_role
from .dates import DATE
from .doses import DOSE, FREQUENCY, ROUTE
from .parts import MEASURED, Entry, Part
from .terms import ABSENCE, REACTION, is_bare_title, title_words

_BULLET = regex(r"^[\s•*·▪◦–-]+|^o\s+(?=[A-Z])|^\(?\d{1,2}[.)]\s+")
"""What stands before an item; Word draws the hollow bullet of a second level as an "o"."""
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_RANK = regex(
    r"(?:principal|primary|secondary|admitting|final|discharge"
    r"|working)(?: diagnos[ei]s)?\s*:\s*",
    re.IGNORECASE,
)
_FIELD = regex(r"(?:^|[;,|\n]\s*)(?P<label>[A-Z][A-Za-z ]{1,24}?)\s*:\s*(?=\S)")
_DATED = (
    r"(?:on |in |since |due )?\(?(?:\d{1,4}[-/]\d{1,2}[-/]\d{1,4}|\d{1,2}[-/]\d{4}"
    rf"|\d{{1,2}}[- ]{_MONTH}[- ](?:19|20)\d\d"
    rf"|(?:{_MONTH} )?(?:\d{{1,2}},? )?(?:19|20)\d\d)\b"
)
_SAID = (
    r"(?:(?:in)?active|resolved|chronic|acute|controlled|stable|since|onset|status(?! post)|diagnosed"
    r"|completed|given"
    r"|planned|scheduled|ordered|pending|refused|declined|not given|cancel+ed|discontinued|stopped"
    r"|started|verified)"
)
_SINCE = regex(r"(?:onset|since|diagnosed)(?: in| on)?\s*:?\s+", re.IGNORECASE)
_END = regex(r"(?:resolution|resolved|ended|end date|stopped|until)(?: on| in)?\s*:?\s+", re.IGNORECASE)
_TAIL = regex(rf"\s*(?::|\s[-–—]|,|\()\s*(?={_SAID}\b|{_DATED})|\s+(?={_DATED})", re.IGNORECASE)
_ALLERGY_TAIL = regex(
    rf"{_TAIL.pattern}|\s*[,(]\s*(?=(?:reaction|mild|moderate|severe|{REACTION})\b)|\s*:\s+|\s+[-–—]\s+|\s+causes\s+",
    re.IGNORECASE,
)
_FORM = r"(?:tab|cap|susp|sol|drop|spray|cream|gel|oint|powder|syrup|inhal|patch|film|extended|delayed)"
"""What a form of a medication begins with: ``10 mg oral tablet`` says what it is, not how to take it."""
_DIRECTIONS = regex(
    r"(?<!\s)(?:\s*[,;:–—]|\s+-)?\s+(?=(?:sig\b|take|give|inhale|inject|apply|use|instil+|insert|dissolve|"
    r"chew|place|by mouth|at (?:bedtime|night)|p\.?o\.?(?![\w])|once|twice|every|daily|nightly|weekly"
    r"|as needed|prn|(?:as|when) required|start(?:ed)? (?:date|on|\d)"
    r"|(?:two|three|four|\d) times|\d(?:-\d){2,3}"
    r"|[ob]d|[tq]ds|mane|nocte|"
    rf"\d+(?: \(\w+\))? (?:tab|cap|puff|spray|drop)\w*"
    rf"|[bt]\.?i\.?d\b|q\d|qhs|qd|{ROUTE.pattern} {FREQUENCY.pattern})"
    r"(?!\w))"
    rf"|(?<!\s)\s*[,;:–—]\s+(?={DOSE.pattern}(?: {ROUTE.pattern}|\s?=))"
    rf"|\s-\s+(?={DOSE.pattern} (?:{ROUTE.pattern}|{FREQUENCY.pattern})(?! {_FORM}))"
    rf"|(?<!\s)\s*\n\s*(?={DOSE.pattern}\s)",
    re.IGNORECASE,
)
_LABEL = regex(
    r"\s{0,5}[,;(–—-]{0,5}\s{0,5}(?<!\w)(?P<label>indications?|reactions?|severity|criticality|status"
    r"|onset(?: date)?|comments?|notes?"
    r"|sig|directions|date|quantity|qty|refills?|dispensed?)\s*(?::|\s[-–]\s)\s*(?=\S)",
    re.IGNORECASE,
)
_WHEN = regex(
    r"(?:(?P<ended>stopped|ended|resolved|discontinued)|(?P<status>completed|ordered)"
    r"|started|onset|administered(?: on)?|given)\s*:?\s*(?=\w)",
    re.IGNORECASE,
)
_HOW = regex(
    r"(?:take|give|inhale|inject|apply|use|instil+|insert|dissolve|chew|place)\s+(?:\d|one|two|half|a\b|an\b|by)",
    re.I,
)
"""What directions begin with that stand in a line of their own."""
_NUMBER_FIRST = regex(r"\s*\(?\d{1,2}[.)]\s")
_GOES_ON = regex(rf"{_LABEL.pattern}|\s*(?:\(|and\b|take\b|sig\b|{DOSE.pattern}[ ,])", re.IGNORECASE)
"""What a line begins with that still speaks of the entry in the line above."""
_LABEL_ROLES = {
    "indications": "indication",
    "reactions": "reaction",
    "criticality": "severity",
    "onset": "date",
    "onset date": "date",
    "comments": "comment",
    "notes": "comment",
    "note": "comment",
    "sig": "directions",
}
_NO_ENTRY = regex(
    r"(?:last (?:reviewed|updated|verified|modified)"
    r"|(?:problem|medication|allergy|immunization) lists? (?:(?:was|were|has been|is) )?"
    r"(?:reviewed|updated|unchanged)"
    r"|see|refer|which|thanks?|as above|reviewed|patient|the|he|she|this|these|unless|documented|none|data"
    r"|i (?=[a-z])|we (?=[a-z])|section|reported"
    r"|(?:electronically )?signed|(?:completed|prepared|dictated) by)\b",
    re.IGNORECASE,
)
_PERSON = regex(
    r"_*\s*[A-Z][\w.'-]+(?: [A-Z][\w.'-]*){1,3},? (?:MD|M\.D\.|DO|D\.O\.|NP|PA-C|RN)(?:, [A-Z]{2,6})*\W*$"
)
_SAYS = regex(r"\s(?:is|are|was|were|has|have|had) ", re.IGNORECASE)
"""What a sentence about an allergy has, and the name of what it is to has not."""
_DRUG = (
    r"(?:[A-Za-z][\w/-]+(?: [A-Za-z][\w/-]+){0,2} \d[\d.,]*(?:[-/]\d[\d.]*)? ?(?:mg|mcg|[µμu]g|g|mL"
    r"|micrograms?|milligrams?|grams?|units?|IU|mEq)\b"
    r"|(?!(?:apply|use|topical)\b)[A-Za-z][\w/-]{3,} (?:inhaler|nasal spray|eye drops|cream|ointment"
    r"|patch(?:es)?)\b)"
)
_SEPARATORS = {
    "allergies": rf"(?:[;,]| and (?=\w+(?: \([^()]*\))?\W*$)"
    rf"|(?<=[a-z)])\. (?=[A-Z]))(?![^()]*(?<!\d)\))(?!(?i:{_LABEL.pattern.replace('?P<label>', '?:')}))",
    "medications": rf";(?!\s*(?:\d|by mouth|(?i:take|give|inhale|inject|apply|once|twice|every)))"
    rf"|,(?: and)? (?={_DRUG})|(?<=[\w)])[.,]? (?=\d{{1,2}}\. [A-Z])",
}
_CHANGED = r"(?:stopped|discontinued|held|on hold|finished|completed|new|started|increased|reduced|unchanged)"
_TOLD = (
    r"(?:stop|start|continue|hold|resume|discontinue|change|increase|decrease|reduce|new|stopped|started"
    r"|continued|held|resumed|discontinued|changed|increased|decreased|reduced)(?: (?:taking|using))?"
)
_TOLD_TO = regex(
    rf"(?:{_BULLET.pattern})?(?P<label>{_TOLD})(?:\s*:\s*(?=\w)| (?:(?:the|your|with|on|to) )?(?={_DRUG}))",
    re.IGNORECASE,
)
"""What a list of changes tells of a medication before its name: ``STOP warfarin 5 mg``."""
TOLD_BELOW = regex(rf"(?P<label>{_TOLD})(?: (?:these )?(?:medications?|medicines?))?\s*:?", re.IGNORECASE)
"""A heading in a list of medications that tells the same of those below it."""
_MEDICATION_TAIL = regex(rf"{_DIRECTIONS.pattern}|\s*(?:[,;:(–—]|\s-)\s*(?={_CHANGED}\b)", re.IGNORECASE)
_VACCINE_TAIL = regex(rf"{_TAIL.pattern}|\s*,\s*(?=lot\b)|\s+(?={DOSE.pattern})", re.IGNORECASE)
_SEVERITY = regex(
    r"\s*[(,]?\s*\b(?P<severity>(?:mild|moderate|severe)(?: to (?:moderate|severe))?)\b\)?", re.I
)
_TAILS = {
    "medications": _MEDICATION_TAIL,
    "administered": _MEDICATION_TAIL,
    "allergies": _ALLERGY_TAIL,
    "immunizations": _VACCINE_TAIL,
    "plan": None,
}
_COMMAS = r",\s+(?:and\s+)?"
_ENUMERATED = frozenset(
    {"problems", "past_history", "diagnoses", "health_concerns", "procedures", "surgical_history"}
)
_SHORT = regex(r"(?!MD|DO|NP|PA|RN|OK|NA|BP|HR|AM|PM|ED|ER)[A-Z]{2}\d?")
_QUALIFIES = regex(
    r"(?:type|stage|grade|class|with|without|due|on|in|of|not|nos|un\w+ed|left|right|bilateral|mild|moderate|severe"
    r"|chronic|acute|(?:un)?controlled|stable|likely|probable|possible|benign|malignant|initial|subsequent|other"
    r"|(?:community|hospital)[ -](?:acquired|associated)|closed|open|displaced|recurrent|persistent|heal\w+"
    r"|laparoscopic|arthroscopic|robotic|endoscopic|(?:un)?complicated"
    r"|upper|lower|distal|proximal|anterior|posterior|contrast|seasonal|insulin|diet|well|poorly|new|old|status"
    rf"|primary|secondary|{_SAID})\b",
    re.IGNORECASE,
)
"""What begins a part of a name that a comma parts: ``Diabetes mellitus, type 2``."""
_SENTENCE = regex(
    r"\.\s*$|\b(?:is|are|was|were|has|have|had|will|continues?|denies|reports|presents?|shows?|remains?|doing|feels?)\b",
    re.IGNORECASE,
)
"""What a line of prose has, and a diagnosis that stands by itself has not."""
_NUMBERED = r";(?![^()]*\))|(?<=[\w)])[.,]? (?=\d{1,2}\. [A-Z])"
_MOST_WORDS, _MOST_WORDS_OF_ITEM, _MOST_WORDS_OF_PLAN = 10, 14, 25
"""A line with more is a sentence."""
_LONGEST = 5000
"""Characters: a longer line lists no entries, and to look at its separators costs by its square."""


def split_remarks(cell: Part, kind: str, told: dict[str, Part]) -> tuple[Part, dict[str, Part]]:
    """A name without what its own cell says of it, and that by role; ``told`` is what other cells say."""
    name, said = _labelled(cell)
    if kind in ("medications", "administered") and not {"directions", "frequency"} & told.keys():
        tail = _DIRECTIONS.search(name.text)
        if tail is not None and tail.start() > 2:
            said.setdefault("directions", name.cut(tail.end(), len(name.text)).trimmed(" •"))
            name = name.cut(0, tail.start())
    return name, said


def told_in_details(details: Part) -> dict[str, Part]:
    """What a cell of details says by role: ``Started 13-May-2020 Active``; what has no label is a comment."""
    bullet = _BULLET.match(details.text)
    rest, said = _labelled(details.cut(bullet.end() if bullet else 0, len(details.text)), shortest=0)
    when = _WHEN.match(rest.text)
    dated = DATE.match(rest.text[when.end() :]) if when else None
    if when and dated:
        done = when.end() + dated.end()
        role = "end_date" if when["ended"] else "date"
        said[role] = rest.cut(when.end(), done)
        behind = rest.cut(done, len(rest.text))
        whole = re.match(rf"{_SAID}(?=\s*$|\s*\n|\s(?-i:[A-Z]))", behind.text, re.IGNORECASE)
        if whole is not None:
            said.setdefault("status", behind.cut(*whole.span()))
            behind = behind.cut(whole.end(), len(behind.text))
        elif when["status"]:
            said.setdefault("status", rest.cut(*when.span("status")))
        rest = behind
    if rest.text:
        said.setdefault("comment", rest)
    return said


def _labelled(text: Part, shortest: int = 3) -> tuple[Part, dict[str, Part]]:
    """A text up to its first label, and what stands behind each: ``Quinzine – Reaction: Hives``."""
    labels = [match for match in _LABEL.finditer(text.text) if match.start() >= shortest]
    said: dict[str, Part] = {}
    for match, end in zip(labels, [*(m.start() for m in labels[1:]), len(text.text)], strict=False):
        word = match["label"].lower()
        shown = text.cut(match.end(), end).trimmed(" ,;)–—-•")
        if shown.text:
            said.setdefault(_LABEL_ROLES.get(word, word), shown)
    name = text.cut(0, labels[0].start()).trimmed(" ,;:(") if labels else text
    return name, said


def labelled_parts(text: Part, kind: str) -> dict[str, Part] | None:
    """What a line says by role, where all of it is labelled and the name comes first."""
    fields = _fields(text, kind)
    roles = [role for role, _ in fields]
    if len(fields) < 2 or roles[0] != "name" or None in roles:
        return None
    said: dict[str, Part] = {}
    for role, shown in fields:
        if role and shown.text:
            said.setdefault(role, shown)
    return said if "name" in said else None


def remarks(text: Part, kind: str) -> dict[str, Part] | None:
    """What a line says by role of the entry before it: ``Onset: 2011``; None for a line of another kind."""
    if kind in (*MEASURED, "plan"):
        return None
    said = dict(_fields(text, kind))
    if not said:
        return _plain_remarks(text, kind)
    if {None, "name"} & said.keys():
        return None
    told = {str(role): shown for role, shown in said.items()}
    return told if all(_speaks_of(role, shown.text) for role, shown in told.items()) else None


def _plain_remarks(text: Part, kind: str) -> dict[str, Part] | None:
    """What a line without labels says of the entry before it: how to take it, when it was started."""
    bullet = _BULLET.match(text.text)
    line = text.cut(bullet.end() if bullet else 0, len(text.text))
    if kind == "medications" and _HOW.match(line.text):
        return {"directions": line}
    dated = told_in_details(line) if _WHEN.match(line.text) else {}
    return dated if dated and "comment" not in dated else None


def _fields(text: Part, kind: str) -> list[tuple[str | None, Part]]:
    """What stands behind each label of a line that begins with one, by the label's role."""
    bullet = _BULLET.match(text.text)
    text = text.cut(bullet.end(), len(text.text)) if bullet else text
    labels = list(_FIELD.finditer(text.text))
    if not labels or labels[0].start() > 0:
        return []
    ends = [*(match.start() for match in labels[1:]), len(text.text)]
    return [
        (column_role(match["label"], kind)[0], text.cut(match.end(), end).trimmed(" ;,|"))
        for match, end in zip(labels, ends, strict=True)
    ]


def _behind_label(line: Part, kind: str) -> tuple[Part, Part | None]:
    """The entry of a line that begins with what is said of it, and that: ``Stop: Warfarin 5 mg``."""
    if kind == "medications" and (told := _TOLD_TO.match(line.text)):
        return line.cut(told.end(), len(line.text)), line.cut(*told.span("label"))
    lead = _FIELD.match(line.text)
    role = column_role(lead["label"], kind)[0] if lead is not None else ""
    if lead is None or role not in ("date", "end_date", "status"):
        return line, None
    said = line.cut(*lead.span("label")) if role == "status" else None
    return line.cut(lead.end(), len(line.text)), said


def _speaks_of(role: str, value: str) -> bool:
    """Whether a label's value tells something of an entry, and is not the entry: ``Started: Lisinopril``."""
    if role in ("date", "end_date"):
        return DATE.match(value) is not None
    if role == "status":
        return re.match(rf"{_SAID}\b", value, re.IGNORECASE) is not None
    return role != "other"


def line_entries(part: Part, kind: str, is_item: bool) -> list[Entry]:
    """Entries of a list item, or of a line that may list several."""
    found: list[Entry] = []
    for line in joined_lines(part, is_item):
        if len(line.text) > _LONGEST:
            continue
        more = remarks(line, kind)
        if more is not None and found:
            found[-1].parts = {**more, **found[-1].parts}
            continue
        said = labelled_parts(line, kind)
        if said is None:
            entry, changed = _behind_label(line, kind)
            for each in _free_entries(entry, kind, is_item):
                if changed is not None:
                    each.parts.setdefault("status", changed)
                found.append(each)
            continue
        code = said.pop("code", None)
        name, codes = split_codes(said.pop("name"))
        codes = [*(column_codes(code, "", "") if code else []), *codes]
        found.append(Entry(kind, name, said, codes, 0.9))
    return found


def _free_entries(line: Part, kind: str, is_item: bool) -> Iterator[Entry]:
    """Entries of a line as people write them: a name, and behind it what is said of it."""
    for piece in map(_without_title, _pieces(line, kind, is_item)):
        labelled, parts = _labelled(piece)
        pattern = _TAILS.get(kind, _TAIL)
        tail = pattern.search(labelled.text) if pattern is not None else None
        name = labelled
        if tail is not None and tail.start() > 2:
            name = labelled.cut(0, tail.start())
            rest = _closed(labelled.cut(tail.end(), len(labelled.text)))
            said = _role_of(rest.text, kind)
            severe = _SEVERITY.search(rest.text) if kind == "allergies" else None
            if severe is not None:
                parts.setdefault("severity", rest.cut(*severe.span("severity")))
                rest = rest.cut(0, severe.start())
            since = _SINCE.match(rest.text) if said == "status" else None
            if since is not None and DATE.match(rest.text[since.end() :]):
                rest = rest.cut(since.end(), len(rest.text))
            dated = DATE.match(rest.text) if said == "status" else None
            if dated is not None:
                parts.setdefault("date", rest.cut(0, dated.end()))
                rest = _ended(rest.cut(dated.end(), len(rest.text)), parts)
            rest = rest.cut(len(rest.text) - len(rest.text.lstrip(" :")), len(rest.text))
            if rest.text:
                parts.setdefault(said, rest)
        name, codes = split_codes(name)
        codes += split_codes(Part("- " + piece.text[len(name.text) :], -1, -1))[1] if not codes else []
        name = name.trimmed(" .;,:")
        words = name.text.split()
        most = _MOST_WORDS_OF_PLAN if kind == "plan" else _MOST_WORDS_OF_ITEM if is_item else _MOST_WORDS
        sure = is_item and codes  # what a code stands behind is named, however long the name
        short = kind in _ENUMERATED and _SHORT.fullmatch(name.text)  # as "MI" and "DM2" are
        if not (short or re.search(r"[A-Za-z]{3}", name.text)) or (len(words) > most and not sure):
            continue
        if _PERSON.match(piece.text):
            continue  # who signs
        if kind == "allergies" and _SAYS.search(name.text):
            continue
        if _NO_ENTRY.match(name.text) or not title_words(name.text):
            continue
        if kind != "plan" and is_bare_title(name.text):
            continue
        if ABSENCE.match(re.sub(r"^[\d/:.\s-]+", "", name.text)):
            continue
        listed = codes or _NUMBER_FIRST.match(line.text)
        told = kind == "assessment" and not listed and _SENTENCE.search(line.text)
        yield Entry(kind, name, parts, codes, 0.8 if is_item else 0.3 if told else 0.6)


def _ended(rest: Part, parts: dict[str, Part]) -> Part:
    """What is said behind a date, without when it ended and what brackets say of the record."""
    rest = rest.cut(len(rest.text) - len(rest.text.lstrip(" ,;–-)")), len(rest.text))
    end = _END.match(rest.text)
    dated = DATE.match(rest.text[end.end() :]) if end else None
    if end and dated:
        last = end.end() + dated.end()
        parts.setdefault("end_date", rest.cut(end.end(), last))
        rest = _ended(rest.cut(last, len(rest.text)), {})
    return rest.cut(0, 0) if rest.text.startswith("[") else rest


def _without_title(piece: Part) -> Part:
    """An entry without the title of the lines below that it ends with: ``Gout. Of the knee:``."""
    if not piece.text.endswith(":"):
        return piece
    return piece.cut(0, piece.text.rfind(". ") + 1)


def _role_of(rest: str, kind: str) -> str:
    """What is said behind a name: directions of a medication, the reaction of an allergy, else a status."""
    if kind in ("medications", "administered"):
        return "status" if re.match(rf"{_CHANGED}\b", rest, re.IGNORECASE) else "directions"
    if kind == "allergies" and re.match(REACTION, rest, re.IGNORECASE):
        return "reaction"
    return "comment" if kind == "immunizations" and not re.match(_SAID, rest, re.IGNORECASE) else "status"


def _closed(rest: Part) -> Part:
    """What stands behind a name without a full stop, and without a bracket that opened before it."""
    rest = rest.trimmed(" .")
    return rest if rest.text.count("(") >= rest.text.count(")") else rest.trimmed(" ).")


def _pieces(line: Part, kind: str, is_item: bool) -> list[Part]:
    """The entries a line lists, bullets, numbers and ranks left out."""
    found: list[Part] = []
    position = 0
    separators = _COMMAS if _is_enumeration(line.text, kind) else _SEPARATORS.get(kind, _NUMBERED)
    matches = [] if is_item else re.finditer(separators, line.text)
    for match in [*matches, None]:
        piece = line.cut(position, match.start() if match else len(line.text))
        for lead in (_BULLET, _RANK):
            if before := lead.match(piece.text):
                piece = piece.cut(before.end(), len(piece.text))
        found.append(piece)
        position = match.end() if match else 0
    return [piece for piece in found if piece.text]


def _is_enumeration(text: str, kind: str) -> bool:
    """Whether a line of prose lists short names: ``Hypertension, asthma, and gout``, ``Biopsy 2001, …``."""
    if kind not in _ENUMERATED:
        return False
    parts = [part.split() for part in re.split(_COMMAS, text.strip(" ."))]
    most = 6 if kind == "past_history" else 4
    if len(parts) < 2 or any(not 0 < len(part) <= most or _QUALIFIES.match(" ".join(part)) for part in parts):
        return False
    each = [bool(re.search(rf"(?<!\d){_DATED}", " ".join(part), re.IGNORECASE)) for part in parts]
    dated = any(each) if kind in ("procedures", "surgical_history") else all(each)
    short = kind == "past_history" and sum(len(part) < 3 for part in parts) * 2 > len(parts)
    return dated or (len(parts) > 2 and (", and " in text or short))


def joined_lines(part: Part, is_item: bool) -> list[Part]:
    """The lines of a text, each with those that go on speaking of it; of an item all without a number."""
    spans: list[list[int]] = []
    for match in re.finditer(r"[^\n]+", part.text):
        goes_on = not _NUMBER_FIRST.match(match[0]) if is_item else _GOES_ON.match(match[0])
        if spans and goes_on:
            spans[-1][1] = match.end()
        else:
            spans.append([*match.span()])
    return [part.cut(first, last) for first, last in spans]
