"""Pages of PDFs as images, each drawn by a process of its own that may crash, hang or grow without harm."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sqlite3
import sys
from collections import OrderedDict
from pathlib import Path

from neuraldocflow.errors import DocumentError, FetchFailed
from neuraldocflow.gateway.problems import Problem, busy, not_found
from neuraldocflow.gateway.services import Services

_SECONDS = 20.0
_MEMORY = 1 << 30
_KEPT = 64 * 2**20
"""Bytes of images kept, the least used dropped first."""
_GONE = "The document is no longer where it was read from, or it has no such page."
_drawing = asyncio.Semaphore(2)
_images: OrderedDict[tuple[str, int], bytes] = OrderedDict()


async def render_page(services: Services, row: sqlite3.Row, number: int) -> bytes:
    """A page of a job's document as PNG. Raises Problem: 404 where there is none."""
    place = (f"{row['tenant']} {row['sha256']} {row['uri']}", number)
    if place in _images:
        _images.move_to_end(place)
        return _images[place]
    uri = row["uri"] or ""
    if not (uri.startswith("file://") or services.payloads.owns(uri)):
        raise not_found(_GONE)
    async with _drawing:
        try:
            with contextlib.ExitStack() as stack:
                path = await asyncio.to_thread(stack.enter_context, services.payloads.local(uri))
                image = await _draw(path, number)
        except DocumentError as error:
            raise not_found(_GONE) from error
        except OSError as error:
            raise busy("The document can't be read now.", 30) from error
    _images[place] = image
    while sum(map(len, _images.values())) > _KEPT:
        _images.popitem(last=False)
    return image


async def _draw(path: Path, number: int) -> bytes:
    if not await asyncio.to_thread(path.is_file):
        raise not_found(_GONE)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "neuraldocflow.page_image", str(path), str(number)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        preexec_fn=_limit,
    )
    try:
        image, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
    except TimeoutError as error:
        raise Problem(FetchFailed("Drawing the page took too long."), 503) from error
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode or not image:
        raise not_found(_GONE)
    return image


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(_SECONDS), int(_SECONDS)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
