"""Which documents of a topic are done."""

from __future__ import annotations

from pathlib import Path

from neuraldocflow.topics.ledger import Ledger


def test_what_is_done_is_known_to_every_process_at_once(tmp_path: Path) -> None:
    here, there = Ledger(tmp_path / "l.db"), Ledger(tmp_path / "l.db")
    here.add("a:0")
    here.add("a:0")
    assert there.among(["a:0", "a:1", "b:0"]) == {"a:0"}


def test_what_was_done_since_an_earlier_look_is_told_whoever_did_it(tmp_path: Path) -> None:
    here, there = Ledger(tmp_path / "l.db"), Ledger(tmp_path / "l.db")
    assert here.end() == 0
    here.add("a:0")
    seen = here.end()
    assert here.after(seen) == (seen, set())
    there.add("a:0")
    there.add("b:0")
    seen, done = here.after(seen)
    assert done == {"b:0"}
    here.add("c:1")
    assert here.after(seen) == (here.end(), {"c:1"})


def test_the_oldest_are_forgotten_not_the_latest(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db", kept=200)
    for number in range(1000):
        ledger.add(f"{number}:0")
    assert ledger.among(["0:0", "500:0"]) == set()
    assert len(ledger.among(f"{number}:0" for number in range(800, 1000))) == 200


def test_the_partitions_of_a_topic_are_remembered_by_source(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    assert ledger.partitions("s", "t") == 0
    ledger.note_partitions("s", "t", 3)
    ledger.note_partitions("s", "t", 4)
    ledger.note_partitions("other", "t", 2)
    assert Ledger(tmp_path / "l.db").partitions("s", "t") == 4
