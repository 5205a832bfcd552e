"""Dead letters onto the log; always on, so it has no ``type`` to configure.

Durable before the epoch is committed. A replayed epoch appends the same ids again: readers drop them. Sources
put there themselves what they can't take up (``neuraldocflow/dead_letters.py`` says what is in one).
"""

from __future__ import annotations

from collections.abc import Sequence

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from neuraldocflow.dead_letters import DeadLetter
from neuraldocflow.log import Log
from sinks.events import Waiting, put_on


class DeadLetterSink(FixedPartitionedSink[DeadLetter, None]):
    """Appends to ``log``. One partition: they are few."""

    def __init__(self, log: Log, waiting: Waiting = None) -> None:
        self._log = log
        self._waiting = waiting

    def list_parts(self) -> list[str]:
        return ["dead-letters"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> DeadLetterPartition:
        return DeadLetterPartition(self._log, self._waiting)


class DeadLetterPartition(StatefulSinkPartition[DeadLetter, None]):
    """Writes at once, so there is nothing to snapshot."""

    def __init__(self, log: Log, waiting: Waiting) -> None:
        self._log = log
        self._waiting = waiting

    def write_batch(self, values: Sequence[DeadLetter]) -> None:
        put_on(self._log, [letter.message() for letter in values], self._waiting)

    def snapshot(self) -> None:
        return None
