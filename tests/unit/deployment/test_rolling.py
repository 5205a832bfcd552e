"""The rolling log of a submitted job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_SAYS = """
import sys
from pathlib import Path
from neuraldocflow.deployment.rolling import RollingOutput
told = RollingOutput(Path(sys.argv[1]))
for number in range(5000):
    print(f"line {number} of what a process says", flush=True)
print("neuraldocflow: the reason", flush=True)
while told.last_error() != "the reason":
    pass
"""


def says(path: Path) -> None:
    subprocess.run([sys.executable, "-c", _SAYS, str(path)], check=True, timeout=60)


def test_what_processes_print_is_in_the_file(tmp_path: Path) -> None:
    says(tmp_path / "job.log")
    lines = (tmp_path / "job.log").read_text().splitlines()
    assert len(lines) == 5001


def test_a_full_disk_stops_no_process_that_prints() -> None:
    says(Path("/dev/full"))


_ENDS = """
import sys
from pathlib import Path
from neuraldocflow.deployment.rolling import RollingOutput
told = RollingOutput(Path(sys.argv[1]))
print("python: an assertion failed", flush=True)
print("2026-03-04T05:06:07Z WARNING neuraldocflow.job.supervisor: process 0 ended with -6", flush=True)
while len(told._latest) < 2:
    pass
raise SystemExit(told.last_error() != "python: an assertion failed")
"""


def test_why_a_process_has_ended_is_what_it_said_and_not_that_it_has(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _ENDS, str(tmp_path / "job.log")], check=True, timeout=60)


_NEVER_ENDS = """
import os, sys
from pathlib import Path
from neuraldocflow.deployment.rolling import RollingOutput
def most():  # of this process alone: ru_maxrss has what its parent had
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
told = RollingOutput(Path(sys.argv[1]))
before = most()
for _ in range(200):
    os.write(2, bytes(1 << 20))
print("\\nneuraldocflow: the reason", flush=True)
while told.last_error() != "the reason":
    pass
raise SystemExit(most() - before > 50 << 10)
"""


def test_a_line_that_never_ends_fills_no_memory(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _NEVER_ENDS, str(tmp_path / "job.log")], check=True, timeout=60)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 70 << 20
