"""A folder of 100,000 files does not stand in memory: not its walk, nor what is fresh in it or done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

_WATCH = """
import os
import queue
import sys
from pathlib import Path
from neuraldocflow.folders.ledger import Ledger
from neuraldocflow.folders.watcher import Watcher

def most():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

inbox, state = sys.argv[1:]
ledger = Ledger(Path(state))
watcher = Watcher(inbox, ("*.pdf",), ledger, debounce=3.0, once=True)
seen, before = 0, most()
watcher.start()
while not (watcher.drained.is_set() and watcher.found.empty()):
    try:
        found = watcher.found.get(timeout=0.1)
    except queue.Empty:
        continue
    ledger.add(os.fsencode(found.path), (found.size, found.mtime_ns))
    seen += 1
print(seen, most() - before, watcher.fault)
"""


def test_a_hundred_thousand_fresh_files_take_less_than_20_mb(folder: Path) -> None:
    for number in range(100):
        inside = folder / "inbox" / f"{number:03}"
        inside.mkdir(parents=True)
        for name in range(1000):
            os.close(os.open(inside / f"document-{name:04}.pdf", os.O_CREAT | os.O_WRONLY))
    command = [sys.executable, "-c", _WATCH, str(folder / "inbox"), str(folder / "done.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    seen, kilobytes, fault = done.stdout.split()
    assert (seen, fault) == ("100000", "None")
    assert int(kilobytes) < 20_000
