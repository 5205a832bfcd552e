"""Places with a network of their own (kernel namespaces), joined by a bridge, that can lose each other.

``cut`` gives both ends a wrong hardware address of the other: what they send is lost in silence, as behind a
switch that failed, and no end is told.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Self

from support.packages import program
from support.servers.serving import NoServer

_NOBODY = "02:00:00:00:00:01"
HELP = (
    "Networks are cut with namespaces (ip netns): run as root, with iproute2 installed; in a container with "
    "--cap-add NET_ADMIN --cap-add SYS_ADMIN."
)


class Network:
    """A bridge at ``here`` and places beside it, addressed from 1 on. A context manager."""

    def __init__(self, places: int) -> None:
        self._subnet = f"10.{213 + os.getpid() // 250 % 40}.{os.getpid() % 250}"
        self._bridge = f"ndf{os.getpid()}"
        self._names = [f"{self._bridge}-{number}" for number in range(places)]
        self.here = f"{self._subnet}.1"

    def address(self, place: int) -> str:
        return f"{self._subnet}.{place + 11}"

    def inside(self, place: int) -> list[str]:
        """What comes before a command that is to run in a place."""
        return ["ip", "netns", "exec", self._names[place]]

    def cut(self, place: int, address: str) -> None:
        """Let nothing pass from a place to an address any more, and nothing back."""
        _ip(
            self._in(place, "neigh", "replace", address, "lladdr", _NOBODY, "nud", "permanent", "dev", "eth0")
        )
        back = ["replace", self.address(place), "lladdr", _NOBODY, "nud", "permanent"]
        _ip(self._of(address, back))

    def heal(self, place: int, address: str) -> None:
        """Let everything pass again."""
        _ip(self._in(place, "neigh", "del", address, "dev", "eth0"))
        _ip(self._of(address, ["del", self.address(place)]))

    def _of(self, address: str, change: Sequence[str]) -> list[str]:
        if address == self.here:
            return ["neigh", *change, "dev", self._bridge]
        other = next(each for each in range(len(self._names)) if self.address(each) == address)
        return self._in(other, "neigh", *change, "dev", "eth0")

    def _in(self, place: int, *command: str) -> list[str]:
        return ["-n", self._names[place], *command]

    def __enter__(self) -> Self:
        try:
            _ip(["link", "add", self._bridge, "type", "bridge"])
            _ip(["address", "add", f"{self.here}/24", "dev", self._bridge])
            _ip(["link", "set", self._bridge, "up"])
            for number in range(len(self._names)):
                self._make(number)
        except NoServer:
            self._remove()
            raise
        return self

    def _make(self, number: int) -> None:
        name, cable = self._names[number], f"{self._bridge}v{number}"
        _ip(["netns", "add", name])
        _ip(["link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name])
        _ip(["link", "set", cable, "master", self._bridge, "up"])
        _ip(self._in(number, "address", "add", f"{self.address(number)}/24", "dev", "eth0"))
        for device in ("lo", "eth0"):
            _ip(self._in(number, "link", "set", device, "up"))

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _remove(self) -> None:
        for name in self._names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", self._bridge], capture_output=True, check=False)


def _ip(arguments: Sequence[str]) -> None:
    """Raises NoServer where it can't be done."""
    if not (command := program("iproute2", "ip")):
        raise NoServer(f"there is no command ip. {HELP}")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServer(f"ip {' '.join(arguments)}: {done.stderr.strip()}. {HELP}")
