"""What the columns of a clinical table hold: its header rows and the role of each column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ..model import Cell, Table
from ..patterns import regex
from .dates import DATE
from .doses import DOSE
from .parts import MEASURED, Part
from .terms import VITAL
from .values import quantity

_ROLES: list[tuple[str, str]] = [
    (
        "group",
        r"^(group|panel|(lab )?order|battery)( (description|name))?$|^(category|class)$|\bgroup$"
        r"|\b(panel|battery) name$",
    ),
    ("code_system", r"\b(code|coding) (system|set|type)\b|^vocabulary$|^system$"),
    ("code_name", r"\bcoded? (description|name|term|meaning)\b|^display name$"),
    (
        "other",
        r"^(mfg|manufacturer|trade|brand|lot|vis|inj|zip|area|fill|rx|prescription number|chronic|w u"
        r"|risk|series"
        r"|dispense|last|next|pharmacy|days|qty|percentile|laterality|associated)\b"
        r"|^(reaction type$|abbreviation|priority|age|quantity|refills|dose number|body site|target site)\b"
        r"|^(identifier|\w+ ids?|ids?)$",
    ),
    ("flag", r"\bflags?\b|\babnormal\b|\binterpretation\b|^h l$"),
    (
        "reference_range",
        r"\bref(erence)?\b|\b(normal|standard) (range|values?)\b|^(range|normals?|limits"
        r"|reference interval)$",
    ),
    ("unit", r"^((lab|test|result|value|measurement) ){0,2}units?( of)?( measure)?$|^uom$"),
    ("severity", r"\bseverity\b|\bcriticality\b|\bsusceptibility\b"),
    ("reaction", r"\breactions?\b|\bmanifestations?\b"),
    ("comment", r"^reason\b.*\b(stop|end|discontinu)"),
    ("status", r"\bstatus\b|^state$|^active$|^change$|^consent$"),
    (
        "end_date",
        r"\b(end|ended|stop|stopped|expires|expiration|expiry|completion|discontinued?|resolved|resolution)\b",
    ),
    (
        "date",
        r"\bdates?\b|\btimes?\b|\bonset\b|\bnoted\b|\bstart(ed)?\b|\bcollected\b|\brecorded\b|\bwhen\b|^since$|^given$"
        r"|\bperformed on\b",
    ),
    ("route", r"\broutes?\b"),
    ("frequency", r"\bfreq(uency)?\b|\bschedule\b|\bhow often\b|\binterval\b|\b(dose )?timing\b"),
    ("directions", r"\bsig\b|\bdirections?\b|\binstructions?\b|\bhow to take\b|\bdosing\b"),
    ("form", r"^(dose |dosage )?form$"),
    ("dose", r"\bdos(e|age)s?\b|^amount$"),
    ("strength", r"\bstrength\b"),
    ("indication", r"\bindications?\b|\breason\b|\btreats\b|\bused for\b"),
    (
        "provider",
        r"\bproviders?\b|\bperformers?\b|\bphysicians?\b|\bsource\b|\bby\b|\bclinicians?\b|\bprescriber\b"
        r"|^(informant|operator|surgeon|attending)$",
    ),
    ("location", r"\blocation\b|\borgani[sz]ation\b|\bfacility\b|\bsite\b|\bclinic\b|\bdepartment\b"),
    ("comment", r"\bcomments?\b|\bnotes?\b|\bdetails?\b|\bremarks?\b|\bannotations?\b"),
    ("code", r"\bcodes?\b|^(icd ?\d*|snomed|cpt|loinc|rxnorm|cvx|ndc|hcpcs|opcs)\b"),
]
_ROLE_PATTERNS = [(role, regex(pattern)) for role, pattern in _ROLES]
_FIRST = ("group", "code_system", "code_name", "other")
"""Roles whose wording is surer than that of a name."""

_NAME_WORDS: dict[str, str] = {
    "allergies": (
        r"^(substances?|allergens?|allerg(y|ies)|allergic to|agents?|intolerances?|ingredients?"
        r"|causative agent)\b|\b(substance"
        r"|allergen|allergies|allergy|agent)$"
    ),
    "medications": (
        r"^(medications?|meds?|drugs?|prescriptions?|products?|materials?|orders?)\b|\b(medications?"
        r"|drug name|product)$"
    ),
    "problems": (
        r"^(problems?|conditions?|diagnos[ie]s|disorders?|health concerns?|comorbidit(y|ies))\b"
        r"|\b(problems?|conditions?|diagnos[ie]s|concerns?)$"
    ),
    "procedures": (
        r"^(procedures?|surger(y|ies)|operations?|interventions?|services?)\b"
        r"|\b(procedures?|surgery)$"
    ),
    "vital_signs": r"^(vital signs?|vitals?|measure|measurements?|observations?|parameters?|signs?"
    r"|tests?)\b|\bvital sign$",
    "results": (
        r"^(tests?|components?|analytes?|measures?|(lab|laboratory) tests?|observations?|investigations?"
        r"|examinations?|exams?)\b"
        r"|\b(test|component|analyte)$|^(result|lab|laboratory) (type|name|test|observation)\b|^lab$"
    ),
    "immunizations": r"^(vaccines?|vaccinations?|immuni[sz]ations?|products?)\b|\b(vaccine|immuni[sz]ation)$",
    "encounters": r"^(encounters?|visits?|types?|services?|description|reason)\b",
    "plan": (
        r"^(planned|plans?|activity|activities|care plan|orders?|tests?|procedures?|goals?"
        r"|instructions?|name)\b"
    ),
}
_NAME_WORDS |= {
    "diagnoses": _NAME_WORDS["problems"],
    "health_concerns": _NAME_WORDS["problems"],
    "past_history": _NAME_WORDS["problems"],
    "surgical_history": _NAME_WORDS["procedures"],
    "administered": _NAME_WORDS["medications"],
}
_NAME_PATTERNS = {kind: regex(pattern) for kind, pattern in _NAME_WORDS.items()}
_NO_NAME = regex(
    r"\b(date|time|status|code|type|id|reaction|instruction|due|dose|group|strength|form|route|unit)s?$"
    r"|^(date|time) "
)
_VALUE = regex(
    r"^((observed|measured|test|lab|result|numeric|actual|your|current|previous|prior|latest) ){0,2}"
    r"(values?|results?|readings?"
    r"|findings?)( units?)?$"
    r"|^(in|out of|within) (normal )?range$"
)


_WRITTEN = regex(
    r"\b(?:recorded|documented|documentation|entered|updated|modified|authored|created)\b", re.IGNORECASE
)
"""Of dates those on which something was written."""
_RUN_TOGETHER = regex(r"(?<=[a-z])(?=[A-Z][a-z])")
"""Where the words of a title meet that is written as one: ``StartDate``."""
_DATE_BEHIND = regex(r"(?<=[a-z])\s+\(?\d{1,4}[-/. ][\w]{1,9}[-/. ]\d{2,4}\)?$")
"""The date behind a column's title: ``Previous result 12 Jan 2020``."""
_WEAK = 4
"""The rank of a title that may as well say of what type the named is."""


@lru_cache(2000)  # of a document's few headers, each is asked for with each of its rows
def column_role(header: str, kind: str) -> tuple[str | None, int]:
    """What a column holds in such a section, and a rank: of several names the lowest is the name."""
    header = _RUN_TOGETHER.sub(" ", _DATE_BEHIND.sub("", header))
    words = " ".join(re.findall(r"[a-z0-9]+", re.sub(r"\([^)]*\)?|\[[^\]]*\]", "", header.lower())))
    if not words:
        return None, 9
    pattern_of_names = _NAME_PATTERNS.get(kind)
    first = " ".join(re.findall(r"[a-z0-9]+", header.lower().split("/")[0])) or words
    names = bool(pattern_of_names and pattern_of_names.search(words) and not _NO_NAME.search(first))
    if header.endswith("?"):  # "Current medication?": what is asked has yes or no for an answer
        return "other", 0
    if _VALUE.search(words) and kind in MEASURED:
        return "value", 0
    for role, pattern in _ROLE_PATTERNS:
        if role in _FIRST and pattern.search(words) and not (names and role == "group"):
            return ("name", 0) if role == "code_name" else (role, 0)
    if names:
        return "name", 1
    for role, pattern in _ROLE_PATTERNS:
        if pattern.search(words) and not (
            role == "severity" and kind in MEASURED
        ):  # "pain severity" is measured
            return role, 0
    if re.search(r"\bnames?$", words):
        return "name", 2
    if re.search(r"\bdescriptions?$|^items?$|^event$", words):
        return "name", 3
    if re.search(r"\btypes?$", words):
        return "name", _WEAK
    return None, 9


_HEADER_KINDS: list[tuple[str, str, str]] = [
    ("allergies", r"allergen|allerg(y|ies)|substance", r"reaction|severity|criticality"),
    ("immunizations", r"vaccine|immuni[sz]ation", r"date|lot|dose|given|status"),
    (
        "medications",
        r"medication|drug",
        r"dose|dosage|sig\b|directions|route|frequency|strength|instructions",
    ),
    ("results", r"\btest|component|analyte", r"result|value"),
    ("vital_signs", r"vital", r"value|result|reading"),
    ("problems", r"problem|diagnosis|condition", r"icd|snomed|code|onset|status"),
    ("procedures", r"^procedure|\bprocedure", r"date|cpt|code"),
]
_HEADER_KIND_PATTERNS = [(kind, regex(first), regex(second)) for kind, first, second in _HEADER_KINDS]


_MOST_VITALS = 3
"""Headers that name vital signs, from which on a table is one of them."""


def kind_of_header(headers: list[str]) -> str | None:
    """The kind of list a table under no known heading holds, by its column headers alone."""
    texts = [header.lower() for header in headers if header.strip()]
    if sum(bool(VITAL.match(text)) for text in texts) >= _MOST_VITALS:
        return "vital_signs"
    for kind, first, second in _HEADER_KIND_PATTERNS:
        for index, text in enumerate(texts):
            if first.search(text) and any(second.search(t) for i, t in enumerate(texts) if i != index):
                return kind
    return None


@dataclass(slots=True)
class Layout:
    """The last row with headers (-1: none), roles and titles by column, the name columns, best first."""

    kind: str
    header_row: int
    roles: dict[int, str]
    names: list[int]
    n_columns: int
    titles: dict[int, str] = field(default_factory=dict)
    headers: dict[int, Cell] = field(default_factory=dict)
    """The lowest header cell of each column that says more than a unit in brackets."""

    def continues(self, before: Layout) -> bool:
        """Whether this is the table before it going on over a page: no header, or a part of the same one.

        Of headers that come again on each page some may have been taken for running lines.
        """
        if self.n_columns != before.n_columns:
            return False
        if self.headers and all(
            column in before.headers and cell.text in before.headers[column].text
            for column, cell in self.headers.items()
        ):
            return True
        return len(self.roles) < len(before.roles) and all(
            role in (before.roles.get(column), "group") for column, role in self.roles.items()
        )

    def under(self, before: Layout) -> Layout:
        """This table's rows under the headers of the one it goes on from."""
        return replace(before, header_row=self.header_row if self.roles else -1)


Rows = dict[int, list[Cell]]


def layout_of(table: Table, rows: Rows, kind: str) -> Layout:
    """The layout by the row among the first whose cells name the most roles, or by several header rows."""
    best = Layout(kind, -1, {}, [], table.n_columns)
    for number in sorted(rows)[: max(table.header_rows, 2)]:
        titles = _header_texts(rows[number], kind, table.n_columns)
        if kind not in MEASURED and any(DOSE.search(title) for title in titles.values()):
            continue  # a medication, in a table without headers whose first row looks like them
        declared = number < table.header_rows or any(cell.header for cell in rows[number])
        layout = _layout(number, titles, titles, kind, table.n_columns)
        alone = len(titles) == 1 and table.n_columns > 1
        known = not alone and (len(layout.roles) >= 2 or declared)
        if known and len(layout.roles) > len(best.roles):
            best = layout
    if table.header_rows >= 2:
        stacked = _stacked(table, rows, kind)
        if len(stacked.roles) >= len(best.roles):
            best = stacked
    if best.header_row < 0 and table.header_rows:
        titles = _header_texts(rows.get(table.header_rows - 1, []), kind, table.n_columns)
        if kind in MEASURED or not any(DOSE.search(title) for title in titles.values()):
            best = Layout(kind, table.header_rows - 1, {}, [], table.n_columns, titles)
    if kind in MEASURED and any(_is_reading(title) for title in best.titles.values()):
        return Layout(kind, -1, {}, [], table.n_columns)
    for number in sorted(rows):
        for cell in rows[number] if number <= best.header_row else ():
            for column in range(cell.column, min(cell.column + cell.colspan, table.n_columns)):
                if not cell.text.startswith("(") or column not in best.headers:
                    best.headers[column] = cell
    if kind in MEASURED:
        _choose_component(best, rows)
    return best


def _is_reading(title: str) -> bool:
    """Whether a title is rather a measurement: a number with its unit."""
    read = quantity(Part(title, -1, -1))
    return read is not None and read.unit is not None


def _layout(number: int, titles: dict[int, str], lowest: dict[int, str], kind: str, width: int) -> Layout:
    """The layout of some titles; ``lowest`` is what a title's last line says, which counts first."""
    ranked: list[tuple[int, int]] = []
    roles: dict[int, str] = {}
    unknown: list[int] = []
    for column, title in titles.items():
        role, rank = column_role(lowest.get(column, title), kind)
        if role is None:
            role, rank = column_role(title, kind)
        if role == "name":
            ranked.append((rank, column))
        elif role:
            roles[column] = role
        elif re.search("[A-Za-z]", title) and not DATE.match(title):
            unknown.append(column)
    dated = [column for column, role in roles.items() if role == "date"]
    written = [column for column in dated if _WRITTEN.search(titles[column])]
    for column in written if len(written) < len(dated) else ():
        roles[column] = "other"  # when it was is told beside when it was written down
    ranked.sort()
    needed = "value" in roles.values() if kind in MEASURED else bool(ranked)
    if unknown and needed and (not ranked or ranked[0][0] >= _WEAK):
        # what is named rather stands under a title of no known meaning than under its type
        ranked.insert(0, (0, unknown[0]))
    if ranked:
        roles[ranked[0][1]] = "name"
    return Layout(kind, number, roles, [column for _, column in ranked], width, titles)


def _stacked(table: Table, rows: Rows, kind: str) -> Layout:
    """The layout of headers in several rows: what spans columns is said of each of them."""
    lines: dict[int, list[str]] = {}
    for number in sorted(rows):
        for cell in rows[number] if number < table.header_rows else ():
            if cell.row == number and cell.text.strip():
                for column in range(cell.column, min(cell.column + cell.colspan, table.n_columns)):
                    lines.setdefault(column, []).append(cell.text)
    titles = {column: " ".join(texts) for column, texts in lines.items()}
    lowest = {column: texts[-1] for column, texts in lines.items()}
    return _layout(table.header_rows - 1, titles, lowest, kind, table.n_columns)


def _choose_component(layout: Layout, rows: Rows) -> None:
    """Of several columns with names, what is measured stands in the one that says most."""
    if len(layout.names) < 2 or "value" not in layout.roles.values():
        return
    said: dict[int, set[str]] = {column: set() for column in layout.names}
    for number, row in rows.items():
        texts = {cell.column: cell.text.strip() for cell in row}
        if number > layout.header_row and all(texts.get(column) for column in layout.names[:2]):
            for column in layout.names:
                said[column].add(texts.get(column, ""))
    first = layout.names[0]
    chosen = max(layout.names, key=lambda column: (len(said[column]), column == first))
    if chosen != first:
        layout.roles[first] = "group"
        layout.roles[chosen] = "name"
        layout.names.remove(chosen)
        layout.names.insert(0, chosen)


_ENDS_A_HEADER = (None, "name", "code_system")
"""What the second of two headers in a cell is not: rather the end of one, as in ``Code System``."""


def _header_texts(row: list[Cell], kind: str, n_columns: int) -> dict[int, str]:
    """Header texts by column; one that runs into the empty cell after it is parted."""
    found = {cell.column: cell.text for cell in row if cell.text.strip()}
    filled = set(found)
    for cell in row:
        after = cell.column + cell.colspan
        own = after < n_columns and not filled.intersection(range(cell.column + 1, after + 1))
        empty = own and len(filled) > 1
        words = cell.text.split()
        if not empty or len(words) < 2:
            continue
        for count in range(len(words) - 1, 0, -1):
            left, right = " ".join(words[:count]), " ".join(words[count:])
            if column_role(left, kind)[0] and column_role(right, kind)[0] not in _ENDS_A_HEADER:
                found[cell.column], found[after] = left, right
                break
    return found


def names_columns(row: list[Cell], kind: str) -> bool:
    """Whether a row is a header, such as one that comes again where two tables ran together."""
    roles = [column_role(cell.text, kind)[0] for cell in row if cell.text.strip()]
    return len(roles) >= 3 and "name" in roles and None not in roles
