"""Fetching: payloads that are not files here are downloaded beside the dataflow, by a few threads.

A :data:`Fetcher` gives a payload's bytes from where it broke off; what all of them need is done here, once:
limits, hash, patience, progress, and removing the file when its document is done.
"""

from __future__ import annotations

import errno
import itertools
import logging
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from neuraldocflow.errors import (
    DocumentError,
    FetchFailed,
    ForbiddenUrl,
    Internal,
    Replaced,
    TooLarge,
    Unreachable,
)
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.faults import OF_OTHERS
from neuraldocflow.fetch_queue import Fetch, Fetcher, FetchQueue
from neuraldocflow.outages import Outage
from neuraldocflow.payloads import FORBIDDEN
from neuraldocflow.swarm.job import Job, Outcome, Progress
from neuraldocflow.swarm.scheduler import CANCELLED, LATE
from neuraldocflow.values import PRIORITIES

log = logging.getLogger(__name__)

THREADS = 8
"""Of each fetcher."""
PATIENCE, MOST_SECONDS = 900.0, 1800.0
"""Seconds a document waits for a place that gives nothing, and that all of it may take, before it fails; from
when it is its turn."""
_PAUSE = 0.2


class Fetching:
    """Downloads into ``folder``. ``hand_over`` is given each job whose file is there, in a thread of its own.

    Thread-safe. Of each fetcher, at most ``threads`` payloads are under way at a time; each of ``max_bytes``
    at most, and for ``most_seconds``.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        hand_over: Callable[[Job], None],
        *,
        threads: int = THREADS,
        patience: float = PATIENCE,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._hand_over = hand_over
        self._threads = threads
        self._patience = patience
        self._most_seconds = most_seconds
        self._schemes: dict[str, Fetcher] = {}
        self._sources: dict[str, Fetcher] = {}
        self._of_a_place: dict[Fetcher, int] = {}
        self._queues: dict[Fetcher, FetchQueue] = {}
        self._outages: WeakValueDictionary[str, Outage] = WeakValueDictionary()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._under_way: set[tuple[str, int]] = set()
        self._cancelled: set[tuple[str, int]] = set()
        self._failed: dict[str, list[Outcome]] = defaultdict(list)
        self._progress: dict[str, dict[tuple[str, int], Progress]] = defaultdict(dict)
        self._next_deadline = inf
        """When the first of those that wait may be late; of ``time.monotonic``."""
        self._stopped = False

    def add_scheme(self, scheme: str, fetcher: Fetcher, of_a_place: int | None = None) -> None:
        """How addresses of a scheme (``https``) are fetched, whichever source they come from; of one host at
        most ``of_a_place`` at a time (default: all that are fetched)."""
        self._schemes[scheme] = fetcher
        self._of_a_place[fetcher] = of_a_place or self._threads

    def add_source(self, name: str, fetcher: Fetcher) -> None:
        """How the addresses of one configured source are fetched: it may have an endpoint of its own."""
        self._sources[name] = fetcher

    def submit(self, job: Job, event: NewDocument, fetcher: Fetcher | None = None) -> None:
        """Fetch the job's payload, then hand the job over. Raises DocumentError where that is hopeless."""
        scheme = urlsplit(event.source.uri).scheme
        through = event.source.through or event.source_name
        found = fetcher or self._sources.get(through) or self._schemes.get(scheme)
        if found is None and scheme.startswith(FORBIDDEN):
            raise ForbiddenUrl("The file is outside of the directories that its source may read.")
        if found is None:
            raise FetchFailed(
                f"The document's address can't be fetched: {scheme or 'no'} addresses are unknown."
            )
        self._check_size(event.source, event.source.size)
        with self._lock:
            if job.identity in self._under_way:
                return
            self._under_way.add(job.identity)
            place = _host(event.source)
            outage = self._outages.setdefault(place, Outage(f"{scheme}://{place}"))
            order = (PRIORITIES.index(job.priority), next(self._numbers))
            path = self._folder / f"{job.document_id}-{job.run}"
            fetch = Fetch(order, job, event.source, found, path, place, outage)
            self._wait(self._queue(found), fetch)

    def count(self) -> int:
        """How many documents are being fetched or wait for it."""
        return len(self._under_way)

    def take(self, key: str) -> list[Outcome]:
        """The documents of a key that could not be fetched, each once."""
        self._end_late_ones()
        with self._lock:
            return self._failed.pop(key, [])

    def progress(self, key: str) -> list[Progress]:
        """How far the key's documents are, since the last call."""
        with self._lock:
            return list(self._progress.pop(key, {}).values())

    def forget(self, job: Job) -> None:
        """The job is done: remove the file that was fetched for it, if one was."""
        path = Path(job.path)
        if path.parent == self._folder:
            with suppress(OSError):  # what stays is removed at the next start
                path.unlink()

    def cancel(self, document_id: str, run: int) -> None:
        """Fetch the document no further; its outcome says so."""
        identity = (document_id, run)
        with self._lock:
            self._cancelled |= {identity} & self._under_way
            waiting = self._dropped(lambda fetch: fetch.job.identity == identity)
        for fetch in waiting:
            self._over(fetch, CANCELLED)

    def _end_late_ones(self) -> None:
        """Those that wait although their deadline has passed: what is fetched before them may take long."""
        now = time.monotonic()
        with self._lock:
            if now < self._next_deadline:
                return
            self._next_deadline = inf

            def is_late(fetch: Fetch) -> bool:
                deadline = _deadline_of(fetch)
                if deadline > now:
                    self._next_deadline = min(self._next_deadline, deadline)
                return deadline <= now

            waiting = self._dropped(is_late)
        for fetch in waiting:
            self._over(fetch, LATE)

    def _dropped(self, which: Callable[[Fetch], bool]) -> list[Fetch]:
        return [fetch for queue in self._queues.values() for fetch in queue.drop(which)]

    def _wait(self, queue: FetchQueue, fetch: Fetch, due: float = 0.0) -> None:
        """For its turn; with the lock held."""
        self._next_deadline = min(self._next_deadline, _deadline_of(fetch))
        queue.put(fetch, due)

    def close(self) -> None:
        """Stop; what is under way is fetched again after the next start."""
        with self._lock:
            self._stopped = True
            queues = list(self._queues.values())
        for queue in queues:
            queue.stop()

    def _queue(self, fetcher: Fetcher) -> FetchQueue:
        if not self._queues:  # what an earlier run left here belongs to nobody
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
        if fetcher not in self._queues:
            of_a_place = self._of_a_place.get(fetcher, self._threads)
            self._queues[fetcher] = FetchQueue(self._work, self._threads, of_a_place)
        return self._queues[fetcher]

    def _work(self, fetch: Fetch) -> None:
        error: DocumentError | None = None
        fetch.begin()
        try:
            self._check_wanted(fetch)
            if not self._download(fetch):
                return  # stopped
            digest = fetch.digest.hexdigest()
            self._hand_over(replace(fetch.job, path=str(fetch.path), sha256=digest))
        except Replaced:
            fetch.begin_anew()
            with self._lock:
                self._wait(self._queues[fetch.fetcher], fetch)
            return
        except Unreachable as why:
            error = self._again(fetch, why)
            if error is None:
                return
        except DocumentError as found:
            error = found
        except OSError as found:
            error = self._not_stored(fetch, found)
            if error is None:
                return
        except OF_OTHERS as found:  # a fetcher's fault fails its document, not the thread
            log.exception("%s could not be fetched", _named(fetch.source))
            error = Internal(f"Fetching the document failed with {type(found).__name__}.")
        self._over(fetch, error)

    def _over(self, fetch: Fetch, error: DocumentError | None) -> None:
        if error is not None:
            fetch.remove()
        with self._lock:
            if error is not None:
                self._failed[fetch.job.key].append(Outcome(fetch.job, "failed", error.to_dict()))
            self._under_way.discard(fetch.job.identity)
            self._cancelled.discard(fetch.job.identity)

    def _not_stored(self, fetch: Fetch, why: OSError) -> DocumentError | None:
        """Begin again later when the disk is full; the error otherwise."""
        if why.errno not in (errno.ENOSPC, errno.EDQUOT):
            return FetchFailed(f"{_named(fetch.source)} can't be stored here: {why.strerror}.")
        fetch.begin_anew()  # how much of it was written is not known
        return self._again(fetch, Unreachable("the disk here is full"))

    def _again(self, fetch: Fetch, why: Unreachable) -> DocumentError | None:
        """Ask again later, while others are fetched; the error when that has gone on for too long, or nobody
        wants it any more."""
        if time.monotonic() - fetch.came > self._patience:
            return FetchFailed(
                f"{_named(fetch.source)} can't be fetched: nothing came for {self._patience:g} s ({why})."
            )
        due = time.monotonic() + fetch.outage.goes_on(str(why))
        with self._lock:
            if fetch.job.identity in self._cancelled:
                return CANCELLED
            self._wait(self._queues[fetch.fetcher], fetch, due)
        return None

    def _download(self, fetch: Fetch) -> bool:
        """What is missing of the file. False when stopped meanwhile. Raises DocumentError, Unreachable."""
        have = fetch.have
        with (
            fetch.path.open("r+b" if have.size else "wb") as file,
            closing(fetch.fetcher(fetch.source, have)) as pieces,
        ):
            file.seek(have.size)
            for piece in pieces:
                self._check_size(fetch.source, have.size + len(piece))
                file.write(piece)
                fetch.digest.update(piece)
                have.size += len(piece)
                fetch.came = time.monotonic()
                if fetch.came - fetch.told >= _PAUSE:
                    fetch.told = fetch.came
                    self._tell(fetch)
                self._check_wanted(fetch)
                if self._stopped:
                    return False
        fetch.outage.over()
        if fetch.source.sha256 and fetch.digest.hexdigest() != fetch.source.sha256:
            raise FetchFailed(f"{_named(fetch.source)} is not what its event announced: its hash differs.")
        return True

    def _check_wanted(self, fetch: Fetch) -> None:
        if fetch.job.identity in self._cancelled:
            raise CANCELLED
        if fetch.job.deadline is not None and time.monotonic() >= fetch.job.deadline:
            raise LATE
        if time.monotonic() - fetch.asked > self._most_seconds:
            raise FetchFailed(
                f"{_named(fetch.source)} takes longer than the {self._most_seconds:g} s that fetching a "
                "document may take (max_download_seconds)."
            )

    def _check_size(self, source: DocumentSource, size: int) -> None:
        if size > self._max_bytes:
            most = self._max_bytes // 2**20
            raise TooLarge(
                f"{_named(source)} is larger than the {most} MB that are fetched (max_download_mb)."
            )

    def _tell(self, fetch: Fetch) -> None:
        whole = f" of {fetch.source.size / 1e6:.1f}" if fetch.source.size else ""
        job, what = fetch.job, f"{fetch.have.size / 1e6:.1f}{whole} MB"
        told = Progress(job.document_id, job.run, job.key, "fetching", 0.0, "", current_operation=what)
        with self._lock:
            self._progress[job.key][job.identity] = told


def _deadline_of(fetch: Fetch) -> float:
    return inf if fetch.job.deadline is None else fetch.job.deadline


def _host(source: DocumentSource) -> str:
    """The host and port of the document's address, without a user's name and password."""
    return urlsplit(source.uri).netloc.rpartition("@")[2]


def _named(source: DocumentSource) -> str:
    """The document's address without what may be secret: a name and a password, a signature in the query."""
    parts = urlsplit(source.uri)
    return f"The document {parts._replace(netloc=_host(source), query='', fragment='').geturl()}"
