"""Signals while the main thread waits for the very event that they set."""

from __future__ import annotations

import subprocess
import sys

_WAITS = """
import os, signal, sys, threading
from neuraldocflow.job.signals import signals

told = threading.Event()
count = 0
def tell(number):
    global count
    count += 1
    told.set()
with signals(tell):
    me = os.getpid()
    def pester():
        while count < 500:
            os.kill(me, signal.SIGINT if count % 2 else signal.SIGTERM)
    threading.Thread(target=pester, daemon=True).start()
    while count < 500:
        told.wait(0.0001)
        told.clear()
print("told", count >= 500)
"""


def test_a_signal_that_comes_while_its_event_is_waited_for_is_told() -> None:
    """Set by a handler, the event would wait for a lock that the thread it interrupts holds."""
    done = subprocess.run(
        [sys.executable, "-c", _WAITS], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "told True\n"), done.stderr


_TWICE = """
import os, signal, threading
from neuraldocflow.cli.interrupts import interruptible

signal.signal(signal.SIGINT, signal.default_int_handler)  # who started this may have it ignored
with interruptible() as interrupted:
    os.kill(os.getpid(), signal.SIGINT)
    print(interrupted.wait(30), flush=True)
    try:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(30)
    except KeyboardInterrupt:
        print("ended", flush=True)
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def test_the_second_ctrl_c_ends_a_command_as_usual() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TWICE], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.split() == ["True", "ended", "True"], done.stderr
