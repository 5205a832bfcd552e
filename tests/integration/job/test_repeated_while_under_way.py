"""A document that comes again while it is worked on, when many have come since: it is not recognised."""

from __future__ import annotations

from pathlib import Path

from support.job import LETTER
from support.topics import wait_for

from neuraldocflow.config import Config
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.job.engine import Engine
from neuraldocflow.operators.extract import Extract, Finished


def test_it_is_worked_on_once_and_whoever_has_it_again_does_not_wait_for_it(tmp_path: Path) -> None:
    letter = tmp_path / "letter.html"
    letter.write_text(LETTER.format(number=1, day=1))
    source = DocumentSource(kind="file", uri=letter.as_uri(), size=letter.stat().st_size)
    document = NewDocument(id="a", source=source)
    engine = Engine(Config.model_validate({"runtime": {"state_directory": tmp_path / "state"}}))
    first, again = Extract(engine, None), Extract(engine, None)
    first.on_batch([document])
    _, forgotten = again.on_batch([document.model_copy(update={"priority": "high"})])
    assert forgotten
    finished: list[object] = []

    def done() -> bool:
        out, nothing_left = first.on_notify()
        finished.extend(each for each in out if isinstance(each, Finished))
        return nothing_left

    wait_for(done, 60)
    assert finished == [Finished(document, finished[0].outcome)]  # type: ignore[attr-defined]
    _, forgotten = again.on_batch([document])  # it is no longer under way
    assert not forgotten
    engine.close()
