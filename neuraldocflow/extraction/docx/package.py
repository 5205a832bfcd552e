"""A DOCX as the package it is: parts found by their relationships, never by trust in names or sizes."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from neuraldocflow.errors import Bomb, Corrupt, DocumentError, Empty, Encrypted
from neuraldocflow.extraction.docx import xml
from neuraldocflow.limits import Limits

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_PARTS = 20_000
LARGEST_SIDE_PART = 64 << 20
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    NotImplementedError,
    RuntimeError,
)
"""What the zip module raises over damaged archives and unknown compressions."""


@dataclass(slots=True)
class Relation:
    kind: str
    """The last word of its type, such as ``styles`` or ``hyperlink``."""
    target: str
    """A part's name, or a URL where it is external."""
    external: bool


@dataclass(slots=True)
class Package:
    archive: zipfile.ZipFile
    parts: dict[str, zipfile.ZipInfo]
    """Where each part is, by its name in lower case."""
    deadline: float
    damaged: list[str] = field(default_factory=list)
    """Kinds of parts that could not be read."""
    chunk_bytes: int = 0
    """Of documents within it, as often as they are shown."""

    def has(self, part: str) -> bool:
        return part.lower() in self.parts

    def open(self, part: str) -> IO[bytes]:
        """A part's bytes as a file; raises Corrupt where it is missing or cannot be unpacked."""
        try:
            return self.archive.open(self.parts[part.lower()])
        except ZIP_ERRORS as error:
            raise Corrupt("A part of the DOCX is missing or cannot be unpacked.") from error

    def tree(self, part: str, kind: str) -> Element | None:
        """A side part as a tree; None where it is missing or damaged, which is noted."""
        if not self.has(part):
            return None
        try:
            if self.parts[part.lower()].file_size > LARGEST_SIDE_PART:
                raise Corrupt("A side part is larger than any would be.")
            with self.open(part) as file:
                return xml.tree(file, self.deadline)
        except Corrupt:
            self.damaged.append(kind)
        except DocumentError:
            raise
        except ZIP_ERRORS:
            self.damaged.append(kind)
        return None

    def relations(self, part: str) -> dict[str, Relation]:
        """The relationships of a part (of the package itself for ``""``) by their ids."""
        folder, name = posixpath.split(part)
        root = self.tree(posixpath.join(folder, "_rels", f"{name}.rels"), "relationships")
        found: dict[str, Relation] = {}
        for element in root if root is not None else ():
            external = element.get("TargetMode") == "External"
            target = element.get("Target", "")
            if not external:
                target = unquote(target)
                target = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                target = posixpath.normpath(target)
            kind = element.get("Type", "").rpartition("/")[2]
            found[element.get("Id", "")] = Relation(kind, target, external)
        return found

    def main_part(self) -> str:
        """The name of the document's part; raises Corrupt where there is none."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and self.has(relation.target):
                return relation.target
        if self.has("word/document.xml"):
            return "word/document.xml"
        raise Corrupt("The DOCX has no document part.")


def open_package(source: bytes | Path, limits: Limits, deadline: float) -> Package:
    """The package of a DOCX. Raises Empty, Encrypted, Corrupt, and Bomb before anything is unpacked."""
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                head = file.read(8)
            archive = zipfile.ZipFile(source) if head and head != _OLE else None
        else:
            head = source[:8]
            archive = zipfile.ZipFile(io.BytesIO(source)) if head and head != _OLE else None
    except (*ZIP_ERRORS, UnicodeError) as error:
        raise Corrupt("The DOCX is not a ZIP archive, or its directory is damaged.") from error
    if archive is None:
        if not head:
            raise Empty("The file has no bytes.")
        raise Encrypted("The Office file is encrypted or of the old binary kind; send an open DOCX.")
    entries = archive.infolist()
    if not entries:
        raise Empty("The DOCX is an archive with nothing in it.")
    if len(entries) > _MOST_PARTS:
        raise Bomb(f"The DOCX holds {len(entries)} parts.")
    total = sum(entry.file_size for entry in entries)
    if total > limits.max_uncompressed_mb << 20:
        raise Bomb(f"The DOCX unpacks to {total >> 20} MB, {limits.max_uncompressed_mb} MB are allowed.")
    parts = parts_of(archive)
    main = parts.get("word/document.xml")
    if main is not None and main.flag_bits & 1:
        raise Encrypted("The archive of the DOCX asks for a password.")
    return Package(archive, parts, deadline)


def parts_of(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The entries of an archive by the names in its directory, in lower case; of two with one name the last.

    From Python 3.13 on, which browsers have, ``filename`` may be another one, which an extra field gives.
    """
    return {entry.orig_filename.replace("\\", "/").lstrip("/").lower(): entry for entry in archive.infolist()}


def metadata_of(package: Package) -> dict[str, str]:
    """title, author, subject, keywords, creator, created, modified, as far as given."""
    found: dict[str, str] = {}
    for relation in package.relations("").values():
        if relation.kind == "core-properties":
            core = package.tree(relation.target, "properties")
            for ours, theirs in (
                ("title", "title"),
                ("author", "creator"),
                ("subject", "subject"),
                ("keywords", "keywords"),
                ("created", "created"),
                ("modified", "modified"),
            ):
                value = core.findtext(theirs) if core is not None else None
                if value and value.strip():
                    found[ours] = " ".join(value.split())[:2000]
        elif relation.kind == "extended-properties":
            app = package.tree(relation.target, "properties")
            value = app.findtext("Application") if app is not None else None
            if value and value.strip():
                found["creator"] = value.strip()[:200]
    return found
