"""Pictures of the page beside those that are kept in ``tests/e2e/looks``.

``NEURALDOCFLOW_LOOKS=keep`` keeps what is seen as the new pictures: look at them before you commit them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pymupdf
from playwright.sync_api import Page

from support.browser import overflow

KEPT = Path(__file__).parent.parent / "e2e" / "looks"
WIDTHS = (360, 820, 1440)
_HEIGHT = 900
_TILE = 3
"""Pictures are compared by the mean colours of tiles of 8 pixels (2 to the power of 3): browsers and fonts
differ in the edges of letters, not in where things are."""
_DIFFERENT = 24
"""Of 255: a tile that differs by more is another one."""
_MOST = 0.01
"""The share of tiles that may be others."""


class Looks:
    """What the page looks like, state by state; differences are collected, and pictured in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed: list[str] = []

    def see(self, page: Page, state: str) -> None:
        """Picture a state at all widths; the page is left as wide as the last."""
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": _HEIGHT})
            page.mouse.move(0, 0)
            page.wait_for_timeout(400)  # scrolling into view is smooth
            assert overflow(page) <= 0, f"{state} is wider than {width}"
            self._compare(f"{state}-{width}.png", pymupdf.Pixmap(_picture(page)))

    def _compare(self, name: str, seen: pymupdf.Pixmap) -> None:
        kept = KEPT / name
        if os.environ.get("NEURALDOCFLOW_LOOKS") == "keep":
            seen.save(kept)
            return
        share = others(pymupdf.Pixmap(str(kept)), seen) if kept.exists() else 1.0
        if share > _MOST:
            seen.save(self._folder / name)
            self._changed.append(f"{share:.1%} of {name}: see {self._folder / name} beside {kept}")

    def are_as_kept(self) -> None:
        """Fails with all pictures that have changed."""
        assert not self._changed, "the page has changed:\n" + "\n".join(self._changed)


def _picture(page: Page) -> bytes:
    return page.screenshot(animations="disabled", caret="hide")


def others(kept: pymupdf.Pixmap, seen: pymupdf.Pixmap) -> float:
    """The share of tiles that differ, 0 to 1. Shrinks both."""
    if (kept.width, kept.height) != (seen.width, seen.height):
        return 1.0
    kept.shrink(_TILE)
    seen.shrink(_TILE)
    pairs = zip(kept.samples, seen.samples, strict=True)
    different = [abs(a - b) > _DIFFERENT for a, b in pairs]
    return sum(any(different[at : at + 3]) for at in range(0, len(different), 3)) / (len(different) / 3)
