"""Patterns that are tried only where a word stands that they begin with find what ``re`` finds."""

from __future__ import annotations

import re
import string
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.extraction.contract.dates import dates, periods
from neuraldocflow.extraction.patterns import Pattern, beginnings, lowered

PATTERNS = (
    r"\b(?:renew\w*|extend\w*|roll(?:s|ed)? over)\b",
    r"\b(?:in|for) perpetuity\b|\bindefinite(?:ly)?\b",
    r"(?:notice)?\s*of\b[^.;]{0,9}$",
    r"x(?:ab)+y?",
    r"(?P<a>term|terms)\s+(?=of)",
    r"[A-Z]\d",
)
WORDS = (
    "renewal",
    "Extend",
    "rolled over",
    "in perpetuity",
    "indefinite",
    "Notice of",
    "xabab",
    "term",
    "of",
    "A1",
    ".",
)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (r"\b(?:renew\w*|extended)\b", ("extended", "renew")),
        (r"(?<=\s)prior\s+Notice\b", ("prior",)),
        (r"mm ?Hg|mg/dl", ("mg/dl", "mm")),
        (r"in (?:all|no) case", ("in all case", "in no case")),
        (r"(?:in|for) (?=perpetuity)x+", ("for x", "in x")),
        (r"(?:notice)?\s*of", ()),
        (r"\d+ ?%|percent", ()),
        (r"a\b|of", ()),
    ],
)
def test_what_matches_begin_with_is_read_from_the_pattern(pattern: str, told: tuple[str, ...]) -> None:
    assert beginnings(pattern, re.IGNORECASE) == told


def test_letters_that_become_two_in_lower_case_do_not_move_what_is_found() -> None:
    match = Pattern("term", re.IGNORECASE).search("İİ Term")
    assert match is not None
    assert match.span() == (3, 7)


@given(st.sampled_from(PATTERNS), st.lists(st.sampled_from(WORDS)).map(" ".join), st.data())
def test_a_pattern_finds_what_re_finds(pattern: str, text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)) | st.none())
    plain, ours = re.compile(pattern, re.IGNORECASE), Pattern(pattern, re.IGNORECASE)
    last = len(text) if end is None else end
    expected = [match.span() for match in plain.finditer(text, start, last)]
    assert [match.span() for match in ours.finditer(text, start, end)] == expected
    first = ours.search(text, start, end)
    assert (first.span() if first is not None else None) == (expected[0] if expected else None)


FILLER = st.sampled_from(["", " and then ", "x" * 200, " 19 of 20 ", " 1/2 ", " years and years ", "20"])


@given(
    st.lists(
        st.tuples(
            FILLER, st.sampled_from(["March 3, 2004", "3/4/2005", "this ___ day of May, 1999", "2001-02-03"])
        )
    )
)
def test_every_date_is_found_however_much_stands_between(parts: list[tuple[str, str]]) -> None:
    text = ". ".join(f"{filler}; {date}" for filler, date in parts)
    assert len(list(dates(text))) == len(parts)


@given(st.lists(st.tuples(FILLER, st.sampled_from(["three (3) years", "90 days", "one year"]))))
def test_every_period_is_found_however_much_stands_between(parts: list[tuple[str, str]]) -> None:
    text = ". ".join(f"{filler}; {period}" for filler, period in parts)
    found = [(each.count, each.unit) for each in periods(text)]
    assert found == [{"t": (3, "year"), "9": (90, "day"), "o": (1, "year")}[period[0]] for _, period in parts]


@pytest.mark.parametrize("letter", string.ascii_lowercase)
def test_what_a_pattern_takes_for_a_letter_is_that_letter(letter: str) -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    taken = re.findall(letter, everything, re.IGNORECASE)
    assert {lowered(each) for each in taken} == {letter}
