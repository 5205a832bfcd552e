from __future__ import annotations

from itertools import pairwise

from neuraldocflow.extraction.candidates import Candidate
from neuraldocflow.extraction.ranking import around, crossed, facts, probability, ranked, tokens

FORM = {"weights": {"dated": 30, "filed": -20, "<of": 10}, "scale": 0.1, "intercept": -1.0, "least": 0.5}


def test_words_are_in_lower_case_and_numbers_alike() -> None:
    assert tokens("Dated: May 6,\n2019") == ["dated", ":", "may", "0", ",", "\n", "0"]


def test_words_around_are_told_with_their_distance_and_their_neighbours() -> None:
    text = "made as of May 6, 2019 by and between"
    found = around(text, text.index("May"), text.index(" by"))
    assert {"<of", "<0of", "<1as", "<as of", "<made as of", ">by", ">0by", ">by and"} <= found.keys()
    assert ">of" not in found


def test_facts_are_named_by_what_they_say() -> None:
    told = {"alone": True, "hangs": False, "where": "in", "rank": 3, "at": -700}
    assert facts(told) == {"alone": 1.0, "where=in": 1.0, "rank=3": 1.0, "at=-2^9": 1.0}


def test_large_numbers_differ_by_their_power_of_two() -> None:
    sizes = [next(iter(facts({"at": number}))) for number in (8, 15, 16, 4000)]
    assert sizes == ["at=2^3", "at=2^3", "at=2^4", "at=2^11"]


def test_crossed_features_are_those_of_one_key() -> None:
    assert crossed("opening", ["alone"]) == {"opening|alone": 1.0}


def test_a_probability_follows_from_the_weights() -> None:
    values = [probability(FORM, {name: 1.0}) for name in ("filed", "unknown", "<of", "dated")]
    assert all(one < other for one, other in pairwise(values))
    assert round(probability(FORM, {"<of": 1.0}), 6) == 0.5


def test_candidates_below_the_least_are_left_out_and_others_scored() -> None:
    found = [Candidate(name, 0.9, features={name: 1.0}) for name in ("filed", "dated")]
    (kept,) = ranked(found, FORM)
    assert (kept.raw, round(kept.score, 3)) == ("dated", 0.881)
