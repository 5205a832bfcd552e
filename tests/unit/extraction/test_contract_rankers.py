"""What the learned rankers of the contract profile decide, and how they are learned."""

from __future__ import annotations

from neuraldocflow.profiles import load
from neuraldocflow.training.clauses import FOLDS, fold_of
from neuraldocflow.training.corpus import Labelled
from neuraldocflow.training.rankers import RAREST, ROLES, learn
from tests.support.contracts import OPENING, RENEWAL, TERM, contract, decided, supply_agreement


def test_a_plain_contract_is_read_in_full() -> None:
    found = decided(supply_agreement())
    assert found["document_name"].casefold() == "widget supply agreement"
    assert found["parties"] == ["Bluefin Widgets, Inc.", "Granite and Moss Company"]
    assert (found["agreement_date"], found["expiration_date"]) == ("2017-03-06", "2020-03-06")


def test_days_of_other_things_are_not_the_agreements() -> None:
    document = contract(
        "Filed with the Commission on May 2, 2019",
        "WIDGET SUPPLY AGREEMENT",
        OPENING,
        "WHEREAS, the parties signed a lease dated June 9, 2004;",
    )
    assert decided(document)["agreement_date"] == "2017-03-06"


def test_a_contract_whose_opening_says_nothing_of_between_has_its_parties() -> None:
    document = contract(
        "LANTERN HOSTING AGREEMENT",
        'This Lantern Hosting Agreement (the "Agreement") is entered into as of May 4, 2031 (the "Effective '
        'Date") FERN CORPORATION ("Fern"), a Maine corporation, and MOSS LANTERNS, INC. ("Moss"), an Ohio '
        "corporation. The parties agree as follows:",
        "1. Hosting. Fern hosts the lanterns of Moss.",
        "IN WITNESS WHEREOF, the parties have executed this Agreement.",
        "FERN CORPORATION",
        "By: ________",
        "MOSS LANTERNS, INC.",
        "By: ________",
    )
    assert decided(document)["parties"] == ["FERN CORPORATION", "MOSS LANTERNS, INC."]


def test_a_name_that_is_part_of_another_is_told_once() -> None:
    found = decided(supply_agreement())["parties"]
    assert len(found) == len({name.casefold() for name in found})


def test_every_role_has_weights_of_the_features_it_is_asked_for() -> None:
    rankers = load()["contract_analysis"].data["rankers"]
    assert set(rankers) == {role.name for role in ROLES}
    for form in rankers.values():
        assert 0 < form["least"] < 1
        assert all(isinstance(weight, int) for weight in form["weights"].values())


def _labelled(number: int, title: str) -> Labelled:
    document = contract(
        title,
        OPENING.replace("Widget Supply", "Widget"),
        "WHEREAS, Tile Corporation has a lease dated June 9, 2004;",
        "1. Term. " + TERM + " " + RENEWAL,
        "2. Lease. The term of the lease shall continue until June 9, 2012.",
        "Schedule of Kilns",
    )
    truth = {
        "document_name": title,
        "parties": ["Bluefin Widgets, Inc.", "Granite and Moss Company"],
        "agreement_date": "2017-03-06",
        "expiration_date": "2020-03-06",
    }
    return Labelled(f"F{number}_1.pdf", f"filer{number}", document, truth, {}, {})


def test_what_few_filers_have_is_not_learned() -> None:
    titles = ["WIDGET AGREEMENT"] * 24 + ["ZEPHYR AGREEMENT"] * (RAREST - 1)
    contracts = [_labelled(number, title) for number, title in enumerate(titles)]
    learned = learn(contracts)
    weights = learned.forms["title"]["weights"]
    assert "n widget" in weights
    assert "n zephyr" not in weights
    assert len(learned.by_fold) == FOLDS


def test_the_ranker_of_a_fold_saw_no_contract_of_it() -> None:
    groups = [f"filer{number}" for number in range(24)]
    own = [fold_of(group) for group in groups]
    titles = ["QUARTZ AGREEMENT" if fold == 0 else "WIDGET AGREEMENT" for fold in own]
    learned = learn([_labelled(number, title) for number, title in enumerate(titles)])
    assert own.count(0) >= RAREST
    assert "n quartz" in learned.forms["title"]["weights"]
    assert "n quartz" not in learned.by_fold[0]["title"]["weights"]
