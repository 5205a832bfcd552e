"""Characters of symbol fonts as what they look like: check boxes, bullets, signs."""

from __future__ import annotations

import re

from neuraldocflow.extraction.patterns import regex

_TICKED, _OPEN = "☒", "☐"
WINGDINGS: dict[str, str] = {
    **dict.fromkeys("þýx", _TICKED),
    **dict.fromkeys("¨oq", _OPEN),
    "ü": "✓", "û": "✗", "·": "•", "§": "▪", "l": "●", "n": "■", "v": "❖", "Ø": "➢", "à": "→", "è": "→",
}  # fmt: skip
"""Microsoft's Wingdings by the characters of Windows-1252. A box is ticked, no matter with what, or open."""
WINGDINGS_2 = {**dict.fromkeys("RSTQ", _TICKED), **dict.fromkeys("£*", _OPEN), "P": "✓", "O": "✗", "—": "•"}
SYMBOL = {"·": "•", "°": "°", "±": "±", "£": "≤", "³": "≥", "´": "×", "¹": "≠", "m": "µ", "a": "α", "b": "β"}

PRIVATE: dict[int, str] = {
    0xF000 + ord(character): sign
    for font in (SYMBOL, WINGDINGS_2, WINGDINGS)
    for character, sign in font.items()
    if ord(character) < 256
}
"""The same in Unicode's private area, where Word keeps them, of all three fonts: for ``str.translate``."""

UNSEEN: dict[int, str | None] = {
    **PRIVATE,
    **dict.fromkeys(map(ord, "\u200b\u200c\u200e\u200f\u2060\ufeff\u00ad")),
}
"""Those, and characters no one sees, which are left out: for ``str.translate``."""

_FIGURES_ABOVE = regex(r"[-+−–]?\d[\d,; ]*", re.ASCII)
_ABOVE = str.maketrans("0123456789+-−–", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")


def above(text: str) -> str:
    """What is set higher than a figure before it: a note's number or an exponent, as Unicode has them.

    As plain figures they would be part of it: 3,500² is not 35,002.
    """
    return text.translate(_ABOVE) if _FIGURES_ABOVE.fullmatch(text) else text


_DINGBATS = {ord(code): sign for code, sign in zip("345678lnquv", "✓✔✕✖✗✘●■❑◆❖", strict=True)}
"""ITC Zapf Dingbats, of which the ticks of a form's boxes are."""


def signs_of(name: str) -> dict[int, str] | None:
    """The table of a PDF's font, its characters of Unicode's private area too; None for a font of letters."""
    lower = name.rpartition("+")[2].lower()
    if "dingbats" in lower:
        return _DINGBATS
    plain = of_font("wingdings 2" if re.match("wingdings ?2", lower) else lower.removesuffix("mt"))
    return plain and {**plain, **{0xF000 + code: sign for code, sign in plain.items()}}


def of_font(name: str) -> dict[int, str] | None:
    """The table of a font by its name, for ``str.translate``; None for a font of letters."""
    lower = name.lower().strip(" '\"")
    if lower.startswith("wingdings 2"):
        font = WINGDINGS_2
    elif lower.startswith("wingdings"):
        font = WINGDINGS
    elif lower == "symbol":
        font = SYMBOL
    else:
        return None
    return {ord(character): sign for character, sign in font.items()}
