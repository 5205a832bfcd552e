"""A swarm's decisions as events on a topic of the log, put there by a thread: no document waits for it."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any

from neuraldocflow.events import SwarmDecision, encode, type_of
from neuraldocflow.log import SWARM_DECISIONS, Log, LogError, Message
from neuraldocflow.swarm.decisions import Decisions

log = logging.getLogger(__name__)

_GATHER = 0.2
"""Seconds in which decisions that follow one another come together."""
_AGAIN = 5.0
_IDLE = 60.0
_MOST = 1000
"""Decisions that wait for a log that does not answer; the oldest are dropped."""


class SwarmEvents:
    """Appends what ``decisions`` has to take, until :meth:`close`."""

    def __init__(self, decisions: Decisions, job_log: Log, swarm_id: str) -> None:
        self._decisions = decisions
        self._log = job_log
        self._swarm_id = swarm_id
        self._numbers = itertools.count()
        self._waiting: deque[Message] = deque(maxlen=_MOST)
        self._ended = threading.Event()
        self._log.ensure_topic(SWARM_DECISIONS, 1)
        self._thread = threading.Thread(target=self._run, name="swarm-events", daemon=True)
        self._thread.start()

    def close(self, patience: float = 5.0) -> None:
        """Append what is left, where the log lets it be appended in so many seconds."""
        self._ended.set()
        self._decisions.wake()
        self._thread.join(patience)

    def _run(self) -> None:
        pause = _GATHER
        while not self._ended.is_set():
            self._decisions.wait(_IDLE if not self._waiting else 0.0)
            self._ended.wait(pause)
            pause = _GATHER if self._append() else _AGAIN

    def _append(self) -> bool:
        self._waiting.extend(map(self._message, self._decisions.take()))
        try:
            if self._waiting:
                self._log.append(list(self._waiting))
        except LogError as error:
            log.warning("the swarm's decisions can't be put on the log: %s", error)
            return False
        self._waiting.clear()
        return True

    def _message(self, decision: dict[str, Any]) -> Message:
        event = SwarmDecision(
            id=self._swarm_id,
            origin="/dataflow",
            sequence=next(self._numbers),
            time=datetime.fromtimestamp(decision.pop("time"), UTC),
            decision=decision.pop("event"),
            agent_id=decision.pop("agent", None),
            **decision,
        )
        headers = {"ce_type": type_of(event), "ce_id": event.event_id}
        return Message(SWARM_DECISIONS, event.id, encode(event), headers)
