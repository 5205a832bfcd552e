"""moto as S3 and SQS at once: only for what happens between the two, which no other server here does.

It tells queues of new objects as AWS does: a test event first, keys form-encoded, objects in parts twice.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .s3 import S3Server
from .serving import Served, free_port


@contextlib.contextmanager
def moto_server() -> Iterator[S3Server]:
    """A server for the time of the context; its SQS is at the same address."""
    with tempfile.TemporaryDirectory(prefix="ndf-moto-") as folder:
        port = free_port()
        served = Served(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], Path(folder, "log")
        )
        try:
            served.ready(port, seconds=120)
            yield S3Server(f"http://127.0.0.1:{port}")
        finally:
            served.stop()
