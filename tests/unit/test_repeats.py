"""Readers drop what they have read before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.deliveries import delivery
from typer.testing import CliRunner

from neuraldocflow.cli import app
from neuraldocflow.gateway.arrivals import Arrived
from neuraldocflow.gateway.jobs import Jobs
from neuraldocflow.gateway.offsets import Positions
from neuraldocflow.gateway.tail import Tail
from neuraldocflow.log import TOPICS, EmbeddedLog
from neuraldocflow.repeats import Repeats
from sinks.events import message_of


def written_twice(root: Path) -> EmbeddedLog:
    """A log as a crash leaves it: the second epoch's two results are there twice."""
    log = EmbeddedLog(root / ".neuraldocflow" / "log.db")
    for topic in TOPICS:
        log.ensure_topic(topic)
    results = [message_of(delivery(name)) for name in ("a.pdf", "b.pdf", "c.pdf")]
    log.append([*results, *results[1:]])
    return log


def test_an_id_is_new_once_and_memory_is_bounded() -> None:
    repeats = Repeats(most=2)
    assert [repeats.is_new(each) for each in ("a", "b", "a", "c", "c", "a")] == [
        *(True, True, False),
        *(True, False, True),
    ]


def test_the_relay_publishes_an_event_once(tmp_path: Path) -> None:
    published: list[Arrived] = []

    def publish(events: list[Arrived], positions: Positions) -> None:
        published.extend(events)

    with written_twice(tmp_path) as log:
        Tail(log, Jobs(Path(":memory:")), publish, timedelta(days=1)).read_all()
    names = [each.event_id for each in published]
    assert len(names) == len(set(names)) == 3


def test_tail_shows_an_event_once(tmp_path: Path) -> None:
    written_twice(tmp_path).close()
    config = tmp_path / "job.yaml"
    config.write_text(f"runtime: {{state_directory: {tmp_path / '.neuraldocflow'}}}")
    shown = CliRunner().invoke(
        app, ["tail", "results", "-c", str(config), "--from-beginning", "--no-follow", "--json"]
    )
    assert len(shown.stdout.splitlines()) == 3
