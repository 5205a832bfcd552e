"""Fetching: payloads that are not files here are downloaded beside the dataflow, by a few threads.

A :data:`Fetcher` gives a payload's bytes from an offset on; what all of them need is done here, once: size
limit, hash, going on where a connection broke, progress, and removing the file when its document is done.
"""

from __future__ import annotations

import errno
import hashlib
import heapq
import itertools
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from neuraldocflow.errors import DocumentError, FetchFailed, Internal, TooLarge, Unreachable
from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.outages import Outage
from neuraldocflow.swarm import Job, Outcome, Progress
from neuraldocflow.swarm.scheduler import CANCELLED, LATE
from neuraldocflow.values import PRIORITIES

Fetcher = Callable[[DocumentSource, int], Generator[bytes, None, None]]
"""``fetch(source, start)``: the payload's bytes from offset ``start`` on, in pieces of moderate size.

Raises DocumentError when trying again won't help, and Unreachable when it may. The generator is closed when
it is not read to the end.
"""

THREADS = 8
PATIENCE = 900.0
"""Seconds a document waits for a place that gives nothing, before it fails."""
_PAUSE = 0.2


@dataclass(order=True, slots=True)
class _Fetch:
    order: tuple[int, int]
    job: Job = field(compare=False)
    source: DocumentSource = field(compare=False)
    fetcher: Fetcher = field(compare=False)
    path: Path = field(compare=False)
    outage: Outage = field(compare=False)
    size: int = field(compare=False, default=0)
    digest: hashlib._Hash = field(compare=False, default_factory=hashlib.sha256)
    came: float = field(compare=False, default_factory=time.monotonic)
    """When the last of it came, or it was asked for."""
    told: float = field(compare=False, default=0.0)


class Fetching:
    """Downloads into ``folder``. ``hand_over`` is given each job whose file is there, in a thread of its own.

    Thread-safe. At most ``threads`` payloads are under way at a time, each of ``max_bytes`` at most.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        hand_over: Callable[[Job], None],
        *,
        threads: int = THREADS,
        patience: float = PATIENCE,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._hand_over = hand_over
        self._most_threads = threads
        self._patience = patience
        self._schemes: dict[str, Fetcher] = {}
        self._sources: dict[str, Fetcher] = {}
        self._outages: dict[str, Outage] = {}
        self._ready: list[_Fetch] = []
        self._later: list[tuple[float, _Fetch]] = []
        """Heaps: what can be asked for now, by priority, and what waits for a place to answer, by time."""
        self._numbers = itertools.count()
        self._lock = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._under_way: set[tuple[str, int]] = set()
        self._cancelled: set[tuple[str, int]] = set()
        self._failed: dict[str, list[Outcome]] = defaultdict(list)
        self._progress: dict[str, dict[tuple[str, int], Progress]] = defaultdict(dict)
        self._stopped = False

    def add_scheme(self, scheme: str, fetcher: Fetcher) -> None:
        """How addresses of a scheme (``https``) are fetched, whichever source they come from."""
        self._schemes[scheme] = fetcher

    def add_source(self, name: str, fetcher: Fetcher) -> None:
        """How the addresses of one configured source are fetched: it may have an endpoint of its own."""
        self._sources[name] = fetcher

    def submit(self, job: Job, event: NewDocument, fetcher: Fetcher | None = None) -> None:
        """Fetch the job's payload, then hand the job over. Raises DocumentError where that is hopeless."""
        scheme = urlsplit(event.source.uri).scheme
        through = event.source.through or event.source_name
        found = fetcher or self._sources.get(through) or self._schemes.get(scheme)
        if found is None:
            raise FetchFailed(
                f"The document's address can't be fetched: {scheme or 'no'} addresses are unknown."
            )
        self._check_size(event.source, event.source.size)
        with self._lock:
            if job.identity in self._under_way:
                return
            self._under_way.add(job.identity)
            if len(self._threads) < min(self._most_threads, len(self._under_way)):
                self._start_thread()
            place = urlsplit(event.source.uri)
            outage = self._outages.setdefault(place.netloc, Outage(f"{place.scheme}://{place.netloc}"))
            order = (PRIORITIES.index(job.priority), next(self._numbers))
            path = self._folder / f"{job.document_id}-{job.run}"
            heapq.heappush(self._ready, _Fetch(order, job, event.source, found, path, outage))
            self._lock.notify()

    def count(self) -> int:
        """How many documents are being fetched or wait for it."""
        return len(self._under_way)

    def take(self, key: str) -> list[Outcome]:
        """The documents of a key that could not be fetched, each once."""
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
            path.unlink(missing_ok=True)

    def cancel(self, document_id: str, run: int) -> None:
        """Fetch the document no further; its outcome says so."""
        identity = (document_id, run)
        with self._lock:
            self._cancelled |= {identity} & self._under_way
            for entry in [each for each in self._later if each[1].job.identity == identity]:
                self._later.remove(entry)
                heapq.heappush(self._ready, entry[1])
            heapq.heapify(self._later)
            self._lock.notify()

    def close(self) -> None:
        """Stop; what is under way is fetched again after the next start."""
        with self._lock:
            self._stopped = True
            self._lock.notify_all()

    def _start_thread(self) -> None:
        if not self._threads:  # what an earlier run left here belongs to nobody
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
        thread = threading.Thread(target=self._run, name=f"fetch-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _next(self) -> _Fetch | None:
        """The most urgent one that can be asked for, waiting for it; None when stopped."""
        with self._lock:
            while not self._stopped:
                now = time.monotonic()
                while self._later and self._later[0][0] <= now:
                    heapq.heappush(self._ready, heapq.heappop(self._later)[1])
                if self._ready:
                    return heapq.heappop(self._ready)
                self._lock.wait(self._later[0][0] - now if self._later else None)
        return None

    def _run(self) -> None:
        while (fetch := self._next()) is not None:
            error: DocumentError | None = None
            try:
                self._check_wanted(fetch)
                if not self._download(fetch):
                    return  # stopped
                digest = fetch.digest.hexdigest()
                self._hand_over(replace(fetch.job, path=str(fetch.path), sha256=digest))
            except Unreachable as why:
                error = self._again(fetch, why)
                if error is None:
                    continue
            except DocumentError as found:
                error = found
            except OSError as found:
                error = self._not_stored(fetch, found)
                if error is None:
                    continue
            except Exception as found:  # a fetcher's fault fails its document, not the thread
                error = Internal(f"Fetching the document failed with {type(found).__name__}.")
            if error is not None:
                fetch.path.unlink(missing_ok=True)
            with self._lock:
                if error is not None:
                    self._failed[fetch.job.key].append(Outcome(fetch.job, "failed", error.to_dict()))
                self._under_way.discard(fetch.job.identity)
                self._cancelled.discard(fetch.job.identity)

    def _not_stored(self, fetch: _Fetch, why: OSError) -> FetchFailed | None:
        """Begin again later when the disk is full; the error otherwise."""
        if why.errno not in (errno.ENOSPC, errno.EDQUOT):
            return FetchFailed(f"{_named(fetch.source)} can't be stored here: {why.strerror}.")
        fetch.path.unlink(missing_ok=True)  # how much of it was written is not known
        fetch.size, fetch.digest = 0, hashlib.sha256()
        return self._again(fetch, Unreachable("the disk here is full"))

    def _again(self, fetch: _Fetch, why: Unreachable) -> FetchFailed | None:
        """Ask again later, while others are fetched; the error when that has gone on for too long."""
        if time.monotonic() - fetch.came > self._patience:
            return FetchFailed(
                f"{_named(fetch.source)} can't be fetched: "
                f"nothing came for {self._patience:g} s, the last answer was {why}."
            )
        due = time.monotonic() + fetch.outage.goes_on(str(why))
        if fetch.job.deadline is not None:
            due = min(due, fetch.job.deadline)
        with self._lock:
            heapq.heappush(self._later, (due, fetch))
            self._lock.notify()
        return None

    def _download(self, fetch: _Fetch) -> bool:
        """What is missing of the file. False when stopped meanwhile. Raises DocumentError, Unreachable."""
        with (
            fetch.path.open("r+b" if fetch.size else "wb") as file,
            closing(fetch.fetcher(fetch.source, fetch.size)) as pieces,
        ):
            file.seek(fetch.size)
            for piece in pieces:
                self._check_size(fetch.source, fetch.size + len(piece))
                file.write(piece)
                fetch.digest.update(piece)
                fetch.size += len(piece)
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

    def _check_wanted(self, fetch: _Fetch) -> None:
        if fetch.job.identity in self._cancelled:
            raise CANCELLED
        if fetch.job.deadline is not None and time.monotonic() >= fetch.job.deadline:
            raise LATE

    def _check_size(self, source: DocumentSource, size: int) -> None:
        if size > self._max_bytes:
            most = self._max_bytes // 2**20
            raise TooLarge(
                f"{_named(source)} is larger than the {most} MB that are fetched (max_download_mb)."
            )

    def _tell(self, fetch: _Fetch) -> None:
        whole = f" of {fetch.source.size / 1e6:.1f}" if fetch.source.size else ""
        job, what = fetch.job, f"{fetch.size / 1e6:.1f}{whole} MB"
        told = Progress(job.document_id, job.run, job.key, "fetching", 0.0, "", current_operation=what)
        with self._lock:
            self._progress[job.key][job.identity] = told


def _named(source: DocumentSource) -> str:
    """The object's address without a query: that may hold a signature."""
    return f"The document {source.uri.split('?', 1)[0]}"
