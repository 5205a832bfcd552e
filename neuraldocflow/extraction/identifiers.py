"""Identifiers with a known form: each function gives the canonical text, or None where it is none.

Check digits: Luhn (ISO/IEC 7812) for NPI and cards, ISO 7064 mod 97-10 for IBAN and LEI.
"""

from __future__ import annotations

import re
from collections.abc import Callable


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of those before it."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _mod97(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def ein(text: str) -> str | None:
    """A US employer identification number, ``NN-NNNNNNN``."""
    match = re.search(r"(?<!\d)(\d{2})\s*[-–—‑]\s*(\d{7})(?!\d)", text)
    return f"{match[1]}-{match[2]}" if match else None


def cik(text: str) -> str | None:
    """An SEC central index key of ten digits."""
    match = re.search(r"(?<!\d)(\d{1,10})(?!\d)", text)
    return match[1].zfill(10) if match else None


def npi(text: str) -> str | None:
    """A US national provider identifier: ten digits, Luhn over the prefix 80840."""
    for digits in re.findall(r"(?<!\d)\d{10}(?!\d)", text):
        if luhn("80840" + digits):
            return str(digits)
    return None


_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
"""Of the SWIFT registry: a longer or shorter one is none, whatever its check digits say."""


def iban(text: str) -> str | None:
    """An international bank account number without spaces."""
    for found in re.findall(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b", text.upper()):
        compact = ""
        length = _IBAN_LENGTHS.get(found[:2])
        for group in found.split(" "):  # words may follow it
            compact += group
            if len(compact) == length and _mod97(compact[4:] + compact[:4]) == 1:
                return str(compact)
    return None


def lei(text: str) -> str | None:
    """A legal entity identifier of twenty characters."""
    for found in re.findall(r"\b[A-Z0-9]{18}\d{2}\b", text.upper()):
        if _mod97(found) == 1:
            return str(found)
    return None


def card(text: str) -> str | None:
    """A payment card number: 12 to 19 digits with the right check digit."""
    for found in re.findall(r"(?<!\d)[1-9](?:[ -]?\d){11,18}(?!\d)", text):
        if luhn(_digits(found)):
            return _digits(found)
    return None


_PARTS = re.compile(r"\b(?:ext(?:n|ension)?|or|and|fax|of)\b|(?<![A-Z])x(?=\s?\d)|;", re.IGNORECASE)
_NEXT = re.compile(r"(?:\s?/\s|,\s)(?=\D{0,2}(?:\d\D{0,3}){7})")
_ABROAD = re.compile(r"\D*(?:\+|00)")
_FEWEST = 7
"""Digits of a telephone number."""
_TRUNK = re.compile(r"(?<=\d)\s?\(0\)")
"""Dialled within a country only: +49 (0)30 1234."""
_DAY = re.compile(r"(?<![\d-])(?:\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4})(?![\d-])")


def phone(text: str) -> str | None:
    """The digits of the first telephone number, seven to fifteen of them, without an extension's."""
    for part in _PARTS.split(_DAY.sub(";", text)):
        first = _NEXT.split(part, maxsplit=1)[0]
        least = _FEWEST + 2 * (_ABROAD.match(first) is not None)  # "030 / 123456" is one number
        part = first if len(_digits(_TRUNK.sub("", first)).lstrip("0")) >= least else part
        digits = _digits(_TRUNK.sub("", part) if "+" in part else part)
        if digits:
            return digits if _FEWEST <= len(digits) <= 15 else None
    return None


IDENTIFIERS: dict[str, Callable[[str], str | None]] = {
    "ein": ein,
    "cik": cik,
    "npi": npi,
    "iban": iban,
    "lei": lei,
    "card": card,
    "phone": phone,
}
"""The values of a field's ``format`` that name an identifier."""
