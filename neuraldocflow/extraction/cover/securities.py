"""The securities listed on a cover page: title, trading symbol and exchange of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from ..model import Cell, Document, Table
from ..patterns import regex
from .page import Cover, trimmed
from .rows import Rows, as_close_as_lines, joined

EXCHANGE = regex(
    r"(?:the\s+)?(?:"
    r"new\s+york\s+stock\s+exchange(?:\s*,?\s+(?:inc\b\.?|llc\b))?(?:\s*\(NYSE\))?|"
    r"nasdaq(?:\s+(?:global(?:\s+select)?|capital|national|stock|smallcap))*(?:\s+market)?(?:\s*,?\s*(?:llc\b|inc\b\.?))?(?:\s*\((?:nasdaq|nasdaq\s+global\s+select\s+market)\))?|"
    r"nyse\s+(?:american|arca|mkt|amex|chicago|texas)(?:\s*,?\s*(?:llc\b|inc\b\.?))?|american\s+stock\s+exchange|"
    r"(?:chicago|texas|boston|pacific|philadelphia|toronto|london|irish|luxembourg|tokyo|hong\s+kong|cboe|six\s+swiss|midwest)"
    r"(?:\s+(?:bzx|options|stock))*\s+exchange(?:\s*,?\s*inc\b\.?)?|euronext\s+\w+|long-?term\s+stock\s+exchange|"
    r"\bNYSE\b|\bCHX\b|\bNYSEAMER\b)",
    re.IGNORECASE,
)
_SYMBOL = regex(
    r"(?:^|\s)([A-Z]{1,5}\s(?:[Pp][Rr]?(?:\s?[A-Z])?|\d{2}[A-Z]?|WS|RT)|[A-Z][A-Z0-9]{0,6}(?:\s?[./*-]\s?[A-Za-z0-9]{1,5})*)\s*$"
)
_SYMBOL_LIKE = regex(r"[A-Z]{1,6}(?:\s?[./*-]?\s?[A-Za-z0-9]{1,5}){0,3}")
_TITLE = regex(r"title\s+of\s+(?:each|class|securit)", re.IGNORECASE)
_HEADER = regex(
    r"title\s+of\s+(?:each\s+)?(?:class|securit\w+)(?:\s+of\s+securities)?|trading\s+symbols?\s*(?:\(s\))?|"
    r"ticker\s+symbols?(?:\s*\(s\))?|names?\s+of\s+(?:each\s+)?(?:the\s+)?(?:each\s+)?(?:u\.?s\.?\s+)?(?:national\s+)?(?:securities\s+)?exchanges?"
    r"(?:\s+(?:on|of|in)\s+which)?(?:\s+(?:each\s+class\s+(?:is\s+)?)?registered)?|on\s+which\s+registered",
    re.IGNORECASE,
)
_CAPTIONED = regex(rf"\s*\(\s*(?:{_HEADER.pattern})\s*\)\s*$", re.IGNORECASE)
"""A column's caption below the value it stands for."""
_WHOLE_NAME = regex(r"\bexchange\b|\bmarket\b", re.IGNORECASE)
_NONE = regex(r"^\W*(?:none|not\s+applicable|n/a)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A text with its range."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Listing:
    """One listed security."""

    title: Part | None
    symbol: Part | None
    exchange: Part | None
    score: float


def listings(document: Document, cover: Cover) -> Iterator[Listing]:
    """The securities registered under section 12(b), from their table or from lines of text."""
    begin = next((end for _, end in cover.of("securities")), None)
    if begin is None:
        return
    after = [start for role in ("securities_g", "check") for start, _ in cover.of(role) if start > begin]
    end = min(after, default=min(begin + 3000, len(cover.text)))
    tables = [
        block.table
        for block in document.blocks_between(begin, end)
        # in a narrow column the exchange's name is broken
        if block.table is not None and (EXCHANGE.search(block.text) or _TITLE.search(block.text))
    ]
    found = [
        listing for table in tables for listing in _rows(table, begin, end, split=document.kind == "pdf")
    ]
    # a table that was seen in part only goes on in lines below it
    ends = [listing.exchange.end for listing in found if listing.exchange is not None]
    found += _texts(cover, max(ends, default=begin), end)
    yield from _by_one_name(found)


def _by_one_name(found: list[Listing]) -> Iterator[Listing]:
    """An exchange told as "Name (NAME)" once and as "NAME" elsewhere is one exchange."""
    told = {listing.exchange.text for listing in found if listing.exchange is not None}
    for listing in found:
        exchange = listing.exchange
        short = re.search(r"\(([A-Z]{3,8})\)$", exchange.text) if exchange is not None else None
        if exchange is not None and short is not None and short[1] in told:
            listing = replace(listing, exchange=Part(short[1], exchange.start, exchange.end))
        yield listing


def _rows(table: Table, begin: int, end: int, split: bool) -> Iterator[Listing]:
    """A listing for each row below the header; columns by the header's words, else by what they hold.

    ``split``: lines of one title may be rows of their own.
    """
    rows = [
        [_without_caption(cell) for cell in row if cell.text.strip() and begin <= cell.start < end]
        for row in table.spanned_rows().values()
    ]
    apart = _rows_apart(rows) if split else rows
    names: dict[str, int] = {}
    for row in apart[:4]:
        for cell in row:
            words = cell.text.lower()
            role = "title" if "title" in words else "symbol" if "symbol" in words else "exchange"
            if _HEADER.search(words) and len(words) < 90:
                names.setdefault(role, cell.column)
    if split and len(apart) == len(rows):
        apart = list(_whole_titles(rows, names.get("title", 0)))
    for row in apart:
        if any(_HEADER.search(cell.text) for cell in row):
            continue
        exchange = next((cell for cell in reversed(row) if EXCHANGE.search(cell.text)), None)
        if exchange is None or (len(row) < 2 and not EXCHANGE.fullmatch(" ".join(exchange.text.split()))):
            continue
        others = [cell for cell in row if cell is not exchange]
        if not others and exchange.text.lstrip().startswith("("):
            # what the exchange above is called besides
            continue
        symbols = [cell for cell in others if _SYMBOL_LIKE.fullmatch(" ".join(cell.text.split()))]
        near = names.get("symbol")
        if near is not None:
            symbols.sort(key=lambda cell: abs(cell.column - near))
        else:
            symbols.reverse()
        # of two cells the other one is a title, unless it stands below the symbols of an exchange before
        alone = len(others) == 1 and others[0].column != near
        symbol = symbols[0] if symbols and not alone else None
        titles = [cell for cell in others if cell is not symbol and re.search(r"[A-Za-z]{3}", cell.text)]
        called = names.get("title")
        if called is not None:
            titles.sort(key=lambda cell: abs(cell.column - called))
        title = titles[0] if titles else None
        first, *more = _exchanges(exchange)
        yield Listing(
            _part(title.text, title.start) if title else None,
            _part(symbol.text, symbol.start) if symbol else None,
            first,
            0.93,
        )
        for other in more:
            yield Listing(None, None, other, 0.93)


def _exchanges(cell: Cell) -> list[Part | None]:
    """The exchange a cell names; each of several where it names nothing else, one below the other."""
    named = list(EXCHANGE.finditer(cell.text))
    between = " ".join(EXCHANGE.sub(" ", cell.text).split())
    whole = all(_WHOLE_NAME.search(match[0]) for match in named)
    if len(named) < 2 or not whole or between not in ("", ",", "and", ", and", ";", "/"):
        return [_part(cell.text, cell.start)]
    return [_part(match[0], cell.start + match.start()) for match in named]


def _without_caption(cell: Cell) -> Cell:
    caption = _CAPTIONED.search(cell.text)
    return replace(cell, text=cell.text[: caption.start()]) if caption and caption.start() else cell


def _rows_apart(rows: Rows) -> Rows:
    """The rows with those joined that stand as close as the lines of a cell do, where rows stand apart."""
    close = as_close_as_lines(rows)
    whole = [_lists_whole(row) for row in rows]
    if all(close) or any(near and all(pair) for near, pair in zip(close, pairwise(whole), strict=True)):
        return rows
    return joined(rows, close)


def _lists_whole(row: list[Cell]) -> bool:
    """Whether an exchange's whole name is in a row, so that the next one is of another security."""
    return any(EXCHANGE.fullmatch(" ".join(cell.text.split())) for cell in row)


def _whole_titles(rows: Rows, column: int) -> Iterator[list[Cell]]:
    """The rows with what stands alone in the titles' column joined to the title below it, or to that above
    it where the first title has nothing above."""
    full = [at for at, row in enumerate(rows) if len(row) > 1 and EXCHANGE.search(row[-1].text)]
    alone = [
        at
        for at, row in enumerate(rows)
        if len(row) == 1 and row[0].column == column and not _HEADER.search(row[0].text)
    ]
    upwards = bool(full) and full[0] - 1 not in alone
    parts: dict[int, list[str]] = {}
    for at in alone:
        near = [other for other in full if (other < at if upwards else other > at)]
        if near:
            parts.setdefault(near[-1] if upwards else near[0], []).append(rows[at][0].text)
    for at, row in enumerate(rows):
        if at in parts and row[0].column == column:
            more = " ".join(parts[at])
            text = f"{row[0].text} {more}" if upwards else f"{more} {row[0].text}"
            row = [replace(row[0], text=text), *row[1:]]
        if at not in alone:
            yield row


def _part(text: str, start: int) -> Part | None:
    first, last = trimmed(text, 0, len(text), " \n\t*|")
    words = re.sub(r"\s*(?:\(\d\)|[*†‡]+)$", "", " ".join(text[first:last].split()))
    return Part(words, start + first, start + last) if words and not _NONE.match(words) else None


def _texts(cover: Cover, begin: int, end: int) -> Iterator[Listing]:
    """Lines of a table that was not seen as one: title, symbol and exchange follow one another."""
    text = cover.text
    headers = list(_HEADER.finditer(text, begin, end))
    at = headers[-1].end() if headers else begin
    found = False
    for match in EXCHANGE.finditer(text, at, end):
        first, last = trimmed(text, at, match.start(), " \n\t_*|:")
        at = match.end()
        if first >= last:
            continue
        words = text[first:last]
        symbol = _SYMBOL.search(words.rstrip())
        title_end = first + symbol.start(1) if symbol is not None and symbol.start(1) > 0 else last
        start, stop = trimmed(text, first, title_end, " \n\t_*|")
        exchange = Part(" ".join(match[0].split()), match.start(), match.end())
        title = _part(text[start:stop], start) if start < stop else None
        sign = (
            Part(symbol[1], first + symbol.start(1), first + symbol.end(1))
            if symbol is not None and title is not None
            else None
        )
        if title is None or len(title.text) > 400 or not re.search(r"[A-Za-z]{3}", title.text):
            continue
        found = True
        yield Listing(title, sign, exchange, 0.8)
    if not found and headers:
        for match in EXCHANGE.finditer(text, begin, end):
            yield Listing(None, None, Part(" ".join(match[0].split()), match.start(), match.end()), 0.5)
