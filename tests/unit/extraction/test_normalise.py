"""From texts to values: what is one, in which form, and what is none."""

from __future__ import annotations

import datetime
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.extraction.identifiers import IDENTIFIERS, luhn
from neuraldocflow.extraction.normalise import normalise, parse_boolean, parse_date
from neuraldocflow.extraction.numbers import parse_number
from neuraldocflow.extraction.profile import Field
from neuraldocflow.extraction.units import parse_scale


def field(kind: str, **more: object) -> Field:
    return Field("f", kind, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-03-05", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("March 5, 2024", "2024-03-05"),
        ("3. Mai 2024", "2024-05-03"),
        ("Wien, den 30. September 2024", "2024-09-30"),
        ("1. JÄNNER 2024", "2024-01-01"),
        ("1er juin 2024", "2024-06-01"),
        ("au 31 déc. 2023", "2023-12-31"),
        ("14 août 2024", "2024-08-14"),
        ("see note 3. April 2024 was dry", None),
        ("Mar. 5 2024", "2024-03-05"),
        ("this 5th day of March, 2024", "2024-03-05"),
        ("5 March 2024", "2024-03-05"),
        ("3/5/2024", "2024-03-05"),
        ("25/3/2024", "2024-03-25"),
        ("5.3.2024", "2024-03-05"),
        ("03-05-2024", "2024-03-05"),
        ("05-Mar-2024", "2024-03-05"),
        ("3/5/24", "2024-03-05"),
        ("3/5/61", "1961-03-05"),
        ("30 February 2024", None),
        ("no date", None),
        ("1234567890", None),
        ("2024/03/05", "2024-03-05"),
        ("2024.03.05", "2024-03-05"),
        ("2023-31-12", None),
        ("20231301", None),
        ("0001-01-01", None),
        ("1.1.2024.5", None),
        ("12-3-45-6", None),
        ("5 Aprıl 2024", "2024-04-05"),
        ("AUGUſT 5, 2024", "2024-08-05"),
    ],
)
def test_dates(text: str, date: str | None) -> None:
    assert parse_date(text) == date


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 12, 31)))
def test_a_date_written_out_is_read_back(date: datetime.date) -> None:
    assert parse_date(f"{date:%B} {date.day}, {date.year}") == date.isoformat()
    assert parse_date(date.isoformat()) == date.isoformat()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.5", 1234.5),
        ("$ (1,234)", -1234),
        ("(12.5)", -12.5),
        ("−7", -7),
        ("$-3", -3),
        ("2.5 billion", 2.5e9),
        ("in 1999 and 5", 1999),
        ("Dec 5 1999", 5),
        ("none", None),
        ("1,234.50-", -1234.5),
        ("1,234.50- EUR", -1234.5),
        ("(12.5%)", -12.5),
        ("($1.2 million)", -1_200_000),
        ("(1,234", -1234),
        ("minus 5", -5),
        ("- 5", -5),
        ("Refund - 5", 5),
        ("COVID-19", 19),
        ("thirty (30) days", 30),
        ("Ten Thousand Dollars ($10,000)", 10_000),
        ("1.234,56", 1234.56),
        ("1.234.567,89", 1_234_567.89),
        ("12,5", 12.5),
        ("0,125", 0.125),
        ("1 234 567,89", 1_234_567.89),
        ("1\u00a0234\u202f567", 1_234_567),
        ("1'234'567.50", 1_234_567.5),
        ("1’234.50", 1234.5),
        ("12,34,567", 1_234_567),
        ("$1.125", 1.125),
        ("$3.5M", 3_500_000),
        ("3.5 m", 3.5),
        ("1.5 lakh", 150_000),
    ],
)
def test_numbers(text: str, number: float | None) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *("1,2345", "1.2.3", "1,000,00", "5-10", "12/31/2023 5,000", "12:30", "1 1/2", "1e6", "9" * 400),
        *("2½", "2 ½ %", "1.5E+6", "5 hundred thousand", "10.000,-"),
        "450 320",  # one number, or two columns
        "(1) 500",  # a loss, or a note's mark
    ],
)
def test_what_could_be_read_in_several_ways_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def test_a_number_is_read_in_time_whatever_stands_around_it() -> None:
    began = time.monotonic()
    for around in (" ", "\u00a0", "( ", "$", "-", "1,", "1 234 ", "a-"):
        normalise(around * 50_000, field("money"), {})
    assert time.monotonic() - began < 10


@given(st.floats(-1e12, 1e12).map(lambda value: round(value, 2)))
def test_a_number_written_with_separators_is_read_back(number: float) -> None:
    shown = f"({-number:,.2f})" if number < 0 else f"{number:,.2f}"
    assert parse_number(shown) == pytest.approx(number)


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    for kind in ("string", "integer", "decimal", "money", "percent", "date", "boolean", "identifier"):
        normalise(text, field(kind), {})
    for check in IDENTIFIERS.values():
        check(text)


def test_money_has_its_scale_and_currency() -> None:
    assert normalise("$ 12.5", field("money"), {"scale": 1e6}) == (12_500_000, {"currency": "USD"})
    assert normalise("12.5", field("money"), {"currency": "EUR"}) == (12.5, {"currency": "EUR"})
    assert normalise("£3 million", field("money"), {}) == (3_000_000, {"currency": "GBP"})
    assert normalise("$3 million", field("money"), {"scale": 1e3}) == (3_000_000, {"currency": "USD"})


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("5 €", 5, "EUR"),
        ("R$ 500", 500, "BRL"),
        ("C$5", 5, "CAD"),
        ("HK$5", 5, "HKD"),
        ("US$5", 5, "USD"),
        ("AUD $5", 5, "AUD"),
        ("$5 CAD", 5, "CAD"),
        ("5 Canadian dollars", 5, "CAD"),
        ("CHF 1'234.50", 1234.5, "CHF"),
        ("₹1,00,000", 100_000, "INR"),
        ("₹2.5 crore", 25_000_000, "INR"),
        ("$5M", 5_000_000, "USD"),
        ("£1.5bn", 1_500_000_000, "GBP"),
        ("€ 5 Mio.", 5_000_000, "EUR"),
        ("9999999999999999 EUR", 9_999_999_999_999_999, "EUR"),
    ],
)
def test_money_as_it_is_written_in_other_places(text: str, value: float, currency: str) -> None:
    assert normalise(text, field("money"), {"currency": "JPY"}) == (value, {"currency": currency})


def test_of_several_numbers_the_one_with_a_currency_or_a_percent_sign_is_meant() -> None:
    assert normalise("due in 30 days: $500", field("money"), {}) == (500, {"currency": "USD"})
    assert normalise("12/31/2023 $500", field("money"), {}) == (500, {"currency": "USD"})
    assert normalise("3 $ 450.00", field("money"), {}) == (450, {"currency": "USD"})
    assert normalise("5 € 7 €", field("money"), {}) == (5, {"currency": "EUR"})
    assert normalise("(incl. 19% VAT): 119,00 EUR", field("money"), {}) == (119, {"currency": "EUR"})
    assert normalise("3 months at 4.5%", field("percent"), {}) == (4.5, {})
    assert normalise("30 days, 500", field("money"), {}) == (30, {})


def test_a_percentage_is_no_money() -> None:
    assert normalise("20% of 64.00", field("money"), {}) == (64, {})
    assert normalise("8.25 %", field("money"), {}) is None


def test_an_amount_whose_point_means_either_is_not_guessed() -> None:
    assert normalise("1.000 €", field("money"), {}) is None
    assert normalise("0.125 €", field("money"), {}) == (0.125, {"currency": "EUR"})


def test_an_integer_is_never_made_of_a_part() -> None:
    assert normalise("12.5", field("integer"), {}) is None
    assert normalise("12.5", field("integer"), {"scale": 1e3}) == (12_500, {})
    assert normalise("12.0", field("integer"), {}) == (12, {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12,5 TEUR", 12_500),
        ("T€ 500", 500_000),
        ("500 k€", 500_000),
        ("5 M€", 5_000_000),
        ("20 TCHF", 20_000),
        ("5 Millionen Euro", 5_000_000),
        ("500 Tsd. €", 500_000),
        ("3 milliards d’euros", 3_000_000_000),
        ("1,5 Mrd. €", 1_500_000_000),
    ],
)
def test_amounts_in_thousands_and_millions_of_other_languages(text: str, value: int) -> None:
    assert normalise(text, field("money"), {}) == (value, {"currency": "CHF" if "CHF" in text else "EUR"})


@pytest.mark.parametrize(
    ("caption", "told"),
    [
        ("(in CHF millions)", (1e6, "CHF")),
        ("in millions of Canadian dollars", (1e6, "CAD")),
        ("(C$ in thousands)", (1e3, "CAD")),
        ("£m", (1e6, "GBP")),
        ("US$'000", (1e3, "USD")),
        ("paid $3m in cash", (None, "USD")),
        ("(₹ in crore)", (1e7, "INR")),
        ("(INR lakhs)", (1e5, "INR")),
        ("PEN SALES ($ IN THOUSANDS)", (1e3, "USD")),
        ("(PEN in thousands)", (1e3, "PEN")),
        ("Angaben in TEUR", (1e3, "EUR")),
        ("2031 T€", (1e3, "EUR")),
        ("(in Mio. CHF)", (1e6, "CHF")),
        ("en milliers d’euros", (1e3, "EUR")),
        ("Umsatz (M€)", (1e6, "EUR")),
        ("in Mrd. €", (1e9, "EUR")),
        ("paid 500 TEUR, or 3 Mio. EUR", (None, "EUR")),
    ],
)
def test_the_scale_and_currency_of_a_caption(caption: str, told: tuple[float | None, str | None]) -> None:
    assert parse_scale(caption) == told


def test_an_enum_takes_the_longest_of_its_words_that_stands_in_the_text() -> None:
    wanted = field("enum", values={"net_30": ("30 days", "net 30"), "net_60": ("60 days",)})
    assert normalise("due within 60 days of receipt", wanted, {}) == ("net_60", {})
    assert normalise("NET 30", wanted, {}) == ("net_30", {})
    assert normalise("on receipt", wanted, {}) is None


def test_booleans() -> None:
    assert [parse_boolean(text) for text in ("Yes", "☒", "no.", "☐", "maybe")] == [
        True,
        True,
        False,
        False,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("☐ Yes ☒ No", False),
        ("☒ Yes ☐ No", True),
        ("Yes [ ] No [X]", False),
        ("( ) No (x) Yes, since 2021", True),
        ("✓ Yes ✗ No", True),
        ("☐ Yes ☐ No", None),
        ("☒ Yes ☒ No", None),
        ("Yes ☒ No", None),
        ("☒ I agree", True),
        ("[ ] I agree", False),
        ("[ ]", False),
        ("☐ Yes", False),
        ("☐ No", None),
        ("● Yes ○ No", True),
    ],
)
def test_the_box_that_is_ticked_says_what_is_true(text: str, answer: bool | None) -> None:
    assert parse_boolean(text) is answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[x] Single [ ] Married filing jointly", "single"),
        ("Single ☐ Married filing jointly ☑", "joint"),
        ("☐ Single ☐ Married filing jointly", None),
        ("☒ Single ☒ Married filing jointly", None),
        ("☒ Widowed ☐ Single", None),
        ("● married filing jointly", "joint"),
    ],
)
def test_an_enum_with_check_boxes_is_what_is_ticked(text: str, value: str | None) -> None:
    wanted = field("enum", values={"single": ("Single",), "joint": ("Married filing jointly",)})
    assert normalise(text, wanted, {}) == (None if value is None else (value, {}))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("ein", "EIN 12-3456789", "12-3456789"),
        ("ein", "123456789", None),
        ("cik", "CIK 320193", "0000320193"),
        ("npi", "NPI: 1234567893", "1234567893"),
        ("npi", "1234567890", None),
        ("iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("iban", "DE00 3704 0044 0532 0130 00", None),
        ("card", "4111 1111 1111 1111", "4111111111111111"),
        ("card", "4111 1111 1111 1112", None),
        ("card", "0000 0000 0000 0000", None),
        ("phone", "(541) 555-0100", "5415550100"),
        ("phone", "555-123-4567 ext. 12", "5551234567"),
        ("phone", "555-123-4567 or 555-765-4321", "5551234567"),
        ("phone", "555.123.4567x89", "5551234567"),
        ("phone", "+49 (0)30 1234567", "49301234567"),
        ("phone", "555-0100 / 555-0199", "5550100"),
        ("phone", "+41 44 668 18 00 / +41 44 668 18 01", "41446681800"),
        ("phone", "555-123-4567, 555-987-6543", "5551234567"),
        ("phone", "030 / 123 456", "030123456"),
        ("phone", "2024-01-05 10:20", None),
        ("iban", "IBAN: DE89 3704 0044 0532 0130 00 BIC COBADEFF", "DE89370400440532013000"),
        ("iban", "DE893704004405320130", None),
    ],
)
def test_identifiers_are_checked(kind: str, text: str, value: str | None) -> None:
    found = normalise(text, field("identifier", format=kind), {})
    assert (found and found[0]) == value


@given(st.text("0123456789", min_size=2, max_size=18), st.data())
def test_luhn_sees_any_single_wrong_digit(digits: str, data: st.DataObject) -> None:
    check = next(digit for digit in "0123456789" if luhn(digits + digit))
    number = digits + check
    at = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[at]]))
    assert not luhn(number[:at] + other + number[at + 1 :])
