"""Headings of documents that do not mark them: short bold lines, ranked by size and capitals."""

from __future__ import annotations

import re
from itertools import pairwise

from neuraldocflow.extraction.model import Block
from neuraldocflow.extraction.patterns import regex

_LONGEST = 200
_NAMED = regex(r"(?:item|part|note|article|section|chapter|exhibit)\s+\w", re.IGNORECASE)
_LETTERS = regex(r"[^\W\d_]{2}")
_CHECK_BOX = regex(r"[☐☑☒]|\[\s?[xX ]?\s?\]|_{3}")


def find_headings(blocks: list[Block]) -> None:
    """Makes headings of short paragraphs that are bold throughout, and gives these their level.

    Nothing becomes one where most of the text is bold. Marked headings keep their level; the others come
    below them, the larger the higher, capitals before mixed case. Of a title set twice the second stays.
    """
    texts = [block for block in blocks if block.table is None and block.text]
    bold = sum(len(block.text) for block in texts if block.bold)
    if bold <= 0.5 * sum(len(block.text) for block in texts):
        _promote(texts)
    for block, after in pairwise(texts):
        if block.kind == after.kind == "heading" and block.text == after.text:
            block.kind, block.level = "paragraph", 0


def _promote(texts: list[Block]) -> None:
    found = [block for block in texts if block.kind == "paragraph" and _is_heading(block)]
    order = {rank: index for index, rank in enumerate(sorted({_rank(block) for block in found}))}
    above = max((block.level for block in texts if block.kind == "heading"), default=0)
    for block in found:
        block.kind = "heading"
        block.level = min(above + 1 + order[_rank(block)], 9)


def _is_heading(block: Block) -> bool:
    text = block.text
    if len(text) > _LONGEST or not block.bold or not _LETTERS.search(text) or _CHECK_BOX.search(text):
        return False
    if text[-1] in ",;" or (text[-1] == "." and len(text.split()) > 12 and not _NAMED.match(text)):
        return False
    return not text[0].islower() and not (text[0] == "(" and text[-1] == ")")


def _rank(block: Block) -> tuple[float, bool, bool]:
    """Sorts larger before smaller, capitals before mixed case, upright before italic."""
    letters = [c for c in block.text if c.isalpha()]
    capitals = sum(c.isupper() for c in letters) > 0.8 * len(letters)
    italic = all(span.italic for line in block.lines for span in line.spans if span.text.strip())
    return -round(block.size), not capitals, italic
