"""The cover page of annual reports: its captions in several layouts."""

from __future__ import annotations

from typing import Any

import pytest

from neuraldocflow.extraction.candidates import STRATEGIES, Context
from neuraldocflow.extraction.model import Block
from neuraldocflow.extraction.profile import Field
from tests.support.covers import BOXES, END, LISTING, NAME, TOP, cover, told
from tests.support.documents import document, table


@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("registrant_name", "Mosswell Lantern Works, Inc."),
        ("commission_file_number", "001-99123"),
        ("fiscal_year_end", "September 28, 2024"),
        ("state_of_incorporation", "Oregon"),
        ("irs_employer_number", "93-7654321"),
        ("address_line1", "12 Harbor Lane"),
        ("city", "Astoria"),
        ("state", "Oregon"),
        ("zip", "97103"),
        ("phone", "5035550142"),
        ("securities", ["Common Stock, $0.01 par value", "4.125% Notes due 2031"]),
        ("trading_symbols", ["MLWK", "MLWK31"]),
        ("exchanges", ["The Nasdaq Stock Market LLC", "New York Stock Exchange"]),
        ("well_known_seasoned_issuer", "No"),
        ("filer_category", "Accelerated filer"),
        ("shell_company", False),
        ("public_float", 412_500_000),
        ("shares_outstanding", [24_561_778]),
    ],
)
def test_values_stand_over_their_captions(role: str, value: Any) -> None:
    assert told(cover(), role) == value


TABLED: tuple[Block | str, ...] = (
    "MOSSWELL LANTERN WORKS, INC.",
    "(Exact name of registrant as specified in its charter)",
    table(
        ("Oregon", "93-7654321"),
        (
            "(State or other jurisdiction of\nincorporation or organization)",
            "(I.R.S. Employer\nIdentification No.)",
        ),
        ("12 Harbor Lane", ""),
        ("Astoria, OR", "97103"),
        ("(Address of principal executive offices)", "(Zip Code)"),
        header_rows=0,
    ),
    "Registrant’s telephone number, including area code: 503-555-0142",
)


@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("registrant_name", "MOSSWELL LANTERN WORKS, INC."),
        ("state_of_incorporation", "Oregon"),
        ("irs_employer_number", "93-7654321"),
        ("address_line1", "12 Harbor Lane"),
        ("city", "Astoria"),
        ("state", "OR"),
        ("zip", "97103"),
        ("phone", "5035550142"),
    ],
)
def test_captions_and_values_may_stand_in_a_table(role: str, value: str) -> None:
    assert told(cover(name=TABLED), role) == value


ROWS: tuple[Block | str, ...] = (
    "Mosswell Lantern Works, Inc.",
    "(Exact name of registrant as specified in its charter)",
    table(
        ("Oregon", "", "93-7654321"),
        ("(State or other jurisdiction of", "", "(I.R.S. Employer"),
        ("incorporation or organization)", "", "Identification No.)"),
        ("12 Harbor Lane, Astoria, Oregon", "", "97103"),
        ("(Address of principal executive offices)", "", "(Zip Code)"),
        ("(503) 555-0142", "", ""),
        ("(Registrant’s telephone number, including area code)", "", ""),
        header_rows=0,
    ),
)


@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("state_of_incorporation", "Oregon"),
        ("irs_employer_number", "93-7654321"),
        ("address_line1", "12 Harbor Lane"),
        ("city", "Astoria"),
        ("state", "Oregon"),
        ("zip", "97103"),
        ("phone", "5035550142"),
    ],
)
def test_captions_may_be_broken_over_rows(role: str, value: str) -> None:
    assert told(cover(name=ROWS), role) == value


ACROSS: tuple[str, ...] = (
    "Mosswell Lantern Works, Inc.",
    "(Exact name of registrant as specified in its charter)",
    "Oregon 93-7654321",
    "(State or other jurisdiction of incorporation or organization) (I.R.S. Employer Identification No.)",
    "12 Harbor Lane, Astoria, Oregon 97103",
    "(Address of principal executive offices, including zip code)",
    "Registrant’s telephone number, including area code (503) 555-0142",
)


@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("registrant_name", "Mosswell Lantern Works, Inc."),
        ("state_of_incorporation", "Oregon"),
        ("irs_employer_number", "93-7654321"),
        ("address_line1", "12 Harbor Lane"),
        ("city", "Astoria"),
        ("zip", "97103"),
        ("phone", "5035550142"),
    ],
)
def test_values_and_captions_may_share_lines(role: str, value: str) -> None:
    assert told(cover(name=ACROSS), role) == value


@pytest.mark.parametrize(
    ("abroad", "state", "place", "zip_code"),
    [
        ("70 Quay Street", "Ireland", "Dublin 2, Ireland D02 R296", "D02 R296"),
        ("P.O. Box HM 12", "Bermuda", "Hamilton, Bermuda HM 08", "HM 08"),
    ],
)
def test_a_registrant_may_sit_abroad(abroad: str, state: str, place: str, zip_code: str) -> None:
    name = (*NAME[:2], state, *NAME[3:6], abroad, place, *NAME[8:])
    made = cover(name=name)
    assert told(made, "state_of_incorporation") == state
    assert told(made, "address_line1") == abroad
    assert told(made, "zip") == zip_code


@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("registrant_name", "MOSSWELL ENERGY CORPORATION"),
        ("state_of_incorporation", "Delaware"),
        ("irs_employer_number", "20-7654321"),
        ("address_line1", "52 Church Street"),
        ("city", "Charlotte"),
        ("zip", "28202-1803"),
        ("phone", "7045550153"),
    ],
)
def test_of_several_registrants_the_first_counts(role: str, value: str) -> None:
    place = "52 Church Street Charlotte, North Carolina 28202-1803 704-555-0153"
    registrants = table(
        (
            "Commission File Number",
            "Registrant, State of Incorporation, Address of Principal Executive Offices and Telephone Number",
            "IRS Employer Identification No.",
        ),
        ("1-99123", f"MOSSWELL ENERGY CORPORATION (a Delaware corporation) {place}", "20-7654321"),
        ("1-99124", f"MOSSWELL GAS, LLC (a North Carolina limited liability company) {place}", "56-7654321"),
    )
    made = cover(top=TOP[:-1], name=(registrants,))
    assert told(made, role) == value


def test_a_long_name_may_be_set_over_two_lines() -> None:
    name = Block("paragraph", "MOSSWELL LANTERN AND LAMP WORKS HOLDINGS, INC.")
    name.line_starts = [0, len("MOSSWELL LANTERN AND LAMP ")]
    made = cover(name=(name, *NAME[1:]))
    assert told(made, "registrant_name") == "MOSSWELL LANTERN AND LAMP WORKS HOLDINGS, INC."


def test_a_unit_before_the_city_is_no_part_of_it() -> None:
    made = cover(
        name=(
            *NAME[:6],
            table(
                ("12 Harbor Lane, Unit 8 Port Astoria, OR", "97103"),
                ("(Address of principal executive offices)", "(Zip Code)"),
                header_rows=0,
            ),
            NAME[-1],
        )
    )
    assert told(made, "address_line1") == "12 Harbor Lane"
    assert told(made, "city") == "Port Astoria"


def test_a_states_code_may_stand_beside_the_employers_number() -> None:
    made = cover(name=(*NAME[:2], "OR 93-7654321", f"{NAME[3]} {NAME[5]}", *NAME[6:]))
    assert told(made, "state_of_incorporation") == "OR"


def test_the_zip_code_may_stand_beside_the_street() -> None:
    address = Block("paragraph", "12 Harbor Lane, 97103 Astoria, Oregon")
    address.line_starts = [0, len("12 Harbor Lane, 97103 ")]
    made = cover(name=(*NAME[:6], address, *NAME[8:]))
    assert told(made, "address_line1") == "12 Harbor Lane"
    assert told(made, "city") == "Astoria"
    assert told(made, "zip") == "97103"


def test_the_state_may_be_told_by_its_laws() -> None:
    laws = "Incorporated under the laws of the State of Oregon"
    made = cover(name=(*NAME[:2], laws, "I.R.S. Employer Identification Number 93-7654321", *NAME[6:]))
    assert told(made, "state_of_incorporation") == "Oregon"


@pytest.mark.parametrize("letters", [100, 300_000])
def test_a_letter_to_the_shareholders_may_come_before_the_cover(letters: int) -> None:
    letter = ["To our shareholders", *["Lanterns were in favor again. " * 30] * (letters // 900)]
    made = document(*letter, *TOP, *NAME, *LISTING, *BOXES, *END)
    expected = {
        "registrant_name": "Mosswell Lantern Works, Inc.",
        "irs_employer_number": "93-7654321",
        "zip": "97103",
    }
    assert {role: told(made, role) for role in expected} == expected
    for role, words in (("registrant_name", NAME[0]), ("securities", "Common Stock, $0.01 par value")):
        found = STRATEGIES["cover_page"](made, {"role": role}, Field(role, "list"), Context([]))
        first = next(iter(found))
        assert made.text[first.start : first.end] == words


def test_a_word_may_be_missing_in_the_caption_of_the_state() -> None:
    form = table(
        ("Oregon", "93-7654321"),
        (
            "(State or other jurisdiction incorporation or organization)",
            "(I.R.S. Employer Identification No.)",
        ),
    )
    made = cover(name=(*NAME[:2], form, *NAME[6:]))
    assert told(made, "state_of_incorporation") == "Oregon"


REGISTRANTS = ("Commission File Number", "Registrant; State of Incorporation; Address", "I.R.S. Employer No.")


def test_a_registrant_named_for_another_place_is_none_of_its_states() -> None:
    registrants = table(
        REGISTRANTS,
        ("1-99123", "The Mosswell Company", "20-7654321"),
        ("", "(A Delaware Corporation)", ""),
        ("1-99124", "Oregon Lamp Company", "56-7654321"),
        ("", "(An Oregon Corporation)", ""),
    )
    assert told(cover(top=TOP[:-1], name=(registrants,)), "state_of_incorporation") == "Delaware"


def test_the_state_may_stand_alone_below_its_caption() -> None:
    registrant = table(REGISTRANTS, ("1-99123", "MOSSWELL WORKS, INC.", "20-7654321"))
    made = cover(top=TOP[:-1], name=(registrant, "Pennsylvania", "1 Lamp Street", "Astoria, Oregon 97103"))
    assert told(made, "state_of_incorporation") == "Pennsylvania"
