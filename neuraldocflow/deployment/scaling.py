"""What scaling a submitted job means: a plan that can be shown first, and its steps."""

from __future__ import annotations

from dataclasses import dataclass

from neuraldocflow.config import Config
from neuraldocflow.deployment.topics import Topic, topics_of
from neuraldocflow.errors import ConfigError
from neuraldocflow.job.cluster import check_size


@dataclass(frozen=True, slots=True)
class Plan:
    """From a size to another one."""

    processes: tuple[int, int]
    workers: tuple[int, int]
    most: int
    """Workers there can be."""
    topics: tuple[tuple[Topic, int, int], ...]
    """Each topic with its partitions now and then."""
    replaces: bool = False
    """Whether what runs is replaced, also by one of the same size."""

    @property
    def restarts(self) -> bool:
        """Whether the processes have to start again: their number changes, or what they run or read."""
        changes = self.processes[0] != self.processes[1] or self.workers[0] != self.workers[1]
        return self.replaces or changes or self.grows

    @property
    def grows(self) -> bool:
        return any(now != then for _, now, then in self.topics)

    def grow(self) -> None:
        """Add the partitions. Raises ConfigError where a cluster refuses."""
        for topic, now, then in self.topics:
            if then > now:
                topic.grow(then)

    def told(self) -> list[str]:
        """The plan in words, a line for each part."""
        lines = [f"processes: {_change(*self.processes)}", f"workers each: {_change(*self.workers)}"]
        lines += [f"partitions of {topic.name}: {_change(now, then)}" for topic, now, then in self.topics]
        total = self.processes[1] * self.workers[1]
        fewest = min((then for _, _, then in self.topics), default=None)
        if fewest is not None and fewest < total:
            lines.append(f"{total} workers share {fewest} partitions: some only extract what others read")
        if self.restarts:
            lines.append(
                "restarts: all processes together, from the last snapshot; no document is lost, keyed state "
                f"is kept (it is divided among {self.most}, the most workers there can be)"
            )
        else:
            lines.append("restarts: none, nothing changes")
        return lines


def resized(most: int, running: tuple[int, int], processes: int | None) -> Plan:
    """A plan for the number of processes alone: no broker is asked. Raises ConfigError."""
    wanted = processes or running[0]
    check_size(most, wanted, running[1])
    return Plan((running[0], wanted), (running[1], running[1]), most, ())


def plan(
    config: Config,
    running: tuple[int, int],
    processes: int | None,
    workers: int | None,
    partitions: int | None,
    *,
    replaces: bool = False,
) -> Plan:
    """What it takes to come from ``running`` (processes, workers) to a size; None keeps a number.

    Raises ConfigError for sizes that can't be had.
    """
    wanted = (processes or running[0], workers or running[1])
    check_size(config.runtime.max_workers, *wanted)
    found = [(topic, topic.partitions()) for topic in topics_of(config)]
    if partitions is not None and not found:
        raise ConfigError(
            "--partitions: this job reads no Kafka topic; give it a Kafka source, or its log in Kafka "
            "(runtime.log.kafka)"
        )
    for topic, now in found:
        if partitions is not None and partitions < now:
            raise ConfigError(
                f"--partitions: {topic.name} has {now}, and Kafka takes none away; ask for {now} or more"
            )
    return Plan(
        (running[0], wanted[0]),
        (running[1], wanted[1]),
        config.runtime.max_workers,
        tuple((topic, now, partitions or now) for topic, now in found),
        replaces,
    )


def _change(now: int, then: int) -> str:
    return f"{now} → {then}" if now != then else f"{now}, as now"
