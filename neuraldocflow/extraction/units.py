"""What "in millions" and the like mean for the numbers of a table."""

from __future__ import annotations

import re

from .patterns import regex

CODES = frozenset(
    re.findall(
        r"[A-Z]{3}",
        "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KRW KWD MAD "
        "MXN MYR NGN NOK NZD PEN PHP PLN QAR RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR",
    )
)
"""ISO 4217 codes."""
_WORDS = frozenset({"COP", "MAD", "PEN", "TRY"})
"""Codes that are also words, which a heading in capitals may have."""
_SCALES = {"m": 1e6, "thousand": 1e3, "lakh": 1e5, "million": 1e6, "crore": 1e7, "billion": 1e9}
_DOLLARS = {
    "AUD": ("A", "AU", "Australian"),
    "BRL": ("R", "", ""),
    "CAD": ("C", "CA", "Canadian"),
    "HKD": ("HK", "", "Hong Kong"),
    "MXN": ("MX", "", ""),
    "NZD": ("NZ", "", "New Zealand"),
    "SGD": ("S", "SG", "Singapore"),
    "TWD": ("NT", "", "Taiwan"),
    "USD": ("US", "U.S.", r"U\.?S\.?"),
}
"""What stands before the sign, and before the word."""
SIGNS = {f"{before}$": code for code, letters in _DOLLARS.items() for before in letters[:2] if before} | {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "CN¥": "CNY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₪": "ILS",
    "฿": "THB",
    "₫": "VND",
    "₴": "UAH",
    "₦": "NGN",
    "₱": "PHP",
}


def sign_pattern() -> str:
    """Matches a sign of :data:`SIGNS`, those with letters only where these begin a word."""
    lettered = "|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True) if len(sign) > 1)
    return rf"(?<![A-Za-z])(?:{lettered})|[{''.join(sign for sign in SIGNS if len(sign) == 1)}]"


_CURRENCIES = (
    *(
        (code, regex(rf"\b{adjective}\s+dollars?\b", re.IGNORECASE))
        for code, (_, _, adjective) in _DOLLARS.items()
        if adjective
    ),
    ("EUR", regex(r"\beuros?\b", re.IGNORECASE)),
    ("GBP", regex(r"\bpounds? sterling\b", re.IGNORECASE)),
    ("JPY", regex(r"\byen\b", re.IGNORECASE)),
)
_SCALE = regex(
    r"(?:\bin|\(|amounts?\s+in|expressed\s+in|\$\s*in)\s*(?:u\.?s\.?\s*)?"
    rf"(?:[a-z]{{0,2}}[$€£¥₹]|dollars?\s+in\s+|euros?\s+in\s+|(?:{'|'.join(sorted(CODES))})\s)?\s*"
    r"(?:of\s+)?(thousand|lakh|million|crore|billion)s?\b|[$€£]\s*['’]?0{3}s?\b|[$€£]\s?(m)(?:n|illions?)?\b",
    re.IGNORECASE,
)
_EURO = r"(?:€|EUR\b|(?i:euros?)\b|CHF\b)"
_ABROAD = regex(
    r"(?:^|[(\[|:]\s?|\b(?i:in|en)\s|\b(?:19|20)\d\d\s)"
    rf"(?:(?P<thousand>(?:T|k|(?i:tsd\.?|tausend|milliers)\s(?:d[’'])?){_EURO})"
    rf"|(?P<million>(?:M(?=€)|(?i:mio\.?|millionen|millions)\s(?:d[’'])?){_EURO})"
    rf"|(?P<billion>(?:Md(?=€)|(?i:mrd\.?|milliarden|milliards)\s(?:d[’'])?){_EURO}))"
)
"""What German and French tables say over their figures, ``TEUR``, ``in Mio. €``, ``en milliers d'euros``;
behind a number, unless that is a year, it is that number's own."""
_SIGN = regex(sign_pattern())
_CODE = regex(rf"\b(?:{'|'.join(sorted(CODES))})\b")
_DOLLAR = regex(r"\bdollars?\b", re.IGNORECASE)


def currency_named(text: str) -> str | None:
    """The ISO 4217 code of a text that is a sign or a code and nothing else, but for brackets and a colon."""
    plain = text.strip(" .:()[]")
    return plain if plain in CODES else SIGNS.get(plain)


def parse_scale(text: str) -> tuple[float | None, str | None]:
    """(what to multiply numbers by, ISO 4217 code) as a caption or heading says; None where it does not."""
    if abroad := _ABROAD.search(text):
        return _SCALES[str(abroad.lastgroup)], "CHF" if abroad[0].endswith("CHF") else "EUR"
    match = _SCALE.search(text)
    scale = None if match is None else _SCALES.get((match[1] or match[2] or "thousand").lower())
    return scale, _currency(text)


def _currency(text: str) -> str | None:
    """The most definite first: a plain sign or word is that of several currencies."""
    codes = [code for code in _CODE.findall(text) if code not in _WORDS or not text.isupper()]
    if codes:
        return str(codes[0])
    worded = next((code for code, pattern in _CURRENCIES if pattern.search(text)), None)
    signs = [SIGNS[sign] for sign in _SIGN.findall(text)]
    return worded or (signs[0] if signs else "USD" if _DOLLAR.search(text) else None)
