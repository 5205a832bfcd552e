"""What EDGAR wraps filings in, taken off: the SEC's files of a whole submission, and old ones of plain text.

Such a file is SGML (EDGAR's public dissemination format): a header, then every document of the submission
between ``<DOCUMENT>`` and ``</DOCUMENT>``, its content after ``<TEXT>``. Until about 2001 that content was
plain text set in columns, with a few tags for its tables (EDGAR Filer Manual).
"""

from __future__ import annotations

import re

from neuraldocflow.extraction.patterns import regex

_OPENS = regex(
    r"(?:\s|\ufeff|<!--.*?-->|<\?.*?>)*+(?:-----BEGIN PRIVACY-ENHANCED MESSAGE-----|<(?:SEC|IMS)-DOCUMENT>"
    r"|<SUBMISSION>|<DOCUMENT>\s*<TYPE>)",
    re.I | re.S,
)
_DOCUMENT = regex(r"<DOCUMENT>\s*<TYPE>\s*(?P<type>[^\s<]*)", re.I)
_TEXT = regex(r"<TEXT>", re.I)
_END = regex(r"</TEXT>|</DOCUMENT>", re.I)
_MARKUP = regex(r"<(?:html|body|div|p|br|font|tr|td|pre|center)(?=[\s>/])", re.I)
_TAGS_OF_TEXT = regex(r"</?(?:PAGE|TABLE|CAPTION|S|C|FN|F\d{1,2}|R|L|U)>", re.I)


def is_submission(text: str) -> bool:
    """Whether a file begins as EDGAR's do."""
    return _OPENS.match(text) is not None


def main_document(text: str) -> tuple[str, str | None]:
    """The HTML of a submission's first document, which the others are exhibits of; and what was left out.

    Plain text comes back between PRE tags. Any other file comes back as it is.
    """
    first = _DOCUMENT.search(text) if is_submission(text) else None
    opens = first and _TEXT.search(text, first.end())
    if not first or not opens:
        return text, None
    closes = _END.search(text, opens.end())
    main = text[opens.end() : closes.start() if closes else len(text)]
    others = sum(1 for _ in _DOCUMENT.finditer(text, closes.end())) if closes else 0
    left = (
        f"A submission of {others + 1} documents: the first ({first['type']}) was read." if others else None
    )
    if _MARKUP.search(main) is None:
        main = "<pre>" + _TAGS_OF_TEXT.sub("", main).replace("<", "&lt;") + "</pre>"
    return main, left
