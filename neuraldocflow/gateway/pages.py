"""Pages of PDFs as images, and PDFs with what was found in them boxed.

Each is drawn by a process of its own that may crash, hang or grow without harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sqlite3
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from typing import IO, Any

import orjson

from neuraldocflow.errors import DocumentError, FetchFailed, Unreachable
from neuraldocflow.gateway.problems import Problem, busy, invalid, not_found
from neuraldocflow.gateway.services import Services

_SECONDS = 30.0
_PIECE = 1 << 16
_MEMORY = 1 << 30
_KEPT = 64 * 2**20
"""Bytes of images kept, the least used dropped first."""
_GONE = "The document is no longer where it was read from, is another one by now, or has no such page."
_drawing = {where: asyncio.Semaphore(2) for where in ("here", "elsewhere")}
"""At a time; what is here does not wait for servers elsewhere, and these leave threads for all the rest."""
_images: OrderedDict[tuple[str, int], bytes] = OrderedDict()


async def render_page(services: Services, row: sqlite3.Row, number: int) -> bytes:
    """A page of a job's document as PNG. Raises Problem: 404 where there is none."""
    place = (f"{row['tenant']} {row['sha256']} {row['uri']}", number)
    if place in _images:
        _images.move_to_end(place)
        return _images[place]
    with tempfile.TemporaryFile() as drawn:
        await _draw(services, row, drawn, "neuraldocflow.page_image", str(number))
        image = drawn.read()
    if not image:
        raise not_found(_GONE)
    _images[place] = image
    while sum(map(len, _images.values())) > _KEPT:
        _images.popitem(last=False)
    return image


async def annotated(services: Services, row: sqlite3.Row, result: dict[str, Any]) -> Iterator[bytes]:
    """A job's PDF with what was found in it boxed, in pieces. Raises Problem: 404 where there is none."""
    with contextlib.ExitStack() as stack, tempfile.TemporaryFile() as told:
        drawn = stack.enter_context(tempfile.TemporaryFile())
        told.write(orjson.dumps(result))
        told.seek(0)
        await _draw(services, row, drawn, "neuraldocflow.extraction.annotate", told=told)
        if not drawn.read(1):
            raise invalid("This PDF is too large or too damaged to be written again with boxes in it.", 422)
        drawn.seek(0)
        stack.pop_all()  # whoever takes the pieces closes it
    return _pieces(drawn)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


async def _draw(
    services: Services,
    row: sqlite3.Row,
    drawn: IO[bytes],
    module: str,
    *more: str,
    told: IO[bytes] | None = None,
) -> None:
    """Have a module draw a job's document into a file, which is empty where it could not. Raises Problem."""
    where = "here" if (row["uri"] or "").startswith("file://") else "elsewhere"
    async with _drawing[where]:
        if (found := await services.originals.find(row)) is None:
            raise not_found(_GONE)
        try:
            with contextlib.ExitStack() as stack:
                file = services.originals.as_file(found[1], row["sha256"] or "")
                path = await asyncio.to_thread(stack.enter_context, file)
                await _run(drawn, told, "-P", "-m", module, str(path), *more)
        except DocumentError as error:
            raise not_found(_GONE) from error
        except (OSError, Unreachable) as error:
            raise busy("The document can't be read now.", 30) from error


async def _run(drawn: IO[bytes], told: IO[bytes] | None, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=told or asyncio.subprocess.DEVNULL,
        stdout=drawn,
        stderr=asyncio.subprocess.DEVNULL,
        preexec_fn=_limit,
    )
    try:
        await asyncio.wait_for(process.wait(), _SECONDS)
    except TimeoutError as error:
        raise Problem(FetchFailed("Drawing took too long."), 503) from error
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        drawn.truncate(0)
    drawn.seek(0)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(_SECONDS), int(_SECONDS)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MEMORY, _MEMORY))
