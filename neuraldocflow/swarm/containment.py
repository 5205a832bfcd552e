"""What an agent may not do: reach the network, write elsewhere, gain privileges, outlive its parent.

Limits and no_new_privs always; Landlock and seccomp where the kernel has them. Both are used through the
system calls themselves, as Linux documents them (landlock(7), seccomp(2)): it takes some thirty lines.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 1, 38, 22
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITES = {1: sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12)), 2: 1 << 13, 3: 1 << 14}
"""Landlock's rights to write, remove, make, refer and truncate, by the ABI that brought them."""
_TCP = 0b11
"""Landlock's rights to bind and connect TCP (ABI 4)."""
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_PTRACE = {"x86_64": 101, "aarch64": 117}
_IO_URING_SETUP = 425
"""The same on both: rings can open sockets without socket(2)."""
_X32 = 0x40000000
"""System calls of the x32 ABI have this bit, and numbers of their own."""

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int) -> None:
    """The kernel kills this process when its parent ends; at once where that has happened already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit(memory_mb: int, file_mb: int = 1024) -> None:
    """Caps memory that is written to, the size of files, and forbids core dumps."""
    for what, value in (
        (resource.RLIMIT_DATA, memory_mb << 20),
        (resource.RLIMIT_FSIZE, file_mb << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (wanted, wanted))


def contain(writable: Sequence[Path]) -> dict[str, bool]:
    """Shut this process in: writes below ``writable`` only, no sockets. Says what the kernel enforced."""
    return {
        "no_new_privs": _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        "landlock": _landlock(writable),
        "seccomp": _no_sockets(),
    }


def _landlock(writable: Sequence[Path]) -> bool:
    abi = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if abi < 1:
        return False
    rights = sum(bits for since, bits in _WRITES.items() if abi >= since)
    attributes = struct.pack("=QQ", rights, _TCP if abi >= 4 else 0)
    size = 16 if abi >= 4 else 8
    ruleset = _libc.syscall(_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        return False
    try:
        for path in writable:
            allowed = rights if path.is_dir() else (1 << 1) | (rights & _WRITES[3])
            parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = struct.pack("=Qi", allowed, parent)
                if _libc.syscall(_ADD_RULE, ruleset, 1, rule, 0):
                    return False
            finally:
                os.close(parent)
        return bool(_libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _no_sockets() -> bool:
    """A seccomp filter: socket, ptrace and io_uring answer EPERM; a foreign architecture's calls kill."""
    machine = platform.machine()
    if machine not in _AUDIT_ARCH:
        return False

    def step(code: int, yes: int, no: int, value: int) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    load, equal, at_least, back = 0x20, 0x15, 0x35, 0x06
    refuse, kill, allow = 0x00050000 | 1, 0x80000000, 0x7FFF0000
    steps = [
        step(load, 0, 0, 4),  # the call's architecture
        step(equal, 1, 0, _AUDIT_ARCH[machine]),
        step(back, 0, 0, kill),
        step(load, 0, 0, 0),  # its number
        step(at_least, 3, 0, _X32),
        step(equal, 2, 0, _SOCKET[machine]),
        step(equal, 1, 0, _PTRACE[machine]),
        step(equal, 0, 1, _IO_URING_SETUP),
        step(back, 0, 0, refuse),
        step(back, 0, 0, allow),
    ]
    program = ctypes.create_string_buffer(b"".join(steps))
    header = struct.pack("@HP", len(steps), ctypes.addressof(program))
    return bool(_libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0)
