"""What waits to be fetched by the same means: the most urgent first, as in the scheduler, with threads of its
own.

So places that are slow hold up what is fetched like them, and nothing else; and of many places that one means
reaches, none takes all threads.
"""

from __future__ import annotations

import hashlib
import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

from neuraldocflow.events import DocumentSource
from neuraldocflow.outages import Outage
from neuraldocflow.swarm.job import Job
from neuraldocflow.swarm.queues import Turns


@dataclass(slots=True)
class Have:
    """What there is of a payload: its first ``size`` bytes; ``version`` is its fetcher's note of which."""

    size: int = 0
    version: str = ""


Fetcher = Callable[[DocumentSource, Have], Generator[bytes, None, None]]
"""``fetch(source, have)``: the payload's bytes from ``have.size`` on, in pieces of moderate size.

Raises DocumentError when trying again won't help, Unreachable when it may, and Replaced when what there is
can't be gone on with. The generator is closed when it is not read to the end.
"""


def lazily(make: Callable[[], Fetcher]) -> Fetcher:
    """A fetcher that is made at its first use. Thread-safe."""
    lock = threading.Lock()
    made: list[Fetcher] = []

    def fetch(source: DocumentSource, have: Have) -> Generator[bytes, None, None]:
        with lock:
            if not made:
                made.append(make())
        yield from made[0](source, have)

    return fetch


@dataclass(order=True, slots=True)
class Fetch:
    """One payload on its way. Times are of ``time.monotonic``."""

    order: tuple[int, int]
    """Its priority's rank, and a number that grows."""
    job: Job = field(compare=False)
    source: DocumentSource = field(compare=False)
    fetcher: Fetcher = field(compare=False)
    path: Path = field(compare=False)
    place: str = field(compare=False)
    outage: Outage = field(compare=False)
    have: Have = field(compare=False, default_factory=Have)
    digest: hashlib._Hash = field(compare=False, default_factory=hashlib.sha256)
    asked: float = field(compare=False, default=0.0)
    """When it was first asked for; 0 while it waits for its turn, which is no fault of its place."""
    came: float = field(compare=False, default=0.0)
    """When the last of it came, or it was asked for."""
    told: float = field(compare=False, default=0.0)

    def begin_anew(self) -> None:
        """Forget what there is of it."""
        self.path.unlink(missing_ok=True)
        self.have, self.digest = Have(), hashlib.sha256()


class FetchQueue:
    """``threads`` threads that ``work`` on what is put here, at most ``of_a_place`` of them for one place."""

    def __init__(self, work: Callable[[Fetch], None], threads: int, of_a_place: int) -> None:
        self._work = work
        self._most = threads
        self._of_a_place = of_a_place
        self._ready: list[Fetch] = []
        self._later: list[tuple[float, Fetch]] = []
        """A heap: what waits for a place to answer, by time."""
        self._busy: Counter[str] = Counter()
        self._turns = Turns[int]()
        self._threads = 0
        self._lock = threading.Condition()
        self._stopped = False

    def put(self, fetch: Fetch, due: float = 0.0) -> None:
        """To be fetched once the time ``due`` has come."""
        with self._lock:
            heapq.heappush(self._later, (due, fetch))
            there = len(self._later) + len(self._ready) + self._busy.total()
            if self._threads < min(self._most, there):
                self._threads += 1
                threading.Thread(target=self._run, name=f"fetch-{self._threads}", daemon=True).start()
            self._lock.notify()

    def hurry(self, which: Callable[[Fetch], bool]) -> None:
        """Those wait no longer."""
        with self._lock:
            self._later = [(0.0 if which(fetch) else due, fetch) for due, fetch in self._later]
            heapq.heapify(self._later)
            self._lock.notify()

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._lock.notify_all()

    def _run(self) -> None:
        while (fetch := self._next()) is not None:
            try:
                self._work(fetch)
            finally:
                with self._lock:
                    self._busy -= Counter([fetch.place])
                    self._lock.notify()

    def _next(self) -> Fetch | None:
        """The most urgent one that can be asked for, waiting for it; None when stopped."""
        with self._lock:
            while not self._stopped:
                now = time.monotonic()
                while self._later and self._later[0][0] <= now:
                    self._ready.append(heapq.heappop(self._later)[1])
                free = [fetch for fetch in self._ready if self._busy[fetch.place] < self._of_a_place]
                if free:
                    rank = self._turns.take(sorted({fetch.order[0] for fetch in free}))
                    found = min(fetch for fetch in free if fetch.order[0] == rank)
                    self._ready.remove(found)
                    self._busy[found.place] += 1
                    return found
                self._lock.wait(self._later[0][0] - now if self._later else None)
        return None
