"""The cover page of annual reports: lines that its author broke, and lines set wide on a page."""

from __future__ import annotations

from typing import Any

import pytest

from neuraldocflow.extraction.html import reader as html
from neuraldocflow.extraction.model import Block, Cell, Document, Table
from neuraldocflow.limits import Limits
from tests.support.covers import BOXES, END, LISTING, NAME, TOP, cover, told
from tests.support.documents import document
from tests.support.html import page, table


def filed(*name: str) -> Document:
    """A cover as HTML, with these elements from the registrant's name to its address."""
    lines = "".join(f"<p>{line}</p>" for line in TOP)
    return html.read(page(f"{lines}{''.join(name)}<p>{BOXES[0]}</p><p>{END[0]}</p>"), Limits())


CHARTERED = (
    "<p>Mosswell Lantern<br>Works, Inc.</p>",
    "<p>(Exact name of registrant as specified in its charter)</p>",
    table(
        ("Oregon", "93-7654321"),
        (
            "(State or other jurisdiction of<br>incorporation or organization)",
            "(I.R.S. Employer<br>Identification No.)",
        ),
    ),
)
CAPTIONS = ("(Address of principal executive offices)", "(Zip Code)")


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (
            table(("1 Wick Way<br>South Salem, Oregon", "97302"), CAPTIONS),
            ("1 Wick Way", "South Salem", "Oregon", "97302"),
        ),
        (
            f"<p>4 Wharf Road Suite 200<br>North Bend, Oregon 97459<br>{CAPTIONS[0]}</p>",
            ("4 Wharf Road Suite 200", "North Bend", "Oregon", "97459"),
        ),
        (
            table(("Maasboulevard 7<br>3011 XX Rotterdam<br>The Netherlands",), CAPTIONS[:1]),
            ("Maasboulevard 7", "Rotterdam", None, "3011 XX"),
        ),
    ],
)
def test_street_and_city_stand_on_lines_that_the_author_broke(
    address: str, found: tuple[str | None, ...]
) -> None:
    made = filed(*CHARTERED, address)
    assert tuple(told(made, role) for role in ("address_line1", "city", "state", "zip")) == found
    assert told(made, "registrant_name") == "Mosswell Lantern Works, Inc."
    assert told(made, "state_of_incorporation") == "Oregon"


def on_page(*rows: tuple[float, tuple[str, ...]]) -> Block:
    """A table of lines 11.6 high, each at its height of a page."""
    cells = [
        Cell(row, column, text, bbox=(80 * column, top, 80 * column + 70, top + 11.6))
        for row, (top, texts) in enumerate(rows)
        for column, text in enumerate(texts)
        if text
    ]
    return Block("table", "", table=Table(cells, len(rows), max(len(texts) for _, texts in rows)))


WIDE = on_page(
    (0.0, ("Registrant", "Title of each class", "Symbol(s)", "Name of each exchange on which registered")),
    (17.2, ("Mosswell Works", "Class A Common Stock,", "", "The Nasdaq Stock Market LLC")),
    (31.5, ("", "$0.01 par value", "MLWK", "(Nasdaq Global Select Market)")),
    (48.7, ("Mosswell Lamps", "Depositary Shares, each for a tenth of", "", "New York Stock")),
    (63.0, ("", "a share of 5% Preferred Stock", "MLWK PR A", "Exchange")),
)


@pytest.mark.parametrize(
    ("role", "values"),
    [
        (
            "securities",
            [
                "Class A Common Stock, $0.01 par value",
                "Depositary Shares, each for a tenth of a share of 5% Preferred Stock",
            ],
        ),
        ("trading_symbols", ["MLWK", "MLWK PR A"]),
        (
            "exchanges",
            ["The Nasdaq Stock Market LLC (Nasdaq Global Select Market)", "New York Stock Exchange"],
        ),
    ],
)
def test_lines_set_wide_are_one_row_where_rows_stand_further_apart(role: str, values: list[str]) -> None:
    made = cover(listing=(LISTING[0], WIDE, LISTING[2]))
    made.kind = "pdf"
    assert told(made, role) == values


def boxes_of(*rows: tuple[float, tuple[str, ...]]) -> Any:
    return told(document(*TOP, *NAME, *LISTING, *BOXES[:3], on_page(*rows), BOXES[4], *END), "filer_category")


def test_a_registrants_boxes_may_take_lines_set_wide() -> None:
    found = boxes_of(
        (0.0, ("Mosswell", "Large", "", "", "", "Non-", "")),
        (14.3, ("Works", "accelerated", "", "Accelerated", "", "accelerated", "")),
        (28.6, ("", "filer", "☒", "filer", "☐", "filer", "☐")),
        (45.8, ("Mosswell", "Large", "", "", "", "Non-", "")),
        (60.1, ("Lamps", "accelerated", "", "Accelerated", "", "accelerated", "")),
        (74.4, ("", "filer", "☐", "filer", "☐", "filer", "☒")),
    )
    assert found == "Large accelerated filer"


def test_rows_of_boxes_are_not_joined_however_close_they_stand() -> None:
    found = boxes_of(
        (0.0, ("Large accelerated filer", "☐", "Accelerated filer", "☐")),
        (15.0, ("Non-accelerated filer", "☒", "Smaller reporting company", "☒")),
        (34.0, ("", "", "Emerging growth company", "☐")),
    )
    assert found == "Non-accelerated filer"
