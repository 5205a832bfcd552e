"""Clauses of a contract by kind: sentences scored by a learned model, presence decided for the document.

A kind is present where its calibrated probability reaches the model's threshold: from its two best sentences
and the document's length. Then its best sentence is told, and others that are likely by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .candidates import Candidate, Context
from .linear_model import LinearModel, words
from .model import Document
from .sentences import Sentence, sentences

_MOST = 8
"""The most clauses told of one kind."""


def find(document: Document, spec: Mapping[str, Any], context: Context) -> dict[str, list[Candidate]]:
    """Clauses of each kind of ``spec["kinds"]``, likeliest first; scores are calibrated probabilities.

    ``spec["model"]`` names the model among the profile's data. A kind that was not found has an empty list.
    """
    form = context.data[spec["model"]]
    cut, scored = scored_sentences(document, form, context)
    found: dict[str, list[Candidate]] = {}
    classes: list[str] = form["classes"]
    for kind in spec["kinds"]:
        found[kind] = []
        if kind in classes and cut:
            number = classes.index(kind)
            found[kind] = _told(document, cut, [row[number] for row in scored], form["presence"][kind], form)
    return found


def scored_sentences(
    document: Document, form: Mapping[str, Any], context: Context
) -> tuple[list[Sentence], list[list[float]]]:
    """The document's sentences with the model's decision values, worked out once a document."""
    if "clauses" not in context.cache:
        cut = document_sentences(document, context)
        model = _model(form)
        told = [words(document.text[each.start : each.end]) for each in cut]
        context.cache["clauses"] = (cut, model.scores(told, [words(each.heading) for each in cut]))
    found: tuple[list[Sentence], list[list[float]]] = context.cache["clauses"]
    return found


_models: list[tuple[Mapping[str, Any], LinearModel]] = []
"""The model last used with the form it was made of: a process mostly has one."""


def _model(form: Mapping[str, Any]) -> LinearModel:
    if not _models or _models[0][0] is not form:
        _models[:] = [(form, LinearModel.from_form(form))]
    return _models[0][1]


def document_sentences(document: Document, context: Context) -> list[Sentence]:
    """The document's sentences, cut once a document."""
    if "sentences" not in context.cache:
        context.cache["sentences"] = sentences(document)
    found: list[Sentence] = context.cache["sentences"]
    return found


def presence_features(values: Sequence[float]) -> list[float]:
    """What presence is judged by: the best and second-best decision value, the logarithm of the count."""
    best = sorted(values, reverse=True)
    return [best[0], best[1] if len(best) > 1 else best[0] - 1.0, math.log(len(best))]


def logistic(value: float) -> float:
    """1 / (1 + e^-value), safe at both ends."""
    return 1.0 / (1.0 + math.exp(-max(min(value, 30.0), -30.0)))


def _told(
    document: Document,
    cut: Sequence[Sentence],
    values: Sequence[float],
    presence: Mapping[str, Any],
    form: Mapping[str, Any],
) -> list[Candidate]:
    seen = presence_features(values)
    total = sum(a * b for a, b in zip(presence["weights"], seen, strict=True)) + presence["intercept"]
    likely = logistic(total)
    if likely < form["threshold"]:
        return []
    slope, offset = presence["sentence"]
    order = sorted(range(len(values)), key=lambda index: (-values[index], index))
    found: list[Candidate] = []
    for rank, index in enumerate(order[:_MOST]):
        alone = logistic(slope * values[index] + offset)
        if rank and alone < form["sentence_threshold"]:
            break
        each = cut[index]
        score = likely if not rank else min(likely, alone)
        found.append(Candidate(document.text[each.start : each.end], score, each.start, each.end))
    return found
