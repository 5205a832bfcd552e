"""Landlock (landlock(7)), through its system calls: which files a process may still read and write.

It takes some fifty lines; what it costs is paid once, when a process shuts itself in.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_READS = _READ_FILE | _READ_DIR
_WRITES = {1: sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12)), 2: 1 << 13, 3: 1 << 14}
"""The rights to write, remove, make, refer and truncate, by the ABI that brought them."""
_TRUNCATE = 1 << 14
_TCP = 0b11
"""The rights to bind and connect TCP (ABI 4)."""
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2
"""Scopes (ABI 6): no abstract socket and no process outside can be reached."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Enforced:
    """What the kernel keeps this process from, from now on."""

    files: bool = False
    """Other files than those it was given; and looking into or tracing processes that were not shut in so."""
    signals: bool = False
    """Signals to processes that were not shut in with it."""


def restrict(writable: Iterable[Path], readable: Iterable[Path]) -> Enforced:
    """Leave this process what is in or below these paths; those that are not there are passed over."""
    abi = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if abi < 1:
        return Enforced()
    writes = sum(bits for since, bits in _WRITES.items() if abi >= since)
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if abi >= 6 else 0
    attributes = struct.pack("=QQQ", writes | _READS, _TCP if abi >= 4 else 0, scopes)
    ruleset = _libc.syscall(_CREATE_RULESET, attributes, 24 if abi >= 6 else 16 if abi >= 4 else 8, 0)
    if ruleset < 0:
        return Enforced()
    try:
        allowed = [(path, writes | _READS) for path in writable] + [(path, _READS) for path in readable]
        if not all(_allow(ruleset, path, rights) for path, rights in allowed):
            return Enforced()
        done = _libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
        return Enforced(files=done, signals=done and bool(scopes))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> bool:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        if not os.path.isdir(f"/proc/self/fd/{opened}"):
            rights &= _READ_FILE | _WRITE_FILE | _TRUNCATE
        return bool(_libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, opened), 0) == 0)
    finally:
        os.close(opened)
