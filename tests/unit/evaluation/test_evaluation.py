"""Scoring: when a value is right, what counts, and what confidences are worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from neuraldocflow import evaluate
from neuraldocflow.evaluation.measures import (
    Counts,
    Judged,
    Tally,
    calibration_error,
    reliability,
    risk_coverage,
)
from neuraldocflow.evaluation.run import load_truth
from neuraldocflow.evaluation.scoring import begins_alike, match_items, same, token_f1
from neuraldocflow.profiles import check


@pytest.mark.parametrize(
    ("truth", "value", "right"),
    [
        ("Larkspur, Inc.", "LARKSPUR INCORPORATED", True),
        ("Brindle & Co", "Brindle and Company", True),
        ("Delaware", "DE", True),
        ("Delaware", "Oregon", False),
        (1000.0, 1000.9, True),
        (1000.0, 1002, False),
        (1000.0, "1,000", True),
        (False, False, True),
        (False, "no", True),
        (True, False, False),
        ("2024-01-01", "2024-01-02", False),
        ("5415550100", "5415550100", True),
        ("1.25", "12.5", False),
        ("-5", "5", False),
        ("96.00", 96, True),
        ("$96.00", 96.5, False),
        ("A+", "A-", False),
        ("<5 mg", "5 mg", False),
        ("-5 %", "5 %", False),
        ("1.25 mg", "12.5 mg", False),
        ("1.5 mg", "15 mg", False),
        ("541.555.0100", "5415550100", True),
        ("(212) 555-1234", "(212)-555-1234", True),
        ("+1 555 1234", "1 555 1234", True),
        ("2019 – 2020", "2019-2020", True),
        ("Main Street – 12", "Main Street 12", True),
        ("$1,234.50", "$1234.50", True),
        ("twelve-month", "twelve month", True),
    ],
)
def test_scalars(truth: Any, value: Any, right: bool) -> None:
    assert same(truth, value) is right


def test_each_item_of_a_list_is_matched_once() -> None:
    assert match_items(["Eggs", "Milk"], ["eggs", "Eggs", "Soy"]) == ([True, False, False], ["Milk"])
    weight = {"name": "Body weight", "value": "71", "unit": "kg"}
    told = [{"name": "weight body", "value": 71}, {"name": "Weight", "value": 70}]
    assert match_items([weight], told)[0] == [True, False]


def test_dates_of_a_list_are_right_with_day_and_month_where_they_belong() -> None:
    assert match_items(["2024-05-02"], ["2024-02-05"])[0] == [False]
    assert match_items(["2024-05-02", "2024-02-05"], ["2024-02-05", "2024-05-02"])[0] == [True, True]


def test_an_object_is_right_where_all_is_that_the_truth_says_of_it() -> None:
    truth = [{"description": "Pump, large", "amount": "12.50"}]
    assert match_items(truth, [{"description": "pump large", "quantity": "2", "amount": "12.50"}])[0] == [
        True
    ]
    assert match_items(truth, [{"description": "Pump, large", "amount": "1.250"}])[0] == [False]
    assert match_items(truth, [{"description": "Pump, large"}])[0] == [False]
    assert match_items(truth, ["Pump, large"])[0] == [False]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "a.truth.json:1: not valid JSON"),
        ("5", "expected a list"),
        ("[5]", "entry 1: expected an object"),
        ('[{"fields": {}}]', "entry 1: file"),
        ('[{"file": "a", "fields": {}}]', "entry 1: profile"),
        ('[{"file": "a", "profile": "p", "fields": []}]', "entry 1: fields"),
        ('[{"file": "a", "profile": "p", "fields": {}, "tables": 5}]', "entry 1: tables"),
        ('[{"file": "a", "profile": "p", "fields": {}, "tables": [["a"]]}]', "entry 1: tables"),
        ('[{"file": "a", "profile": "p", "fields": {}, "sections": [{"id": "a"}]}]', "entry 1: sections"),
        (
            '[{"file": "a", "profile": "p", "fields": {}, "sections": [{"id": "a", "starts_with": 5}]}]',
            "entry 1: sections",
        ),
        ('[{"file": "a", "profile": "p", "fields": {}, "clauses": {"a": "x"}}]', "entry 1: clauses"),
    ],
)
def test_a_truth_file_that_is_none_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.truth.json").write_text(text)
    with pytest.raises(ValueError, match=told):
        load_truth(tmp_path / "a.truth.json")


def test_the_profile_that_is_given_is_used_and_named_whatever_the_truth_names(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '[{"file": "a", "fields": {}}, {"file": "b", "profile": "q", "fields": {}}]'
    )
    assert [each["profile"] for each in load_truth(tmp_path / "a.json", "p")] == ["p", "p"]


def test_token_f1() -> None:
    assert token_f1("a b c d", "a b c d") == 1.0
    assert token_f1("a b", "a c") == 0.5
    assert token_f1("a", "b") == 0.0


def test_a_section_is_right_where_it_begins_as_the_truth_does() -> None:
    opening = (
        "Item 1A. Risk Factors Please consider the following carefully, since much may go wrong in our field"
    )
    assert begins_alike(
        "Item 1A.\nRISK FACTORS\nPlease consider the following carefully, since much may go", opening
    )
    assert begins_alike("ITEM 1A " * 3 + opening, opening)
    assert not begins_alike(
        "Item 1A. Risk Factors 12 Item 1B. Unresolved Staff Comments 14 Item 2. Properties 15", opening
    )


def test_what_is_given_where_there_is_nothing_is_wrong_and_what_is_not_given_is_missed() -> None:
    tally = Tally()
    truth = {"file": "a.pdf", "profile": "p", "fields": {"a": "x", "b": None, "c": "y"}}
    given = {name: {"value": "x", "confidence": 0.9} for name in ("a", "b")} | {"c": None}
    tally.add(truth, {"extractedData": {"fields": given}})
    total = tally.total("p")
    assert (total.right, total.wrong, total.missed) == (1, 1, 1)
    assert total.precision == total.recall == total.f1 == 0.5
    tally.add(truth, None)
    assert tally.total("p").missed == 3


def test_clauses_count_by_presence_and_their_text_by_words() -> None:
    tally = Tally()
    truth = {
        "file": "a.pdf",
        "profile": "p",
        "fields": {},
        "clauses": {"x": ["one two"], "y": [], "z": ["three"]},
    }
    found = {name: [{"text": "one two", "confidence": 0.8}] for name in ("x", "y")}
    tally.add(truth, {"extractedData": {"clauses": found}})
    total = tally.total("p", "clause ")
    assert (total.right, total.wrong, total.missed) == (1, 1, 1)
    assert tally.spans["x"] == [1.0]


def test_reliability_calibration_error_and_risk() -> None:
    judged = [Judged("p", "f", 0.95, True, "g")] * 3 + [Judged("p", "f", 0.95, False, "g")]
    assert reliability(judged) == [(pytest.approx(0.95), 0.75, 4)]
    assert calibration_error(judged) == pytest.approx(0.2)
    assert risk_coverage(judged, [0.9, 0.99]) == [(0.9, 1.0, 0.25), (0.99, 0.0, 0.0)]
    assert Counts().f1 == 1.0


@pytest.mark.parametrize("name", ["a.html", "a.htm"])
def test_the_command_scores_any_truth_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_text("<h1>Report</h1><p>Made on March 1, 2024</p>")
    entry = {"file": name, "profile": "generic", "fields": {"title": "Report", "dates": ["2024-03-01"]}}
    (tmp_path / "t.json").write_text(json.dumps([entry]))
    assert evaluate.main([str(tmp_path / "t.json"), str(tmp_path), "--json"]) == 0
    *report, told = capsys.readouterr().out.strip().split("\n")
    assert json.loads(told)["measures"]["generic fields"]["value"] == 1.0
    kind, *_, support, _ = next(line for line in report if line.startswith("│ title")).split("│")[2:-1]
    assert (kind.strip(), support.strip()) == ("1.000", "1")
    (tmp_path / "t.json").write_text(json.dumps([{**entry, "file": "gone.html"}]))
    assert evaluate.main([str(tmp_path / "t.json"), str(tmp_path)]) == 2
    assert "gone.html is not there" in capsys.readouterr().err


OWN = """name: own
version: 1
fields:
  total: {type: money, where: [{label: {text: Total}}]}
  dates: {type: list, items: {type: date}, where: [{pattern: {pattern: '\\d{4}-\\d\\d-\\d\\d'}}]}
"""


def scored(folder: Path, truth: Any, *arguments: str) -> int:
    (folder / "own.yaml").write_text(OWN)
    (folder / "a.html").write_text("<p>Total: $5.00</p><p>2024-05-02 and 2024-05-03</p>")
    (folder / "t.json").write_text("\ufeff" + json.dumps(truth), encoding="utf-8")
    given = [str(folder / "t.json"), "--profiles", str(folder), "--profile", "own"]
    return evaluate.main([*given, *arguments])


def test_what_is_wrong_and_what_is_missed_is_told_value_by_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = [{"file": "a.html", "fields": {"total": 6, "dates": ["2024-05-02", "2024-03-05"]}}]
    assert scored(tmp_path, truth, "--differences") == 0
    assert capsys.readouterr().out.strip().split("\n")[-2:] == [
        "a.html: total: 6 is wanted, 5 was given",
        'a.html: dates: "2024-03-05" is wanted, "2024-05-03" was given',
    ]


def test_a_field_that_the_profile_has_not_is_told_and_so_is_a_document_named_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"file": "a.html", "fields": {"totl": 5}}
    assert scored(tmp_path, [entry, entry]) == 0
    told = capsys.readouterr().err
    assert "no field 'totl', which 2 of the truths have; did you mean total?" in told
    assert "a.html is named 2 times" in told


def test_a_truth_without_documents_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scored(tmp_path, []) == 2
    assert "no document to score" in capsys.readouterr().err


def test_a_field_that_is_rightly_absent_has_no_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.htm").write_text("<p>Nothing.</p>")
    assert scored(tmp_path, [{"file": "a.htm", "fields": {"total": None}}]) == 0
    row = next(line for line in capsys.readouterr().out.split("\n") if line.startswith("│ total"))
    assert [cell.strip() for cell in row.split("│")[2:-1]] == ["–", "–", "–", "–", "0", "–"]


def test_a_calibration_is_written_beside_its_own_profile_however_few_documents_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scored(tmp_path, [{"file": "a.html", "fields": {"total": 5}}], "--fit-calibration") == 0
    assert "data: {calibration: own.calibration.json}" in capsys.readouterr().out
    (tmp_path / "own.yaml").write_text(OWN + "data: {calibration: own.calibration.json}\n")
    assert check(tmp_path / "own.yaml").data["calibration"]["*"]
    (tmp_path / "b.html").write_text("<p>Nothing.</p>")
    assert scored(tmp_path, [{"file": "b.html", "fields": {"total": 5}}], "--fit-calibration") == 0
    assert json.loads((tmp_path / "own.calibration.json").read_text()) == {}
