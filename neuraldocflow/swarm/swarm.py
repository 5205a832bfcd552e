"""The swarm: agents, and the thread that gives them work, watches them and counts them.

What to do next is decided by :class:`~.scheduler.Scheduler` and :class:`~.autoscaler.Autoscaler`, which do no
I/O; this shell holds the processes. One lock guards all; the thread sleeps until something happens.
"""

from __future__ import annotations

import itertools
import logging
import os
import socket
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from neuraldocflow.errors import AgentCrashed, DocumentError, FetchFailed, Internal, Timeout
from neuraldocflow.limits import Limits
from neuraldocflow.results import ErrorInfo

from .autoscaler import Autoscaler, Load
from .containment import missing
from .decisions import Decisions
from .job import Job, Outcome, Progress
from .process import AgentProcess
from .processor_use import ProcessorUse
from .quarantine import Quarantine
from .reaper import Reaper
from .scheduler import ATTEMPTS, CANCELLED, LATE, QUARANTINED, Scheduler, failed
from .telling import Telling

if TYPE_CHECKING:  # agents import this package, and start without pydantic
    from neuraldocflow.config import BufferConfig, SwarmConfig

log = logging.getLogger(__name__)

_GRACE = 5.0
"""Seconds past ``max_seconds`` before an agent that has not stopped by itself is killed."""
_START = 60.0
"""Seconds an agent may take to get ready, on a busy machine."""
_PAUSE_AFTER_FAULT = 1.0
_PATIENCE = 30.0
"""Seconds stopping waits for agents to be gone."""
_IDLE = 5.0
"""The longest sleep, in seconds."""


class Swarm:
    """Agents for one process. Thread-safe.

    ``forms`` are the profiles' JSON forms, ``work`` what agents do (``module:function``, see :mod:`.agent`).
    Results are moved from below ``scratch`` to where jobs want them, on the same filesystem.
    """

    def __init__(
        self,
        buffer: BufferConfig,
        swarm: SwarmConfig,
        limits: Limits,
        forms: Mapping[str, Any],
        scratch: Path,
        *,
        quarantine: Quarantine | None = None,
        work: str = "neuraldocflow.swarm.agent:extract_document",
    ) -> None:
        self._buffer, self._settings, self._limits = buffer, swarm, limits
        self._scheduler = Scheduler(buffer.max_buffer_size, by_priority=buffer.priority_queues)
        self._scaler = Autoscaler(swarm.min_agents, swarm.max_agents, swarm.scaling_metrics)
        self._target = swarm.min_agents
        self._scratch = scratch / f"swarm-{uuid.uuid4().hex[:8]}"
        self._scratch.mkdir(parents=True)
        profiles = self._scratch / "profiles.json"
        profiles.write_bytes(orjson.dumps(forms))
        self._told = {
            "work": work,
            "forms": str(profiles),
            "limits": asdict(limits),
            "readable": [str(folder) for folder in swarm.readable_directories],
        }
        self._agents: dict[socket.socket, AgentProcess] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._outcomes: dict[str, list[Outcome]] = defaultdict(list)
        self._telling = Telling()
        self.decisions = Decisions()
        self._warned = False
        self._quarantine = quarantine or Quarantine()
        self._reaper = Reaper(self._scratch)
        self._cancelled: list[tuple[str, int]] = []
        self._counts = {"completed": 0, "partial": 0, "failed": 0}
        self._stopped = False
        self._fault: Exception | None = None
        self._draining = False
        self._spawn_at = 0.0
        """Not before: agents that end before they are ready are not started in a tight loop."""
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._cores = ProcessorUse(time.monotonic())
        self._thread = threading.Thread(target=self._supervise, name="swarm", daemon=True)

    def start(self) -> None:
        """Start the least agents; returns at once, jobs wait until one is ready."""
        self._reaper.start()
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Take a job in. Raises Full where there is no room."""
        with self._lock:
            self._check()
            self._scheduler.submit(job, time.monotonic())
        self._wake()

    def room(self) -> int:
        """How many jobs sources may bring now: outcomes that nobody has taken yet hold them back too."""
        with self._lock:
            self._check()
            return max(self._scheduler.room() - sum(map(len, self._outcomes.values())), 0)

    def take(self, key: str) -> list[Outcome]:
        """Outcomes of the key's jobs that nobody has taken yet."""
        with self._lock:
            self._check()
            return self._outcomes.pop(key, [])

    def progress(self) -> list[Progress]:
        """What running jobs told since the last call."""
        with self._lock:
            return self._telling.take()

    def cancel(self, document_id: str, run: int = 0) -> bool:
        """End a waiting or running job; its outcome says so. False where there is none."""
        with self._lock:
            held = self._scheduler.holds((document_id, run))
            if held:
                self._cancelled.append((document_id, run))
        self._wake()
        return held

    def wait(self, timeout: float) -> bool:
        """Wait until the next job ends, which makes room; False after ``timeout`` seconds."""
        with self._news:
            return self._news.wait(timeout)

    def stats(self) -> dict[str, Any]:
        """Numbers for status and metrics."""
        with self._lock:
            return {
                "agents": len(self._agents),
                "ready": sum(agent.ready for agent in self._agents.values()),
                "queued": self._scheduler.queued,
                "running": self._scheduler.running,
                "oldest_seconds": round(self._scheduler.oldest(time.monotonic()), 3),
                "contained": next((agent.contained for agent in self._agents.values() if agent.ready), {}),
                "pids": [agent.pid for agent in self._agents.values()],
                **self._counts,
            }

    def stop(self, grace: float = 0.0) -> None:
        """Give running jobs ``grace`` seconds, then end all agents. Waiting jobs get no outcome."""
        until = time.monotonic() + grace
        with self._news:
            self._draining = True
            while self._scheduler.running and self._thread.is_alive() and time.monotonic() < until:
                self._news.wait(0.05)
            self._stopped = True
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        self._reaper.stop(_PATIENCE)

    def _check(self) -> None:
        """A job nobody looks after any more would wait for ever."""
        if self._fault is not None:
            raise RuntimeError("the swarm ended") from self._fault

    # The supervising thread from here on; everything below is called with the lock held. It alone ends
    # agents: it listens to their sockets without the lock, and must not find one closed.

    def _supervise(self) -> None:
        try:
            while True:
                with self._news:
                    if self._stopped:
                        break
                    now = time.monotonic()
                    self._enforce(now)
                    self._scale(now)
                    self._assign(now)
                    pause = self._pause(now)
                    heard: list[Any] = [*self._agents, self._wake_in]
                ready = wait(heard, pause)
                with self._news:
                    if self._wake_in in ready:
                        self._drain()
                    for connection in ready:
                        if isinstance(connection, socket.socket) and connection in self._agents:
                            self._hear(self._agents[connection])
        except Exception as fault:
            self._fault = fault
        finally:
            with self._news:
                for agent in self._agents.values():
                    self._reaper.end(agent)
                self._agents.clear()
                self._stopped = True
                self._news.notify_all()

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # full: it is awake already
            os.write(self._wake_out, b"!")

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._wake_in, 4096):
                continue

    def _pause(self, now: float) -> float:
        """Seconds until something has to be looked at."""
        pauses = [_IDLE]
        for agent in self._agents.values():
            if agent.job is not None:
                pauses.append(self._kill_at(agent) - now)
        if self._scheduler.queued or len(self._agents) > self._settings.min_agents:
            pauses.append(min(self._buffer.flush_interval_ms / 1000, 0.5))
        if (deadline := self._scheduler.next_deadline()) is not None:
            pauses.append(deadline - now)
        if now < self._spawn_at:
            pauses.append(self._spawn_at - now)
        return max(min(pauses), 0.0)

    def _kill_at(self, agent: AgentProcess) -> float:
        """Its time begins with its document; until then it is that of the document's folder."""
        if agent.handed is None:
            return agent.began + self._opening
        return agent.handed + self._limits.max_seconds + _GRACE

    @property
    def _opening(self) -> float:
        """Seconds in which a document has to be opened: as many as two tries to read it may take."""
        return ATTEMPTS * (self._limits.max_seconds + _GRACE)

    def _enforce(self, now: float) -> None:
        """End what nobody wants any more or is past its time: jobs, and agents that never get ready."""
        while self._cancelled:
            self._drop(self._scheduler.cancel(self._cancelled.pop()), CANCELLED)
        for agent in list(self._agents.values()):
            unopened = agent.handed is None  # asked first: it may just be handed over
            if agent.job is not None and now > self._kill_at(agent):
                if unopened:
                    told = f"The file could not be opened in {self._opening:g} s: its folder does not answer."
                    self._let_go(agent, agent.job, FetchFailed(told))
                    self.decisions.note("lost", "its document could not be opened", agent=agent.agent_id)
                else:
                    told = f"The document was not done after {self._limits.max_seconds:g} s."
                    self._lose(agent, Timeout(told), "past its time")
            elif agent.job is None and not agent.ready and now > agent.began + _START:
                self._lose(agent, AgentCrashed("An agent did not start."), "did not start")
        self._drop(self._scheduler.expire(now), LATE)

    def _scale(self, now: float) -> None:
        load = Load(
            self._scheduler.queued,
            self._scheduler.running,
            max(len(self._agents), 1),
            self._scheduler.oldest(now),
            self._cores.share(now),
        )
        decision = self._scaler.decide(load, now) if self._settings.auto_scaling and self._agents else None
        if decision is not None:
            about = {"agents": decision.agents, "before": load.agents, "detail": decision.detail}
            self.decisions.note("scaled", decision.reason, **about)
            self._target = decision.agents
        while len(self._agents) < self._target and now >= self._spawn_at:
            self._spawn(now)
        idle = [agent for agent in self._agents.values() if agent.job is None and agent.ready]
        while len(self._agents) > self._target and idle:
            self._dismiss(agent := idle.pop())
            self.decisions.note("dismissed", "unneeded", agent=agent.agent_id)

    def _spawn(self, now: float) -> None:
        try:
            agent = AgentProcess(f"agent-{next(self._numbers)}", self._told, self._scratch)
        except (OSError, RuntimeError) as error:  # no more processes, threads, descriptors or room, for now
            log.warning("an agent can't be started: %s; trying again", getattr(error, "strerror", error))
            self._spawn_at = now + _PAUSE_AFTER_FAULT
            return
        agent.began = now
        self._agents[agent.connection] = agent
        self.decisions.note("started", "wanted", agent=agent.agent_id)

    def _dismiss(self, agent: AgentProcess) -> None:
        del self._agents[agent.connection]
        self._reaper.end(agent)

    def _assign(self, now: float) -> None:
        """Give free agents the next jobs, ``batch_size`` at most at a time."""
        if self._draining:
            return
        free = [agent for agent in self._agents.values() if agent.ready and agent.job is None]
        free.sort(key=lambda agent: not agent.fresh)  # only they are given suspects
        idle_and_fresh = any(agent.fresh and agent.job is None for agent in self._agents.values())
        if self._scheduler.suspects and free and not idle_and_fresh and now >= self._spawn_at:
            before = len(self._agents)
            self._spawn(now)
            if len(self._agents) > before:
                self._dismiss(free.pop())  # a suspect needs an agent of its own: this one makes way for it
        for agent in free[: self._buffer.batch_size]:
            job = self._next(now, agent)
            if job is not None:
                agent.give(job, now)
                self._telling.begins(job, agent)

    def _next(self, now: float, agent: AgentProcess) -> Job | None:
        """The next job for an agent; those whose content ends agents are given none."""
        while (job := self._scheduler.next(now, fresh=agent.fresh)) is not None:
            if not self._quarantine.holds(job.sha256):
                return job
            self._give(self._scheduler.finish(failed(job, QUARANTINED), now))
        return None

    def _hear(self, agent: AgentProcess) -> None:
        try:
            for message in agent.hear():
                self._understand(agent, message)
        except BlockingIOError:
            return
        except (EOFError, OSError):
            self._lose(agent, AgentCrashed("The agent that read the document ended."), "ended")
        except Exception:  # whoever has taken it over may say anything
            self._lose(
                agent, AgentCrashed("The agent that read the document spoke nonsense."), "spoke nonsense"
            )

    def _understand(self, agent: AgentProcess, message: Mapping[str, Any]) -> None:
        if "ready" in message:
            agent.ready, agent.contained = True, dict(message["contained"])
            if not self._warned and (lacking := missing(agent.contained)):
                self._warned = True
                log.warning("%s", lacking)
        elif "stage" in message and agent.job is not None:
            self._telling.goes_on(agent.job, agent, message)
        elif agent.job is not None:
            if message["status"] not in self._counts:
                raise ValueError("an agent's answer has a status")
            self._done(agent, agent.job, message)

    def _done(self, agent: AgentProcess, job: Job, message: Mapping[str, Any]) -> None:
        now = time.monotonic()
        outcome = self._scheduler.finish(_outcome_of(agent, job, message), now)
        self._telling.ended(outcome)
        agent.job = None
        agent.documents += 1
        self._give(outcome)
        if agent.documents >= self._settings.documents_per_agent:
            about = {"agent": agent.agent_id, "documents": agent.documents}
            self.decisions.note("recycled", "documents_per_agent", **about)
            self._dismiss(agent)

    def _lose(self, agent: AgentProcess, error: DocumentError, why: str) -> None:
        """An agent is gone or has to go; its job gets another try, or fails."""
        if self._agents.pop(agent.connection, None) is None:
            return  # dismissed, with the last it had said unheard
        note, job = self.decisions.note, agent.job
        sha256 = ""
        if not agent.ready:
            self._spawn_at = time.monotonic() + _PAUSE_AFTER_FAULT
        if job is not None:
            outcome = self._scheduler.died(job, error, agent.agent_id, time.monotonic())
            if outcome is None:
                self._telling.waits(replace(job, attempt=job.attempt + 1))
            else:
                if agent.handed is not None and job.sha256:  # it had seen the document, which has a hash
                    sha256 = job.sha256
                    self._quarantine.add(sha256)
                    note("quarantined", error.code, document=job.document_id, sha256=sha256)
                self._give(outcome)

        def gone(code: int | None) -> None:
            note("lost", why, agent=agent.agent_id, exit_code=code)
            if sha256:
                self._quarantine.keep(sha256, error.code)

        self._reaper.end(agent, gone)

    def _drop(self, dropped: tuple[list[Outcome], list[Job]], why: DocumentError) -> None:
        """Give the outcomes of waiting jobs nobody wants any more, and end the agents of running ones."""
        outcomes, running = dropped
        for outcome in outcomes:
            self._give(outcome)
        for agent in [each for each in self._agents.values() if each.job in running]:
            assert agent.job is not None
            self.decisions.note("cancelled", why.code, agent=agent.agent_id, document=agent.job.document_id)
            self._let_go(agent, agent.job, why)

    def _let_go(self, agent: AgentProcess, job: Job, why: DocumentError) -> None:
        """End an agent for the sake of its job, which fails; nothing is held against the document."""
        outcome = self._scheduler.finish(failed(job, why), time.monotonic())
        self._dismiss(agent)
        self._give(outcome)

    def _give(self, outcome: Outcome) -> None:
        self._counts[outcome.status] += 1
        self._outcomes[outcome.job.key].append(outcome)
        self._news.notify_all()


def _outcome_of(agent: AgentProcess, job: Job, message: Mapping[str, Any]) -> Outcome:
    """What an agent's answer comes to, its result taken. Raises ValueError where there is none to take."""
    status, summary, error = message["status"], _summary(message["summary"]), None
    if status == "failed":
        error = ErrorInfo.model_validate(message["error"]).model_dump(mode="json", by_alias=True)
    else:
        try:
            agent.take_result(Path(job.output))
        except OSError as found:
            status, error = "failed", Internal(f"The result can't be kept: {found.strerror}.").to_dict()
    return Outcome(job, status, error, summary, agent.agent_id)


_LONGEST_NAME, _MOST = 256, 2**31
_SUMMARY: dict[str, type | tuple[type, ...]] = {
    "profile": str,
    "document_type": str,
    "confidence": (int, float),
    "pages": int,
    "seconds": (int, float),
}


def _summary(told: Mapping[str, Any]) -> dict[str, Any]:
    """What an agent says of its result, as far as it is known. Raises ValueError where it is nonsense."""
    known = {name: value for name, value in dict(told).items() if name in _SUMMARY and value is not None}
    if not all(isinstance(value, _SUMMARY[name]) and _is_sane(value) for name, value in known.items()):
        raise ValueError("an agent's summary has other types")
    return known


def _is_sane(value: Any) -> bool:
    """Whether a text is one, as long as names are, and a number can be counted with. Raises ValueError."""
    return len(value.encode()) < _LONGEST_NAME if isinstance(value, str) else 0 <= value < _MOST
