from __future__ import annotations

import pytest

from neuraldocflow.extraction.candidates import STRATEGIES, Candidate, Context
from neuraldocflow.extraction.contract.effect import effective_on
from neuraldocflow.extraction.contract.end import expiration
from neuraldocflow.extraction.contract.head import opening
from neuraldocflow.extraction.contract.law import governing_law
from neuraldocflow.extraction.contract.made import made_on
from neuraldocflow.extraction.contract.term import renewal, renewal_notice
from neuraldocflow.extraction.contract.title import titles
from neuraldocflow.extraction.model import Document
from neuraldocflow.extraction.profile import Field
from neuraldocflow.extraction.sentences import sentences
from tests.support.contracts import (
    LAW,
    OPENING,
    RENEWAL,
    TERM,
    contract,
    parties_by_rules,
    supply_agreement,
)


def best(found: list[Candidate]) -> str | None:
    chosen = max(found, key=lambda each: each.score, default=None)
    return None if chosen is None else chosen.value or chosen.raw


def _titles(document: Document) -> list[Candidate]:
    return titles(document, opening(document))


def test_the_title_is_the_line_the_text_calls_itself_by() -> None:
    assert best(_titles(supply_agreement())) == "WIDGET SUPPLY AGREEMENT"


def test_a_title_over_two_lines_is_one() -> None:
    document = contract("FIRST AMENDMENT TO", "WIDGET SUPPLY AGREEMENT", OPENING)
    assert best(_titles(document)) == "FIRST AMENDMENT TO WIDGET SUPPLY AGREEMENT"


@pytest.mark.parametrize(
    "exhibit", ["Exhibit 10.26", "EX-4.1.", "Exhibit 99(h)(3)", "Exhibit 99.E(1)", "Annex B"]
)
def test_an_exhibit_number_is_no_part_of_the_title(exhibit: str) -> None:
    document = contract(f"{exhibit} LANTERN LEASE AGREEMENT", OPENING)
    assert best(_titles(document)) == "LANTERN LEASE AGREEMENT"


def test_parties_are_named_in_order_with_and_inside_a_name() -> None:
    found = [each.value for each in parties_by_rules(supply_agreement())]
    assert found == ["Bluefin Widgets, Inc.", "Granite and Moss Company"]


def test_an_address_is_no_party() -> None:
    document = contract(
        "This Agreement is entered into by and between Fern LLC, having offices at 9 Mill Street, Troy, Ohio "
        '45373 ("Fern") and Ida Quill, residing at 3 Elm Road, Akron, Ohio 44301 (the "Consultant").'
    )
    assert [each.value for each in parties_by_rules(document)] == ["Fern LLC", "Ida Quill"]


def test_a_trading_name_belongs_to_the_party() -> None:
    document = contract(
        "This Agreement is made by and between Fern Foods, Inc. d/b/a Fern Kitchen, a Maine corporation "
        '("Fern"), and Oak Ltd. ("Oak").'
    )
    assert [each.value for each in parties_by_rules(document)] == [
        "Fern Foods, Inc. d/b/a Fern Kitchen",
        "Oak Ltd.",
    ]


def test_without_an_opening_the_signers_are_the_parties() -> None:
    document = contract(
        "JOINT FILING AGREEMENT",
        "The statement is filed on behalf of each of us.",
        "IN WITNESS WHEREOF, the undersigned sign on May 4, 2019.",
        "HERON CAPITAL, L.P.",
        "By: Heron Partners LLC, its general partner",
        "EGRET HOLDINGS LTD.",
    )
    assert [each.value for each in parties_by_rules(document)] == [
        "HERON CAPITAL, L.P.",
        "EGRET HOLDINGS LTD.",
    ]


def test_signers_side_by_side_are_parties_of_their_own_and_each_once() -> None:
    document = contract(
        "JOINT FILING AGREEMENT",
        "IN WITNESS WHEREOF, the undersigned sign on May 4, 2019.",
        "HERON CAPITAL, L.P.\tEGRET HOLDINGS LTD.",
        "By:\tIda Quill\tBy:\tAbe Finch",
        "OSPREY BANK SA OSPREY BANK SA",
    )
    assert [each.value for each in parties_by_rules(document)] == [
        "HERON CAPITAL, L.P.",
        "EGRET HOLDINGS LTD.",
        "OSPREY BANK SA",
    ]


def test_a_sentence_after_the_signatures_is_no_party() -> None:
    document = contract(
        "GUARANTY",
        "IN WITNESS WHEREOF, the undersigned sign on May 4, 2019.",
        "HERON CAPITAL, L.P.",
        "As a condition to the granting by Egret Foods, Inc. of a franchise, the guarantors agree.",
        "That the Franchisee is a corporation, limited in purpose.",
    )
    assert [each.value for each in parties_by_rules(document)] == ["HERON CAPITAL, L.P."]


def test_a_letter_has_no_opening() -> None:
    assert opening(contract("Dear friend,", "The picnic takes place on Sunday.")) is None


def test_the_agreement_date_is_that_of_the_opening() -> None:
    assert best(made_on(supply_agreement(), opening(supply_agreement()))) == "2017-03-06"


def _effective(document: Document) -> list[Candidate]:
    found = opening(document)
    made = next(each for each in made_on(document, found) if each.value == "2017-03-06")
    return list(effective_on(document, found, made))


def test_the_effective_date_is_the_one_defined_so() -> None:
    assert best(_effective(supply_agreement())) == "2017-03-06"
    other = contract(OPENING.replace(' (the "Effective Date")', ""), "Effective Date: April 1, 2017.")
    assert best(_effective(other)) == "2017-04-01"


def test_a_day_that_was_decided_before_is_shown_where_it_stands() -> None:
    document = contract(
        OPENING.replace(' (the "Effective Date")', ""), "It commences on the date first written above."
    )
    (found,) = _effective(document)
    assert document.text[found.start : found.end] == "6th day of March, 2017"


def test_no_effective_date_is_invented() -> None:
    assert not _effective(contract(OPENING.replace(' (the "Effective Date")', "")))


def _expires(*paragraphs: str, start: str | None = "2017-03-06") -> str | None:
    document = contract(*paragraphs)
    starts = [("effective_date", start)] if start is not None else []
    return best([each for each in expiration(document, sentences(document), starts) if each.score])


def test_a_term_is_counted_from_the_effective_date() -> None:
    assert _expires("1. Term. " + TERM) == "2020-03-06"


def test_a_term_without_a_start_has_no_end() -> None:
    assert _expires("1. Term. " + TERM, start=None) is None


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        (
            "The term of this Agreement begins on May 1, 2018 and shall continue until April 30, 2021.",
            "2021-04-30",
        ),
        (
            "This Agreement shall remain in effect until the fifth anniversary of the Effective Date.",
            "2022-03-06",
        ),
        (
            "This Agreement shall remain in effect until the FİFTH anniversary of the Effective Date.",
            "2022-03-06",
        ),
        ("This Agreement shall continue in full force until terminated by either party.", "perpetual"),
    ],
)
def test_an_end_may_be_a_date_an_anniversary_or_none(sentence: str, value: str) -> None:
    assert _expires("1. Term. " + sentence) == value


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        (RENEWAL, "successive 1 year"),
        ("This Agreement will renew for an additional five (5) year term.", "5 years"),
        (
            "The term shall automatically renew for successive terms of twelve (12) months each.",
            "successive 1 year",
        ),
        ("The Agreement renews automatically from year to year.", "successive 1 year"),
        ("The term is two (2) years, with automatic annual renewals thereafter.", "successive 1 year"),
        ("The Agreement is made by calendar year and renewed tacitly every year.", "successive 1 year"),
        ("It shall be renewed automatically on a five (5) year basis.", "successive 5 years"),
        ("The term is ten (10) years and shall then renew for an unlimited period of time.", "perpetual"),
        (
            "This Agreement runs for two (2) years and shall continue thereafter until terminated by either "
            "party upon thirty (30) days prior written notice.",
            "perpetual",
        ),
    ],
)
def test_a_renewal_is_told_in_short(sentence: str, value: str) -> None:
    document = contract("1. Term. " + sentence)
    assert best(list(renewal(document, sentences(document)))) == value


def test_the_notice_is_that_of_the_renewal() -> None:
    document = contract(
        "Invoices are paid within thirty (30) days of notice before delivery.", "1. Term. " + RENEWAL
    )
    cut = sentences(document)
    place = next(iter(renewal(document, cut))).start
    assert best(list(renewal_notice(document, cut, place))) == "60 days"
    assert not list(renewal_notice(document, cut, None))


@pytest.mark.parametrize(
    ("told", "notice"),
    [
        (
            "It renews for additional twelve-month periods unless either party notifies the other at least "
            "90 calendar days before the end of the then-current term.",
            "90 days",
        ),
        (
            "It is extended by twelve (12) months at a time unless terminated by either party with a notice "
            "of three (3) months before the end of the respective period.",
            "3 months",
        ),
    ],
)
def test_the_length_of_the_renewal_is_not_that_of_its_notice(told: str, notice: str) -> None:
    document = contract(told)
    assert best(list(renewal_notice(document, sentences(document), 0))) == notice


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        (LAW, "Oregon"),
        ("THIS AGREEMENT IS GOVERNED BY THE LAWS OF THE STATE OF NEW YORK.", "New York"),
        ("This Agreement is governed by the laws of the Province of Ontario, Canada.", "Ontario, Canada"),
        ("This Agreement shall be construed under the laws of England and Wales.", "England; Wales"),
        ("This Agreement is governed by English law.", "England"),
        ("The Agreement is governed by the laws of the PRC.", "People's Republic of China"),
        ("This Agreement is subject to Norwegian law.", "Norway"),
        ("The place of jurisdiction is Zurich. Swiss law applies.", "Switzerland"),
        ("Any claim shall be decided under Vermont law.", "Vermont"),
    ],
)
def test_the_governing_law_is_a_place_by_its_name(sentence: str, value: str) -> None:
    document = contract("9. Governing Law. " + sentence)
    assert best(list(governing_law(document, sentences(document)))) == value


def test_where_a_company_is_organised_is_a_weak_sign_of_the_law() -> None:
    document = contract(
        "Oak Ltd. is duly organized under the laws of the State of Nevada and shall sell oak."
    )
    assert all(each.score < 0.43 for each in governing_law(document, sentences(document)))


@pytest.mark.parametrize(
    "other",
    [
        "Oak Ltd. is in good standing under the laws of Nevada.",
        "The shares are sold under the securities laws of Nevada.",
    ],
)
def test_laws_that_a_company_keeps_to_are_not_those_of_the_contract(other: str) -> None:
    document = contract(other)
    assert all(each.score < 0.43 for each in governing_law(document, sentences(document)))


def test_what_says_governed_comes_before_other_mentions_of_laws() -> None:
    document = contract(
        "This Agreement is made pursuant to the laws of Nevada. "
        "This Agreement is governed by the laws of Oregon."
    )
    assert best(list(governing_law(document, sentences(document)))) == "Oregon"


def _by_strategy(document: Document, name: str, spec: dict[str, object], context: Context) -> list[Candidate]:
    return list(STRATEGIES[name](document, spec, Field("any"), context))


def test_strategies_count_terms_from_the_dates_decided_before() -> None:
    document = supply_agreement()
    context = Context([], found={"agreement_date": "2017-03-06", "effective_date": "2017-05-01"})
    found = _by_strategy(document, "contract_term", {"role": "expiration"}, context)
    assert best(found) == "2020-05-01"
    assert best(_by_strategy(document, "contract_term", {"role": "notice"}, context)) == "60 days"
    assert best(_by_strategy(document, "contract_law", {"least": 0.43}, context)) == "Oregon"


def test_least_leaves_weak_candidates_out() -> None:
    context = Context([])
    assert not _by_strategy(supply_agreement(), "contract_law", {"least": 1.1}, context)


def test_a_candidates_range_holds_its_words() -> None:
    document = supply_agreement()
    for each in parties_by_rules(document):
        assert document.text[each.start : each.end] == each.raw
        assert " ".join(each.raw.split()).startswith(str(each.value)[:10])
