"""A long run of the real job while things are killed; ends with a verdict. 20,000 documents in 30 minutes.

Documents arrive all the time, two processes work on them, and every few seconds an agent is killed with
``kill -9``; in the first half a process or the supervisor too, so that in the second half the same processes
live long enough for growth to show. Exit code 1 where a document is missing or doubled, or something grows.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.job import LETTER, JobFolder, children_of, kill

_LOOK = 5.0
_MOST_GROWTH_MB, _MOST_GROWTH = 24, 0.15
"""A process may grow by both together between the first and the last third of the quiet half."""
_PER_HUNDRED = {"poison": 1, "long": 4}
COMMAND = ["run", "-c", "job.yaml", "--quiet", "--processes", "2", "--workers", "1"]


@dataclass(frozen=True)
class Sample:
    """One process at a moment; agents are taken together, since each lives for a while only."""

    at: float
    pid: int
    megabytes: float
    handles: int
    threads: int


class Soak:
    """The job, what arrives for it, and what is seen of it."""

    def __init__(self, job: JobFolder, minutes: float, rate: float, seed: int) -> None:
        self.job, self.seconds, self.rate = job, minutes * 60, rate
        self.chance = random.Random(seed)
        self.names: set[str] = set()
        self.bad: set[str] = set()
        self.arrived: dict[str, float] = {}
        self.latencies: list[tuple[float, float]] = []
        """When a document arrived and how long its result took, in seconds since the start."""
        self.samples: list[Sample] = []
        self.agent_megabytes: list[tuple[float, float]] = []
        self.kills = {"agent": 0, "process": 0, "supervisor": 0}
        self._output = (job.root / "output.txt").open("w")
        self._supervisor = self._start()
        self._began = time.monotonic()

    def run(self) -> None:
        """The whole of it; prints a line every half minute."""
        threading.Thread(target=self._bring, daemon=True).start()
        kill_at = process_at = 10.0
        look_at = tell_at = 0.0
        while (now := self._now()) < self.seconds:
            if self._supervisor.poll() is not None:
                raise SystemExit(f"the job ended with {self._supervisor.returncode}: see {self._output.name}")
            if now >= look_at:
                look_at = now + _LOOK
                self._look(now)
            if now >= kill_at:
                kill_at = now + self.chance.uniform(3, 10)
                self._kill_an_agent()
            if now >= process_at and now < self.seconds / 2 - 20:
                process_at = now + self.chance.uniform(15, 40)
                self._kill_a_process()
            if now >= tell_at:
                tell_at = now + 30
                self._tell(now)
            self._collect()
            time.sleep(0.2)
        self._drain()

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "neuraldocflow", *COMMAND]
        out = self._output
        return subprocess.Popen(command, cwd=self.job.root, stdout=out, stderr=out, start_new_session=True)

    def _bring(self) -> None:
        """Documents, evenly: letters, a few long ones, and one in a hundred that is none."""
        number = 0
        while (now := self._now()) < self.seconds:
            if number > now * self.rate:
                time.sleep(0.02)
                continue
            kind = number % 100
            name = f"letter-{number}.html"
            text = LETTER.format(number=number, day=number % 28 + 1)
            if kind < _PER_HUNDRED["poison"]:
                name, text = f"poison-{number}.html", f"\x7fELF {number}"
                self.bad.add(name)
            elif kind < sum(_PER_HUNDRED.values()):
                text = text.replace("</body>", f"<p>Line of letter {number}.</p>" * 3000 + "</body>")
            fresh = self.job.root / "fresh"
            fresh.write_text(text)
            os.replace(fresh, self.job.inbox / name)
            self.arrived[name] = self._now()
            self.names.add(name)
            number += 1

    def _members(self) -> list[int]:
        return children_of(self._supervisor.pid)

    def _agents(self) -> list[int]:
        return [agent for member in self._members() for agent in children_of(member)]

    def _kill_an_agent(self) -> None:
        if agents := self._agents():
            kill(self.chance.choice(agents))
            self.kills["agent"] += 1

    def _kill_a_process(self) -> None:
        members = self._members()
        if self.chance.random() < 0.2:
            kill(self._supervisor.pid)
            self._supervisor.wait()
            while any(Path(f"/proc/{pid}").exists() for pid in members):
                time.sleep(0.05)
            self._supervisor = self._start()
            self.kills["supervisor"] += 1
        elif members:
            kill(self.chance.choice(members))
            self.kills["process"] += 1

    def _look(self, now: float) -> None:
        for pid in (self._supervisor.pid, *self._members()):
            if seen := sample(pid, now):
                self.samples.append(seen)
        agents = [seen.megabytes for pid in self._agents() if (seen := sample(pid, now))]
        self.agent_megabytes.append((now, max(agents, default=0.0)))

    def _collect(self) -> None:
        """How long documents took that have come out since."""
        for path in self.job.results.glob("[!.]*.json") if self.job.results.is_dir() else ():
            arrived = self.arrived.pop(path.name.removesuffix(".json"), None)
            if arrived is not None:
                self.latencies.append(
                    (arrived, max(path.stat().st_mtime - time.time() + self._now() - arrived, 0))
                )

    def _tell(self, now: float) -> None:
        recent = [took for at, took in self.latencies if at > now - 60]
        latest = {each.pid: each for each in self.samples if each.at > now - 2 * _LOOK}
        told = ", ".join(f"{each.megabytes:.0f} MB {each.handles} handles" for each in latest.values())
        p50 = f"{statistics.median(recent):.2f} s" if recent else "-"
        print(
            f"{now / 60:5.1f} min  {len(self.names)} in, {len(self.latencies)} out, p50 {p50}; {told}; "
            f"largest agent {self.agent_megabytes[-1][1]:.0f} MB; killed {self.kills}",
            flush=True,
        )

    def _drain(self) -> None:
        """What is left after the last document, then a clean stop."""
        end = time.monotonic() + 300
        while self.arrived and time.monotonic() < end:
            self._collect()
            time.sleep(0.2)
        self._supervisor.send_signal(signal.SIGTERM)
        self.stopped_with = self._supervisor.wait(timeout=60)
        self.leftover = self.job.run_once(timeout=300)

    def verdict(self) -> list[tuple[bool, str]]:
        """What was promised, and whether it held."""
        archived = self.job.archived()
        failed = {name for name in self.names if self.job.result(name)["status"] == "failed"}
        unlucky = {name for name in failed - self.bad if self._code(name) == "agent_crashed"}
        held = [
            (
                sorted(archived) == sorted(self.names),
                f"{len(self.names)} documents, {len(archived)} in the archive",
            ),
            (
                failed == self.bad | unlucky,
                f"{len(failed)} failed: {len(self.bad)} that are no documents, "
                f"{len(unlucky)} both of whose agents were killed",
            ),
            (self.stopped_with == 0, f"told to stop, the job ended with {self.stopped_with}"),
        ]
        return held + self._growth() + [self._latency()]

    def _code(self, name: str) -> str:
        return str(self.job.result(name)["error"]["code"])

    def _growth(self) -> list[tuple[bool, str]]:
        """Each process of the second half, its first third beside its last."""
        quiet = self.seconds / 2
        told: list[tuple[bool, str]] = []
        for pid in sorted({each.pid for each in self.samples if each.at > self.seconds - 3 * _LOOK}):
            seen = [each for each in self.samples if each.pid == pid and each.at > quiet]
            part = max(len(seen) // 3, 1)
            first, last = seen[:part], seen[-part:]
            before, after = (statistics.median(each.megabytes for each in some) for some in (first, last))
            handles = max(each.handles for each in last) - max(each.handles for each in first)
            threads = max(each.threads for each in last) - max(each.threads for each in first)
            flat = after - before <= _MOST_GROWTH_MB + before * _MOST_GROWTH and handles <= 8 and threads <= 2
            told.append(
                (
                    flat,
                    f"process {pid}: {before:.0f} to {after:.0f} MB, {handles:+d} handles, "
                    f"{threads:+d} threads",
                )
            )
        largest = max(megabytes for _, megabytes in self.agent_megabytes)
        return [*told, (largest < 512, f"the largest agent had {largest:.0f} MB")]

    def _latency(self) -> tuple[bool, str]:
        quiet = sorted((at, took) for at, took in self.latencies if at > self.seconds / 2)
        part = max(len(quiet) // 3, 1)
        before, after = (
            statistics.median(took for _, took in some) for some in (quiet[:part], quiet[-part:])
        )
        return (
            after <= 2 * before + 0.5,
            f"median seconds to a result in the quiet half: {before:.2f} to {after:.2f}",
        )


def sample(pid: int, now: float) -> Sample | None:
    """A process as /proc has it; None where it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        values = dict(line.split(":", 1) for line in status.splitlines())
        handles = len(os.listdir(f"/proc/{pid}/fd"))
        return Sample(now, pid, int(values["VmRSS"].split()[0]) / 1024, handles, int(values["Threads"]))
    except (OSError, KeyError):
        return None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="how long documents arrive (default 30)")
    parser.add_argument("--rate", type=float, default=11.2, help="documents a second (default 11.2)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="which are killed when")
    given = parser.parse_args()
    print(f"--seed {given.seed} kills in the same order again")
    with tempfile.TemporaryDirectory() as folder:
        job = JobFolder(Path(folder))
        job.configure({"auto_move_processed": True}, snapshot_interval_ms=1000)
        soak = Soak(job, given.minutes, given.rate, given.seed)
        soak.run()
        held = soak.verdict()
    for good, what in held:
        print(f"{'holds' if good else 'FAILS'}  {what}")
    sys.exit(0 if all(good for good, _ in held) else 1)


if __name__ == "__main__":
    main()
