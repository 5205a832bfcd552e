"""A seccomp filter (seccomp(2)): system calls that a process which only reads a document has no use for.

They answer EPERM; calls of a foreign architecture kill. Numbers are those of the kernel's own tables.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

_PR_SET_SECCOMP, _FILTER = 22, 2
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000
"""System calls of the x32 ABI have this bit, and numbers of their own."""
_CALLS = (
    *("socket", "ptrace", "process_vm_readv", "process_vm_writev", "kill", "tgkill", "tkill"),
    *("rt_sigqueueinfo", "rt_tgsigqueueinfo", "prlimit64"),
    *("pidfd_send_signal", "io_uring_setup", "pidfd_getfd", "setsid", "setpgid"),
)
_NUMBERS = {
    "x86_64": (41, 101, 310, 311, 62, 234, 200, 129, 297, 302, 424, 425, 438, 112, 109),
    "aarch64": (198, 117, 270, 271, 129, 131, 130, 138, 240, 261, 424, 425, 438, 157, 154),
}
_NEVER = (
    *("socket", "io_uring_setup", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"),
    *("setsid", "setpgid"),
)
"""Networks (rings can open sockets without socket(2)), other processes' memory and files, and leaving the
group that is killed with it."""
_ON_ITSELF = ("prlimit64",)
"""Limits of others: one of processor time would end them."""
_SIGNALS = ("tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")
_SIGNALS_TO_ITSELF = ("kill", "tgkill")
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_REFUSE, _KILL, _ALLOW = 0x00050000 | 1, 0x80000000, 0x7FFF0000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Where they are in what the filter is given; of the argument the lower half, which has all of a pid."""

_Line = str | tuple[int, int] | tuple[int, int, str]
"""A label; or an instruction, its value, and the label to go on at when it holds."""

_libc = ctypes.CDLL(None, use_errno=True)


def refuse_calls(*, signals: bool) -> bool:
    """Filter this process' calls from now on; with ``signals``, those that signal others too.

    Needs no_new_privs. False where the kernel has no seccomp, or there is no table for this processor here.
    """
    machine = platform.machine()
    if machine not in _AUDIT_ARCH:
        return False
    steps = _assembled(_program(machine, os.getpid(), signals))
    program = ctypes.create_string_buffer(b"".join(steps))
    header = struct.pack("@HP", len(steps), ctypes.addressof(program))
    return bool(_libc.prctl(_PR_SET_SECCOMP, _FILTER, header, 0, 0) == 0)


def _program(machine: str, process: int, signals: bool) -> list[_Line]:
    numbers = dict(zip(_CALLS, _NUMBERS[machine], strict=True))
    never = (*_NEVER, *(_SIGNALS if signals else ()))
    to_itself = _SIGNALS_TO_ITSELF if signals else ()
    return [
        (_LOAD, _ARCHITECTURE),
        (_EQUAL, _AUDIT_ARCH[machine], "its own"),
        (_RETURN, _KILL),
        "its own",
        (_LOAD, _NUMBER),
        (_AT_LEAST, _X32, "refused"),
        *((_EQUAL, numbers[name], "refused") for name in never),
        *((_EQUAL, numbers[name], "on itself") for name in _ON_ITSELF),
        *((_EQUAL, numbers[name], "to itself") for name in to_itself),
        (_RETURN, _ALLOW),
        "on itself",
        (_LOAD, _FIRST_ARGUMENT),
        (_EQUAL, 0, "allowed"),  # "this process"; for a signal it would be the group, its parent's
        "to itself",
        (_LOAD, _FIRST_ARGUMENT),
        (_EQUAL, process, "allowed"),
        "refused",
        (_RETURN, _REFUSE),
        "allowed",
        (_RETURN, _ALLOW),
    ]


def _assembled(program: list[_Line]) -> list[bytes]:
    """The program's steps: a jump says how many to pass over when it holds; else the next one comes."""
    places: dict[str, int] = {}
    steps: list[tuple[int, int, str | None]] = []
    for line in program:
        if isinstance(line, str):
            places[line] = len(steps)
        else:
            code, value, *target = line
            steps.append((code, value, target[0] if target else None))
    return [
        struct.pack("=HBBI", code, places[target] - place - 1 if target else 0, 0, value)
        for place, (code, value, target) in enumerate(steps)
    ]
