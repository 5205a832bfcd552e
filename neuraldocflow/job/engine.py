"""What the operators of one process share: the swarm, the log, the payload store, and the way to stop.

A flow is declared with an :class:`Engine`; agents start when the first document source does.
"""

from __future__ import annotations

import itertools
import logging
import os
import sqlite3
import sys
import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from neuraldocflow import __version__, durable, profiles
from neuraldocflow.cancellations import CANCELLATIONS, Cancellations
from neuraldocflow.config import Config
from neuraldocflow.deadlines import seconds_left
from neuraldocflow.errors import UnknownProfile
from neuraldocflow.events import NewDocument
from neuraldocflow.fetch_queue import Fetcher, lazily
from neuraldocflow.fetching import THREADS, Fetching
from neuraldocflow.guard import Guard
from neuraldocflow.job.cluster import GRACE, Cluster
from neuraldocflow.job.recovery import Recovery
from neuraldocflow.job.retention import waits_since
from neuraldocflow.job.swarm_events import SwarmEvents
from neuraldocflow.log import DOCUMENT_STREAM, Log, LogError, open_log
from neuraldocflow.objects.fetch import fetcher_at
from neuraldocflow.payloads import PayloadStore, path_of
from neuraldocflow.swarm.job import Job, Outcome, Progress
from neuraldocflow.swarm.quarantine import Quarantine
from neuraldocflow.swarm.scheduler import CANCELLED, Full
from neuraldocflow.swarm.swarm import Swarm
from neuraldocflow.topics.own import reads_submissions

log = logging.getLogger(__name__)

_PATIENCE, _QUIET = 0.25, 0.5
"""Seconds an idle job's sources wait at a time, all together, and after which it is idle."""
_KEPT_FOR_URGENT = 8
"""Places of the buffer that only urgent documents take, so that they wait for agents and not for places."""
_OF_WHAT_WAITS = (DOCUMENT_STREAM, CANCELLATIONS)
_AN_HOUR = timedelta(hours=1)
_LONGEST_WAIT = timedelta(days=3650)
"""A document that says it came before that was given a date that is none."""
_ON_THE_WAY = 1.0
"""Seconds; what takes longer is delivered too, but its tries wait for one another."""


class Engine:
    """One process' share of the job. Thread-safe: the dataflow's workers are threads.

    ``once`` ends the job when its sources are drained. Raises ConfigError for profiles or folders that
    can't be used.
    """

    def __init__(
        self,
        config: Config,
        *,
        once: bool = False,
        recovery: Path | None = None,
        process: int | None = None,
    ) -> None:
        self.config = config
        self.process = process
        """Which of several processes this is; None where it is alone."""
        self.once = once
        self.start_again: Callable[[str], None] | None = None
        """Begins anew from the last snapshot, in a fresh process; called with why."""
        self.recovery = Recovery(recovery)
        self.stopping = threading.Event()
        self.swarm_id = f"swarm-{uuid.uuid4().hex[:8]}"
        state = config.runtime.state_directory.absolute()
        self.state_directory = state
        self.results_directory = state / "work" / "results"
        self.webhooks_directory = state / "work" / "webhooks"
        """Bodies of events that webhooks have not been told yet."""
        self._scratch = state / "work" / "scratch" / str(process or 0)
        for folder in (self.results_directory, self.webhooks_directory, self._scratch):
            folder.mkdir(parents=True, exist_ok=True)
        self.log: Log = open_log(config.runtime)
        self.payloads = PayloadStore(config.runtime.payload_url, self._scratch)
        fetched = state / "work" / "fetched" / str(process or 0)
        limits = config.runtime.limits
        self.fetching = Fetching(
            fetched,
            limits.max_download_mb * 2**20,
            self._hand_over,
            patience=limits.max_unreachable_seconds,
            most_seconds=limits.max_download_seconds,
        )
        self.fetching.add_scheme("s3", fetcher_at(None))
        guard = Guard(config.runtime.allowed_networks, "runtime.allowed_networks")
        by_url = lazily(partial(_url_fetcher, guard))
        for scheme in ("http", "https"):
            self.fetching.add_scheme(scheme, by_url, of_a_place=THREADS // 2)
        self.profiles = profiles.forms(config.runtime.profiles_directories)
        self._owners = itertools.count(1)
        self._lock = threading.Lock()
        self._swarm: Swarm | None = None
        self._cancellations: Cancellations | None = None
        self._swarm_events: SwarmEvents | None = None
        self._progress: dict[str, list[Progress]] = defaultdict(list)
        self._deadline: float | None = None
        self._closes_at: float | None = None
        self._closed = False
        self._quiet_since = time.monotonic()
        self.partitions = 1
        """Of all sources together."""
        self._ended = 0
        self.cluster = Cluster(state / "work" / "cluster")
        self.cluster.forget(process or 0)
        self._under_way: set[tuple[str, int]] = set()
        self._resumed: deque[Job] = deque()
        """Jobs of a snapshot that the buffer had no place for yet."""
        self.undelivered: set[str] = set()
        """Owners of what this process' webhooks have not been told yet."""

    def start(self) -> Swarm:
        """The swarm, its agents started at the first call. Raises LogError; the next call goes on there."""
        with self._lock:
            if self._swarm is None:
                self._swarm = self._started_swarm()
            if self._swarm_events is None:
                self._swarm_events = SwarmEvents(self._swarm.decisions, self.log, self.swarm_id)
            if self._cancellations is None:
                self._cancellations = Cancellations(self.log, self._cancel)
                if not self.process:  # one of several processes is enough
                    threading.Thread(target=self._forget, name="retention", daemon=True).start()
            return self._swarm

    def _started_swarm(self) -> Swarm:
        pipeline, limits = self.config.processing_pipeline, self.config.runtime.limits.limits()
        quarantine = Quarantine(
            self.state_directory / "quarantine",
            f"{__version__} {limits}",
            self.config.runtime.retention_days,
        )
        swarm = Swarm(
            pipeline.buffer_config,
            pipeline.swarm_config,
            limits,
            self.profiles,
            self._scratch,
            quarantine=quarantine,
        )
        swarm.start()
        return swarm

    def owner(self) -> str:
        """A name under which one operator's documents are worked on."""
        return f"{os.getpid()}:{next(self._owners)}"

    def room(self) -> int:
        """How many documents sources may emit now that are not urgent."""
        buffer = self.config.processing_pipeline.buffer_config
        kept = min(buffer.max_buffer_size // 4, _KEPT_FOR_URGENT) if buffer.priority_queues else 0
        return max(self.urgent_room() - kept, 0)

    def urgent_room(self) -> int:
        """How many documents sources may emit now if they are urgent."""
        self._heed_stop()
        if self.stopping.is_set():
            return 0
        return max(self.start().room() - self.fetching.count() - len(self._resumed), 0)

    def patience(self) -> float:
        """Seconds a source may wait for something to come: none while anything is under way, nor in one of
        several processes, for which the others would wait too."""
        if self.process is not None or self._under_way or self.stopping.is_set():
            self._quiet_since = time.monotonic()
            return 0.0
        return _PATIENCE / self.partitions if time.monotonic() - self._quiet_since > _QUIET else 0.0

    def may_end(self) -> bool:
        """Asked by a source's partition with nothing more to give: yes when nothing is under way, or time
        is up; then the partition ends."""
        if self._under_way and not self._late():
            return False
        self._ended += 1
        self.cluster.partition_ended(self.process or 0, self._ended, self.partitions)
        return True

    def may_close(self) -> bool:
        """Asked when the flow may end: once every source's partition has, in all processes, and webhooks have
        been told here, or time is up."""
        self._heed_stop()
        if not self.cluster.all_ended():
            return False
        if self._closes_at is None:  # the last documents may still be on their way from other processes
            self._closes_at = time.monotonic() + (0.0 if self.process is None else _ON_THE_WAY)
        told = not self.undelivered and (self.stopping.is_set() or time.monotonic() >= self._closes_at)
        return told or self._late()

    def stop(self, grace: float = GRACE) -> None:
        """Let sources end, give agents ``grace`` seconds; what is left then stays in the snapshot."""
        self._deadline = time.monotonic() + grace
        self.stopping.set()
        durable.STOPPING.set()
        self.cluster.stop()  # no process can stop alone: the others would wait for it

    def wait(self) -> bool:
        """Wait for an outcome or for room, a moment at most. False when the deadline has passed."""
        self._heed_stop()
        if self._late():
            return False
        self.start().wait(0.05)
        self.cluster.beat(f"{self.process or 0}.waiting")
        return True

    def _heed_stop(self) -> None:
        """Stop where another process was told to."""
        if self.cluster.stopping() and not self.stopping.is_set():
            self.stop()

    def _late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline

    def submit(self, event: NewDocument, owner: str, attempt: int = 1, *, resumed: bool = False) -> bool:
        """Hand a document to the swarm; waits while the buffer is full. Raises DocumentError.

        False where it is under way already, for whoever brought it first: the outcome is theirs.
        ``attempt`` 2 is for a document whose first agent died before a restart. Nobody waits for one that is
        ``resumed``: there may be more of them than places, where there were more processes before, and no
        heart beats before all are taken up.
        """
        swarm = self.start()
        if (event.id, event.run) in self._under_way:
            return False
        if event.profile != "auto" and event.profile not in self.profiles:
            known = ", ".join(sorted(self.profiles))
            raise UnknownProfile(f"There is no profile {event.profile!r}; there are {known} and auto.")
        if self._cancellations is not None and (event.id, event.run) in self._cancellations:
            raise CANCELLED
        left = seconds_left(event)
        local = event.source.uri.startswith("file://")
        job = Job(
            document_id=event.id,
            run=event.run,
            key=owner,
            path=str(path_of(event.source.uri)) if local else "",
            sha256=event.source.sha256,
            filename=event.source.filename or path_of(event.source.uri).name,
            profile=event.profile,
            priority=event.priority,
            tenant=event.tenant,
            options=dict(event.options),
            deadline=None if left is None else time.monotonic() + left,
            output=str(self.result_path(event)),
            attempt=attempt,
        )
        if not local:
            stored = self.payloads.fetch if self.payloads.owns(event.source.uri) else None
            self.fetching.submit(job, event, stored)
        self._under_way.add((event.id, event.run))
        if not local:
            return True
        while True:
            try:
                swarm.submit(job)
                break
            except Full:
                if resumed:
                    self._resumed.append(job)
                    return True
                if not self.wait():  # told to stop: it stays in the snapshot, for after the next start
                    return True
        self._cancel_if_asked(swarm, job)
        return True

    def _hand_over(self, job: Job) -> None:
        """A fetched document's job, from a thread beside the dataflow's."""
        swarm = self.start()
        while not self._closed and not self._late():
            try:
                swarm.submit(job)
            except Full:
                swarm.wait(0.05)
                continue
            self._cancel_if_asked(swarm, job)
            return

    def _submit_resumed(self) -> None:
        """Hand over what was resumed, as far as there is room now."""
        swarm = self.start()
        with self._lock:
            while self._resumed:
                try:
                    swarm.submit(self._resumed[0])
                except Full:
                    return
                self._cancel_if_asked(swarm, self._resumed.popleft())

    def _cancel_if_asked(self, swarm: Swarm, job: Job) -> None:
        """End a job that was cancelled while it was on its way to the swarm."""
        if self._cancellations is not None and job.identity in self._cancellations:
            swarm.cancel(*job.identity)

    def _cancel(self, document_id: str, run: int) -> None:
        """Fetch the document no further, and end its job."""
        self.fetching.cancel(document_id, run)
        if self._swarm is not None:
            self._swarm.cancel(document_id, run)

    def result_path(self, event: NewDocument) -> Path:
        """Where an agent writes the document's result, until it is delivered."""
        return self.results_directory / f"{event.id}-{event.run}.json"

    def outcomes(self, owner: str) -> list[Outcome]:
        """The owner's documents that are done, each once."""
        if self._resumed:
            self._submit_resumed()
        found = [*self.start().take(owner), *self.fetching.take(owner)]
        for outcome in found:
            self.fetching.forget(outcome.job)
            self._under_way.discard((outcome.job.document_id, outcome.job.run))
        return found

    def progress(self, owner: str) -> list[Progress]:
        """How far the owner's documents are, since the last call."""
        with self._lock:
            for each in self._swarm.progress() if self._swarm is not None else ():
                self._progress[each.key].append(each)
            return [*self.fetching.progress(owner), *self._progress.pop(owner, [])]

    def _forget(self) -> None:
        """Drop what is older than ``retention_days`` from the log and the payload store, hour by hour; but
        nothing of documents that wait: a job that was away for longer has them still to do."""
        oldest = timedelta(days=self.config.runtime.retention_days)
        while True:
            try:
                own = not reads_submissions(self.config)
                since = waits_since(self.log, self.recovery, submissions=own)
                # a payload is there a moment before its event
                waits = timedelta() if since is None else datetime.now(UTC) - since + _AN_HOUR
                needed = max(oldest, min(waits, _LONGEST_WAIT))
                if self.config.runtime.log.kind == "embedded":  # Kafka's brokers do it themselves
                    for topic in self.log.topics():
                        self.log.retain(topic, max_age=needed if topic in _OF_WHAT_WAITS else oldest)
                self.payloads.retain(needed)
            except (LogError, OSError, sqlite3.Error) as error:
                log.warning("old events and payloads can't be dropped: %s", error)
            if self.stopping.wait(_AN_HOUR.total_seconds()):
                return

    def abandon(self) -> None:
        """End the agents at once, when this process is about to end without closing anything."""
        if self._swarm is not None:
            self._swarm.stop()

    def close(self) -> None:
        """Stop the agents and fetching at once and close the log and the recovery store."""
        self.fetching.close()
        self._closed = True
        with self._lock:
            if self._cancellations is not None:
                self._cancellations.close()
            if self._swarm is not None:
                self._swarm.stop(0.0)  # and it stays: whoever asks for it now is to start no other
            if self._swarm_events is not None:
                self._swarm_events.close()
        self.recovery.close()
        self.log.close()


def _url_fetcher(guard: Guard) -> Fetcher:
    from neuraldocflow.url_fetch import UrlFetcher  # loads aiohttp: few jobs are sent addresses

    return UrlFetcher(guard)


def recovery_directory(arguments: list[str] | None = None) -> Path | None:
    """The recovery store of a ``python -m bytewax.run`` process, from its arguments or the environment."""
    given = sys.argv if arguments is None else arguments
    for index, argument in enumerate(given):
        if argument in ("-r", "--recovery-directory") and index + 1 < len(given):
            return Path(given[index + 1])
        if argument.startswith("--recovery-directory="):
            return Path(argument.split("=", 1)[1])
    found = os.environ.get("BYTEWAX_RECOVERY_DIRECTORY")
    return Path(found) if found else None
