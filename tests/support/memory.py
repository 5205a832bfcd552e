"""What a process has in memory, and bodies that are sent without being held by the sender."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from pathlib import Path

PIECE = 1 << 20


def resident(pid: int) -> int:
    """Bytes a process has in memory now."""
    return _status(pid, "VmRSS")


def highest(pid: int) -> int:
    """The most bytes it has had since :func:`forget_highest`."""
    return _status(pid, "VmHWM")


def forget_highest(pid: int) -> None:
    """Begin to count anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def document_of(size: int) -> Iterator[bytes]:
    """An HTML document of so many bytes, piece by piece."""
    head = b"<!DOCTYPE html><html><body><p>Large"
    yield head.ljust(PIECE)
    left = size - PIECE
    blank = b" " * PIECE
    while left > 0:
        yield blank[:left]
        left -= PIECE


class Sender:
    """Sends documents to a gateway, in each of the ways it takes them."""

    def __init__(self, port: int, key: str, patience: float = 300) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        self._key = {"Authorization": f"Bearer {key}"}

    def raw(self, size: int) -> int:
        """As the request's body; the answer's status."""
        return self._send("POST", "/api/v1/documents?filename=large.html", document_of(size), size)[0]

    def form(self, size: int) -> int:
        """As a file in a form."""
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="large.html"\r\n\r\n'
        tail = b"\r\n--b--\r\n"

        def body() -> Iterator[bytes]:
            yield head
            yield from document_of(size)
            yield tail

        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        return self._send("POST", "/api/v1/documents", body(), size + len(head) + len(tail), **kind)[0]

    def tus(self, size: int) -> int:
        """By tus 1.0, in one piece."""
        tus = {"Tus-Resumable": "1.0.0"}
        _, headers = self._send("POST", "/api/v1/uploads", iter(()), 0, **tus, **{"Upload-Length": str(size)})
        about = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        status, headers = self._send("PATCH", headers["Location"], document_of(size), size, **about)
        assert headers["NeuralDocFlow-Job"]
        return status

    def _send(
        self, method: str, path: str, body: Iterator[bytes], size: int, **headers: str
    ) -> tuple[int, http.client.HTTPMessage]:
        about = {**self._key, **headers, "Content-Length": str(size)}
        self._connection.request(method, path, body, about)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, answer.headers
