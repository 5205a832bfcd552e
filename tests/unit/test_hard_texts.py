"""Patterns that backtrack without end are found by texts made from themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from neuraldocflow import profiles
from neuraldocflow.errors import ConfigError
from neuraldocflow.hard_texts import hard_texts


@pytest.mark.parametrize(
    ("pattern", "lead", "unit"),
    [
        (r"x(b+)+c", "x", "b"),
        (r"Total:\s*((\d+[.,]?)+)\s*EUR", "Total:", "1"),
        (r"id=(?P<value>(\w+\s?)*);", "id=", "a"),
        (r"No\.[^\d]{2}(?:[A-Z]{2}|\w+)*-", "No.aa", "aa"),
        (r"(?:é(?:[éè]+)*)+!", "é", "é"),
        (r"(?=q(b+)+c)q", "q", "b"),
        (r"z((?:ab|c)+)+q", "z", "ab"),
    ],
)
def test_what_repeats_is_repeated_behind_what_leads_there(pattern: str, lead: str, unit: str) -> None:
    wanted = re.compile(rf"{re.escape(lead)}({re.escape(unit)}){{40,}}\x00", re.IGNORECASE)
    assert any(wanted.fullmatch(text) for text in hard_texts(pattern))


def test_texts_are_short_however_often_a_pattern_repeats() -> None:
    for pattern in (r"((a{900}){900}){900}b", r"(a?){4000}x", r"(\w{2,}\s*){5000,}"):
        assert max(map(len, hard_texts(pattern))) < 25_000


@pytest.mark.parametrize(
    "pattern", ["a?", r"(a)?(?(1)b|c)+", r"(?>a+)+b", r"(a)\1?", "", r"[^\w]*", r"[\0]+"]
)
def test_any_pattern_has_some(pattern: str) -> None:
    assert list(hard_texts(pattern))


def test_runs_of_white_space_one_after_the_other_are_no_endless_search(tmp_path: Path) -> None:
    pattern = r"due\s+date\s*[:.]?\s*(?P<value>[\w ,.-]+?)\s*$"
    path = tmp_path / "fine.yaml"
    path.write_text(
        f"name: fine\nversion: 1\nfields:\n  a:\n    where:\n      - pattern: {{pattern: '{pattern}'}}\n"
    )
    assert profiles.check(path).fields[0].name == "a"


def test_a_profile_is_refused_whose_pattern_is_slow_only_behind_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "slow.yaml"
    path.write_text(
        "name: slow\nversion: 1\nfields:\n  a:\n    where:\n      - pattern: {pattern: '[A-Z]{3}-\\d'}\n"
        "      - pattern: {pattern: 'Total:\\s*((\\d+[.,]?)+)\\s*EUR'}\n"
    )
    with pytest.raises(ConfigError, match=r"slow.yaml:7: fields.a.where\[1\].pattern.pattern: this pattern"):
        profiles.check(path)
