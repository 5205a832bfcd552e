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


def iban(text: str) -> str | None:
    """An international bank account number without spaces."""
    for found in re.findall(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b", text.upper()):
        compact = found.replace(" ", "")
        if 15 <= len(compact) <= 34 and _mod97(compact[4:] + compact[:4]) == 1:
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
    for found in re.findall(r"(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)", text):
        if luhn(_digits(found)):
            return _digits(found)
    return None


def phone(text: str) -> str | None:
    """The digits of a telephone number, seven to fifteen of them."""
    digits = _digits(text)
    return digits if 7 <= len(digits) <= 15 else None


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
