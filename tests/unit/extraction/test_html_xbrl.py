from __future__ import annotations

import pytest

from neuraldocflow.extraction.html.reader import read
from neuraldocflow.extraction.html.xbrl import value_of
from neuraldocflow.extraction.model import Document, Fact
from tests.support.html import context, filing, number, tagged


def fact(document: Document, name: str) -> Fact:
    (found,) = [one for one in document.facts if one.name == name]
    return found


def test_a_fact_has_its_words_place_and_period() -> None:
    document = read(filing(f"<p>Name: <b>{tagged('dei:Name', 'Rope &amp; Sons')}</b>, a company.</p>"))
    found = fact(document, "dei:Name")
    assert (found.raw, found.value) == ("Rope & Sons", "Rope & Sons")
    assert document.text[found.start : found.end] == "Rope & Sons"
    assert found.context["start"] == "2023-07-01"
    assert found.context["end"] == "2024-06-30"


def test_a_number_has_its_scale_sign_and_unit_applied() -> None:
    loss = number("us:Income", "1,234.5", 'unitRef="usd" scale="3" sign="-"')
    found = fact(read(filing(f"<p>Loss: ({loss}) thousand</p>")), "us:Income")
    assert found.value == -1_234_500
    assert found.raw == "1,234.5"
    assert found.context["unit"] == "USD"


def test_a_unit_may_be_a_quotient() -> None:
    figure = number("us:PerShare", "2.10", 'unitRef="per_share" scale="0"')
    found = fact(read(filing(f"<p>{figure}</p>")), "us:PerShare")
    assert (found.value, found.context["unit"]) == (2.1, "USD/shares")


def test_members_and_instants_come_from_the_context() -> None:
    contexts = context("year", "2024-06-30", "made:RopeMember")
    found = fact(read(filing(f"<p>{tagged('x:A', 'yes')}</p>", contexts=contexts)), "x:A")
    assert found.context["instant"] == "2024-06-30"
    assert found.context["members"] == {"made:Axis": "made:RopeMember"}


def test_hidden_facts_are_facts_but_no_text() -> None:
    document = read(filing("<p>Words</p>", hidden=tagged("dei:Key", " 0000 ")))
    found = fact(document, "dei:Key")
    assert (found.raw, found.start, found.end) == ("0000", -1, -1)
    assert document.text == "Words"


def test_a_hidden_fact_has_the_place_of_the_text_that_shows_it() -> None:
    hidden = tagged("dei:Filer", "Small Filer", 'id="f1"')
    document = read(filing('<p>☒ <span style="-sec-ix-hidden:f1">Small</span> filer</p>', hidden=hidden))
    found = fact(document, "dei:Filer")
    assert (found.raw, document.text[found.start : found.end]) == ("Small Filer", "Small")


def test_a_fact_in_a_cell_is_placed_though_the_cell_was_joined() -> None:
    figure = number("us:Revenue", "1,234")
    rows = f"<tr><td>Revenue</td><td>$</td><td>{figure}</td></tr><tr><td>Costs</td><td>$</td><td>9</td></tr>"
    document = read(filing(f"<table>{rows}</table>"))
    found = fact(document, "us:Revenue")
    assert found.value == 1_234_000_000
    assert document.text[found.start : found.end] == "1,234"
    assert document.text.startswith("Revenue\t$ 1,234")


def test_a_fact_over_many_blocks_and_its_continuation_is_whole() -> None:
    first = tagged("us:Policy", "<p>First.</p><p>Second.</p>", 'continuedAt="c1"')
    body = f'{first}<p>Not of it.</p><ix:continuation id="c1"><p>Third.</p></ix:continuation>'
    document = read(filing(body))
    found = fact(document, "us:Policy")
    assert found.raw == "First.\nSecond. Third."
    assert document.text[found.start : found.end] == "First.\nSecond."


def test_a_continuation_that_goes_in_circles_ends() -> None:
    first = tagged("us:Policy", "First.", 'continuedAt="c1"')
    body = f'<p>{first}</p><p><ix:continuation id="c1" continuedAt="c1">Again.</ix:continuation></p>'
    assert fact(read(filing(body)), "us:Policy").raw == "First. Again."


def test_facts_inside_facts_are_both_there() -> None:
    document = read(filing(f"<p>{tagged('a:Outer', 'in ' + tagged('a:Inner', 'June') + ' 2024')}</p>"))
    assert [(one.name, one.raw) for one in document.facts] == [
        ("a:Outer", "in June 2024"),
        ("a:Inner", "June"),
    ]


@pytest.mark.parametrize(
    ("raw", "form", "value"),
    [
        ("June 30, 2024", "ixt:date-monthname-day-year-en", "2024-06-30"),
        ("30 Jun 24", "ixt:datedaymonthyearen", "2024-06-30"),
        ("6/30/2024", "ixt:date-month-day-year", "2024-06-30"),
        ("30.06.2024", "ixt:date-day-month-year", "2024-06-30"),
        ("June 30", "ixt:date-monthname-day-en", "--06-30"),
        ("December 2024", "ixt:date-monthname-year-en", "2024-12"),
        ("soon", "ixt:date-monthname-day-year-en", "soon"),
        ("June ², 2024", "ixt:date-monthname-day-year-en", "2024-06"),
        ("☒", "ixt:fixed-true", True),
        ("☐", "ixt:booleanfalse", False),
        ("☐", "ixt-sec:boolballotbox", False),
        ("—", "ixt:fixed-zero", 0),
        ("none", "ixt-sec:numwordsen", 0),
        ("1.234,5", "ixt:num-comma-decimal", 1234.5),
        ("anything", "ixt:fixed-empty", ""),
        ("Utopia", "ixt-sec:stateprovnameen", "Utopia"),
        ("9" * 400, "ixt:num-dot-decimal", None),
    ],
)
def test_formats_say_what_the_words_mean(raw: str, form: str, value: object) -> None:
    assert value_of(raw, {"format": form}) == value


def test_a_tagged_number_that_cannot_be_read_is_none_and_not_one_without_its_scale() -> None:
    assert value_of("1,234", {"unitref": "usd", "scale": "6"}) == 1_234_000_000
    assert value_of("1\u00a0234", {"unitref": "eur", "scale": "3"}) == 1_234_000
    for raw, scale in (("1,234(1)", "6"), ("1,234", "x"), ("twelve", "6"), ("5", "400")):
        assert value_of(raw, {"unitref": "usd", "scale": scale}) is None


def test_nil_is_no_value() -> None:
    assert value_of("", {"unitref": "usd", "xsi:nil": "true"}) is None
