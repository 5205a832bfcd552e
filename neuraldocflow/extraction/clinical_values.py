"""Quantities, codes, doses and names as clinical documents write them, each with its range in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .clinical_terms import HONORIFIC, VITAL


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text and where it stands in ``Document.text``."""

    text: str
    start: int
    end: int

    def cut(self, first: int, last: int) -> Part:
        """The piece from ``first`` to ``last`` of this text, white space at its ends left out."""
        piece = self.text[first:last]
        lead = len(piece) - len(piece.lstrip())
        piece = piece.strip()
        return Part(piece, self.start + first + lead, self.start + first + lead + len(piece))


UNIT = (
    r"(?:%|mm\s?\[?Hg\]?"
    r"|(?:x\s?)?10\s?[*^eE+(]*\s?\d+\)?\s?/\s?[µumc]{0,2}[lL]"
    r"|/(?:min|hpf|lpf|[uµ]?L)\b"
    r"|\[?(?:k|m|c|d|u|µ|n|p|f|mc)?(?:g|mol|Eq|eq|osm|IU|U|kat|iu|K|M|thou|mill|cells|beats|breaths|copies)[A-Za-z]*\]?"
    r"(?:\s?/\s?[A-Za-z0-9.\[\]²³^]+){1,3}"
    r"|\[?(?:lbs?|lb_av|oz|in(?:ches|_i|_us)?|ft|cm|mm|kg|mg|mcg|[uµ]g|pg|fL|fl|um3|uug|m2|m²|degF|degC|Cel|bpm|rpm|sec|"
    r"seconds|ratio|mEq|IU|U|g|m|L|mL|ml|M|K|°?\s?[FC])\]?(?![A-Za-z])"
    r"|°)"
)
_NUMBER = r"[<>≤≥]?=?\s?-?\d[\d,]*(?:\.\d+)?"
QUANTITY = re.compile(rf"\s*(?P<value>{_NUMBER})\s*(?P<unit>{UNIT})?")
_PRESSURE = re.compile(
    r"(?P<sys>\d{2,3})\s*(?:mm\s?\[?Hg\]?)?\s*/\s*(?P<dia>\d{2,3})(?![\d/])\s*(?P<unit>mm\s?\[?Hg\]?)?"
)
_NAMED_QUANTITY = re.compile(
    rf"(?P<name>[A-Za-z][^\n\t;|]*?)[\s:=]+(?P<value>{_NUMBER})\s*(?P<unit>{UNIT})(?=$|[\s,;.)])"
)
_NAMED_VITAL = re.compile(
    rf"(?P<name>{VITAL.pattern})\s*(?:is|was|of|[:=-])?\s*(?P<value>\d{{2,3}}\s*/\s*\d{{2,3}}|\d[\d,]*(?:\.\d+)?)"
    rf"\s*(?P<unit>{UNIT})?",
    re.IGNORECASE,
)
_RANGE_IN_NAME = re.compile(r"\s*\((?P<range>[^()]*\d[^()]*)\)\s*$")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value; ``unit`` is None where none is written beside it."""

    value: Part
    unit: Part | None


def quantity(cell: Part) -> Quantity | None:
    """The number a cell begins with, and its unit: ``141 mmol/L``, ``123 (L)``; None without one."""
    match = QUANTITY.match(cell.text)
    if match is None:
        return None
    rest = cell.text[match.end("value") :]
    if re.match(r"\s*[/:-]\s*\d", rest) and match["unit"] is None:
        return None
    unit = cell.cut(*match.span("unit")) if match["unit"] else None
    return Quantity(cell.cut(*match.span("value")), unit)


def pressures(cell: Part) -> tuple[Part, Part, Part | None] | None:
    """Systolic, diastolic and unit of ``132/86 mmHg`` or ``135mm[Hg]/93mm[Hg]``; None for anything else."""
    match = _PRESSURE.match(cell.text.strip())
    if match is None:
        return None
    lead = len(cell.text) - len(cell.text.lstrip())
    unit = cell.cut(lead + match.start("unit"), lead + match.end("unit")) if match["unit"] else None
    if unit is None and (inner := re.search(r"mm\s?\[?Hg\]?", cell.text)):
        unit = cell.cut(*inner.span())
    return (
        cell.cut(lead + match.start("sys"), lead + match.end("sys")),
        cell.cut(lead + match.start("dia"), lead + match.end("dia")),
        unit,
    )


def named_quantities(text: Part) -> list[tuple[Part, Quantity]]:
    """Every ``name number unit`` of a running text, such as a cell that holds a whole panel."""
    found = []
    for match in _NAMED_QUANTITY.finditer(text.text):
        name = text.cut(*match.span("name"))
        if 0 < len(name.text.split()) <= 8:
            found.append((name, Quantity(text.cut(*match.span("value")), text.cut(*match.span("unit")))))
    return found


def named_vitals(text: Part) -> list[tuple[Part, Part, Part | None]]:
    """Every vital sign named in a running text: name, value (a pressure as ``120/80``), unit."""
    return [
        (
            text.cut(*match.span("name")),
            text.cut(*match.span("value")),
            text.cut(*match.span("unit")) if match["unit"] else None,
        )
        for match in _NAMED_VITAL.finditer(text.text)
    ]


def split_range(name: Part) -> tuple[Part, Part | None]:
    """A test's name and the reference range in parentheses behind it, as in ``HGB (12-16 g/dl)``."""
    match = _RANGE_IN_NAME.search(name.text)
    if match is None or not re.search(r"\d\s*-\s*\d|[<>]", match["range"]):
        return name, None
    return name.cut(0, match.start()), name.cut(*match.span("range"))


def unit_in(text: str) -> str | None:
    """The first unit that follows a number in a reference range; None where it has none."""
    match = re.search(rf"\d\s*(?P<unit>{UNIT})(?=$|[\s,;).])", text)
    return match["unit"] if match else None


CODE_SYSTEMS = (
    r"(?:ICD-?\s?(?:9|10)(?:-?CM|-?PCS)?|SNOMED(?:[ -]?CT)?|CPT(?:-?4)?|LOINC|RxNorm|NDC"
    r"|NDF-RT|HCPCS|CVX|UNII)"
)
_CODE = re.compile(
    rf"[(\[]?\s*(?:(?P<system>{CODE_SYSTEMS})(?:\s?codes?)?\s*[:#-]?\s*(?P<code>[A-Z]?\d[\w.]*)"
    rf"|(?P<code2>[A-Z]?\d[\w.]*)\s*[,;:-]?\s*(?P<system2>{CODE_SYSTEMS}))\s*[)\]]?",
    re.IGNORECASE,
)
_BARE_CODE = re.compile(r"\s*[(\[](?P<code>\d{6,18}|[A-TV-Z]\d[\dA-Z](?:\.[\dA-Z]{1,4})?|\d{5})[)\]]\s*$")


def split_codes(name: Part) -> tuple[Part, list[dict[str, str]]]:
    """A name without the codes written behind it, and the codes: ``Asthma (SNOMED CT: 195967001)``."""
    codes: list[dict[str, str]] = []
    first = len(name.text)
    for match in _CODE.finditer(name.text):
        system, code = match["system"] or match["system2"], match["code"] or match["code2"]
        codes.append({"system": system, "code": code})
        first = min(first, match.start())
    if not codes and (bare := _BARE_CODE.search(name.text)):
        codes.append({"system": _system_of(bare["code"]), "code": bare["code"]})
        first = bare.start()
    if codes and first > 0:
        name = name.cut(0, len(name.text[:first].rstrip(" -–,;:([")))
    return name, codes


def _system_of(code: str) -> str:
    """The code system a bare code has the form of."""
    if re.fullmatch(r"\d{5}", code):
        return "CPT"
    return "SNOMED CT" if code.isdigit() else "ICD-10"


DOSE = re.compile(
    r"\b\d[\d,.]*(?:\s?-\s?\d[\d,.]*)?\s?(?:mg|mcg|[µu]g|g|mL|ml|units?|IU|mEq|puffs?|tab(?:let)?s?|cap(?:sule)?s?|"
    r"drops?|sprays?|patch(?:es)?|suppositor(?:y|ies)|milliliters?|teaspoons?)\b(?:/\w+)?",
    re.IGNORECASE,
)
ROUTE = re.compile(
    r"\b(?:p\.?o\.?|by mouth|oral(?:ly)?|(?:by )?(?:oral|inhalation|rectal|topical|nasal|ophthalmic"
    r"|vaginal|transdermal|"
    r"subcutaneous|intramuscular|intravenous|sublingual|buccal) route|sub-?q|sc|s\.?c\.|sublingual(?:ly)?|"
    r"iv|im|intravenous(?:ly)?|intramuscular(?:ly)?|subcutaneous(?:ly)?|inhaled|inh|topical(?:ly)?|rectal(?:ly)?|"
    r"transdermal|intranasal)\b",
    re.IGNORECASE,
)
FREQUENCY = re.compile(
    r"\b(?:(?:once|twice|three times|four times|\d times)(?: (?:a|per|each|every))?\s?(?:daily|day"
    r"|week(?:ly)?)|"
    r"every \d+(?:\s?-\s?\d+)?\s?(?:hours?|hrs?|days?|weeks?|minutes?)|every (?:day|morning|evening"
    r"|night|other day|week)|"
    r"(?:once )?daily|nightly|weekly|monthly|at bedtime|q\.?\s?\d+(?:\s?-\s?\d+)?\s?h(?:rs?|ours?)?"
    r"|q\.?d\.?|qam|qpm|qhs|"
    r"b\.?i\.?d\.?|t\.?i\.?d\.?|q\.?i\.?d\.?|hs|prn|as needed)(?![\w])(?:[ ,]+(?:prn|as needed)\b)?",
    re.IGNORECASE,
)


def person(text: str) -> str:
    """A person's name without titles before it, in natural order where it is given surname first."""
    text = HONORIFIC.sub("", " ".join(text.split())).strip(" ,;")
    match = re.fullmatch(r"([\w'’-]+(?: [\w'’-]+)?),\s*([\w'’.-]+(?: [\w'’.-]+)*)", text)
    if match and not re.fullmatch(r"(?:M\.?D|D\.?O|Ph\.?D|R\.?N|N\.?P|P\.?A|Jr|Sr|II|III|IV)\.?", match[2]):
        text = f"{match[2]} {match[1]}"
    return text
