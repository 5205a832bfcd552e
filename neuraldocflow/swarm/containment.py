"""What an agent may not do: reach the network, other files or processes, gain rights, outlive its parent.

Limits and no_new_privs always; Landlock and seccomp where the kernel has them (:mod:`.landlock`,
:mod:`.seccomp`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .landlock import restrict
from .seccomp import refuse_calls

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_FILE_MB = 4096
"""The largest file an agent may write: a copy of a document that is too large for its memory is one."""
_SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/etc/ld.so.cache", "/etc/fonts"),
    *("/etc/localtime", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/proc/self"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu"),
)
"""Programs, libraries, fonts, language data, time zones, and what C libraries ask of the machine."""
_INHERITED = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TZDIR", "TESSDATA_PREFIX", "GLIBC_TUNABLES")
_INHERITED_KINDS = ("LC_", "LD_", "PYTHON", "MALLOC_")
_MISSING = {
    "files": "no Landlock in this kernel (it came with 5.13): they can read and write what this user can",
    "calls": "no seccomp for it here: they can reach the network, and leave processes behind",
    "signals": "neither here: they can end processes of this user",
}
"""What agents can do where the platform does not keep them from it."""

_libc = ctypes.CDLL(None, use_errno=True)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What an agent needs of its parent's variables: not those with secrets, whatever they are called."""
    return {
        name: value
        for name, value in given.items()
        if name in _INHERITED or name.startswith(_INHERITED_KINDS)
    }


def die_with_parent(parent: int) -> None:
    """The kernel kills this process when its parent ends; at once where that has happened already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit(memory_mb: int, file_mb: int = _FILE_MB) -> None:
    """Caps memory that is written to, the size of files, and forbids core dumps."""
    for what, value in (
        (resource.RLIMIT_DATA, memory_mb << 20),
        (resource.RLIMIT_FSIZE, file_mb << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (wanted, wanted))


def contain(writable: Sequence[Path], readable: Sequence[Path]) -> dict[str, bool]:
    """Shut this process in; says what is enforced.

    Files: writing below ``writable``, reading also below ``readable``. Calls: none to the network, nor to the
    memory of others, nor out of its process group. Signals: none to processes that are not its own.
    """
    privileges = _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    kept = restrict(writable, readable)
    calls = refuse_calls(signals=not kept.signals)
    return {
        "no_new_privs": privileges,
        "files": kept.files,
        "calls": calls,
        "signals": kept.signals or calls,
    }


def missing(contained: Mapping[str, bool]) -> str:
    """What agents can do here that they should not, in a sentence; empty where that is nothing."""
    told = [what for name, what in _MISSING.items() if not contained.get(name)]
    return f"agents are not shut in as they should be: {'; '.join(told)}" if told else ""


def needed(start: str) -> list[Path]:
    """What this process has to read to go on working: Python, its modules and what they are made of.

    The folder it was started in is none of it, also where Python was told to look for modules there.
    """
    tesseract = shutil.which("tesseract")
    found = {
        *_SYSTEM,
        *(sys.prefix, sys.base_prefix, sys.exec_prefix),
        *(path for path in sys.path if path and path != start),
        *_packages(),
        *filter(None, [os.environ.get("TESSDATA_PREFIX")]),
        *([str(Path(tesseract).resolve().parent.parent)] if tesseract else []),
    }
    return [Path(path) for path in sorted(found) if path != "/"]


def _packages() -> Iterator[str]:
    """The folders of the packages that are loaded: they may load more of their modules."""
    for name, module in list(sys.modules.items()):
        if "." not in name:
            yield from getattr(module, "__path__", ())
