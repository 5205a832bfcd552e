"""What the kernel keeps a process from that shuts itself in, on kernels old and new."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from neuraldocflow.swarm.containment import environment, missing
from neuraldocflow.swarm.seccomp import _assembled, _program

PRELUDE = """
import ctypes, os, resource, signal, socket, sys
from pathlib import Path
from neuraldocflow.swarm.landlock import restrict
from neuraldocflow.swarm.seccomp import refuse_calls
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
parent = os.getppid()
def tried(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"
"""


def shut_in(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + program], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_kernel_that_can_not_keep_signals_in_refuses_those_to_others_by_a_filter() -> None:
    done = shut_in("""
assert refuse_calls(signals=True)
print(tried(lambda: os.kill(parent, 0)), tried(lambda: os.kill(0, 0)), tried(lambda: os.kill(-1, 0)))
print(tried(lambda: os.kill(os.getpid(), 0)), tried(lambda: signal.raise_signal(signal.SIGCONT)))
print(tried(lambda: resource.prlimit(parent, resource.RLIMIT_CORE)), tried(socket.socket))
print(tried(lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0))), flush=True)
os.abort()
""")
    assert done.stdout.split() == [
        *["PermissionError"] * 3,
        *["done"] * 2,
        *["PermissionError"] * 2,
        "done",
    ], done.stderr
    assert done.returncode == -signal.SIGABRT


def test_no_process_leaves_its_group() -> None:
    done = shut_in("""
assert refuse_calls(signals=False)
if not os.fork():
    print(tried(os.setsid), tried(lambda: os.setpgid(0, 0)), flush=True)
    os._exit(0)
os.wait()
""")
    assert done.stdout.split() == ["PermissionError"] * 2, done.stderr


def test_a_process_that_signals_its_own_children_may_where_landlock_looks_after_that(tmp_path: Path) -> None:
    done = shut_in(f"""
import subprocess
kept = restrict([Path({str(tmp_path)!r})], [Path("/usr"), Path("/lib"), Path("/lib64"), Path("/dev/null")])
assert refuse_calls(signals=False)
child = subprocess.Popen(["/bin/sleep", "60"])
child.kill()
print(child.wait(), tried(lambda: os.kill(parent, 0)), kept.signals)
""")
    code, signalled, kept = done.stdout.split()
    assert code == "-9", done.stderr
    assert (signalled == "PermissionError") == (kept == "True")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("signals", [True, False])
def test_no_jump_of_the_filter_leads_beyond_it(machine: str, signals: bool) -> None:
    steps = _assembled(_program(machine, 1, signals))
    for place, step in enumerate(steps):
        assert place + 1 + max(step[2], step[3]) <= len(steps)
    assert all(len(step) == 8 for step in steps)


def test_what_is_not_enforced_is_told_with_what_that_means() -> None:
    assert missing({"no_new_privs": True, "files": True, "calls": True, "signals": True}) == ""
    told = missing({"files": False, "calls": True, "signals": True})
    assert told.startswith("agents are not shut in as they should be: no Landlock in this kernel")
    assert "reach the network" in missing({"files": True, "calls": False, "signals": True})


def test_only_variables_that_programs_need_to_run_are_passed_on() -> None:
    given = {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "/p", "AWS_PROFILE": "x", "MY_TOKEN": "y"}
    assert environment(given) == {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "/p"}
