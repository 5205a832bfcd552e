"""Refuses PDFs whose streams unpack to more than a document would, before MuPDF unpacks them."""

from __future__ import annotations

import zlib
from pathlib import Path

from neuraldocflow.errors import Bomb

from ..patterns import regex

_RATIO = 1032
"""Deflate never packs better than 1032 to 1 (zlib's technical notes)."""
_STACKED = regex(rb"/Fl(?:ateDecode)?\s*/Fl(?:ateDecode)?\b")
_STREAM = regex(rb"stream\r?\n")  # with a look behind it would take twenty times as long
_FLATE = regex(rb"/Fl(?:ateDecode)?\b")
_DICTIONARY = 800
_CHUNK = 1 << 20


def refuse_bombs(source: bytes | Path, limit_mb: int) -> None:
    """Raises Bomb where one deflated stream, images aside, unpacks to more than ``limit_mb`` megabytes.

    Images are not unpacked to read text. A file too small to hold such a stream costs one search.
    """
    limit = limit_mb << 20
    data = source.read_bytes() if isinstance(source, Path) else source
    if len(data) * _RATIO <= limit and _STACKED.search(data) is None:
        return
    for match in _STREAM.finditer(data):
        if data.endswith(b"end", 0, match.start()):
            continue
        head = data[max(0, match.start() - _DICTIONARY) : match.start()].rpartition(b" obj")[2]
        layers = len(_FLATE.findall(head))
        if not layers or b"/Image" in head:
            continue
        end = data.find(b"endstream", match.end())
        raw = data[match.end() : end if end >= 0 else len(data)]
        if len(raw) * _RATIO**layers > limit and unpacked_size(raw, layers, limit) > limit:
            raise Bomb(f"A stream of the PDF unpacks to more than {limit_mb} MB.")


def unpacked_size(raw: bytes, layers: int, limit: int) -> int:
    """Bytes after so many layers of deflate, counted no further than a little past ``limit``."""
    total = 0
    unpack = zlib.decompressobj()
    pending = raw
    kept: list[bytes] = []
    try:
        while pending and total <= limit and not unpack.eof:
            piece = unpack.decompress(pending, _CHUNK)
            pending = unpack.unconsumed_tail
            total += len(piece)
            if layers > 1:
                kept.append(piece)
    except zlib.error:
        pass  # What comes before the damage is what a reader unpacks.
    if layers > 1 and total <= limit:
        return max(total, unpacked_size(b"".join(kept), layers - 1, limit))
    return total
