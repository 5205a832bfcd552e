"""Kinds of HTML elements, as far as they matter to what a reader sees."""

from __future__ import annotations

_BLOCK_NAMES = """
address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure
footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu nav ol optgroup option p
plaintext pre section summary ul xmp"""
_VOID_NAMES = """
area base basefont bgsound br col colgroup embed frame hr img input keygen link meta param source track wbr"""
BLOCKS = frozenset(_BLOCK_NAMES.split())
VOID = frozenset(_VOID_NAMES.split())
TABLE = frozenset(["table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"])
_UNSHOWN_NAMES = """
annotation annotation-xml applet audio canvas datalist del head map object rp svg video"""
UNSHOWN = frozenset(_UNSHOWN_NAMES.split())
"""What is not read: no one sees it, or as ``del`` it says that it is no longer part of the text."""
BOLD = frozenset(["b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"])
HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])
PREFORMATTED = frozenset(["pre", "listing", "xmp", "plaintext"])
ITALIC = frozenset(["i", "em", "cite", "var", "dfn"])
