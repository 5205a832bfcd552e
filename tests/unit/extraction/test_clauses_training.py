from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from neuraldocflow.training.clauses import fold_of, model_form, prepare, presence_left_out, presence_of
from neuraldocflow.training.clauses import left_out_values as left_out
from neuraldocflow.training.contracts import store
from neuraldocflow.training.corpus import Labelled, document_of, group_of, labelled
from neuraldocflow.training.report import judge, table, write_into

SALE = "Neither party may assign this Agreement without consent."
OTHER = "The lamps are lit when it is dark outside."


def _write(path: Path, *contracts: dict[str, Any]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as out:
        for each in contracts:
            out.write(json.dumps({"kind": "Supply", "fields": {}, **each}) + "\n")
    return path


def _several(path: Path, count: int = 24) -> list[Labelled]:
    forms = []
    for number in range(count):
        there = number % 2 == 0
        general = SALE if there else "Notices are letters."
        text = f"1. Lamps. {OTHER} They glow {number} hours.\n\n2. General. {general}\n"
        clauses = {"anti_assignment": [SALE]} if there else {}
        name = f"Lamp{chr(97 + number)}Inc_2001_EX_{number}.pdf"
        forms.append({"file": name, "text": text, "clauses": clauses})
    return list(labelled(_write(path / "train.jsonl.gz", *forms)))


def test_lines_become_paragraphs_without_running_footers() -> None:
    pages = [
        f"The {who} shall pay for all\nthe lamps of the {who}.\n\n{what} are letters.\nLamp Sale\n"
        "Source: LAMPS INC., 8-K, 3/10/2006\n"
        for who, what in (("buyer", "Notices"), ("seller", "Claims"), ("agent", "Bills"))
    ]
    document = document_of("\f".join(pages))
    assert [block.text for block in document.blocks][:2] == [
        "The buyer shall pay for all the lamps of the buyer.",
        "Notices are letters.",
    ]
    assert "Lamp Sale" not in document.text
    assert "Source" not in document.text
    assert [block.page for block in document.blocks] == [1, 1, 2, 2, 3, 3]


def test_labelled_text_is_found_with_other_quotes_and_breaks(tmp_path: Path) -> None:
    text = "It is the buyer’s duty to\npay for “all” lamps.\n"
    (one,) = labelled(
        _write(
            tmp_path / "x.gz",
            {
                "file": "A_1.pdf",
                "text": text,
                "clauses": {"k": ['the buyer\'s duty to pay for "all" lamps.']},
            },
        )
    )
    ((start, end),) = one.spans["k"]
    assert one.document.text[start:end] == "the buyer’s duty to pay for “all” lamps."


def test_contracts_of_one_filer_share_a_fold() -> None:
    assert group_of("LampCorp_20010101_EX_1.pdf") == group_of("LAMPCORP_02_02_2002_EX_2.PDF")
    assert fold_of("lamp") == fold_of("lamp")


def test_training_twice_gives_the_same_bytes_and_a_model_that_works(tmp_path: Path) -> None:
    contracts = _several(tmp_path)
    stored = []
    for number in range(2):
        data = prepare(contracts)
        values = left_out(data)
        seen = presence_of(data, values)
        path = tmp_path / f"{number}.json.gz"
        store(model_form(data, values, seen, 0.4), path)
        stored.append(path.read_bytes())
        likely = presence_left_out(data, seen)
        assert ((likely[:, 0] > 0.5) == (data.present[:, 0] == 1)).all()
    assert stored[0] == stored[1]


def test_the_model_card_gets_the_figures_between_its_marks(tmp_path: Path) -> None:
    contracts = _several(tmp_path)
    data = prepare(contracts)
    values = left_out(data)
    figures = table(judge(contracts, data, values, presence_left_out(data, presence_of(data, values))))
    card = tmp_path / "card.md"
    card.write_text("before\n<!-- figures -->\nformer figures\n<!-- end of figures -->\nafter\n")
    write_into(card, "figures", figures)
    text = card.read_text()
    assert "24 contracts of 24 filers, 72 sentences, 5 folds." in text
    (row,) = [line for line in text.split("\n") if line.startswith("| anti_assignment |")]
    assert row.endswith("| 1.000 | 12 | 1.000 |")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "former" not in text
