"""Reads HTML into the document model: filings with inline XBRL, records, pages of any age and in any state.

Bytes become text by their declared or sniffed encoding (:mod:`.text`), tags a flow of pieces
(:mod:`.flow`), tables data or layout (:mod:`.tables`), XBRL tags facts (:mod:`.xbrl`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuraldocflow.errors import Empty, OutOfMemory, Timeout, TooLarge
from neuraldocflow.extraction import language
from neuraldocflow.extraction.flow.headings import find_headings
from neuraldocflow.extraction.flow.pieces import Node, Places, blocks_of
from neuraldocflow.extraction.flow.tables import describe_tables
from neuraldocflow.extraction.html.flow import Flow
from neuraldocflow.extraction.html.submission import main_document
from neuraldocflow.extraction.html.text import TOKEN, Looks, decode, unescape
from neuraldocflow.extraction.html.xbrl import Facts
from neuraldocflow.extraction.model import Document, Link
from neuraldocflow.extraction.patterns import regex
from neuraldocflow.limits import Limits

Progress = Callable[[str, int, int, dict[str, Any] | None], None]

_EVERY = 4096
"""Tokens between two looks at the clock."""
_RAW_END = {
    name: regex(rf"</{name}(?=[\s>/])[^>]*>?", re.IGNORECASE)
    for name in (
        "script",
        "style",
        "title",
        "textarea",
        "noscript",
        "template",
        "iframe",
        "noembed",
        "noframes",
        "select",
    )
}
_OPTION = regex(r"<option\b([^<>]*+)>([^<]*+)", re.IGNORECASE)
_META = {
    "author": "author",
    "description": "subject",
    "keywords": "keywords",
    "generator": "creator",
    "date": "created",
    "last-modified": "modified",
    "dcterms.created": "created",
    "dcterms.modified": "modified",
}


def read(
    source: bytes | Path,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Document:
    """The document of an HTML file. Blocks have paths such as ``body/p[12]``, no pages and no boxes.

    Raises Empty where there are no bytes or only blanks, TooLarge, Timeout and OutOfMemory.
    """
    limits = limits or Limits()
    try:
        return _read(source, limits, progress)
    except MemoryError as error:
        raise OutOfMemory("Reading the HTML needed more memory than allowed.") from error


def _read(source: bytes | Path, limits: Limits, progress: Progress | None) -> Document:
    deadline = time.monotonic() + limits.max_seconds
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size > limits.max_uncompressed_mb << 20:
        raise TooLarge(f"The HTML has {size >> 20} MB, {limits.max_uncompressed_mb} MB are allowed.")
    data = source.read_bytes() if isinstance(source, Path) else source
    if not data.strip(b"\x00 \t\r\n\f"):
        raise Empty("The file has no bytes." if not data else "The file has nothing but blanks.")
    facts = Facts()
    text, left_out = main_document(decode(data))
    reading = _Reading(text, Flow(Looks(), facts), deadline, progress)
    reading.run()
    flow = reading.flow
    document = Document("html", blocks_of(flow.body, "body"), metadata=reading.metadata)
    find_headings(document.blocks)
    describe_tables(document.blocks)
    document.finish()
    if time.monotonic() > deadline:
        raise Timeout(f"Reading stopped after {limits.max_seconds:g} s.")
    places = Places(flow.order)
    document.facts = facts.facts(document.text, places)
    for link in flow.links:
        start, end = places.span(link.start, link.end)
        document.links.append(
            Link(link.target, document.text[max(start, 0) : max(end, 0)][:500], None, start, end)
        )
    declared = flow.language[:2].lower()
    document.language = language.detect(document.text) or (declared if declared.isalpha() else None)
    if left_out:
        document.warnings.append(("other_documents", left_out))
    if not document.text:
        document.warnings.append(("no_text", "The HTML shows no text."))
    return document


def nodes_of(text: str, deadline: float) -> list[Node]:
    """What HTML within another document shows. Raises Timeout."""
    flow = Flow(Looks(), Facts())
    _Reading(text, flow, deadline, None).run()
    return flow.body


class _Reading:
    """One pass over the source's tokens."""

    def __init__(self, text: str, flow: Flow, deadline: float, progress: Progress | None) -> None:
        self.text = text
        self.flow = flow
        self.metadata: dict[str, str] = {}
        self._deadline = deadline
        self._progress = progress
        self._endless: set[str] = set()

    def run(self) -> None:
        text, flow, search = self.text, self.flow, TOKEN.search
        position, count, last = 0, 0, len(text)
        while True:
            match = search(text, position)
            if match is None:
                if position < last:
                    flow.text(text[position:])
                break
            start = match.start()
            if start > position:
                flow.text(text[position:start])
            position = match.end()
            count += 1
            if not count % _EVERY:
                self._look_at_the_clock(position)
            slash, name, raw = match.groups()
            if name is None:
                continue
            name = name.lower()
            if slash:
                flow.end(name)
            elif name in _RAW_END and not raw.endswith("/"):
                position = self._raw(name, raw, position)
            else:
                if name == "meta":
                    self._meta(raw)
                flow.start(name, raw)
        flow.finish()
        if self._progress is not None:
            self._progress("reading", last, last, None)

    def _look_at_the_clock(self, position: int) -> None:
        if time.monotonic() > self._deadline:
            raise Timeout("Reading stopped at the time limit.")
        if self._progress is not None:
            self._progress("reading", position, len(self.text), None)

    def _raw(self, name: str, raw: str, position: int) -> int:
        """An element whose content is no markup; where it ends. Scripts without end take all the rest."""
        match = None if name in self._endless else _RAW_END[name].search(self.text, position)
        if match is None:
            self._endless.add(name)
            if name in ("script", "style", "template", "iframe"):
                return len(self.text)
            return position
        content = self.text[position : match.start()]
        if name == "style":
            self.flow.looks.sheet.learn(content)
        elif name == "title":
            if "title" not in self.metadata and (title := " ".join(unescape(content[:2000]).split())):
                self.metadata["title"] = title
        elif name == "textarea":
            self.flow.text(content)
        elif name == "select":
            self._select(content, raw)
        return match.end()

    def _select(self, content: str, raw: str) -> None:
        """What a list of options shows: the one chosen, else its first; of several, all that are."""
        looks = self.flow.looks
        look = looks.of(raw, "select")
        if look.hidden:
            return
        options = [(looks.of(given).values, words) for given, words in _OPTION.findall(content)]
        chosen = [words for values, words in options if "selected" in values]
        if "multiple" not in look.values:
            chosen = chosen[-1:] or [words for _, words in options[:1]]
        for words in chosen:
            self.flow.text(f" {words} ")

    def _meta(self, raw: str) -> None:
        values = self.flow.looks.of(raw).values
        name = _META.get((values.get("name") or values.get("property") or "").lower())
        if name and name not in self.metadata and values.get("content", "").strip():
            self.metadata[name] = values["content"].strip()[:2000]
