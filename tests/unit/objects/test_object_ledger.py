"""What is done of a bucket, remembered over restarts and forgotten when it is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraldocflow.objects.client import parse_uri, uri_of
from neuraldocflow.objects.intake import Found, Intake
from neuraldocflow.objects.ledger import ObjectLedger


@pytest.fixture
def ledger(tmp_path: Path) -> ObjectLedger:
    return ObjectLedger(tmp_path / "sources" / "x.db", kept=0)


def test_a_version_is_done_and_another_of_the_same_key_is_not(ledger: ObjectLedger, tmp_path: Path) -> None:
    ledger.add("ä b.pdf", "one")
    again = ObjectLedger(tmp_path / "sources" / "x.db")
    assert again.has("ä b.pdf", "one")
    assert not again.has("ä b.pdf", "two")


def test_a_page_of_a_listing_knows_what_is_done_of_it(ledger: ObjectLedger) -> None:
    for key in ("a", "b", "c", "𝄞"):
        ledger.add(key, "e")
    assert ledger.listed("", "b", {"a": "e", "b": "newer"}) == {("a", "e")}
    assert ledger.listed("b", None, {"c": "e", "𝄞": "e"}) == {("c", "e"), ("𝄞", "e")}


def test_of_many_versions_those_that_are_done_are_told(ledger: ObjectLedger) -> None:
    for key in ("a", "b 𝄞", "c"):
        ledger.add(key, "e")
    assert ledger.among([("a", "e"), ("b 𝄞", "e"), ("c", "newer"), ("d", "e")]) == {("a", "e"), ("b 𝄞", "e")}
    assert ledger.among([]) == set()


def test_what_another_process_notes_is_noticed_and_what_this_one_does_is_not(
    ledger: ObjectLedger, tmp_path: Path
) -> None:
    ledger.changed_elsewhere()
    ledger.add("a", "e")
    assert not ledger.changed_elsewhere()
    ObjectLedger(tmp_path / "sources" / "x.db").add("b", "e")
    assert ledger.changed_elsewhere()
    assert not ledger.changed_elsewhere()


def test_what_is_gone_is_forgotten_only_after_a_while(ledger: ObjectLedger) -> None:
    ledger.add("a", "e")
    ledger.add("b", "e")
    ledger.listed("", None, {"b": "e"})
    ledger.forget(60)
    assert ledger.has("a", "e")
    ledger.forget(-1)
    assert not ledger.has("a", "e")
    assert ledger.has("b", "e")


def test_a_listing_that_was_behind_does_no_harm(ledger: ObjectLedger) -> None:
    ledger.add("a", "e")
    ledger.listed("", None, {})
    assert ledger.listed("", None, {"a": "e"}) == {("a", "e")}
    ledger.forget(-1)
    assert ledger.has("a", "e")


def test_what_is_left_to_do_is_kept_until_it_is_settled(ledger: ObjectLedger) -> None:
    ledger.add("a", "e", {"status": "completed", "id": "1"})
    ledger.add("a", "e", {"status": "failed", "id": "1"})
    ledger.listed("", None, {})
    ledger.forget(-1)
    assert ledger.to_do() == [("a", "e", {"status": "completed", "id": "1"})]
    ledger.settle("a", "e", taken_away=False)
    assert ledger.to_do() == []
    ledger.listed("", None, {"a": "e"})
    assert ledger.to_do() == []
    assert ledger.has("a", "e")


def test_what_was_taken_away_and_is_back_is_to_be_taken_away_again(ledger: ObjectLedger) -> None:
    ledger.add("a", "e", {"status": "completed", "id": "1"})
    for away in (True, False):  # a listing may not have been made meanwhile
        ledger.settle("a", "e", taken_away=True)
        if away:
            ledger.listed("", None, {})
        assert ledger.to_do() == []
        assert ledger.listed("", None, {"a": "e"}) == {("a", "e")}
        assert ledger.to_do() == [("a", "e", {"status": "completed", "id": "1"})]


def test_the_latest_that_are_gone_are_remembered_for_longer(tmp_path: Path) -> None:
    ledger = ObjectLedger(tmp_path / "x.db", kept=2)
    for number in range(5):
        ledger.add(f"{number}", "e", {"status": "completed", "id": "1"})
        ledger.settle(f"{number}", "e", taken_away=True)
        ledger.listed("", None, {})
    ledger.forget(-1)
    assert [number for number in range(5) if ledger.has(f"{number}", "e")] == [3, 4]


def test_an_object_is_given_to_one_partition_once_until_it_is_done(ledger: ObjectLedger) -> None:
    intake = Intake(2, ledger)
    queues = [intake.open(part) for part in (0, 1)]
    for _ in range(3):
        intake.give(Found("a", "e", 1))
    assert sum(each.qsize() for each in queues) == 1
    ledger.add("a", "e")
    intake.tidy()
    intake.give(Found("a", "e", 1))
    intake.give(Found("a", "newer", 1))
    assert sum(each.qsize() for each in queues) == 2


def test_objects_of_other_processes_partitions_are_left_to_them_unless_announced_here(
    ledger: ObjectLedger,
) -> None:
    intake = Intake(2, ledger)
    here = intake.open(0)
    keys = [f"{number}.pdf" for number in range(20)]
    for key in keys:
        intake.give(Found(key, "e", 1))
    assert 0 < here.qsize() < 20
    for key in keys[:5]:
        intake.give(Found(key, "announced", 1), whichever=True)
    listed = {here.get().key for _ in range(here.qsize())}
    assert set(keys[:5]) <= listed


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60), st.text("abc.-_", max_size=20))
def test_every_key_and_version_comes_back_from_its_uri(key: str, version: str) -> None:
    assert parse_uri(uri_of("inbox", key, version)) == ("inbox", key, version)
