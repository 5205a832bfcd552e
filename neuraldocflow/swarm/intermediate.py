"""What an agent has learnt of a document before its result, for callers who asked with ``streamResults``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from neuraldocflow.limits import PAGES_TOLD, TEXT_TOLD

if TYPE_CHECKING:
    from neuraldocflow.extraction import Profile

_MOST_OF_ALL = 16_000
"""Characters of all pages of one message together."""
_NAMES = ("profile", "documentType")


class Gathered:
    """What is to be told with the next message; small always.

    Pages of a document whose profile has sensitive fields are never told, and those of a document whose
    profile is not known yet are kept until it is.
    """

    def __init__(self, profiles: Mapping[str, Profile] | None = None, profile: str = "auto") -> None:
        self._profiles = profiles or {}
        self._open = self._may_be_told(profile) if profile != "auto" else None
        self._names: dict[str, str] = {}
        self._pages: list[dict[str, Any]] = []
        self._room = _MOST_OF_ALL

    def add(self, partial: Mapping[str, Any]) -> None:
        """A page (``page`` and ``text``), or names such as ``documentType``."""
        self._names.update({name: partial[name] for name in _NAMES if name in partial})
        if "profile" in partial:
            self._open = self._may_be_told(partial["profile"])
        if "page" in partial and self._open is not False and len(self._pages) < PAGES_TOLD:
            text = str(partial["text"])
            shown = text[: min(TEXT_TOLD, self._room)].encode("utf-8", "replace").decode()
            self._room -= len(shown)
            self._pages.append({"page": partial["page"], "text": shown, "truncated": len(shown) < len(text)})

    def take(self) -> dict[str, Any] | None:
        """All that may be told, once; None where there is nothing."""
        known: dict[str, Any] = self._names
        self._names = {}
        if self._open is not None:
            if self._open and self._pages:
                known = {**known, "pages": self._pages}
            self._pages, self._room = [], _MOST_OF_ALL
        return known or None

    def _may_be_told(self, profile: str) -> bool:
        found = self._profiles.get(profile)
        return found is None or not found.sensitive
