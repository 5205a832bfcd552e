"""Learns the clause model: one linear classifier a kind over sentences, presence and calibration on top.

Everything that decides (weights after pruning and quantising, presence, thresholds) is judged on folds of
filers that it was not trained on; the shipped model is then trained on all contracts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from neuraldocflow.extraction.clauses import presence_features
from neuraldocflow.extraction.linear_model import features, words
from neuraldocflow.extraction.sentences import Sentence, sentences

from .corpus import Labelled

FOLDS = 5
SEED = 20240229
STRENGTH = 0.5
"""The C of the support vector machines."""
SUBSAMPLE = 0.5
"""The share of sentences without any label that is learned from."""
RAREST = 4
"""Features in fewer contracts are left out."""
LARGEST = 3500
"""Weights kept of each kind."""
STEPS = 127
"""A weight is at most this whole number times its kind's scale."""
SENTENCE_THRESHOLD = 0.5
Array = Any
"""numpy's arrays and scipy's matrices, which carry no useful types here."""


@dataclass(frozen=True, slots=True)
class Set:
    """The sentences of all contracts as a matrix, with what each is and whose."""

    kinds: list[str]
    vocabulary: list[str]
    matrix: Array
    """Sentences by features, float32."""
    labels: Array
    """Sentences by kinds: 1 is that clause, 0 is not, -1 touches one and is left out."""
    present: Array
    """Contracts by kinds: 1 where the truth has one."""
    owner: Array
    """The contract of each sentence."""
    folds: Array
    """The fold of each contract; a filer's contracts share theirs."""
    cuts: list[list[Sentence]]


def fold_of(group: str) -> int:
    """A filer's fold, the same whatever other filers there are."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % FOLDS


def prepare(contracts: Sequence[Labelled]) -> Set:
    """The training set of labelled contracts."""
    kinds = sorted({kind for each in contracts for kind in each.truth})
    cuts = [sentences(each.document) for each in contracts]
    counts: Counter[str] = Counter()
    for each, cut in zip(contracts, cuts, strict=True):
        counts.update({name for row in _features(each, cut) for name in row})
    vocabulary = sorted(name for name, count in counts.items() if count >= RAREST)
    numbers = {name: number for number, name in enumerate(vocabulary)}
    values: list[Array] = []
    columns: list[Array] = []
    ends = [0]
    for each, cut in zip(contracts, cuts, strict=True):
        for row in _features(each, cut):
            known = [(numbers[name], value) for name, value in row.items() if name in numbers]
            columns.append(np.array([number for number, _ in known], dtype=np.int32))
            values.append(np.array([value for _, value in known], dtype=np.float32))
            ends.append(ends[-1] + len(known))
    shape = (len(ends) - 1, len(vocabulary))
    matrix = csr_matrix((np.concatenate(values), np.concatenate(columns), np.array(ends)), shape=shape)
    matrix.sort_indices()
    return Set(
        kinds,
        vocabulary,
        matrix,
        np.concatenate([_labels(each, cut, kinds) for each, cut in zip(contracts, cuts, strict=True)]),
        np.array([[int(bool(each.truth.get(kind))) for kind in kinds] for each in contracts]),
        np.repeat(np.arange(len(cuts)), [len(cut) for cut in cuts]),
        np.array([fold_of(each.group) for each in contracts]),
        cuts,
    )


def _features(contract: Labelled, cut: Sequence[Sentence]) -> Iterator[dict[str, float]]:
    text = contract.document.text
    return features(
        [words(text[each.start : each.end]) for each in cut], [words(each.heading) for each in cut]
    )


def _labels(contract: Labelled, cut: Sequence[Sentence], kinds: Sequence[str]) -> Array:
    """A sentence is a clause where half of it, or most of the labelled text, is in the other."""
    labels = np.zeros((len(cut), len(kinds)), dtype=np.int8)
    for column, kind in enumerate(kinds):
        for start, end in contract.spans.get(kind, ()):
            for row, each in enumerate(cut):
                common = min(end, each.end) - max(start, each.start)
                if common <= 0:
                    continue
                if common >= 0.5 * (each.end - each.start) or common >= 0.6 * (end - start):
                    labels[row, column] = 1
                elif labels[row, column] == 0:
                    labels[row, column] = -1
    return labels


@dataclass(frozen=True, slots=True)
class Weights:
    """One kind's classifier as it is stored: whole numbers by feature, a scale and an intercept."""

    numbers: Array
    scale: float
    intercept: float

    def values(self, matrix: Array) -> Array:
        """Decision values of sentences."""
        return matrix @ (self.numbers * self.scale).astype(np.float32) + self.intercept


def fit_kind(data: Set, kind: int, rows: Array) -> Weights:
    """A kind's classifier, pruned and quantised, from the sentences that ``rows`` marks."""
    rows = np.flatnonzero(rows & (data.labels[:, kind] >= 0))
    machine = LinearSVC(C=STRENGTH, tol=1e-2, max_iter=300, random_state=SEED)
    machine.fit(data.matrix[rows], data.labels[rows, kind])
    weights = machine.coef_[0].astype(np.float64)
    smallest = np.sort(np.abs(weights))[-min(LARGEST, len(weights))]
    scale = float(f"{np.abs(weights).max() / STEPS:.6g}")
    numbers = np.where(np.abs(weights) >= smallest, np.rint(weights / scale), 0).astype(np.int16)
    return Weights(numbers, scale, float(f"{machine.intercept_[0]:.6g}"))


def chosen(data: Set) -> Array:
    """Which sentences are learned from: all with a label, and a share of the others."""
    drawn = np.random.default_rng(SEED).random(len(data.owner)) < SUBSAMPLE
    return (data.labels != 0).any(axis=1) | drawn


def left_out_values(data: Set) -> Array:
    """Decision values of every sentence by models that saw no contract of its filer."""
    usable, fold = chosen(data), data.folds[data.owner]
    values = np.zeros(data.labels.shape)
    for kind in range(len(data.kinds)):
        for held in range(FOLDS):
            model = fit_kind(data, kind, usable & (fold != held))
            values[fold == held, kind] = model.values(data.matrix[fold == held])
    return values


def presence_of(data: Set, values: Array) -> Array:
    """Contracts by kinds by features of presence."""
    found = np.zeros((*data.present.shape, 3))
    for contract in range(len(data.present)):
        rows = values[data.owner == contract]
        for kind in range(len(data.kinds)):
            found[contract, kind] = presence_features(list(rows[:, kind]))
    return found


def fit_presence(seen: Array, present: Array) -> tuple[list[float], float]:
    """Weights and intercept of a kind's presence in a contract."""
    middle, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    model = LogisticRegression(C=1.0, max_iter=500).fit((seen - middle) / spread, present)
    weights = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - (weights * middle).sum())
    return [float(f"{weight:.6g}") for weight in weights], float(f"{intercept:.6g}")


def fit_sentence(values: Array, labels: Array) -> tuple[float, float]:
    """Platt's slope and offset: from a sentence's decision value to its probability."""
    told = labels >= 0
    model = LogisticRegression(C=10.0, max_iter=500).fit(values[told].reshape(-1, 1), labels[told])
    return float(f"{model.coef_[0][0]:.6g}"), float(f"{model.intercept_[0]:.6g}")


def presence_left_out(data: Set, seen: Array) -> Array:
    """Calibrated probabilities of contracts by kinds, each by a fit without its fold."""
    likely = np.zeros(data.present.shape)
    for kind in range(len(data.kinds)):
        for held in range(FOLDS):
            inside = data.folds != held
            weights, intercept = fit_presence(seen[inside, kind], data.present[inside, kind])
            total = seen[~inside, kind] @ np.array(weights) + intercept
            likely[~inside, kind] = 1 / (1 + np.exp(-total))
    return likely


def best_threshold(likely: Array, present: Array) -> float:
    """The probability from which on telling a kind makes the micro-averaged F1 greatest."""
    steps = np.arange(0.2, 0.6, 0.01)
    scores = [
        2 * ((likely >= s) & (present == 1)).sum() / ((likely >= s).sum() + present.sum()) for s in steps
    ]
    return round(float(steps[int(np.argmax(scores))]), 2)


def model_form(data: Set, values: Array, seen: Array, threshold: float) -> dict[str, Any]:
    """The model that is stored, of classifiers trained on all contracts."""
    usable = chosen(data)
    models = [fit_kind(data, kind, usable) for kind in range(len(data.kinds))]
    stacked = np.stack([model.numbers for model in models])
    weights = {
        data.vocabulary[column]: [
            int(part) for kind in np.flatnonzero(stacked[:, column]) for part in (kind, stacked[kind, column])
        ]
        for column in np.flatnonzero(stacked.any(axis=0))
    }
    presence = {}
    for number, kind in enumerate(data.kinds):
        factors, intercept = fit_presence(seen[:, number], data.present[:, number])
        sentence = fit_sentence(values[:, number], data.labels[:, number])
        presence[kind] = {"weights": factors, "intercept": intercept, "sentence": list(sentence)}
    return {
        "classes": data.kinds,
        "scales": [model.scale for model in models],
        "intercepts": [model.intercept for model in models],
        "presence": presence,
        "threshold": threshold,
        "sentence_threshold": SENTENCE_THRESHOLD,
        "weights": weights,
    }
