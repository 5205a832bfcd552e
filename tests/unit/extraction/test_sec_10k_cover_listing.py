"""The securities listed on the cover page, in tables of many forms."""

from __future__ import annotations

import pytest

from neuraldocflow.extraction.model import Block, Cell, Table
from neuraldocflow.extraction.pdf.reader import read
from tests.support.covers import LISTING, cover, told
from tests.support.documents import table
from tests.support.pdf import PdfBuilder

TITLES = ["Common Stock", "Depositary Shares, each for a tenth of a share of 5% Preferred Stock"]
Line = tuple[float, tuple[str, ...]]


def in_lines(*lines: Line) -> Block:
    """A table as a PDF's lines make it: a row for each, 10 high, at its height."""
    cells = [
        Cell(row, column, text, bbox=(100 * column, top, 100 * column + 90, top + 10))
        for row, (top, texts) in enumerate(lines)
        for column, text in enumerate(texts)
        if text
    ]
    return Block("table", "", table=Table(cells, len(lines), 4))


def listed(made: Block, role: str) -> list[str]:
    filing = cover(listing=(LISTING[0], made, LISTING[2]))
    filing.kind = "pdf"
    found: list[str] = told(filing, role)
    return found


STACKED = in_lines(
    (0, ("", "", "Trading", "Name of each exchange")),
    (10, ("Registrant", "Title of each class", "Symbol(s)", "on which registered")),
    (24, ("", "", "", "New York Stock")),
    (34, ("Mosswell Works", "Common Stock", "MLWK", "Exchange")),
    (48, ("", "Depositary Shares, each for a tenth of", "", "New York Stock")),
    (58.5, ("Mosswell Lamps", "a share of 5% Preferred Stock", "MLWK PR A", "Exchange")),
)


@pytest.mark.parametrize(
    ("role", "values"),
    [
        ("securities", TITLES),
        ("trading_symbols", ["MLWK", "MLWK PR A"]),
        ("exchanges", ["New York Stock Exchange"]),
    ],
)
def test_lines_that_stand_close_are_one_row_of_a_listing(role: str, values: list[str]) -> None:
    assert listed(STACKED, role) == values


def test_rows_that_stand_as_close_as_lines_are_not_joined() -> None:
    tight = in_lines(
        (0, ("Title of each class", "Trading Symbol(s)", "Name of each exchange on which registered")),
        (20, ("Common Stock", "MLWK", "New York Stock Exchange")),
        (30.5, ("4.125% Notes due 2031", "MLWK31", "New York Stock Exchange")),
    )
    assert listed(tight, "securities") == ["Common Stock", "4.125% Notes due 2031"]


def test_a_second_exchange_has_no_title_of_its_own() -> None:
    twice = table(
        ("Title of each class", "Trading Symbol", "Name of each exchange on which registered"),
        ("Common Stock", "MLWK", "New York Stock Exchange"),
        ("", "MLWK", "NYSE Chicago, Inc."),
    )
    assert listed(twice, "securities") == ["Common Stock"]
    assert listed(twice, "trading_symbols") == ["MLWK"]
    assert listed(twice, "exchanges") == ["New York Stock Exchange", "NYSE Chicago, Inc."]


def test_the_columns_captions_may_stand_below_the_values() -> None:
    below = table(
        (
            "Class B Common Stock (Title of each class)",
            "MLWK (Trading symbol)",
            "New York Stock Exchange (Name of each exchange on which registered)",
        ),
        header_rows=0,
    )
    assert listed(below, "securities") == ["Class B Common Stock"]
    assert listed(below, "trading_symbols") == ["MLWK"]


def test_dashes_for_symbols_make_no_column_of_figures() -> None:
    builder = PdfBuilder().page()
    builder.row(80, (72, "Title of each class"), (280, "Trading symbol(s)"), (400, "Name of each exchange"))
    builder.row(94, (72, "Common Stock, $0.01 par value"), (305, "MLWK"), (400, "New York Stock Exchange"))
    for number in range(3):
        year = f"4.125% Notes due 203{number}"
        builder.row(108 + 14 * number, (72, year), (315, "-"), (400, "New York Stock Exchange"))
    (made,) = read(builder.done()).tables()
    assert made.grid()[:2] == [
        ["Title of each class", "Trading symbol(s)", "Name of each exchange"],
        ["Common Stock, $0.01 par value", "MLWK", "New York Stock Exchange"],
    ]


def test_a_word_behind_an_exchange_is_no_part_of_its_name() -> None:
    lines = (
        LISTING[0],
        "Title of each class Trading Symbol(s) Name of each exchange on which registered",
        "Depositary Shares, Series A MLWK PR A New York Stock Exchange",
        "Income Notes due 2066 MLWK 66 New York Stock Exchange, Inc.",
        LISTING[2],
    )
    made = cover(listing=lines)
    assert told(made, "securities") == ["Depositary Shares, Series A", "Income Notes due 2066"]
    assert told(made, "trading_symbols") == ["MLWK PR A", "MLWK 66"]
    assert told(made, "exchanges") == ["New York Stock Exchange", "New York Stock Exchange, Inc."]


@pytest.mark.parametrize("between", ["\n", " ", " and ", ", "])
def test_a_security_may_be_listed_on_two_exchanges(between: str) -> None:
    exchanges = f"New York Stock Exchange{between}Chicago Stock Exchange"
    made = cover(
        listing=(
            LISTING[0],
            table(
                ("Title of each class", "Trading Symbol(s)", "Name of each exchange on which registered"),
                ("Common Stock, $0.01 par value", "MLWK", exchanges),
            ),
            LISTING[2],
        )
    )
    assert told(made, "exchanges") == ["New York Stock Exchange", "Chicago Stock Exchange"]
    assert told(made, "securities") == ["Common Stock, $0.01 par value"]
