"""Labelled contracts as documents: text with form feeds in, blocks and the offsets of labelled spans out."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuraldocflow.extraction.model import Block, Document

_NUMBERED = re.compile(
    r"\s*(?:(?:article|section|clause|exhibit|schedule|annex)\s+[\dIVXLCA-Z]|\d{1,2}(?:\.\d{1,3})*[.)]\s?(?:\s|$)"
    r"|\d{1,2}(?:\.\d{1,3})+\s|\(?(?:[a-z]|[ivx]{1,5}|[A-Z]|\d{1,2})\)\s?|[•·●▪o-]\s)",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"\s*(?:Source: .*\d{1,2}/\d{1,2}/\d{4}|(?:page\s*)?[-–]?\s*\d{1,3}\s*[-–]?)\s*$", re.IGNORECASE
)
_CLOSED = re.compile(r"""[.;:!?]["”’')\]]*$""")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One contract: its document, its fields' values, and for each clause kind the ranges labelled."""

    file: str
    group: str
    """The filer: contracts of one filer stay in one fold."""
    document: Document
    fields: dict[str, Any]
    truth: dict[str, list[str]]
    spans: dict[str, list[tuple[int, int]]]


def labelled(path: Path) -> Iterator[Labelled]:
    """The contracts of a gzipped JSON-lines file, in its order."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            form = json.loads(line)
            document = document_of(form["text"])
            find = _Finder(document.text)
            spans = {
                kind: [place for text in texts for place in find(text)]
                for kind, texts in form["clauses"].items()
            }
            group = group_of(form["file"])
            yield Labelled(form["file"], group, document, form["fields"], form["clauses"], spans)


def group_of(file: str) -> str:
    """The filer's name as the file's name begins with it, letters only, without its legal form."""
    name = re.split(r"[_ ]", file)[0].lower()
    return re.sub(r"(?:inc|corp|ltd|llc|co)$", "", re.sub(r"[^a-z]", "", name)) or name


def document_of(text: str) -> Document:
    """Blocks like those a reader makes of pages: running lines set apart, lines joined to paragraphs."""
    pages = [page.split("\n") for page in text.replace("\r", "").split("\f")]
    running = _running(pages)
    blocks: list[Block] = []
    for number, page in enumerate(pages, 1):
        for paragraph in _paragraphs([line for line in page if not _is_running(line, running)]):
            blocks.append(Block("paragraph", paragraph, page=number))
    return Document("pdf", blocks).finish()


def _folded(line: str) -> str:
    return re.sub(r"\d+", "0", " ".join(line.split()))


def _running(pages: list[list[str]]) -> set[str]:
    """Lines at the edges of three pages or more, numbers aside."""
    seen: Counter[str] = Counter()
    for page in pages:
        lines = [line for line in page if line.strip()]
        seen.update({_folded(line) for line in (*lines[:2], *lines[-3:]) if len(line) < 120})
    return {line for line, count in seen.items() if count >= 3}


def _is_running(line: str, running: set[str]) -> bool:
    return bool(line.strip()) and (bool(_FOOTER.match(line)) or _folded(line) in running)


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Lines joined until a blank line, a number, or a short line that closes a sentence."""
    width = sorted(len(line.rstrip()) for line in lines if line.strip())
    full = width[int(len(width) * 0.8)] * 0.75 if width else 0
    current: list[str] = []
    for line in lines:
        words = " ".join(line.split())
        previous = current[-1] if current else ""
        if current and (
            not words or _NUMBERED.match(line) or (len(previous) < full and _ends(previous, words))
        ):
            yield " ".join(current)
            current = []
        if words:
            current.append(words)
    if current:
        yield " ".join(current)


def _ends(previous: str, words: str) -> bool:
    """Whether a short line closes its paragraph: a sentence's end, or a title before a new beginning."""
    return bool(_CLOSED.search(previous)) or (len(previous) < 60 and words[:1].isupper())


_ONE_SIGN = str.maketrans("“”‘’´`–—‐", "\"\"''''---")


class _Finder:
    """Places of a labelled text in a document, white space aside; a text whose middle a footer cut is found
    by its two ends."""

    def __init__(self, text: str) -> None:
        self.offsets = [index for index, letter in enumerate(text) if not letter.isspace()]
        self.packed = "".join(text.split()).translate(_ONE_SIGN)

    def __call__(self, text: str) -> Iterator[tuple[int, int]]:
        for part in text.split("<omitted>"):
            packed = "".join(part.split()).translate(_ONE_SIGN)
            if len(packed) < 8:
                continue
            first, last = self.packed.find(packed), len(packed)
            if first < 0:
                first = self.packed.find(packed[:40])
                tail = self.packed.find(packed[-40:], first) if first >= 0 else -1
                if tail < 0 or tail - first > 2 * len(packed):
                    continue
                last = tail + 40 - first
            yield self.offsets[first], self.offsets[min(first + last, len(self.offsets)) - 1] + 1
