from __future__ import annotations

import pytest

from neuraldocflow.extraction.contract.dates import Period, dates, later, periods


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("made as of the 6th day of March, 2006 (the", "2006-03-06"),
        ("dated July 31, 2017", "2017-07-31"),
        ("effective 7/1/98", "1998-07-01"),
        ("on 15 March 2010", "2010-03-15"),
        ("on 25/12/2004", "2004-12-25"),
        ("on 05.11.2020 (the", "2020-11-05"),
        ("ends on 31.12.2025. It", "2025-12-31"),
        ("made this first day of July, 2017", "2017-07-01"),
        ("the Twenty-Second day of May, 2009", "2009-05-22"),
        ("the TWENTİETH day of APRİL, 2009", "2009-04-20"),
        ("on ²/5/2009 and on 5/4/2009", "2009-05-04"),
        ("as of the thirty first day of March 1999", "1999-03-31"),
    ],
)
def test_a_whole_date_is_iso(text: str, value: str) -> None:
    assert [each.value for each in dates(text)] == [value]


def test_dates_in_figures_are_day_first_where_the_day_leads() -> None:
    text = "from 01/03/2024 to 5-4-2026, not 05.11.2020, March 4, 2021 or 12/31/2022"
    read = ["2024-03-01", "2026-04-05", "2020-11-05", "2021-03-04", "2022-12-31"]
    assert [each.value for each in dates(text, day_leads=True)] == read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("this ___ day of _______, 2020", "[]/[]/2020"),
        ("January __, 1999", "01/[]/1999"),
        ("dated as of [●], 2015", "[]/[]/2015"),
        ("effective as of , 2020 (the", "[]/[]/2020"),
        ("this ____ day of ______, 20__", "[]/[]/20[]"),
    ],
)
def test_what_a_date_leaves_blank_stays_blank(text: str, value: str) -> None:
    assert [each.value for each in dates(text)] == [value]


def test_section_numbers_and_impossible_days_are_no_dates() -> None:
    assert not list(dates("Section 4.1.2 of Exhibit 12-15, on February 30, 2011"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a period of three (3) years", "3 years"),
        ("for 12 months", "12 months"),
        ("sixty (60) days' notice", "60 days"),
        ("one hundred eighty (180) days", "180 days"),
        ("an additional one-year term", "1 year"),
    ],
)
def test_a_period_is_told_in_figures(text: str, told: str) -> None:
    assert [str(each) for each in periods(text)] == [told]


def test_the_fraction_of_a_period_is_no_period() -> None:
    assert not list(periods("a period of 2.5 years"))


def test_a_period_after_a_date_ends_on_the_same_day() -> None:
    assert later("2016-02-29", Period(1, "year", 0, 0)) == "2017-02-28"
    assert later("2016-11-15", Period(3, "month", 0, 0)) == "2017-02-15"
    assert later("2016-12-30", Period(3, "day", 0, 0)) == "2017-01-02"


def test_a_blank_date_moves_by_years_only() -> None:
    assert later("[]/[]/2020", Period(5, "year", 0, 0)) == "[]/[]/2025"
    assert later("[]/[]/2020", Period(5, "month", 0, 0)) is None
    assert later("[]/[]/20[]", Period(5, "year", 0, 0)) is None
