"""Snapshots of other releases: read where they can be, refused with a sentence, never dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from neuraldocflow.components import SourceContext
from neuraldocflow.config import Config
from neuraldocflow.job.engine import Engine
from neuraldocflow.job.recovery import Recovery
from neuraldocflow.log import EmbeddedLog
from neuraldocflow.operators.acknowledge import AcknowledgeSink
from neuraldocflow.operators.dedupe import Dedupe
from neuraldocflow.operators.deliver import Deliver
from neuraldocflow.operators.extract import Extract
from neuraldocflow.operators.submissions import SubmissionsSource
from neuraldocflow.operators.validate import Validate
from neuraldocflow.versions import OtherRelease

Resume = Callable[[Any], Any]


def extract(tmp_path: Path) -> Resume:
    config = Config.model_validate(
        {
            "stream_sources": {"inbox": {"type": "filesystem", "config": {"watch_directories": [tmp_path]}}},
            "runtime": {"state_directory": tmp_path / "state"},
        }
    )
    engine = Engine(config)
    return lambda state: Extract(engine, state)


def acknowledge(tmp_path: Path) -> Resume:
    sink = AcknowledgeSink({}, Recovery(None), tmp_path)
    return lambda state: sink.build_part("out", "acknowledgements", state)


def submissions(tmp_path: Path) -> Resume:
    log = EmbeddedLog(tmp_path / "log.db")
    log.ensure_topic("document-stream", 2)
    source = SubmissionsSource(log, SourceContext(tmp_path))
    return lambda state: source.build_part("in", "submissions", state)


STATES: dict[str, tuple[Callable[[Path], Resume], dict[str, Any]]] = {
    "dedupe": (lambda folder: Dedupe, {"seen": ["a:0"]}),
    "validate": (
        lambda folder: Validate,
        {"contents": [("c", "d")], "usual": {"f": [1, 1, 1, 1]}, "count": 1},
    ),
    "extract": (extract, {"pending": []}),
    "acknowledge": (acknowledge, {"waiting": []}),
    "submissions": (submissions, {"positions": {0: 0, 1: 0}}),
}
"""Each state as version 1 wrote it: this stays as it is when a version 2 comes."""
NOW: dict[str, dict[str, Any]] = {
    "acknowledge": {"version": 2, "spent": []},
    "extract": {"version": 2},
    "submissions": {"version": 2, "waiting": {}, "topic_id": ANY},
    "validate": {"counts": {"f": 1}, "found": {"f": 1}},
}
"""What is another in the state as it is written now."""


@pytest.mark.parametrize("what", STATES)
def test_a_state_of_version_1_is_taken_up_as_it_was(what: str, tmp_path: Path) -> None:
    made, state = STATES[what]
    resumed = made(tmp_path)({"version": 1, **state})
    assert resumed.snapshot() == {"version": 1, **state, **NOW.get(what, {})}
    getattr(resumed, "close", lambda: None)()


def test_what_webhooks_wait_for_by_their_places_in_a_configuration_is_refused(tmp_path: Path) -> None:
    """Version 1 did not say whose the queues are, and the configuration may be another now."""
    old = {"version": 1, "queues": [[("m", "d", 0, "default", 0, 0.0)]]}
    with pytest.raises(OtherRelease, match=r"snapshot of webhooks is in version 1, .* drain it"):
        Deliver({}, tmp_path, lambda: "1", lambda: False, set(), old)


@pytest.mark.parametrize("version", [{"version": 99}, {}], ids=["later", "none"])
@pytest.mark.parametrize("what", STATES)
def test_a_state_of_an_unknown_version_is_refused_with_what_to_do(
    what: str, version: dict[str, Any], tmp_path: Path
) -> None:
    made, state = STATES[what]
    with pytest.raises(OtherRelease, match=f"snapshot of {what} is in version .* drain it"):
        made(tmp_path)({**version, **state})
