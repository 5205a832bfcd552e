"""An agent: a process that extracts one document after another, and can be lost without loss.

Started by :class:`~neuraldocflow.swarm.process.AgentProcess` with a socket; messages on it are JSON, so that
an agent a hostile document has taken over can only send text. With a job comes its document, opened: an agent
can open no other. Its result goes into its own folder, where its parent takes it.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from neuraldocflow import faults, identity
from neuraldocflow.errors import DocumentError, FetchFailed, Internal, OutOfMemory
from neuraldocflow.garbage import loading, settle

from .containment import contain, die_with_parent, limit, needed
from .intermediate import Gathered
from .job import RESULT, Job


class Tell(Protocol):
    """Told while an agent works: stage, done of total, and what is known so far where something is new."""

    def __call__(self, stage: str, done: int, total: int, partial: dict[str, Any] | None = None) -> None: ...


Work = Callable[[Job, bytes | Path, dict[str, Any], Tell], dict[str, Any]]
"""A job, its document, the settings and a way to tell progress in; the result (contract 4) out.

Raises DocumentError.
"""

_DOCUMENT = "document"
_OVERHEAD_MB = 192
"""What Python and MuPDF take before the first document."""
_IN_MEMORY = 16 << 20
"""Bytes of a document that is read at once; a larger one becomes a file."""
_CHUNK = 1 << 16
_QUIET, _PAUSE = 0.15, 0.1
"""Seconds before the first progress message, and between two."""


def main() -> None:
    """Runs until the parent closes the socket."""
    settings = json.loads(sys.argv[1])
    die_with_parent(settings["parent"])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they reach all of a group or service
        signal.signal(number, signal.SIG_IGN)  # its parent decides
    limit(settings["limits"]["max_memory_mb"] + _OVERHEAD_MB)
    parent = socket.socket(fileno=settings["socket"])
    parent.set_inheritable(False)  # its end is heard when it ends, whatever it has started
    scratch, start = Path(settings["scratch"]), os.getcwd()
    tempfile.tempdir = str(scratch)
    os.chdir(scratch)
    module, _, name = settings["work"].partition(":")
    with loading():
        work: Work = getattr(importlib.import_module(module), name)
        if hasattr(work, "prepare"):
            work.prepare(settings)
    readable = [*needed(start), *(Path(folder) for folder in settings["readable"])]
    contained = contain([scratch, Path(os.devnull)], readable)
    settle()
    _say(parent, {"ready": os.getpid(), "contained": contained})
    for told, document in _given(parent):
        _say(parent, _done(work, told, document, settings, parent))


def _given(parent: socket.socket) -> Iterator[tuple[dict[str, Any], int | None]]:
    """The jobs, one after the other, each with its open document; None where it could not be opened."""
    line, opened = b"", None
    while True:
        data, descriptors, _, _ = socket.recv_fds(parent, _CHUNK, 1)
        if not data:
            return
        line += data
        opened = next(iter(descriptors), opened)
        if line.endswith(b"\n"):  # the next comes after the answer to this one
            yield json.loads(line), opened
            line, opened = b"", None


def _say(parent: socket.socket, message: dict[str, Any]) -> None:
    """One message, one line."""
    parent.sendall(json.dumps(message).encode() + b"\n")


def _done(
    work: Work, told: dict[str, Any], opened: int | None, settings: dict[str, Any], parent: socket.socket
) -> dict[str, Any]:
    """Work on one job; the message that says how it ended."""
    began = last = time.monotonic()
    unreadable, scratch = told.pop("unreadable", ""), Path(settings["scratch"])
    job = Job(**told)
    wanted = job.options.get("streamResults") is True
    gathered = Gathered(settings.get("profiles"), job.profile)

    def tell(stage: str, done: int, total: int, partial: dict[str, Any] | None = None) -> None:
        nonlocal last
        if wanted and partial is not None:
            gathered.add(partial)
        now = time.monotonic()
        last_words = wanted and stage == "validating"  # what was gathered is not lost to the throttle
        if not last_words and (now - began < _QUIET or now - last < _PAUSE):
            return
        last = now
        known = gathered.take()
        message: dict[str, Any] = {"stage": stage, "done": done, "total": total}
        if partial is not None and "page" in partial:
            message["pages"] = True  # are what is counted; of HTML it is characters
        _say(parent, message if known is None else {**message, "known": known})

    error: DocumentError
    try:
        if opened is None:
            raise FetchFailed(f"The file can't be read: {unreadable}.")
        result = work(job, _document(opened, scratch), settings, tell)
        (scratch / RESULT).write_bytes(_encoded(result))
        return {"status": result["status"], "summary": summary_of(result)}
    except DocumentError as found:
        error = found
    except MemoryError:
        error = OutOfMemory("The document needed more memory than allowed.")
    except OSError as found:
        error = Internal(f"The result can't be written: {found.strerror}.")
    except Exception as found:
        _report(found)
        error = Internal(f"Extraction failed with {type(found).__name__}; the log says where.")
    finally:
        (scratch / _DOCUMENT).unlink(missing_ok=True)
    return {"status": "failed", "error": error.to_dict(), "summary": {"seconds": time.monotonic() - began}}


def _document(opened: int, scratch: Path) -> bytes | Path:
    """The content of an open document, or a copy of it as a file. Raises FetchFailed."""
    try:
        with open(opened, "rb") as file:
            if os.fstat(opened).st_size <= _IN_MEMORY:
                return file.read()
            copy = scratch / _DOCUMENT
            with copy.open("wb") as target:
                shutil.copyfileobj(file, target, 1 << 20)
            return copy
    except OSError as error:
        raise FetchFailed(f"The file can't be read: {error.strerror}.") from error


def _report(error: Exception) -> None:
    sys.stderr.write(f"an agent failed\n{faults.told(error)}\n")
    sys.stderr.flush()


def _encoded(result: dict[str, Any]) -> bytes:
    return json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def summary_of(result: dict[str, Any]) -> dict[str, Any]:
    """What routing and estimates need: no document text."""
    data, metadata = result.get("extractedData") or {}, result.get("metadata") or {}
    return {
        "profile": metadata.get("profile"),
        "document_type": data.get("documentType"),
        "confidence": data.get("confidence"),
        "pages": data.get("pages"),
    }


def extract_document(
    job: Job, document: bytes | Path, settings: dict[str, Any], tell: Tell
) -> dict[str, Any]:
    """The work of a real agent: the extraction core on the job's document."""
    from neuraldocflow.extraction import Limits, extract  # loaded in prepare(), before the process is shut in

    limits = Limits(**settings["limits"])
    result = extract(
        document,
        settings["profiles"],
        job.profile,
        filename=job.filename,
        limits=limits,
        options=job.options,
        progress=tell,
    )
    metadata = result["metadata"] | {"agentId": settings["agent_id"], "attempt": job.attempt}
    return {
        "jobId": identity.job_id(job.document_id, job.run),
        "run": job.run,
        **result,
        "metadata": metadata,
    }


def prepare(settings: dict[str, Any]) -> None:
    """Load the profiles and MuPDF while reading is cheap and nothing waits."""
    import pymupdf  # noqa: F401

    from neuraldocflow.extraction import Profile
    from neuraldocflow.extraction.pdf import reader  # noqa: F401

    forms = json.loads(Path(settings["forms"]).read_bytes())
    settings["profiles"] = {name: Profile.from_dict(form) for name, form in forms.items()}


extract_document.prepare = prepare  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
