"""The cover page of registrants that sit in many places, and of forms filled in otherwise than most."""

from __future__ import annotations

from typing import Any

import pytest

from neuraldocflow.extraction.model import Block
from tests.support.covers import END, NAME, TOP, cover, told
from tests.support.documents import table


def seated(*lines: str, state: str = "Oregon") -> tuple[Block | str, ...]:
    """The lines of a name part with another address."""
    return (*NAME[:2], state, *NAME[3:6], *lines, *NAME[8:])


@pytest.mark.parametrize(
    ("lines", "street", "city", "state", "zip_code"),
    [
        (("900 Bay Street, Toronto, Ontario M5K 1J3",), "900 Bay Street", "Toronto", "Ontario", "M5K 1J3"),
        (
            ("410 Granville Street", "Vancouver, British Columbia, Canada V6C 1T2"),
            "410 Granville Street",
            "Vancouver",
            "British Columbia",
            "V6C 1T2",
        ),
        (("18 Mill Lane", "London, England EC2N 4AG"), "18 Mill Lane", "London", None, "EC2N 4AG"),
        (("18 Mill Lane", "London EC2N 4AG", "United Kingdom"), "18 Mill Lane", "London", None, "EC2N 4AG"),
        (
            ("P.O. Box 309, Grand Cayman, KY1-1104, Cayman Islands",),
            "P.O. Box 309",
            "Grand Cayman",
            None,
            "KY1-1104",
        ),
        (("Talstrasse 12", "8001 Zurich, Switzerland"), "Talstrasse 12", "Zurich", None, "8001"),
        (
            ("77 Lantern Road, Austin, Texas, USA 78701",),
            "77 Lantern Road",
            "Austin",
            "Texas",
            "78701",
        ),
        (("500 Main Street, N.W., Salem, OR 97301",), "500 Main Street, N.W.", "Salem", "OR", "97301"),
    ],
)
def test_an_address_is_read_in_its_countrys_form(
    lines: tuple[str, ...], street: str, city: str, state: str | None, zip_code: str
) -> None:
    made = cover(name=seated(*lines))
    found = [told(made, role) for role in ("address_line1", "city", "state", "zip")]
    assert found == [street, city, state, zip_code]


@pytest.mark.parametrize(
    "place", ["South Korea", "Brazil", "Taiwan", "New Zealand", "United Arab Emirates", "India"]
)
def test_a_registrant_may_be_organised_in_many_countries(place: str) -> None:
    assert told(cover(name=seated(*NAME[6:8], state=place)), "state_of_incorporation") == place


def test_a_phone_abroad_begins_with_its_countrys_code() -> None:
    name = (*NAME[:-2], "+44 20 7946 0958", NAME[-1])
    assert told(cover(name=name), "phone") == "442079460958"


CAPTIONS_FIRST: tuple[Block | str, ...] = (
    table(
        ("Exact name of registrant as specified in its charter:", "Mosswell Lantern Works, Inc."),
        ("State or other jurisdiction of incorporation or organization:", "Oregon"),
        ("I.R.S. Employer Identification No.:", "93-7654321"),
        header_rows=0,
    ),
)


@pytest.mark.parametrize(
    ("role", "value"),
    [("registrant_name", "Mosswell Lantern Works, Inc."), ("state_of_incorporation", "Oregon")],
)
def test_values_may_stand_behind_their_captions(role: str, value: str) -> None:
    assert told(cover(name=(*CAPTIONS_FIRST, *NAME[6:])), role) == value


@pytest.mark.parametrize(
    "caption",
    [
        "(Exact name of small business issuer as specified in its charter)",
        "(Name of registrant as specified in its charter)",
        "(Exact name of each registrant as specified in its charter)",
    ],
)
def test_the_names_caption_is_worded_in_many_ways(caption: str) -> None:
    made = cover(name=(NAME[0], caption, *NAME[2:]))
    assert told(made, "registrant_name") == "Mosswell Lantern Works, Inc."


def test_of_names_one_below_the_other_the_first_counts() -> None:
    name = ("Mosswell Energy Corporation", "Mosswell Gas Company", *NAME[1:])
    assert told(cover(name=name), "registrant_name") == "Mosswell Energy Corporation"


@pytest.mark.parametrize("caption", ["SEC File Number 001-99123", "Commission File # 001-99123"])
def test_the_file_numbers_caption_is_worded_in_many_ways(caption: str) -> None:
    assert told(cover(top=(*TOP[:-1], caption)), "commission_file_number") == "001-99123"


@pytest.mark.parametrize(
    ("sentences", "role", "value"),
    [
        (
            "The aggregate market value of the common stock held by non-affiliates was $0.",
            "public_float",
            0,
        ),
        (
            "As of November 15, 2024, there were 100 shares of the registrant’s common stock outstanding.",
            "shares_outstanding",
            [100],
        ),
        (
            "At March 30, 2024, 24,100,000 shares of common stock were outstanding. At November 15, 2024, "
            "24,561,778 shares of common stock were outstanding.",
            "shares_outstanding",
            [24_561_778],
        ),
    ],
)
def test_a_subsidiary_has_few_shares_and_the_last_day_counts(sentences: str, role: str, value: Any) -> None:
    assert told(cover(end=(sentences, *END[2:])), role) == value


def test_a_symbol_may_hold_blanks_and_signs() -> None:
    listing = (
        "Securities registered pursuant to Section 12(b) of the Act:",
        table(
            ("Title of each class", "Trading Symbol(s)", "Name of each exchange on which registered"),
            ("Class A Shares", "MLW.A", "New York Stock Exchange"),
            ("Warrants", "MLW / WS", "Texas Stock Exchange"),
        ),
    )
    made = cover(listing=listing)
    assert told(made, "trading_symbols") == ["MLW.A", "MLW / WS"]
    assert told(made, "exchanges") == ["New York Stock Exchange", "Texas Stock Exchange"]


def test_a_city_state_is_the_city_of_its_address_without_a_code_too() -> None:
    made = cover(
        name=(
            *NAME[:6],
            "Unit 1801, 18/F, Central Tower",
            "28 Lantern Road Central, Hong Kong",
            "(Address of principal executive offices)",
            "+852 5555 0188",
            "(Registrant’s telephone number, including area code)",
        )
    )
    assert told(made, "city") == "Hong Kong"
