"""Strategies for contracts.

``contract_head`` what the head says, by ``role``: title, party, agreement_date, effective_date
``contract_term`` how long it runs, by ``role``: expiration, renewal, notice
``contract_law``  the state or country whose law governs

All take ``least``, the score from which on a candidate counts (default 0), and, for the roles title, party,
agreement_date and expiration, ``ranker``, the name of the profile's data that holds what was learned about
ranking each role: it gives the scores then, and says which are worth telling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..clauses import document_sentences
from ..contract.effect import effective_on
from ..contract.end import Starts, expiration
from ..contract.head import Opening, opening
from ..contract.law import governing_law
from ..contract.made import made_on
from ..contract.party import apart, parties
from ..contract.term import renewal, renewal_notice
from ..contract.title import titles
from ..model import Document
from ..ranking import Form, ranked

if TYPE_CHECKING:
    from ..profile import Field


def candidates(document: Document, role: str, context: Context) -> Iterable[Candidate]:
    """What may be the value of a role, with what a ranker judges it by."""
    generators: dict[str, Callable[[], Iterable[Candidate]]] = {
        "title": lambda: titles(document, _opening(document, context)),
        "party": lambda: parties(document, _opening(document, context)),
        "agreement_date": lambda: _days(document, context),
        "effective_date": lambda: effective_on(
            document, _opening(document, context), _made(document, context)
        ),
        "expiration": lambda: expiration(document, document_sentences(document, context), _starts(context)),
        "renewal": lambda: _renewals(document, context),
    }
    return generators[role]()


def _opening(document: Document, context: Context) -> Opening | None:
    """The document's opening, looked for once."""
    if "opening" not in context.cache:
        context.cache["opening"] = opening(document)
    found: Opening | None = context.cache["opening"]
    return found


def _days(document: Document, context: Context) -> list[Candidate]:
    """The days on which the contract may have been made, looked for once."""
    if "days" not in context.cache:
        context.cache["days"] = made_on(document, _opening(document, context))
    found: list[Candidate] = context.cache["days"]
    return found


def _made(document: Document, context: Context) -> Candidate | None:
    """The day decided before to be the one on which the contract was made, where it stands."""
    made = context.found.get("agreement_date")
    return next((each for each in _days(document, context) if each.value == made), None)


def _renewals(document: Document, context: Context) -> list[Candidate]:
    """How the contract may renew, looked for once; copies, whose scores may be changed."""
    if "renewals" not in context.cache:
        context.cache["renewals"] = list(renewal(document, document_sentences(document, context)))
    return [replace(each) for each in context.cache["renewals"]]


def _starts(context: Context) -> Starts:
    """The days decided before that a term may count from, each once."""
    found: list[tuple[str, str]] = []
    for name in ("effective_date", "agreement_date"):
        day = context.found.get(name)
        if day and all(day != other for _, other in found):
            found.append((name, day))
    return found


def chosen(
    found: Iterable[Candidate], role: str, rankers: Mapping[str, Form], least: float = 0.0
) -> list[Candidate]:
    """Those worth telling, scored by the role's ranker where there is one."""
    if role in rankers:
        found = ranked(found, rankers[role])
    found = [each for each in found if each.score >= least]
    return apart(found) if role == "party" else found


def _found(document: Document, spec: dict[str, Any], context: Context) -> list[Candidate]:
    """A role's candidates that are worth telling."""
    rankers = context.data[spec["ranker"]] if "ranker" in spec else {}
    found = candidates(document, spec["role"], context)
    return chosen(found, spec["role"], rankers, float(spec.get("least", 0.0)))


@strategy("contract_head")
def contract_head(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterable[Candidate]:
    """Title, parties and dates of the head."""
    return _found(document, spec, context)


@strategy("contract_term")
def contract_term(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterable[Candidate]:
    """Expiration, renewal and the notice that stops it; periods count from the dates decided before."""
    if spec["role"] != "notice":
        return _found(document, spec, context)
    least = float(spec.get("least", 0.0))
    renewals = (each for each in _renewals(document, context) if each.score >= least)
    best = max(renewals, key=lambda each: each.score, default=None)
    cut = document_sentences(document, context)
    return renewal_notice(document, cut, best.start if best is not None else None)


@strategy("contract_law")
def contract_law(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterable[Candidate]:
    """Places that sentences on the governing law name."""
    found = governing_law(document, document_sentences(document, context))
    return [each for each in found if each.score >= float(spec.get("least", 0.0))]
