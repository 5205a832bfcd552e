"""Waits for agents to be gone, in a thread of its own: on a disk that hangs it takes as long as the hang."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from neuraldocflow.removal import remove_tree

from .process import AgentProcess

Gone = Callable[[int | None], None]
"""Told an agent's exit code (negative: the signal)."""


class Reaper:
    """Ends agents without making who asks for it wait; removes their ``folder`` after the last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._departing: queue.SimpleQueue[tuple[AgentProcess, Gone | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._reap, name="reaper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self, agent: AgentProcess, gone: Gone | None = None) -> None:
        """Kill the agent; ``gone`` is called from the reaper's thread."""
        agent.kill()
        self._departing.put((agent, gone))

    def stop(self, patience: float) -> None:
        """Wait until all agents are gone, so many seconds at most."""
        self._departing.put(None)
        if self._thread.is_alive():
            self._thread.join(patience)

    def _reap(self) -> None:
        while (departing := self._departing.get()) is not None:
            agent, gone = departing
            code = agent.reap()
            if gone is not None:
                gone(code)
        remove_tree(self._folder)
