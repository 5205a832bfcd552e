"""Documents of other formats that a DOCX shows as part of its own (``altChunk``, ECMA-376, 17.17.2.1).

Libraries that make DOCX of web pages put the whole page into one, and Word turns it into text of its own when
it opens the file.
"""

from __future__ import annotations

import email
import email.policy

from neuraldocflow.errors import Corrupt
from neuraldocflow.extraction.docx.package import LARGEST_SIDE_PART, ZIP_ERRORS, Package
from neuraldocflow.extraction.flow.pieces import Node
from neuraldocflow.extraction.html import reader as html
from neuraldocflow.extraction.html.text import decode

_MHTML, _HTML = (".mht", ".mhtml"), (".htm", ".html", ".xhtml")


def chunk_nodes(package: Package, part: str) -> list[Node]:
    """What a part in HTML or MHTML shows. One that is neither, or can't be read, is noted as damaged."""
    name = part.lower()
    try:
        if package.has(part) and name.endswith(_HTML):
            return html.nodes_of(decode(_content(package, part)), package.deadline)
        if package.has(part) and name.endswith(_MHTML):
            message = email.message_from_bytes(_content(package, part), policy=email.policy.default)
            page = message.get_body(("html",))
            if page is not None:
                return html.nodes_of(page.get_content(), package.deadline)
    except (*ZIP_ERRORS, Corrupt, LookupError):
        pass
    package.damaged.append(part.rpartition("/")[2])
    return []


def _content(package: Package, part: str) -> bytes:
    """Raises Corrupt also where it is too much: one part may be shown any number of times."""
    package.chunk_bytes += package.parts[part.lower()].file_size
    if package.chunk_bytes > LARGEST_SIDE_PART:
        raise Corrupt("More documents are shown in the DOCX than would be.")
    with package.open(part) as file:
        return file.read()
