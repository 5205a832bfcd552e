"""Whole documents of every day whose values were once read wrongly, or nearly so."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest

from neuraldocflow.extraction import Profile, extract
from neuraldocflow.extraction.identifiers import phone
from neuraldocflow.extraction.normalise import parse_date
from neuraldocflow.extraction.units import parse_scale
from neuraldocflow.profiles import load


@cache
def profiles() -> dict[str, Profile]:
    return load()


def values(body: str, profile: str, name: str) -> list[Any]:
    page = f"<!DOCTYPE html><html><body>{body}</body></html>".encode()
    found: Any = extract(page, profiles(), profile)["extractedData"]["fields"][name]
    return [each["value"] for each in (found if isinstance(found, list) else [found])]


def pairs(body: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in values(body, "generic", "key_values")}


def contract(*said: str) -> str:
    return (
        "<h1>SERVICES AGREEMENT</h1><p>Effective Date: April 1, 2023</p>"
        "<p>This Services Agreement is made by and between International Quarry<br>Machines Corporation, "
        "a New York corporation, and Foo<br>Services, LLC, a Delaware limited liability company.</p>"
        + "".join(f"<p>{each}</p>" for each in said)
        + "<p>IN WITNESS WHEREOF, the parties have executed this Agreement.</p>"
        "<p>By: /s/ Ann Lee<br>Date: March 3, 2023</p><p>By: /s/ Bo Reed<br>Date: March 5, 2023</p>"
    )


@pytest.mark.parametrize(
    "said",
    [
        "1. Amendments. No amendment shall be effective until all parties have signed it.",
        "1. Work under a Statement of Work shall not commence until both parties have signed it.",
        "1. Each order form is effective upon the last signature.",
    ],
)
def test_what_is_signed_later_is_not_when_the_contract_is_effective(said: str) -> None:
    assert values(contract(said), "contract_analysis", "effective_date") == ["2023-04-01"]


def test_the_last_signature_makes_a_contract_effective_where_it_says_so() -> None:
    body = contract("1. This Agreement is effective upon the last signature.").replace(
        "Effective Date:", "Draft of"
    )
    assert values(body, "contract_analysis", "effective_date") == ["2023-03-05"]


def test_a_line_that_is_broken_amid_prose_cuts_no_name() -> None:
    assert values(contract(), "contract_analysis", "parties") == [
        "International Quarry Machines Corporation",
        "Foo Services, LLC",
    ]


def test_a_form_that_nobody_has_filled_in_names_no_party() -> None:
    form = "<h1>LEASE</h1><p>Owner: To be named</p><p>Agent: N/A</p><p>The rent is due monthly.</p>"
    assert values(form, "contract_analysis", "parties") == []


def test_a_form_field_keeps_its_value_however_a_style_sheet_sets_it() -> None:
    style = "<style>.form-control{display:block}</style>"
    body = '<p><label>Name:</label> <input class="form-control" value="Ann Lee"></p>'
    assert pairs(style + body) == {"Name": "Ann Lee"}


def test_a_label_has_the_lines_beside_it_as_its_value() -> None:
    body = "<table><tr><td>Bill to:</td><td>Acme Ltd<br>12 High St</td></tr></table>"
    assert pairs(body) == {"Bill to": "Acme Ltd 12 High St"}


@pytest.mark.parametrize("said", ["Insulin aspart 20/10/15 units", "NPK 20/10/10", "Part no. 77/12/45"])
def test_numbers_with_slashes_that_are_no_dates_turn_no_dates_round(said: str) -> None:
    assert values(f"<p>{said}</p><p>Due: 03/04/2024</p>", "generic", "dates") == ["2024-03-04"]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+49 (0)6221 / 123456", "496221123456"),
        ("+49 33203 / 12345", "493320312345"),
        ("0049 6221 / 123456", "00496221123456"),
        ("0800 123 / 4567", "08001234567"),
        ("030 / 123456", "030123456"),
        ("555-123-4567 / 555-123-9999", "5551234567"),
    ],
)
def test_a_slash_is_of_a_telephone_number_or_between_two(text: str, digits: str) -> None:
    assert phone(text) == digits


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("in Mio. €", 1e6),
        ("(TEUR)", 1e3),
        ("en milliers d'euros", 1e3),
        ("Le groupe a investi plusieurs millions d'euros dans ses usines", None),
        ("Mio. EUR 512 Mitarbeiter im niedrigen einstelligen Mio. EUR Bereich"[12:], None),
    ],
)
def test_a_scale_is_told_where_units_are_and_not_in_prose(text: str, scale: float | None) -> None:
    assert parse_scale(text)[0] == scale


def test_a_date_is_looked_for_in_no_more_than_its_length() -> None:
    began = time.process_time()
    assert parse_date("7" * 60_000) is None
    assert time.process_time() - began < 2
