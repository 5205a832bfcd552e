"""Learns the rankers of the contract profile's fields: a logistic model a role over features of candidates.

Roles are learned in an order in which each finds decided what it builds on. Every decision that is judged, or
built on, comes from a model that saw no contract of the filer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from neuraldocflow.evaluation.scoring import same, same_item
from neuraldocflow.extraction.candidates import Candidate, Context
from neuraldocflow.extraction.ranking import Features
from neuraldocflow.extraction.strategies.contract import candidates, chosen

from .clauses import FOLDS, fold_of
from .corpus import Labelled

RAREST = 4
"""Features of fewer filers are left out, so that none remembers a company, a file or a phrase of one."""
STEPS = 2000
"""A weight is at most this whole number times its ranker's scale."""
LEAST = 0.35
"""The probability from which on a candidate is told. Telling raises F1 from about half of the F1 that is
reached; thresholds searched role by role did no better on filers that were left out."""
Forms = dict[str, dict[str, Any]]
"""What :data:`neuraldocflow.extraction.ranking.Form` says, for each role."""


@dataclass(frozen=True, slots=True)
class Role:
    """What one ranker decides, how strong its weights may be (the C of the logistic regression), and from
    which probability on a candidate is told."""

    name: str
    field: str
    strength: float
    least: float = LEAST


ROLES = (
    # a contract has a name: an unlikely title is more than the largest heading, which profiles tell else
    Role("title", "document_name", 0.3, least=0.2),
    Role("party", "parties", 0.05),
    Role("agreement_date", "agreement_date", 0.1),
    Role("expiration", "expiration_date", 0.15),
)


@dataclass(frozen=True, slots=True)
class Learned:
    """The rankers of all contracts, and those that saw no contract of a fold."""

    forms: Forms
    by_fold: list[Forms]


def learn(contracts: Sequence[Labelled]) -> Learned:
    """All roles' rankers."""
    folds = [fold_of(each.group) for each in contracts]
    learned = Learned({}, [{} for _ in range(FOLDS)])
    contexts = [Context([]) for _ in contracts]
    for role in ROLES:
        for contract, fold, context in zip(contracts, folds, contexts, strict=True):
            _decide_dates(contract, context, learned.by_fold[fold])
        every = [
            list(candidates(contract.document, role.name, context))
            for contract, context in zip(contracts, contexts, strict=True)
        ]
        _learn_role(role, contracts, folds, every, learned)
    return learned


def _decide_dates(contract: Labelled, context: Context, forms: Forms) -> None:
    """The dates that an expiration counts from, as they are decided without the contract's filer."""
    for role in ("agreement_date", "effective_date"):
        found = chosen(candidates(contract.document, role, context), role, forms)
        best = max(found, key=lambda each: each.score, default=None)
        context.found[role] = best.value if best is not None else None


def _learn_role(
    role: Role,
    contracts: Sequence[Labelled],
    folds: Sequence[int],
    every: Sequence[Sequence[Candidate]],
    learned: Learned,
) -> None:
    groups = [each.group for each in contracts]
    right = [
        [_is_right(contract.fields[role.field], each) for each in several]
        for contract, several in zip(contracts, every, strict=True)
    ]
    for held in range(FOLDS):
        inside = [number for number, fold in enumerate(folds) if fold != held]
        learned.by_fold[held][role.name] = fit(role, inside, every, right, groups)
    learned.forms[role.name] = fit(role, range(len(contracts)), every, right, groups)


def _is_right(truth: Any, candidate: Candidate) -> bool:
    if isinstance(truth, list):
        return any(same_item(each, candidate.value) for each in truth)
    return truth is not None and same(truth, candidate.value)


def fit(
    role: Role,
    numbers: Sequence[int],
    every: Sequence[Sequence[Candidate]],
    right: Sequence[Sequence[bool]],
    groups: Sequence[str],
) -> dict[str, Any]:
    """A role's ranker from the candidates of the contracts of these numbers."""
    seen: dict[str, set[str]] = defaultdict(set)
    for number in numbers:
        for each in every[number]:
            for name in each.features:
                seen[name].add(groups[number])
    known = {name for name, filers in seen.items() if len(filers) >= RAREST}
    rows: list[Features] = [
        {name: value for name, value in each.features.items() if name in known}
        for number in numbers
        for each in every[number]
    ]
    vectors = DictVectorizer()
    matrix = vectors.fit_transform(rows)
    model = LogisticRegression(C=role.strength, max_iter=3000)
    model.fit(matrix, [verdict for number in numbers for verdict in right[number]])
    weights = model.coef_[0]
    scale = float(f"{np.abs(weights).max() / STEPS:.6g}")
    steps = np.rint(weights / scale).astype(int)
    names = vectors.get_feature_names_out()
    return {
        "weights": {str(name): int(step) for name, step in zip(names, steps, strict=True) if step},
        "scale": scale,
        "intercept": float(f"{model.intercept_[0]:.6g}"),
        "least": role.least,
    }
