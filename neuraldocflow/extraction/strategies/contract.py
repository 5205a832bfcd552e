"""Strategies for contracts.

``contract_head`` what the head says, by ``role``: title, party, agreement_date, effective_date
``contract_term`` how long it runs, by ``role``: expiration, renewal, notice
``contract_law``  the state or country whose law governs

All take ``least``, the score from which on a candidate counts (default 0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..clauses import document_sentences
from ..contract_head import effective_on, made_on, titles
from ..contract_law import governing_law
from ..contract_parties import parties
from ..contract_term import expiration, renewal, renewal_notice
from ..model import Document

if TYPE_CHECKING:
    from ..profile import Field


def _enough(found: Iterator[Candidate], spec: dict[str, Any]) -> Iterator[Candidate]:
    return (each for each in found if each.score >= float(spec.get("least", 0.0)))


@strategy("contract_head")
def contract_head(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """Title, parties and dates of the head."""
    made = context.found.get("agreement_date")
    roles: dict[str, Callable[[], Iterator[Candidate]]] = {
        "title": lambda: titles(document),
        "party": lambda: parties(document),
        "agreement_date": lambda: made_on(document),
        "effective_date": lambda: effective_on(document, made),
    }
    return _enough(roles[spec["role"]](), spec)


@strategy("contract_term")
def contract_term(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """Expiration, renewal and the notice that stops it; periods count from the dates decided before."""
    cut = document_sentences(document, context)
    if spec["role"] == "expiration":
        start = context.found.get("effective_date") or context.found.get("agreement_date")
        return _enough(expiration(document, cut, start), spec)
    renewals = _enough(renewal(document, cut), spec)
    if spec["role"] == "renewal":
        return renewals
    best = max(renewals, key=lambda each: each.score, default=None)
    return renewal_notice(document, cut, best.start if best is not None else None)


@strategy("contract_law")
def contract_law(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """Places that sentences on the governing law name."""
    return _enough(governing_law(document, document_sentences(document, context)), spec)
