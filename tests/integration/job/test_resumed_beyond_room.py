"""A snapshot may have more documents under way than the buffer has places for: of more processes than now."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.gateway import letter
from support.topics import wait_for

from neuraldocflow.config import Config
from neuraldocflow.events import DocumentSource, NewDocument, encode
from neuraldocflow.job.engine import Engine
from neuraldocflow.operators.extract import Extract, Finished


def test_they_are_taken_up_at_once_and_worked_on_as_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = {
        "buffer_config": {"max_buffer_size": 2, "batch_size": 1, "priority_queues": False},
        "swarm_config": {"min_agents": 1, "max_agents": 1},
    }
    engine = Engine(
        Config.model_validate(
            {"processing_pipeline": pipeline, "runtime": {"state_directory": tmp_path / "state"}}
        )
    )

    def pending(number: int) -> tuple[bytes, int, int, int, float]:
        payload = engine.payloads.put([letter(number)], f"{number}.html")
        told = {"uri": payload.uri, "size": payload.size, "sha256": payload.sha256}
        source = DocumentSource(kind="base64", filename=f"{number}.html", **told)
        return encode(NewDocument(id=str(number), source=source)), 1, 0, 0, 0.0

    def waits() -> bool:
        pytest.fail("no heart beats before all that was under way is taken up")

    documents = {str(number) for number in range(6)}
    try:
        with monkeypatch.context() as patched:
            patched.setattr(engine, "wait", waits)
            logic = Extract(engine, {"version": 2, "pending": [pending(number) for number in range(6)]})
        assert len(logic.snapshot()["pending"]) == 6
        assert engine.room() == 0
        finished: list[Finished] = []

        def all_are_done() -> bool:
            finished.extend(each for each in logic.on_notify()[0] if isinstance(each, Finished))
            return len(finished) == 6

        wait_for(all_are_done, 60)
        assert {each.document.id for each in finished} == documents
        assert all(each.outcome and each.outcome.status != "failed" for each in finished)
        assert engine.room() == 2
    finally:
        engine.stop(0.0)
        engine.close()
