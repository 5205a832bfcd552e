"""A document that is cancelled while it waits for a place in the buffer is not read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.gateway import letter
from support.pdf import long_to_read
from support.topics import wait_for

from neuraldocflow.cancellations import cancellation
from neuraldocflow.config import Config
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.job.engine import Engine
from neuraldocflow.swarm.job import Outcome

FULL = {
    "buffer_config": {"max_buffer_size": 1, "batch_size": 1},
    "swarm_config": {"min_agents": 1, "max_agents": 1},
}


def test_a_document_cancelled_while_the_buffer_is_full_is_not_read(tmp_path: Path) -> None:
    engine = Engine(
        Config.model_validate(
            {"processing_pipeline": FULL, "runtime": {"state_directory": tmp_path / "state"}}
        )
    )

    def document(name: str, content: bytes) -> NewDocument:
        payload = engine.payloads.put([content], name)
        told = {"uri": payload.uri, "size": payload.size, "sha256": payload.sha256}
        return NewDocument(id=name, source=DocumentSource(kind="base64", filename=name, **told))

    outcomes: dict[str, Outcome] = {}

    def both() -> bool:
        outcomes.update((each.job.document_id, each) for each in engine.outcomes("me"))
        return len(outcomes) == 2

    try:
        with ThreadPoolExecutor(1) as source:
            engine.submit(document("long.pdf", long_to_read()), "me")
            waiting = source.submit(engine.submit, document("waits.html", letter(1)), "me")
            wait_for(lambda: ("waits.html", 0) in engine._under_way)
            engine.log.append([cancellation("waits.html")])
            wait_for(lambda: ("waits.html", 0) in (engine._cancellations or ()))
            assert not waiting.done()
            engine.log.append([cancellation("long.pdf")])
            waiting.result(60)
            wait_for(both, 60)
        told = {name: (each.error or {}).get("message") for name, each in outcomes.items()}
        assert told == dict.fromkeys(("long.pdf", "waits.html"), "The job was cancelled.")
    finally:
        engine.stop(0.0)
        engine.close()
