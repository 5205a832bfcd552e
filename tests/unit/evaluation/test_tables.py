"""Cells of tables: which count, what is right, and where the truth comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from neuraldocflow import evaluate
from neuraldocflow.evaluation.measures import CELLS, Counts, Tally
from neuraldocflow.evaluation.tables import compare, marked_up, truth_of

HARVEST = [["Orchard", "2031", "2030"], ["Plums", "12", "9"], ["Pears", "7", "8"]]


def test_a_table_found_whole_is_right_in_every_cell() -> None:
    assert compare([HARVEST], [HARVEST]) == Counts(9, 0, 0)


def test_signs_in_columns_of_their_own_and_empty_cells_do_not_count() -> None:
    filed = [
        ["Orchard", "", "2031", "", "2030"],
        ["Plums", "$", "12", "$", "9"],
        ["Pears", "•", "7", "—", "8"],
    ]
    assert compare([HARVEST], [filed]) == Counts(9, 0, 0)


def test_a_wrong_cell_costs_itself_and_the_one_after_it() -> None:
    wrong = [HARVEST[0], ["Plums", "13", "9"], HARVEST[2]]
    assert compare([HARVEST], [wrong]) == Counts(7, 2, 2)


def test_a_table_over_two_pages_loses_nothing() -> None:
    assert compare([HARVEST * 2], [HARVEST, HARVEST]) == Counts(18, 0, 0)


def test_a_table_missed_and_one_made_up_are_told_apart() -> None:
    assert compare([HARVEST], []) == Counts(0, 0, 9)
    assert compare([], [HARVEST]) == Counts(0, 9, 0)


def test_what_only_places_text_counts_on_neither_side() -> None:
    placed = [["•", "Bring a basket"], ["•", "Mind the wasps"]]
    assert compare([placed], [placed]) == Counts(0, 0, 0)


def test_markup_is_read_with_nested_tables_hidden_text_and_unclosed_cells(tmp_path: Path) -> None:
    page = tmp_path / "orchard.html"
    page.write_text(
        "<table><tr><td>frame<table><tr><td>Plums<td>12<tr><td>Pe<b>ars</b></td><td/><td>7</td></table>"
        "</td></tr></table><table><tr><td>seen</td><td style='display:none'>un<p>seen</p></td></tr></table>",
        encoding="utf-8",
    )
    assert marked_up(page) == [[["Plums", "12"], ["Pears", "", "7"]], [["seen"]]]


def test_told_tables_come_before_those_of_the_html_beside_a_file(tmp_path: Path) -> None:
    (tmp_path / "orchard.html").write_text("<table><tr><td>Plums</td></tr></table>", encoding="latin-1")
    assert truth_of(tmp_path / "orchard.pdf", None) == [[["Plums"]]]
    assert truth_of(tmp_path / "orchard.pdf", [HARVEST]) == [HARVEST]
    assert truth_of(tmp_path / "alone.pdf", None) is None


def test_cells_are_no_field() -> None:
    tally = Tally()
    tally.add_cells({"file": "orchard.pdf", "profile": "generic"}, Counts(3, 1, 1))
    assert tally.total("generic") == Counts()
    assert tally.total("generic", CELLS, "pdf") == Counts(3, 1, 1)


def test_the_command_tells_cells_by_profile_and_file_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in HARVEST)
    (tmp_path / "orchard.html").write_text(
        f"<html><body><p>The harvest.</p><table border=1>{rows}</table></body></html>", encoding="utf-8"
    )
    truth = tmp_path / "truth.json"
    truth.write_text(
        json.dumps([{"file": "orchard.html", "profile": "generic", "fields": {}}]), encoding="utf-8"
    )
    assert evaluate.main([str(truth), "--json"]) == 0
    measures = json.loads(capsys.readouterr().out.splitlines()[-1])["measures"]
    assert measures["generic table cells html"]["value"] == 1.0
    assert measures["generic table cells"]["support"] == 9
    assert measures["generic table cells"]["reference"] == 0.0
