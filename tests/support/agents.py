"""What test agents do: the document's text is their instruction."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import time
from pathlib import Path
from typing import Any

from neuraldocflow.errors import Corrupt
from neuraldocflow.swarm.agent import Tell, extract_document, prepare
from neuraldocflow.swarm.job import RESULT, Job


def obey(job: Job, document: bytes | Path, settings: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Do what the document says, then give a result with what came of it."""
    beginning = document if isinstance(document, bytes) else document.open("rb").read(1000)
    word, _, rest = beginning.decode().rstrip("\0").partition(" ")
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
    elif word == "read":
        answer = _tried(lambda: Path(rest).read_bytes())
    elif word == "list":
        answer = _tried(lambda: os.listdir(rest))
    elif word == "signal":
        answer = _tried(lambda: os.kill(int(rest), signal.SIGCONT))
    elif word == "limits":
        answer = _tried(lambda: resource.prlimit(int(rest), resource.RLIMIT_CORE))
    elif word == "variable":
        answer = os.environ.get(rest, "none")
    elif word == "load":
        answer = _tried(lambda: __import__(rest))
    elif word == "document":
        size = len(document) if isinstance(document, bytes) else document.stat().st_size
        answer = f"{type(document).__name__} of {size} bytes"
    elif word == "leave":
        _leave(rest)
        _speak(settings, {"status": "completed", "summary": {}})
    elif word == "nest":
        _nest(int(rest))
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "fork":
        _fork(*rest.split())
    elif word == "garbage":
        os.write(settings["socket"], rest.encode().replace(b"|", b"\n"))
        time.sleep(30)
    return {
        "status": "completed",
        "extractedData": {"documentType": "test", "confidence": 1.0, "pages": 1},
        "metadata": {"profile": "test", "agentId": settings["agent_id"], "pid": os.getpid()},
        "answer": answer,
    }


def obey_or_extract(job: Job, document: bytes | Path, settings: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Do what a comment at the document's beginning says, and extract documents that begin otherwise."""
    told = re.match(rb"<!DOCTYPE html><!--(.*?)-->", document) if isinstance(document, bytes) else None
    if told is None:
        return extract_document(job, document, settings, tell)
    return obey(job, told[1], settings, tell)


obey_or_extract.prepare = prepare  # type: ignore[attr-defined]


def _leave(what: str) -> None:
    """Leave something else as a result than a file of its own."""
    kind, _, target = what.partition(" ")
    result = Path(RESULT)
    if kind == "link":
        result.symlink_to(target)
    elif kind == "folder":
        result.mkdir()
        os.chdir(result)
        _nest(int(target))
    elif kind == "hole":
        result.touch()
        os.truncate(result, 2 << 30)
    elif kind == "twin":
        Path("other").write_text("{}")
        os.link("other", result)


def _nest(levels: int) -> None:
    """Make folders in one another, more than a path can name."""
    for _ in range(levels):
        os.mkdir("in")
        os.chdir("in")


def _fork(seconds: str, end: str) -> None:
    """Start what is to outlive this process, then end in some way."""
    if not os.fork():
        _tried(os.setsid)
        _tried(lambda: os.setpgid(0, 0))
        os.execv("/bin/sleep", ["sleep", seconds])
    if end == "die":
        time.sleep(1.5)  # in which the test sees what was started
        os.kill(os.getpid(), signal.SIGKILL)
    elif end == "hang":
        time.sleep(60)


def _speak(settings: dict[str, Any], message: dict[str, Any]) -> None:
    """Give an answer of one's own, and no other."""
    os.write(settings["socket"], json.dumps(message).encode() + b"\n")
    time.sleep(30)


def _tried(action: Any) -> str:
    try:
        action()
    except OSError as error:
        return f"refused: {type(error).__name__}"
    return "done"
