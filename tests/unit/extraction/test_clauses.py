from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from neuraldocflow.extraction.candidates import Context
from neuraldocflow.extraction.clauses import find, logistic, presence_features
from neuraldocflow.extraction.linear_model import LinearModel, features, words
from neuraldocflow.extraction.sentences import LONGEST, is_heading, sentences
from neuraldocflow.profiles import load
from tests.support.contracts import contract
from tests.support.documents import document, table

PLAIN = [
    "The supplier grants the buyer a licence to use the software.",
    "The buyer pays every invoice within thirty days.",
    "A licence is granted to use the marks of the supplier.",
    "Deliveries are made to the harbour on Mondays.",
    "The buyer shall keep insurance of $1,000,000 at all times.",
    "Notices are sent in writing.",
]
LICENCE = np.array([1, 0, 1, 0, 0, 0])
INSURANCE = np.array([0, 0, 0, 0, 1, 0])


def told(*paragraphs: str) -> list[str]:
    document = contract(*paragraphs)
    return [document.text[each.start : each.end] for each in sentences(document)]


def test_a_paragraph_is_cut_at_its_sentences() -> None:
    assert told("Oak sells. Elm buys! Is it so?") == ["Oak sells.", "Elm buys!", "Is it so?"]


def test_abbreviations_and_initials_end_no_sentence() -> None:
    assert told("Oak Inc. and J. Elm Corp. agree with Ash Co. Ltd. about No. 5.") == [
        "Oak Inc. and J. Elm Corp. agree with Ash Co. Ltd. about No. 5."
    ]


def test_numbers_and_run_in_headings_are_set_apart() -> None:
    document = contract("5.2 Assignment. Neither party may assign this Agreement.")
    (only,) = sentences(document)
    assert document.text[only.start : only.end] == "Neither party may assign this Agreement."
    assert only.heading == "Assignment"


def test_a_heading_stands_over_all_until_the_next() -> None:
    document = contract(
        "ARTICLE 4. INSURANCE", "Buy cover now.", "Keep it long.", "NOTICES", "Write letters often."
    )
    assert [each.heading for each in sentences(document)] == ["INSURANCE", "INSURANCE", "NOTICES"]


def test_what_is_set_as_a_heading_is_one_however_it_is_worded() -> None:
    document = contract("4. Liability and insurance", "Buy cover now.")
    assert [each.heading for each in sentences(document)] == ["", ""]
    document.blocks[0].kind = "heading"
    assert [each.heading for each in sentences(document)] == ["Liability and insurance"]


def test_a_row_of_the_contents_is_no_sentence() -> None:
    rows = [["14.4 Liquidated Damages on Termination", "24"], ["Fee for each year of the term", "24"]]
    found = document(table(*rows))
    assert [found.text[each.start : each.end] for each in sentences(found)] == [
        "Fee for each year of the term\t24"
    ]


def test_a_sentence_broken_by_a_page_is_one_again() -> None:
    document = contract("The buyer shall pay for the", "widgets within ten days.", "Then it rests.")
    cut = sentences(document)
    assert document.text[cut[0].start : cut[0].end].split() == [
        "The",
        "buyer",
        "shall",
        "pay",
        "for",
        "the",
        "widgets",
        "within",
        "ten",
        "days.",
    ]
    assert len(cut) == 2


def test_a_list_without_end_is_cut_at_semicolons() -> None:
    endless = "the buyer shall pay " + "for each of the many widgets delivered to it; " * 120
    pieces = told(endless)
    assert len(pieces) > 1
    assert all(len(piece) <= LONGEST + 60 for piece in pieces)


@pytest.mark.parametrize("text", ["Governing Law", "7. TERM AND TERMINATION", "Article IX. Notices"])
def test_titles_are_headings(text: str) -> None:
    assert is_heading(text)


@pytest.mark.parametrize("text", ["The buyer pays.", "and the Seller", "Oak Sells Elm,", ""])
def test_sentences_are_no_headings(text: str) -> None:
    assert not is_heading(text)


def test_words_are_lower_case_and_numbers_alike() -> None:
    assert words("Within 30 (thirty) DAYS pay $1,000") == [
        "within",
        "0",
        "thirty",
        "days",
        "pay",
        "$",
        "0",
        "0",
    ]


def _trained() -> tuple[list[list[str]], list[list[str]], dict[str, Any], np.ndarray[Any, Any]]:
    """A tiny model of two classes as it is stored, and scikit-learn's values with those weights."""
    split, headings = [words(text) for text in PLAIN], [words("General Terms")] * len(PLAIN)
    rows = list(features(split, headings))
    vocabulary = sorted({name for row in rows for name in row})
    dense = np.array([[row.get(name, 0.0) for name in vocabulary] for row in rows])
    form: dict[str, Any] = {
        "classes": ["licence", "insurance"],
        "scales": [],
        "intercepts": [],
        "weights": {},
    }
    values = []
    for number, labels in enumerate((LICENCE, INSURANCE)):
        machine = LinearSVC(random_state=0).fit(csr_matrix(dense), labels)
        scale = float(np.abs(machine.coef_).max() / 127)
        whole = np.rint(machine.coef_[0] / scale)
        machine.coef_ = (whole * scale).reshape(1, -1)
        values.append(machine.decision_function(dense))
        form["scales"].append(scale)
        form["intercepts"].append(float(machine.intercept_[0]))
        for name, weight in zip(vocabulary, whole, strict=True):
            if weight:
                form["weights"].setdefault(name, []).extend([number, int(weight)])
    return split, headings, form, np.array(values).T


def test_scores_are_those_of_scikit_learn() -> None:
    split, headings, form, expected = _trained()
    scores = LinearModel.from_form(form).scores(split, headings)
    np.testing.assert_allclose(np.array(scores), expected, atol=1e-9)
    assert (np.argmax(expected, axis=0) == [0, 4]).all() or expected[0, 0] > 0 > expected[1, 0]


def _model(intercept: float, sentence: tuple[float, float] = (4.0, 0.0)) -> dict[str, Any]:
    form = _trained()[2]
    presence = {"weights": [2.0, 0.0, 0.0], "intercept": intercept, "sentence": list(sentence)}
    return {
        **form,
        "presence": dict.fromkeys(form["classes"], presence),
        "threshold": 0.4,
        "sentence_threshold": 0.5,
    }


def _found(form: dict[str, Any], kinds: tuple[str, ...] = ("licence", "insurance")) -> dict[str, Any]:
    document = contract("GENERAL TERMS", *PLAIN)
    spec = {"kinds": {kind: {} for kind in kinds}, "model": "clauses"}
    found = find(document, spec, Context([], {"clauses": form}))
    for several in found.values():
        for each in several:
            assert document.text[each.start : each.end] == each.raw
    return found


def test_a_kind_that_is_likely_is_told_with_its_sentences() -> None:
    found = _found(_model(0.0))
    assert {each.raw for each in found["licence"]} == {PLAIN[0], PLAIN[2]}
    assert [each.raw for each in found["insurance"]] == [PLAIN[4]]
    assert all(0.4 <= each.score <= 1.0 for several in found.values() for each in several)


def test_the_likeliest_sentence_comes_first() -> None:
    scores = [each.score for each in _found(_model(0.0))["licence"]]
    assert scores == sorted(scores, reverse=True)


def test_an_unlikely_kind_is_empty_not_absent() -> None:
    assert _found(_model(-50.0)) == {"licence": [], "insurance": []}


def test_other_sentences_must_be_likely_by_themselves() -> None:
    assert len(_found(_model(0.0, sentence=(4.0, -50.0)))["licence"]) == 1


def test_a_kind_the_model_does_not_know_is_empty() -> None:
    assert _found(_model(0.0), ("barter",)) == {"barter": []}


def test_a_document_without_text_has_no_clauses() -> None:
    spec = {"kinds": {"licence": {}}, "model": "clauses"}
    assert find(contract(), spec, Context([], {"clauses": _model(0.0)})) == {"licence": []}


def test_presence_is_judged_by_the_two_best_and_the_length() -> None:
    assert presence_features([-1.0, 0.5, 0.25])[:2] == [0.5, 0.25]
    assert presence_features([0.5])[:2] == [0.5, -0.5]


def test_logistic_is_safe_at_both_ends() -> None:
    assert logistic(0.0) == 0.5
    assert 0.0 < logistic(-1e9) < logistic(1e9) < 1.0


def test_the_profiles_model_knows_all_its_kinds_and_finds_plain_clauses() -> None:
    profile = load()["contract_analysis"]
    form = profile.data["clauses"]
    assert sorted(profile.clauses["kinds"]) == sorted(form["classes"])
    document = contract(
        "LANTERN SUPPLY AGREEMENT",
        "ASSIGNMENT",
        "Neither party may assign this Agreement without the prior written consent of the other party.",
        "LIMITATION OF LIABILITY",
        "In no event shall either party be liable for any indirect, incidental or consequential damages, and "
        "the total liability of Supplier under this Agreement shall not exceed the amounts paid by Buyer.",
        "WEATHER",
        "The lamps are lit when it is dark.",
    )
    found = find(document, profile.clauses, Context([], profile.data))
    assert "assign this Agreement" in found["anti_assignment"][0].raw
    assert "shall not exceed" in found["cap_on_liability"][0].raw
    assert not found["non_disparagement"]
    assert not found["source_code_escrow"]
