"""Ways in which contracts name parties, beginnings and ends other than the plainest one."""

from __future__ import annotations

import pytest

from neuraldocflow.extraction.candidates import Candidate
from neuraldocflow.extraction.contract.effect import effective_on
from neuraldocflow.extraction.contract.end import expiration
from neuraldocflow.extraction.contract.head import opening
from neuraldocflow.extraction.contract.made import made_on
from neuraldocflow.extraction.contract.parties import signing, tidy
from neuraldocflow.extraction.model import Block, Cell, Document, Table
from neuraldocflow.extraction.sentences import sentences
from tests.support.contracts import OPENING, contract, parties_by_rules

KEY_TERMS = ("Supplier", "Fern LLC (no. 0417)"), ("Customer", "Bo Reed"), ("Notice period", "90 days")


def names(*texts: str) -> list[str]:
    return [each.value for each in parties_by_rules(contract(*texts))]


def best(found: list[Candidate]) -> str | None:
    chosen = max(found, key=lambda each: each.score, default=None)
    return None if chosen is None else chosen.value


def _ends(document: Document, start: str) -> str | None:
    found = expiration(document, sentences(document), [("effective_date", start)])
    return best([each for each in found if each.score])


def test_a_party_after_a_group_named_together_is_one_too() -> None:
    assert names(
        'This Agreement is made as of May 2, 2031 by and between Fern LLC ("Fern"), and Moss, Inc. '
        '("Moss") (collectively, Fern and Moss are the "Growers") and Kiln Corporation with its '
        'office in Troy, Ohio ("Buyer").'
    ) == ["Fern LLC", "Moss, Inc.", "Kiln Corporation"]


def test_what_follows_the_words_that_close_the_list_is_no_party() -> None:
    assert names(
        'This Agreement is made by and between Fern LLC ("Fern") and Moss, Inc. ("Moss"). Fern and Moss may '
        'be referred to individually as a "Party" and collectively as the "Parties". Fern buys kilns of '
        'Kiln Ltd. ("Kiln") and Tile Corp. ("Tile").'
    ) == ["Fern LLC", "Moss, Inc."]


def test_roles_in_parentheses_need_no_quotation_marks() -> None:
    assert names(
        "This Agreement is made on 4 May 2031 between:", "(1) FERN LIMITED (the Company)", "and"
    ) == ["FERN LIMITED"]
    assert names(
        "This Lantern Transport Agreement (Agreement) is entered into by Fern Lines Limited Partnership "
        "(Carrier) and KILN COMPANY (Shipper)."
    ) == ["Fern Lines Limited Partnership", "KILN COMPANY"]


def test_parties_by_letter_may_have_a_role() -> None:
    assert names(
        "Lantern Transport Agreement", "Party A (Shipper): Fern Co., Ltd.", "Party B (Carrier): Moss Ltd."
    ) == ["Fern Co., Ltd.", "Moss Ltd."]


def test_parties_may_be_labelled_with_what_they_are_in_the_contract() -> None:
    assert names("LOAN AGREEMENT", "Lender: First Fern Bank", "Borrower: Quick Kilns, LLC, Troy") == [
        "First Fern Bank",
        "Quick Kilns, LLC",
    ]
    one = Block("paragraph", "Landlord (Owner): Ada Quill Tenant: Bo Reed", breaks=(28,))
    assert [each.value for each in parties_by_rules(Document("html", [one]).finish())] == [
        "Ada Quill",
        "Bo Reed",
    ]
    cells = [Cell(0, 0, "Client: Fern LLC Consultant: Bo Reed", breaks=(17,)), Cell(0, 1, "May 2")]
    table = Block("table", "", table=Table(cells, 1, 2))
    assert [each.value for each in parties_by_rules(Document("html", [table]).finish())] == [
        "Fern LLC",
        "Bo Reed",
    ]


def test_parties_may_stand_below_or_beside_what_they_are() -> None:
    cells = [
        Cell(row, column, text) for row, texts in enumerate(KEY_TERMS) for column, text in enumerate(texts)
    ]
    table = Block("table", "", table=Table(cells, 3, 2))
    assert [each.value for each in parties_by_rules(Document("html", [table]).finish())] == [
        "Fern LLC",
        "Bo Reed",
    ]
    assert names("LEASE", "LANDLORD:", "Ada Quill", "TENANT:", "Bo Reed") == ["Ada Quill", "Bo Reed"]
    assert names("Client", "The Client shall pay.", "Consultant", "Services are provided by staff.") == []


def test_two_people_who_go_by_one_term_are_both_parties() -> None:
    assert names(
        'This Lease is made on May 2, 2031 between Ada Quill ("Landlord") and Bo Reed and Cy Vane '
        '(collectively, "Tenant").'
    ) == ["Ada Quill", "Bo Reed", "Cy Vane"]


def test_without_an_opening_those_who_are_given_a_term_are_the_parties() -> None:
    assert names(
        "LANTERN AGENCY AGREEMENT",
        "Ladies and Gentlemen:",
        'Fern Lines, Inc., a Maine corporation (the "Company"), and Moss Lanterns LLC, with an office in '
        'Troy (the "Agent"), agree to the following.',
    ) == ["Fern Lines, Inc.", "Moss Lanterns LLC"]


def test_where_a_body_is_from_is_no_name() -> None:
    found = names(
        'This Agreement is made by and between Fern LLC, a Maine company ("Fern"), and MOSS, INC., a Fern '
        'company, and Delaware corporation having an address in Troy ("Moss").'
    )
    assert found == ["Fern LLC", "MOSS, INC."]


def test_the_country_of_one_party_is_no_part_of_the_next() -> None:
    assert names(
        'This Agreement is made by and between Fern Growers Limited ("Fern"), having an office in Leeds, '
        'United Kingdom and KILN, INC. ("Kiln"), an Ohio corporation.'
    ) == ["Fern Growers Limited", "KILN, INC."]


def test_an_office_before_a_signing_body_is_no_part_of_its_name() -> None:
    assert names(
        "JOINT FILING AGREEMENT",
        "IN WITNESS WHEREOF, the undersigned sign.",
        "Chief Compliance Officer Fern Fund GP, LLC",
        "Moss Partners, LP",
    ) == ["Fern Fund GP, LLC", "Moss Partners, LP"]


@pytest.mark.parametrize(
    "told",
    [
        "The term of this Agreement shall begin on January 5, 2032 and continue for one year.",
        '"Contract Period" means the period of time commencing on January 5, 2032.',
        "This Agreement shall be effective as of January 5, 2032.",
    ],
)
def test_the_day_on_which_the_term_begins_is_the_effective_date(told: str) -> None:
    document = contract("This Agreement is made by and between Fern LLC and Moss, Inc.", told)
    assert best(list(effective_on(document, opening(document), None))) == "2032-01-05"


@pytest.mark.parametrize(
    "told",
    [
        "Expiration Date: January 4, 2034",
        '"Contract Period" means that period commencing on January 5, 2032 and concluding January 4, 2034.',
    ],
)
def test_an_end_told_beside_its_name_needs_no_sentence_about_the_term(told: str) -> None:
    document = contract(OPENING, told)
    assert _ends(document, "2032-01-05") == "2034-01-04"


def test_dates_are_day_first_where_one_of_the_contract_can_be_read_only_so() -> None:
    term = "This Agreement commences on 01/03/2031 and shall expire on 05/04/2033."
    told = contract("This Agreement is dated 13/02/2031 and made between Alder Ltd and Birch Ltd.", term)
    assert best(made_on(told, opening(told))) == "2031-02-13"
    assert best(list(effective_on(told, opening(told), None))) == "2031-03-01"
    assert _ends(told, "2031-03-01") == "2033-04-05"
    undated = contract("This Agreement is made between Alder Ltd and Birch Ltd.", term)
    assert _ends(undated, "2031-01-03") == "2033-05-04"


def test_the_day_the_contract_begins_is_not_its_end() -> None:
    document = contract(
        "Termination Agreement", "This Termination Agreement is made as of May 4, 2031, to end a lease."
    )
    assert _ends(document, "2031-05-04") is None


@pytest.mark.parametrize("office", ["Senior Managing Director", "Chief Legal Officer", "General Manager"])
def test_the_office_of_who_signs_is_no_part_of_the_next_partys_name(office: str) -> None:
    assert [name for name, *_ in signing(f"By: \n{office} MOSS GP L.P.\n")] == ["MOSS GP L.P."]
    assert tidy(f"{office} Services, LLC") == f"{office} Services, LLC"


@pytest.mark.parametrize("form", ["GmbH & Co. KG", "KG"])
def test_a_partnership_of_a_company_is_named_whole(form: str) -> None:
    assert names(
        "This Agreement is made on 4 May 2031 between",
        'Fern AS, Bergen, Norway (hereinafter "Fern")',
        "and",
        f'Moss Kilns {form}, Hamburg, Germany (hereinafter "Moss")',
    ) == ["Fern AS", f"Moss Kilns {form}"]


def test_a_person_may_be_told_by_age() -> None:
    assert names(
        'This Agreement is made by and between Fern Limited, a company (hereinafter "Fern")',
        "AND",
        'Ms. Mossa Kiln, aged 38 years, residing at Troy (hereinafter referred to as the "Buyer").',
    ) == ["Fern Limited", "Ms. Mossa Kiln"]


@pytest.mark.parametrize(
    ("told", "end"),
    [
        ("This Agreement shall terminate two (2) years after the date of this Agreement.", "2033-05-04"),
        ("This Agreement enters into force upon signature and ends on 31.12.2035.", "2035-12-31"),
        ("This Agreement shall terminate two (2) years after the launch of the first kiln.", None),
    ],
)
def test_an_end_may_be_counted_from_the_contracts_own_date(told: str, end: str | None) -> None:
    assert _ends(contract(OPENING, told), "2031-05-04") == end


def test_a_contract_effective_when_signed_last_takes_effect_on_the_latest_day_of_signing() -> None:
    told = contract(
        "Made by Alder Ltd and Birch Ltd, this Agreement is effective as of the last signature.",
        "1. Term. It continues for three years from the Effective Date.",
        "Alder Ltd By: /s/ A. Bee Date: September 3, 2031",
        "Birch Ltd By: /s/ C. Dee Date: September 5, 2031",
    )
    assert best(list(effective_on(told, opening(told), None))) == "2031-09-05"


def test_where_a_body_sits_is_no_party() -> None:
    assert names(
        'BETWEEN: (1) THE UNIVERSITY OF FERNFIELD of College Lane, Fernfield ("the University"); and '
        '(2) KILN LTD ("the Company")'
    ) == ["UNIVERSITY OF FERNFIELD", "KILN LTD"]
