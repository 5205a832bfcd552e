"""What test agents do: the document's text is their instruction."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

from neuraldocflow.errors import Corrupt
from neuraldocflow.swarm.agent import Tell
from neuraldocflow.swarm.job import Job


def obey(job: Job, settings: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Do what the document says, then give a result with what came of it."""
    word, _, rest = Path(job.path).read_text().partition(" ")
    answer = ""
    if word == "sleep":
        steps = max(int(float(rest) / 0.05), 1)
        for step in range(steps):
            tell("reading", step, steps)
            time.sleep(0.05)
    elif word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "die_once":
        if job.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    elif word == "refuse":
        raise Corrupt("It can't be read.")
    elif word == "fault":
        raise RuntimeError(f"quotes {rest}")
    elif word == "eat":
        hoard = bytearray(int(rest) << 20)
        answer = str(len(hoard))
    elif word == "connect":
        answer = _tried(lambda: socket.socket().connect(("127.0.0.1", 9)))
    elif word == "write":
        answer = _tried(lambda: Path(rest).write_text("out"))
    elif word == "garbage":
        os.write(settings["socket"], rest.encode().replace(b"|", b"\n"))
        time.sleep(30)
    return {
        "status": "completed",
        "extractedData": {"documentType": "test", "confidence": 1.0, "pages": 1},
        "metadata": {"profile": "test", "agentId": settings["agent_id"], "pid": os.getpid()},
        "answer": answer,
    }


def _tried(action: Any) -> str:
    try:
        action()
    except OSError as error:
        return f"refused: {type(error).__name__}"
    return "done"
