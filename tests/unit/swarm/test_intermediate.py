"""What an agent gathers between two messages is small, whatever the document."""

from __future__ import annotations

import json

import pytest

from neuraldocflow.events import IntermediateResults
from neuraldocflow.extraction import Profile
from neuraldocflow.limits import PAGES_TOLD, TEXT_TOLD
from neuraldocflow.swarm.intermediate import Gathered


def test_what_was_told_is_not_told_again() -> None:
    gathered = Gathered(profile="generic")
    assert gathered.take() is None
    gathered.add({"page": 1, "text": "one"})
    gathered.add({"documentType": "contract", "profile": "contract_analysis"})
    assert gathered.take() == {
        "documentType": "contract",
        "profile": "contract_analysis",
        "pages": [{"page": 1, "text": "one", "truncated": False}],
    }
    assert gathered.take() is None


def test_long_pages_and_many_are_cut_to_what_the_schema_allows() -> None:
    gathered = Gathered(profile="generic")
    for number in range(1, 10 * PAGES_TOLD):
        gathered.add({"page": number, "text": "x" * 10_000})
    known = gathered.take()
    assert known is not None
    assert len(known["pages"]) == PAGES_TOLD
    assert known["pages"][0] == {"page": 1, "text": "x" * TEXT_TOLD, "truncated": True}
    assert known["pages"][-1] == {"page": PAGES_TOLD, "text": "", "truncated": True}
    assert len(json.dumps(known)) < 32_000
    IntermediateResults.model_validate(known)


def test_text_that_is_no_unicode_is_told_in_unicode() -> None:
    gathered = Gathered(profile="generic")
    gathered.add({"page": 1, "text": "a\ud800b"})
    known = gathered.take()
    assert known is not None
    assert IntermediateResults.model_validate(known).pages[0].text == "a?b"  # type: ignore[index]


PROFILES = {
    name: Profile.from_dict({"name": name, "version": 1, "fields": {"who": {"sensitive": sensitive}}})
    for name, sensitive in (("open", False), ("shut", True))
}


@pytest.mark.parametrize(("wanted", "told"), [("open", True), ("shut", False)])
def test_pages_of_a_document_with_sensitive_fields_are_never_told(wanted: str, told: bool) -> None:
    gathered = Gathered(PROFILES, wanted)
    gathered.add({"page": 1, "text": "Ada"})
    assert ("pages" in (gathered.take() or {})) is told


@pytest.mark.parametrize(("found", "told"), [("open", True), ("shut", False)])
def test_pages_wait_until_it_is_known_what_the_document_is(found: str, told: bool) -> None:
    gathered = Gathered(PROFILES)
    gathered.add({"page": 1, "text": "Ada"})
    assert gathered.take() is None
    gathered.add({"profile": found, "documentType": found})
    known = gathered.take()
    assert known is not None
    assert ("pages" in known) is told
    gathered.add({"page": 2, "text": "Lovelace"})
    assert ("pages" in (gathered.take() or {})) is told
