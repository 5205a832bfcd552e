"""Numbers as people write them: separators of several countries, signs, scales and currencies.

What could be read in two ways is no number: ``1.234 €`` is a thousand and more in one country and little
more than one in another, and a value that is missing costs less than one that is wrong.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from decimal import Decimal

from .patterns import regex
from .units import CODES, SIGNS, sign_pattern

_SPACES = "\u00a0\u202f\u2009"
"""White space that holds a number together."""
_MINUS = "[-−–‐‑]"
_CURRENCY = rf"{sign_pattern()}|\b(?:{'|'.join(sorted(CODES))})(?![A-Za-z])\s?\$?"
_NUMBER = regex(
    rf"(?P<open>\()?\s*(?P<minus>(?<!\w){_MINUS}\s*)?(?:(?P<currency>{_CURRENCY})\s*(?P<inner>{_MINUS})?)?\s*"
    rf"(?P<inside>\()?\s*(?P<digits>\d{{1,3}}(?:[ {_SPACES}]\d{{3}})+(?!\d)(?:[.,]\d+)?"
    rf"|\.\d+|\d+(?:[.,'’]\d+)*)"
    r"(?P<more>[-/:–.,eExX]\d|[eE][-+]\d|\s\d+/\d|\s?[¼½¾⅐-⅞]|\s(?i:hundred)\b)?"
    rf"(?P<after>{_MINUS}(?!\w|\s*\d))?"
    r"\s*(?P<percent>%|per\s?cent\b)?\s*"
    r"(?P<scale>(?i:thousand|million|billion|trillion|lakh crore|lakh|lac|crore)s?\b"
    r"|(?i:mn|mln|mio|mrd|bn|tn|tsd|tausend|millionen|milliarden|milliards?|milliers)\b\.?"
    r"|[kKmMbB]\b|MM\b)?"
    # "2024 $500" has the sign of the second number, "5 € 7 €" that of the first
    rf"\s*(?P<behind>(?:{_CURRENCY})(?!(?:(?<=[$£])\s)?\(?\.?\d))?\s*(?P<close>\))?"
    r"(?P<late>\s*(?i:thousand|million|billion|trillion)s?\b)?",
)
_SCALES = {
    **dict.fromkeys(("k", "thousand", "tsd", "tausend", "millier"), 3),
    **dict.fromkeys(("m", "mm", "mn", "mln", "mio", "million", "millionen"), 6),
    **dict.fromkeys(("b", "bn", "mrd", "billion", "milliarden", "milliard"), 9),
    **dict.fromkeys(("tn", "trillion", "lakh crore"), 12),
    **dict.fromkeys(("lac", "lakh"), 5),
    "crore": 7,
}
_LETTER_BEHIND = regex(r"(?<=\d)\s?([TkKM])(€|EUR\b|CHF\b)")
_LETTER_BEFORE = regex(r"(?<!\w)([TkKM])(€|EUR|CHF)\s?([\d.,'’]*\d)")
_LETTERED = {"T": "thousand", "k": "thousand", "K": "thousand", "M": "million"}
"""What a letter before a currency means in Europe: ``500 TEUR``, ``5 M€``."""
_LETTERS = frozenset({"k", "m", "mm", "b"})
"""Scales that mean something else (metres, bytes) beside what is no money."""
_IN_WORDS = regex(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred|thousand"
    r"|million|billion|dollars?|euros?|pounds?|yen|cents?|per\s?cent|percentage)\W*$",
    re.IGNORECASE,
)
_SAID = regex(r"\b(?:minus|negative)\s?$", re.IGNORECASE)
_LOOKED_AT = 50
"""Numbers of a text, for one that is marked as what is wanted."""
_MOST_DIGITS = 25
MOST = 10**18
"""More is no amount, and no reader of JSON would have it exactly."""
_ENGLISH = frozenset({None, "USD", "GBP", "JPY", "CAD", "AUD", "NZD", "HKD", "SGD"})
"""Currencies whose numbers have a point before their decimals."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number, its currency where one stands beside it, and whether its own text scaled it."""

    value: Decimal
    currency: str | None = None
    scaled: bool = False


def read_number(text: str, money: bool = False, percent: bool = False) -> Number | None:
    """The first number of a text: of ``money`` the first with a currency beside it, of ``percent`` with its
    sign, where any has one. A percentage is no money. None where there is no number, or none that could be
    read in one way only.

    Minus signs before and behind it and parentheses negate; a number in parentheses that repeats one in words
    does not (``thirty (30) days``).
    """
    text = re.sub(r"\s+", lambda run: run[0] if run[0] in _SPACES else " ", text)
    text = _LETTER_BEHIND.sub(lambda found: f" {_LETTERED[found[1]]} {found[2]}", text)
    text = _LETTER_BEFORE.sub(lambda found: f"{found[2]} {found[3]} {_LETTERED[found[1]]}", text)
    found = itertools.islice(_NUMBER.finditer(text), _LOOKED_AT)
    matches = (each for each in found if not (money and each["percent"]))
    match = next(matches, None)
    if match is not None and (money or percent) and not _marked(match, money):
        match = next((other for other in matches if _marked(other, money)), match)
    if match is None or match["more"]:
        return None
    currency = _currency(match)
    value = _value(match["digits"], text, match, currency)
    if value is None:
        return None
    scale = (match["scale"] or match["late"] or "").strip(" .").lower().removesuffix("s")
    close = money and match.end("digits") == match.start("scale")
    if scale in _LETTERS and not (match["currency"] or close):
        scale = ""
    negative = _negative(text, match)
    if negative is None:
        return None
    value = value.scaleb(_SCALES.get(scale, 0))
    if value >= MOST:
        return None
    return Number(-value if negative else value, currency, bool(scale))


def _marked(match: re.Match[str], money: bool) -> bool:
    return bool(match["currency"] or match["behind"]) if money else bool(match["percent"])


def parse_number(text: str) -> float | None:
    """The first number of a text, as :func:`read_number` finds it."""
    found = read_number(text)
    return None if found is None else float(found.value)


def _currency(match: re.Match[str]) -> str | None:
    """A code says more than a sign: ``$5 CAD``."""
    beside = [found for found in (match["behind"], match["currency"]) if found]
    coded = [found[:3] for found in beside if found[:3] in CODES]
    return coded[0] if coded else next((SIGNS[found] for found in beside), None)


def _value(digits: str, text: str, match: re.Match[str], currency: str | None) -> Decimal | None:
    if sum(map(str.isdigit, digits)) > _MOST_DIGITS:
        return None
    if " " in digits:
        # what stands in two columns looks alike
        decimals = re.search(r"[.,]\d{1,2}$", digits)
        if not (decimals or currency or match["percent"]) or re.search(r"\d", text[match.end("digits") :]):
            return None
    plain = re.sub(rf"[ {_SPACES}](?=\d)", "", digits)
    grouped = plain != digits
    if "'" in plain or "’" in plain:
        if not re.fullmatch(r"\d{1,3}(?:['’]\d{3})+(?:[.,]\d+)?", plain):
            return None
        plain, grouped = re.sub("['’]", "", plain), True
    if grouped:
        return Decimal(plain.replace(",", "."))
    if re.fullmatch(r"\d*(?:\.\d+)?", plain):
        whole = re.match(r",[-–—]", text[match.end("digits") :])  # instead of cents: "10.000,-"
        doubtful = currency not in _ENGLISH or whole
        return None if doubtful and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", plain) else Decimal(plain)
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|[1-9]\d?(?:,\d\d)+,\d{3}(?:\.\d+)?", plain):
        return Decimal(plain.replace(",", ""))
    if re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+,\d+|[1-9]\d{0,2}(?:\.\d{3}){2,}", plain):
        return Decimal(plain.replace(".", "").replace(",", "."))
    if re.fullmatch(r"\d+,\d{1,2}|0,\d+", plain):
        return Decimal(plain.replace(",", "."))
    return None


def _negative(text: str, match: re.Match[str]) -> bool | None:
    """None where it can't be told."""
    if match["after"] or match["inner"] or _SAID.search(text, max(match.start() - 12, 0), match.start()):
        return True
    if match["minus"]:
        # "Refund - 5" has a dash between two things
        apart = match["minus"] != match["minus"].rstrip()
        return not (apart and re.search(r"\w\s+$", text[: match.start("minus")]))
    opened = match["open"] or match["inside"]
    if not opened:
        return False
    at = match.start("open") if match["open"] else match.start("inside")
    if _IN_WORDS.search(text[max(at - 40, 0) : at]):
        return False
    if match["close"] and re.fullmatch(r"\d\d?", match["digits"]) and not match["currency"]:
        # a note's mark, or a loss: another number behind it leaves that open
        return None if re.search(r"\d", text[match.end() :]) else True
    return bool(match["close"]) or not text[match.end() :].strip()
