"""What "in millions" and the like mean for the numbers of a table."""

from __future__ import annotations

import re

from .patterns import regex

_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_SCALE = regex(
    r"(?:\bin|\(|amounts?\s+in|expressed\s+in|\$\s*in)\s*(?:u\.?s\.?\s*)?(?:\$|dollars?\s+in\s+|euros?\s+in\s+)?\s*"
    r"(?:of\s+)?(thousand|million|billion)s?\b|\$\s*0{3}s?\b",
    re.IGNORECASE,
)
_CURRENCIES = (
    ("USD", regex(r"\$|\bU\.?S\.?\s+dollars?\b|\bUSD\b|\bdollars?\b", re.IGNORECASE)),
    ("EUR", regex(r"€|\bEUR\b|\beuros?\b", re.IGNORECASE)),
    ("GBP", regex(r"£|\bGBP\b|\bpounds? sterling\b", re.IGNORECASE)),
    ("JPY", regex(r"¥|\bJPY\b|\byen\b", re.IGNORECASE)),
)


def parse_scale(text: str) -> tuple[float | None, str | None]:
    """(what to multiply numbers by, ISO 4217 code) as a caption or heading says; None where it does not."""
    match = _SCALE.search(text)
    scale = None if match is None else _SCALES.get((match[1] or "thousand").lower())
    currency = next((code for code, pattern in _CURRENCIES if pattern.search(text)), None)
    return scale, currency
