"""How many cores, processes and partitions a load needs: a model with measured costs, and a simulation of it.

python scripts/capacity.py --per-day 1e6 --core-ms 36 [--processes N --agents M] [--peak 3] [--price 0.05]

``--core-ms`` is what one document costs an agent's core (benchmarks/pipeline.py: two cores over documents a
second), ``--job-ms`` what it costs its dataflow process. Documents arrive at random at the peak's rate and
belong to processes by a hash of their ids; each process hands them to its agents. The simulation tells how
long they wait, how evenly processes are loaded, and how long the backlog of a restart lasts.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections import Counter
from dataclasses import dataclass

DAY = 86_400
TARGET_USE = 0.7
"""The share of the agents' time that is planned with: queues grow without end near 1."""
DOCUMENTS = 200_000
"""Simulated."""


@dataclass(frozen=True, slots=True)
class Load:
    """Documents a second at the peak, and what one costs: seconds of an agent, and of a dataflow process."""

    rate: float
    agent: float
    job: float


@dataclass(frozen=True, slots=True)
class Size:
    processes: int
    agents: int
    """Of each process."""

    @property
    def cores(self) -> int:
        return self.processes * self.agents


@dataclass(frozen=True, slots=True)
class Seen:
    """What the simulation showed."""

    arrivals: list[float]
    waits: list[float]
    """Of each document, seconds."""
    most_loaded: float
    """As a share of the processes' mean."""

    def share(self, part: float) -> float:
        """The wait that such a part of the documents does not exceed."""
        return sorted(self.waits)[int(len(self.waits) * part)]

    def made_up(self, usual: float) -> float:
        """When waits were first no longer than usual again; the end where they never were."""
        pairs = zip(self.arrivals, self.waits, strict=True)
        return next((at for at, wait in pairs if wait <= usual), self.arrivals[-1])


def size_for(load: Load, most_agents: int) -> Size:
    """The fewest processes whose agents, and whose own time, are used no more than planned."""
    cores = math.ceil(load.rate * load.agent / TARGET_USE)
    by_job = math.ceil(load.rate * load.job / TARGET_USE)
    processes = max(math.ceil(cores / most_agents), by_job, 1)
    return Size(processes, max(math.ceil(cores / processes), 1))


def simulate(load: Load, size: Size, down: float, chance: random.Random, documents: int = DOCUMENTS) -> Seen:
    """Documents through processes that were down for ``down`` seconds at the beginning."""
    free = [[down] * size.agents for _ in range(size.processes)]
    handed = [down] * size.processes
    arrivals, waits = [], []
    given: Counter[int] = Counter()
    now = 0.0
    for _ in range(documents):
        now += chance.expovariate(load.rate)
        process = chance.randrange(size.processes)
        given[process] += 1
        handed[process] = max(now, handed[process]) + load.job
        begins = max(handed[process], heapq.heappop(free[process]))
        heapq.heappush(free[process], begins + load.agent * chance.uniform(0.5, 1.5))
        arrivals.append(now)
        waits.append(begins - now)
    return Seen(arrivals, waits, max(given.values()) * size.processes / documents)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--per-day", type=float, required=True, help="documents")
    parser.add_argument("--core-ms", type=float, required=True, help="of an agent, for a document")
    parser.add_argument("--job-ms", type=float, default=4.0, help="of the dataflow's process")
    parser.add_argument("--peak", type=float, default=3.0, help="times the day's mean")
    parser.add_argument("--agents", type=int, default=16, help="of a process at most")
    parser.add_argument("--processes", type=int, help="default: as many as needed")
    parser.add_argument("--down", type=float, default=10.0, help="seconds of a restart")
    parser.add_argument("--price", type=float, help="of a core for an hour")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    load = Load(given.per_day / DAY * given.peak, given.core_ms / 1000, given.job_ms / 1000)
    size = size_for(load, given.agents)
    if given.processes:
        size = Size(given.processes, given.agents)
    usual = simulate(load, size, 0.0, random.Random(given.seed))
    median, slowest = usual.share(0.5), usual.share(0.99)
    made_up = simulate(load, size, given.down, random.Random(given.seed)).made_up(slowest) - given.down
    print(f"at the peak    {load.rate:,.1f} documents/s")
    print(f"size           {size.processes} processes of {size.agents} agents: {size.cores} cores for agents")
    print(f"used           agents {load.rate * load.agent / size.cores:.0%}, "
          f"each process {load.rate * load.job / size.processes:.0%}")  # fmt: skip
    print(f"partitions     {max(4, 4 * size.processes)}: a few for each process")
    print(f"wait           median {median * 1000:,.0f} ms, 99 of 100 within {slowest * 1000:,.0f} ms")
    print(f"most loaded    process has {usual.most_loaded:.2f} of the mean")
    print(f"a restart      of {given.down:g} s is made up {made_up:,.0f} s after it")
    if given.price is not None:
        hours = size.cores * 24
        million = hours * given.price / given.per_day * 1e6
        print(f"cost           {million:,.2f} a million documents, of the agents' cores")


if __name__ == "__main__":
    main()
