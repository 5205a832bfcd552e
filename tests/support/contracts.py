"""Small fictional contracts, made of paragraphs, as documents of the model."""

from __future__ import annotations

from typing import Any

from neuraldocflow.extraction.candidates import Candidate, Context
from neuraldocflow.extraction.contract.head import opening
from neuraldocflow.extraction.contract.parties import by_rules, list_of, named_in
from neuraldocflow.extraction.fields import find_fields
from neuraldocflow.extraction.model import Block, Document
from neuraldocflow.profiles import load

OPENING = (
    'This Widget Supply Agreement (the "Agreement") is made as of the 6th day of March, 2017 (the '
    '"Effective Date"), by and between Bluefin Widgets, Inc., a Delaware corporation with offices at '
    '12 Harbor Road, Suite 4, Salem, Oregon 97301 ("Supplier"), and Granite and Moss Company, a Vermont '
    'corporation ("Buyer").'
)
TERM = (
    "The term of this Agreement shall commence on the Effective Date and continue for a period of three (3) "
    "years, unless sooner terminated."
)
RENEWAL = (
    "Thereafter this Agreement shall automatically renew for successive one (1) year periods unless "
    "either party gives written notice of non-renewal at least sixty (60) days prior to the end of the "
    "then-current term."
)
LAW = (
    "This Agreement shall be governed by and construed in accordance with the laws of the State of Oregon, "
    "without regard to its conflict of laws principles."
)


def contract(*paragraphs: str) -> Document:
    """A document of these paragraphs on one page."""
    return Document("pdf", [Block("paragraph", text, page=1) for text in paragraphs]).finish()


def supply_agreement() -> Document:
    """A contract with everything the profile asks for."""
    return contract(
        "Exhibit 10.1",
        "WIDGET SUPPLY AGREEMENT",
        OPENING,
        "WHEREAS, Supplier makes widgets and Buyer wishes to buy them;",
        "1. Term. " + TERM + " " + RENEWAL,
        "2. Governing Law. " + LAW,
    )


def parties_by_rules(document: Document) -> list[Candidate]:
    """The parties that the grammar of openings would choose."""
    found = opening(document)
    named = list(named_in(list_of(document.text[found.parties : found.end]))) if found is not None else []
    return list(by_rules(document, found, named))


def decided(document: Document) -> dict[str, Any]:
    """Each field's value as the contract profile decides it."""
    profile = load()["contract_analysis"]
    found = find_fields(document, profile, Context([], profile.data))
    return {each.field.name: each.value for each in found}
