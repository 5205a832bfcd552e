"""Codes of clinical code systems, in brackets behind a name, before it, or in columns of their own."""

from __future__ import annotations

import re

from ..patterns import regex
from .parts import Part

CODE_SYSTEMS = (
    r"(?:ICD(?:-?\s?(?:9|10)(?![\d.])(?:-?CM|-?PCS)?)?|SNOMED(?:[ -]?CT)?|SCT|CPT(?:-?[24])?|LOINC"
    r"|Rx ?Norm|Rx ?CUI|NDC"
    r"|NDF-RT|HCPCS|CVX|UNII|OPCS-?4?)"
)
_SYSTEM = regex(rf"(?<!\w){CODE_SYSTEMS}(?!\w)", re.IGNORECASE)
_ADDRESSES = {
    "snomed": "SNOMED CT",
    "rxnorm": "RxNorm",
    "loinc": "LOINC",
    "cvx": "CVX",
    "icd-10": "ICD-10",
    "icd-9": "ICD-9",
}
"""Words of the addresses that stand for code systems, as in ``http://snomed.info/sct``."""
_CODE_FORM = r"(?:[A-Z]{1,2}-?\d[\w.-]*|\d[\w.-]*)(?<![.-])"
_CODE = regex(
    rf"[(\[]?\s*(?<!\w)(?:(?P<system>{CODE_SYSTEMS})(?:\s?codes?)?\s*[:#-]?\s*(?P<code>{_CODE_FORM})"
    rf"|(?<![\d/-])(?P<code2>(?!\d+[-/]\d+[-/]\d){_CODE_FORM})"
    rf"\s*(?:[,;:-]?|\((?=\s*{CODE_SYSTEMS}\s*\)))\s*(?P<system2>{CODE_SYSTEMS})(?![ -]?CT|\s*[:#]))"
    r"(?!\w)\s*[)\]]?",
    re.IGNORECASE,
)
_ICD = r"[A-TV-Z]\d[\dA-Z](?:\.[\dA-Z]{1,4})?|E?\d{3}\.\d{1,2}"
_BARE = regex(rf"\s*[(\[](?P<code>\d{{6,18}}|{_ICD}|\d{{5}})[)\]](?=\s*(?:[(\[]|[.;,]?\s*$))")
_CALLED = regex(
    r"\s*[(\[](?:test |result |lab |order )?code\s*[=:]?\s*(?P<code>[A-Z\d][\w.-]*\d|\d)[)\]]\s*$",
    re.IGNORECASE,
)
"""A code that is called one, of whatever system."""
_ONE_OF_SEVERAL = rf"(?:{_ICD}|\d{{3}}|\d{{6,18}})"
_LISTED = regex(rf"\s*[(\[](?P<codes>{_ONE_OF_SEVERAL}(?:\s?[,;]\s?{_ONE_OF_SEVERAL})+)[)\]]")
_ICD_FIRST = regex(rf"(?!B12\b)(?P<code>{_ICD})\s+(?=[A-Z][a-z])")
_LEADING = regex(r"(?P<code>\d{5}|[A-Z]\d{4}|\d{4}[FTU]|\d{6,18})\s*[-–:]\s+(?=[A-Za-z])")

Code = dict[str, str]


def split_codes(name: Part) -> tuple[Part, list[Code]]:
    """A name without the codes written beside it, and the codes: ``Asthma (SNOMED CT: 195967001)``."""
    codes: list[Code] = []
    leading = _LEADING.match(name.text) or _ICD_FIRST.match(name.text)
    if leading is not None:
        codes.append({"system": system_of(leading["code"]), "code": leading["code"]})
        name = name.cut(leading.end(), len(name.text))
    first = len(name.text)
    for match in _CODE.finditer(name.text):
        system, code = match["system"] or match["system2"], match["code"] or match["code2"]
        codes.append({"system": system, "code": code})
        first = min(first, match.start())
    if called := _CALLED.search(name.text):
        codes.append({"system": system_of(called["code"]), "code": called["code"]})
        first = min(first, called.start())
    if first == len(name.text):
        for match in _BARE.finditer(name.text):
            codes.append({"system": system_of(match["code"]), "code": match["code"]})
            first = min(first, match.start())
    if first == len(name.text) and (listed := _LISTED.search(name.text)):
        each = re.split(r"\s?[,;]\s?", listed["codes"])
        if any(re.fullmatch(_ICD, code) for code in each):
            codes.extend({"system": system_of(code), "code": code} for code in each)
            first = listed.start()
    if 0 < first < len(name.text):
        name = name.cut(0, len(name.text[:first].rstrip(" -–,;:([")))
    return name, codes


def column_codes(cell: Part, title: str, system: str) -> list[Code]:
    """The codes of a cell in a column of codes; ``system`` is what a column beside it says, or "".

    Else the system is the one the cell or the column's title names, or the one whose form the code has.
    """
    if cell.text.lower().startswith(("http:", "https:", "urn:")):
        address, _, code = cell.text.rpartition(" ")
        named = next((name for word, name in _ADDRESSES.items() if word in address.lower()), "")
        return [{"system": system or named, "code": code}] if code else []
    written = split_codes(Part(f"- {cell.text}", -1, -1))[1]
    if written:
        return written
    titled = _SYSTEM.search(title)
    named = system or (titled[0] if titled else "")
    return [{"system": named or system_of(cell.text), "code": cell.text}] if cell.text else []


def is_code(text: str) -> bool:
    """Whether a text is nothing but a code, with or without its system."""
    return bool(_LEADING.match(f"{text} - x") or re.fullmatch(_ICD, text) or _CODE.fullmatch(text))


def system_of(code: str) -> str:
    """The code system a bare code has the form of; "" where it has none of them."""
    if re.fullmatch(r"\d{5}|\d{4}[FTU]", code):
        return "CPT"
    if re.fullmatch(r"\d{1,5}-\d", code):
        return "LOINC"
    if re.fullmatch(r"\d{6,18}", code):
        return "SNOMED CT"
    if re.fullmatch(r"E?\d{3}\.\d{1,2}", code):
        return "ICD-9"
    if re.fullmatch(r"[A-Z]\d{4}", code):
        return "HCPCS"
    if re.fullmatch(r"V\d\d(?:\.\d{1,2})?", code):
        return ""  # of either revision of ICD
    return "ICD-10" if re.fullmatch(_ICD, code) else ""
