"""Processes that are in places of their own, with names that come and go as those of pods do.

Each has the same file as its /etc/hosts, in a mount namespace of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Self

from support.job import JobFolder
from support.network import Network
from support.servers.serving import free_port


class Pods:
    """Pods of one job: ``neuraldocflow run --pod flow-N --peers …`` on a shared folder."""

    def __init__(self, job: JobFolder, command: Sequence[str] = (), network: Network | None = None) -> None:
        self.job = job
        self._network = network
        """Where each pod has an address of its own; default: all are on loopback."""
        self.port = free_port()
        self._hosts = job.root / "hosts"
        self._hosts.write_text("127.0.0.1 localhost\n")
        own = ("run", "-c", "job.yaml", "--peers", f"flow-{{}}:{self.port}", "--pod")
        self._command = command or own
        self._pods: dict[int, subprocess.Popen[bytes]] = {}

    def name(self, count: int) -> None:
        """Give names to so many."""
        lines = [f"{self._address(number)} flow-{number}\n" for number in range(count)]
        with self._hosts.open("r+") as file:  # in place: the mounts are of this very file
            file.truncate()
            file.write("127.0.0.1 localhost\n" + "".join(lines))

    def _address(self, number: int) -> str:
        return self._network.address(number) if self._network else f"127.0.1.{number + 1}"

    def start(self, number: int) -> None:
        command = [sys.executable, "-m", "neuraldocflow", *self._command, f"flow-{number}"]
        mount = f'mount --bind "{self._hosts}" /etc/hosts && exec "$@"'
        user = [] if os.geteuid() == 0 else ["--map-root-user"]
        inside = self._network.inside(number) if self._network else []
        with (self.job.root / f"flow-{number}.log").open("ab") as log:
            self._pods[number] = subprocess.Popen(
                [*inside, "unshare", *user, "--mount", "sh", "-c", mount, "pod", *command],
                cwd=self.job.root,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def scale(self, count: int) -> None:
        """Have so many, as a StatefulSet does: names first, the last ones go first."""
        for number in sorted(self._pods, reverse=True):
            if number >= count:
                self.end(number)
        self.name(count)
        for number in range(count):
            if number not in self._pods:
                self.start(number)

    def end(self, number: int, by: signal.Signals = signal.SIGTERM) -> int:
        """Signal a pod and wait for its end; its exit code."""
        pod = self._pods.pop(number)
        pod.send_signal(by)
        return pod.wait(timeout=60)

    def round(self) -> dict[str, Any]:
        """The round that is written down."""
        path = self.job.root / ".neuraldocflow" / "work" / "round.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"addresses": []}
        return found

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.job.root.glob("flow-*.log")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pod in self._pods.values():
            pod.kill()
            pod.wait()
