"""Strategies that look at running text.

``pattern``    a regular expression; its group ``value``, else the first group, else all of it
``proximity``  the match of ``pattern`` nearest to a match of ``near``, at most ``within`` characters away
``section``    what a section says below its heading: its text, or a ``pattern`` in it
``document_title``  the highest heading on the first pages, else the title the file's metadata gives
``fact``       values the file itself tags: form fields, content controls (``name``: regular expression)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Document
from ..patterns import regex

if TYPE_CHECKING:
    from ..profile import Field
    from ..sections import Section

_NO_TITLE = regex(
    r"about:.*|https?://.*|untitled.*|(?:Microsoft \w+ - )?\S.{0,200}"
    r"\.(?:docx?|pdf|xlsx?|pptx?|html?|indd|tex|txt)",
    re.IGNORECASE,
)
"""What programs that print give for a title where they know none: an address, a file's name."""


def _compiled(spec: dict[str, Any], key: str = "pattern") -> re.Pattern[str]:
    return re.compile(spec[key], re.IGNORECASE | re.MULTILINE if not spec.get("case") else re.MULTILINE)


def _ranges(document: Document, spec: dict[str, Any], context: Context) -> list[tuple[int, int]]:
    """Where to look: the sections named, the first characters, or everything."""
    wanted = spec.get("section")
    if wanted is not None:
        ids = [wanted] if isinstance(wanted, str) else list(wanted)
        return [(each.start, each.end) for each in context.sections if each.id in ids]
    return [(0, min(int(spec.get("first", len(document.text))), len(document.text)))]


def _of_match(match: re.Match[str], score: float) -> Candidate | None:
    group: str | int = "value" if "value" in match.re.groupindex else 1 if match.re.groups else 0
    if match[group] is None:
        return None
    return Candidate(match[group], score, match.start(group), match.end(group))


@strategy("pattern")
def pattern(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Iterator[Candidate]:
    """Matches in the text; earlier ones are a little likelier."""
    yield from _matches(document, spec, _ranges(document, spec, context))


def _matches(
    document: Document, spec: dict[str, Any], ranges: Iterable[tuple[int, int]]
) -> Iterator[Candidate]:
    expression = _compiled(spec)
    score = float(spec.get("score", 0.7))
    for start, end in ranges:
        for count, match in enumerate(expression.finditer(document.text, start, end)):
            found = _of_match(match, score - 0.01 * min(count, 20))
            if found is not None:
                yield found


@strategy("proximity")
def proximity(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """The nearest match to each place, likelier the nearer; before the place counts as twice as far."""
    near, expression = _compiled(spec, "near"), _compiled(spec)
    reach = int(spec.get("within", 200))
    for start, end in _ranges(document, spec, context):
        for place in near.finditer(document.text, start, end):
            for match in expression.finditer(
                document.text, max(place.start() - reach, start), min(place.end() + reach, end)
            ):
                if match.start() < place.end() and match.end() > place.start():
                    continue
                after = match.start() >= place.end()
                away = match.start() - place.end() if after else 2 * (place.start() - match.end())
                found = _of_match(match, 0.75 * (1 - min(away, 2 * reach) / (2.5 * reach)))
                if found is not None:
                    yield found


@strategy("section")
def section(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Iterator[Candidate]:
    """The text under a section's heading, or what ``pattern`` finds there."""
    ids = [spec["id"]] if isinstance(spec["id"], str) else list(spec["id"])
    for found in context.sections:
        if found.id not in ids:
            continue
        start = _below_heading(document, found)
        if "pattern" in spec:
            yield from _matches(document, spec, [(start, found.end)])
            continue
        text = document.text[start : found.end]
        stripped = text.strip()
        if stripped:
            start += text.index(stripped)
            yield Candidate(stripped, 0.8 * found.confidence, start, start + len(stripped))


def _below_heading(document: Document, section: Section) -> int:
    """Where a section's text begins: behind its title, also where both are one paragraph."""
    heading = document.block_at(section.start)
    if heading is None:
        return section.start
    at = document.text.find(section.title, section.start, heading.end) if section.title else -1
    return min(at + len(section.title) if at >= 0 else heading.end + 1, section.end)


@strategy("fact")
def fact(document: Document, spec: dict[str, Any], field: Field, context: Context) -> Iterator[Candidate]:
    """Values of form fields and content controls whose name matches."""
    expression = _compiled(spec, "name")
    for each in document.facts:
        if expression.search(each.name) and each.raw.strip():
            yield Candidate(each.raw, 0.9, each.start, each.end)


@strategy("document_title")
def document_title(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """Headings near the beginning, larger ones first; the metadata's title comes last."""
    early = [
        block
        for block in document.blocks[:40]
        if block.kind == "heading" and (block.page or 1) <= 2 and 3 <= len(block.text) <= 200
    ]
    for rank, block in enumerate(sorted(early, key=lambda each: (each.level, each.start))):
        yield Candidate(block.text, max(0.7 - 0.06 * rank, 0.3), block.start, block.end)
    given = document.metadata.get("title", "").strip()
    if given and not _NO_TITLE.fullmatch(given):
        yield Candidate(given, 0.5)
