"""XML parts read without risk: no document type, no entities, no recursion, an eye on the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import IO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from neuraldocflow.errors import Bomb, Corrupt, Timeout

_CHUNK = 1 << 18
_DEEPEST = 20_000

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]


def parse(file: IO[bytes], start: Start, end: End, text: Callable[[str], None], deadline: float) -> None:
    """Sends a part's elements and text to the given functions, names as ``"namespace local"``.

    Raises Corrupt for XML that is not well-formed, Bomb for a document type or absurd depth, and Timeout.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        while chunk := file.read(_CHUNK):
            parser.Parse(chunk, False)
            if time.monotonic() > deadline:
                raise Timeout("Reading stopped at the time limit.")
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Corrupt("A part of the DOCX is not well-formed XML.") from error


def _refuse(*_: object) -> None:
    raise Bomb("The DOCX declares a document type, as entity bombs do and Word never does.")


def tree(file: IO[bytes], deadline: float) -> Element:
    """A small part as a tree of local names, in elements and attributes. Raises as :func:`parse`."""
    builder = TreeBuilder()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise Bomb("The DOCX nests its XML deeper than a document would.")
        builder.start(local(name), {local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(local(name))

    parse(file, start, end, builder.data, deadline)
    return builder.close()


def local(name: str) -> str:
    return name.rpartition(" ")[2]


def val(element: Element | None) -> str | None:
    """The ``val`` attribute of an element that may be missing."""
    return None if element is None else element.get("val")


def whole(value: str | None, otherwise: int = 0, most: int = 1_000_000) -> int:
    """The number that an attribute gives, at most ``most``; ``otherwise`` where it gives none."""
    if value is None or len(value) > 9 or not value.isascii() or not value.isdigit():
        return otherwise
    return min(int(value), most)


def switched_on(value: str | None) -> bool:
    """Whether an on-off property (ECMA-376, 17.17.4) with this ``val`` is on; given without one, it is."""
    return value not in ("0", "false", "off", "none")


def children(element: Element | None, name: str) -> Iterator[Element]:
    if element is not None:
        yield from element.findall(name)
