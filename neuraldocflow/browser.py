"""The extraction core as the browser's worker calls it: text in, text out.

Runs in Pyodide, where there is the standard library and PyMuPDF and nothing else, so this imports only the
extraction core and its errors. A document ends with a result or with a failed result that has the typed
error; other exceptions are faults of ours, and are told without their text, which may quote the document.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuraldocflow import __version__
from neuraldocflow.errors import DocumentError, Internal, InvalidRequest, OutOfMemory
from neuraldocflow.extraction import Limits, Profile, ProfileError, extract
from neuraldocflow.extraction.extract import digest
from neuraldocflow.page_image import draw

Tell = Callable[[str, int, int], None]
"""Stage, done and total."""

FORMATS = ("pdf", "docx", "html")


class Extractor:
    """Profiles by name, and the documents read with them."""

    def __init__(self, max_seconds: float = 600.0) -> None:
        self.profiles: dict[str, Profile] = {}
        self.limits = Limits(max_seconds=max_seconds)

    def load(self, text: str) -> str:
        """Take up a profile in its JSON form, in place of one of its name; an error object or nothing."""
        try:
            form = json.loads(text)
            profile = Profile.from_dict(form)
        except ProfileError as error:
            told = "; ".join(f"{'.'.join(map(str, where))}: {what}" for where, what in error.problems[:5])
            return _text(InvalidRequest(f"The profile can't be used: {told}.").to_dict())
        except ValueError:
            return _text(InvalidRequest("The profile can't be used: it is not JSON.").to_dict())
        self.profiles[form["name"]] = profile
        return ""

    def process(self, path: str, about: str, tell: Tell) -> str:
        """The result (contract 4) of the file at ``path``, in JSON.

        ``about`` is JSON with ``jobId``, ``filename``, ``profile``, ``contentType`` and ``options``.
        """
        known: dict[str, Any] = json.loads(about)
        error: DocumentError
        try:
            result = extract(
                Path(path),
                self.profiles,
                known["profile"],
                filename=known["filename"],
                limits=self.limits,
                options=known["options"],
                progress=lambda stage, done, total, partial: tell(stage, done, total),
            )
            return _text({"jobId": known["jobId"], "run": 0, **result})
        except DocumentError as found:
            error = found
        except MemoryError:
            error = OutOfMemory("The document needed more memory than allowed.")
        except Exception as found:
            _report(found)
            error = Internal(f"Extraction failed with {type(found).__name__}; the console says where.")
        return _text(_failed(known, Path(path), error))

    def draw(self, path: str, number: int, image: str) -> str:
        """Draw a page of the PDF at ``path`` to the PNG ``image``; an error object or nothing."""
        try:
            Path(image).write_bytes(draw(Path(path), number))
        except (LookupError, RuntimeError, ValueError, MemoryError):
            return _text(Internal(f"Page {number} can't be drawn on this device.").to_dict())
        return ""


def _failed(known: dict[str, Any], path: Path, error: DocumentError) -> dict[str, Any]:
    size, sha256 = digest(path)
    return {
        "jobId": known["jobId"],
        "run": 0,
        "status": "failed",
        "extractedData": None,
        "metadata": {
            "filename": known["filename"],
            "contentType": known["contentType"],
            "bytes": size,
            "sha256": sha256,
            "profile": known["profile"],
            "profileVersion": None,
            "engineVersion": __version__,
            "timings": {},
        },
        "validationResults": [],
        "error": error.to_dict(),
    }


def _text(told: dict[str, Any]) -> str:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()


def _report(error: Exception) -> None:
    frames = "".join(traceback.format_tb(error.__traceback__))
    sys.stderr.write(f"a document failed with {type(error).__name__}:\n{frames}")
