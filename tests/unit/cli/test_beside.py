"""The gateway beside a job: started again, whatever keeps it from starting for a while."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import Any

import pytest

from neuraldocflow.cli import beside
from neuraldocflow.cli.beside import GatewayBeside


def test_a_machine_without_room_for_another_process_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    popen, refused = subprocess.Popen, [OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))]

    def crowded(*arguments: Any, **more: Any) -> subprocess.Popen[str]:
        if refused:
            raise refused.pop()
        return popen(*arguments, **more)

    monkeypatch.setattr(subprocess, "Popen", crowded)
    monkeypatch.setattr(beside, "_PAUSE", 0.01)
    gateway = GatewayBeside(None)
    script = "import time; print('http://127.0.0.1:1/', flush=True); time.sleep(600)"
    gateway._command = [sys.executable, "-c", script]
    with gateway:
        assert gateway.address(20) == "http://127.0.0.1:1/"
    assert not refused
