"""Answers with check boxes, as forms have them: ``☐ Yes ☒ No``, ``[x] Single [ ] Married``."""

from __future__ import annotations

from .patterns import regex

_BOX = regex(
    r"(?P<on>[☒☑✓✔✅⌧⊠◉⦿●■✗✘]|\[\s?[xX✓✔√]\s?\]|(?<!\w)\(\s?[xX✓✔√]\s?\))"
    r"|(?P<off>[☐□◻⬜▢❑❏○◯]|\[[\s_]*\]|(?<!\w)\(\s*\))"
)
_TICKS, _CROSSES, _BULLETS = frozenset("✓✔☑✅"), frozenset("✗✘"), frozenset("●■")

Choice = tuple[str, bool]
"""The words beside a box, and whether it is ticked."""


def choices(text: str) -> list[Choice] | None:
    """What can be answered, and what is; None where there are no boxes, nothing where it can't be told which
    words are whose.

    Boxes stand all before or all behind their words. A cross is a tick, unless others are ticked otherwise.
    """
    boxes = list(_BOX.finditer(text))
    if all(box[0] in _BULLETS for box in boxes):
        return None
    starts = [box.start() for box in boxes]
    ends = [box.end() for box in boxes]
    if not text[: starts[0]].strip():
        words = [text[at:end] for at, end in zip(ends, [*starts[1:], len(text)], strict=True)]
    elif not text[ends[-1] :].strip(" .;"):
        words = [text[at:end] for at, end in zip([0, *ends[:-1]], starts, strict=True)]
    else:
        return []
    crossed_out = not _TICKS.isdisjoint(text)
    ticked = [bool(box["on"]) and not (crossed_out and box[0] in _CROSSES) for box in boxes]
    return list(zip([each.strip(" .,;:/|") for each in words], ticked, strict=True))
