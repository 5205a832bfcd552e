"""From a document to a result: profiles, fields, rules, confidence, and what the core does without."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from neuraldocflow.errors import ConfigError, Empty, FetchFailed, InvalidRequest, UnknownProfile
from neuraldocflow.extraction import Profile, ProfileError, extract, ocr
from neuraldocflow.extraction.calibration import interpolate, isotonic
from neuraldocflow.extraction.profile import identity_of
from neuraldocflow.extraction.rules import RULES
from neuraldocflow.profiles import load
from neuraldocflow.results import ProcessingResult
from tests.support.pdf import PdfBuilder, many_pages

INVOICE: dict[str, Any] = {
    "name": "invoice",
    "version": "1",
    "detect": [{"pattern": r"\binvoice\b", "weight": 5}],
    "fields": {
        "number": {"type": "string", "required": True, "where": [{"label": {"text": "Invoice number"}}]},
        "date": {"type": "date", "where": [{"label": {"text": "Date"}}]},
        "total": {"type": "money", "required": True, "where": [{"label": {"text": "Total"}}]},
        "net": {"type": "money", "where": [{"label": {"text": "Net"}}]},
        "tax": {"type": "money", "where": [{"label": {"text": "Tax"}}]},
    },
    "validations": [
        {
            "rule": "sum",
            "total": "total",
            "parts": ["net", "tax"],
            "severity": "error",
            "message": "It adds up",
        }
    ],
}
GENERIC: dict[str, Any] = {"name": "generic", "version": "1", "text": True, "fields": {}}


def profiles(**changed: Any) -> dict[str, Profile]:
    return {
        name: Profile.from_dict(form)
        for name, form in {"invoice": {**INVOICE, **changed}, "generic": GENERIC}.items()
    }


def invoice(*lines: str) -> bytes:
    texts = lines or (
        "Invoice",
        "Invoice number: A-17",
        "Date: 2024-05-02",
        "Net: $ 10.00",
        "Tax: $ 2.00",
        "Total: $ 12.00",
    )
    return "".join(f"<p>{line}</p>" for line in texts).encode()


def failed_rules(result: dict[str, Any], severity: str = "error") -> list[str]:
    return [
        each["rule"]
        for each in result["validationResults"]
        if not each["passed"] and each["severity"] == severity
    ]


def test_a_document_is_classified_and_its_fields_found_with_their_places() -> None:
    result = extract(invoice(), profiles(), filename="a.html")
    assert result["status"] == "completed"
    fields = result["extractedData"]["fields"]
    assert {name: found["value"] for name, found in fields.items()} == {
        "number": "A-17", "date": "2024-05-02", "total": 12, "net": 10, "tax": 2
    }  # fmt: skip
    assert fields["total"]["currency"] == "USD"
    assert fields["number"]["provenance"] == [{"page": None, "block": "body/p[2]", "text": "A-17"}]
    assert result["metadata"]["profile"] == "invoice"
    assert result["metadata"]["profileVersion"].startswith("invoice@1+")


def test_values_of_a_pdf_have_a_page_and_a_box_around_their_words() -> None:
    page = PdfBuilder().page().text(72, 100, "Invoice number: A-17").text(72, 200, "Total: $ 12.00")
    result = extract(page.done(), profiles(), "invoice")
    (place,) = result["extractedData"]["fields"]["total"]["provenance"]
    x0, y0, x1, y1 = place["bbox"]
    assert place["page"] == 1
    assert 72 < x0 < x1 < 160
    assert 185 < y0 < 200 < y1 < 210


def test_the_result_has_the_published_shape() -> None:
    result = {"jobId": "x", "run": 0, **extract(invoice(), profiles())}
    jsonschema.validate(result, ProcessingResult.model_json_schema(by_alias=True))


def test_a_missing_required_field_makes_it_partial_and_says_why() -> None:
    result = extract(invoice("Invoice", "Total: $ 12.00"), profiles())
    assert result["status"] == "partial"
    assert result["extractedData"]["fields"]["number"] is None
    assert failed_rules(result) == ["required"]
    reasons = [each["message"] for each in result["validationResults"] if each["fields"] == ["date"]]
    assert reasons == ["date: not found in the document"]


def test_what_is_absent_says_where_it_was_looked_for() -> None:
    result = extract(invoice("Annual report", "Form 10-K"), load(), "sec_10k")
    messages = [each["message"] for each in result["validationResults"]]
    assert "registrant name: not found on the cover page" in messages
    assert "total assets: not found in the financial statements" in messages


def test_a_value_that_is_none_of_its_type_is_absent_with_the_reason() -> None:
    result = extract(invoice("Invoice", "Invoice number: 1", "Date: soon", "Total: $ 1"), profiles())
    assert result["extractedData"]["fields"]["date"] is None
    assert "date: what was found is no valid date" in [
        each["message"] for each in result["validationResults"]
    ]


def test_a_rule_tells_what_is_absent_in_words() -> None:
    required = {"rule": "required", "fields": ["due_date", "total"], "message": "An invoice has both"}
    fields = {**INVOICE["fields"], "due_date": {"type": "date", "where": [{"label": {"text": "Due"}}]}}
    result = extract(b"<h1>Invoice</h1><p>Total: 96.00</p>", profiles(fields=fields, validations=[required]))
    messages = [each["message"] for each in result["validationResults"] if each["rule"] == "required"]
    assert "An invoice has both (not found: due date)" in messages


def test_a_rule_that_fails_makes_it_partial() -> None:
    result = extract(invoice("Invoice number: 1", "Net: 10", "Tax: 2", "Total: 13"), profiles(), "invoice")
    assert failed_rules(result) == ["sum"]
    assert result["status"] == "partial"


def test_below_the_wanted_quality_it_is_partial() -> None:
    assert extract(invoice(), profiles(), options={"qualityThreshold": 0.99})["status"] == "partial"
    assert extract(invoice(), profiles(), options={"qualityThreshold": 0.5})["status"] == "completed"


def test_a_document_of_no_known_type_is_generic_and_has_its_text() -> None:
    result = extract(b"<p>A poem about rivers.</p>", profiles())
    assert result["extractedData"]["documentType"] == "generic"
    assert result["extractedData"]["text"] == "A poem about rivers."


def test_a_document_of_which_nothing_is_left_is_not_complete() -> None:
    sample = (Path(__file__).parents[3] / "neuraldocflow" / "samples" / "sample-10-k.pdf").read_bytes()
    for source in (sample[:3000], PdfBuilder().page().done()):  # cut off in the middle of the first pages
        result = extract(source, profiles())
        assert (result["status"], result["extractedData"]["confidence"]) == ("partial", 0.0)
        (verdict,) = (each for each in result["validationResults"] if each["rule"] == "no_content")
        assert verdict["severity"] == "error"


def test_text_is_found_where_the_profile_gives_it() -> None:
    result = extract(b"<p>A poem about rivers.</p>", load(), "generic")
    assert (result["status"], result["extractedData"]["confidence"]) == ("completed", 1.0)


def test_words_that_stand_in_the_margins_of_all_pages_are_words() -> None:
    pages = many_pages(5, b"BT /F1 9 Tf 50 750 Td (Fictional words.) Tj ET")
    result = extract(pages, profiles())
    assert (result["status"], result["extractedData"]["text"]) == ("completed", "")


def test_a_scan_that_could_not_be_read_is_not_sure_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "available", lambda: False)
    result = extract(PdfBuilder().scan("Scanned words").done(), profiles())
    assert (result["status"], result["extractedData"]["confidence"]) == ("partial", 0.0)
    errors = [each["rule"] for each in result["validationResults"] if each["severity"] == "error"]
    assert errors == ["needs_ocr"]


def test_the_same_bytes_give_the_same_result() -> None:
    one, other = (extract(invoice(), profiles()) for _ in range(2))
    for result in (one, other):
        del result["metadata"]["timings"]
    assert json.dumps(one) == json.dumps(other)


def test_two_values_as_likely_as_each_other_lower_the_confidence() -> None:
    sure = extract(invoice("Invoice number: 1", "Total: 5"), profiles(), "invoice")
    torn = extract(invoice("Invoice number: 1", "Invoice number: 2", "Total: 5"), profiles(), "invoice")
    confidence = [each["extractedData"]["fields"]["number"]["confidence"] for each in (sure, torn)]
    assert confidence[0] > confidence[1]


def test_calibration_of_the_profile_says_what_a_score_is_worth() -> None:
    points = {"number": [[0.0, 0.1], [1.0, 0.3]], "*": [[0.0, 0.5], [1.0, 0.5]]}
    result = extract(invoice(), profiles(data={"calibration": points}), "invoice")
    fields = result["extractedData"]["fields"]
    assert 0.2 < fields["number"]["confidence"] < 0.3
    assert fields["date"]["confidence"] == 0.5


def test_a_field_may_be_measured_as_another() -> None:
    points = {"number": [[0.0, 0.2], [1.0, 0.2]], "*": [[0.0, 0.5], [1.0, 0.5]]}
    fields = {**INVOICE["fields"], "date": {**INVOICE["fields"]["date"], "measured_as": "number"}}
    made = profiles(fields=fields, data={"calibration": points})
    assert extract(invoice(), made, "invoice")["extractedData"]["fields"]["date"]["confidence"] == 0.2
    fields["date"]["measured_as"] = "numbr"
    with pytest.raises(ProfileError, match="no field is called 'numbr'; did you mean number"):
        profiles(fields=fields)


def test_isotonic_points_never_fall_and_are_drawn_to_the_prior() -> None:
    samples = [(0.2, False), (0.4, True), (0.6, False), (0.8, True), (0.9, True)]
    points = isotonic(samples, 0.6)
    shares = [share for _, share in points]
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)
    assert interpolate(points, 0.0) == 0.0
    assert interpolate(points, points[0][0]) == shares[0]
    assert interpolate(points, 0.5 * points[0][0]) == pytest.approx(shares[0] / 2)
    assert interpolate(points, 1.0) == shares[-1]


def test_a_score_lower_than_all_that_were_right_is_worth_less() -> None:
    points = isotonic([(0.8, True), (0.9, True), (0.97, True)], 0.9)
    assert interpolate(points, 0.8) == interpolate(points, 0.97)
    assert interpolate(points, 0.6) < interpolate(points, 0.7) < interpolate(points, 0.8)


def test_progress_is_told_and_holds_no_values() -> None:
    told: list[Any] = []
    extract(invoice(), profiles(), progress=lambda *each: told.append(each))
    stages = [each[0] for each in told]
    assert list(dict.fromkeys(stages)) == ["opening", "reading", "fields", "validating"]
    assert "A-17" not in repr(told)


def test_what_cannot_be_done_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(Empty):
        extract(b"", profiles())
    with pytest.raises(UnknownProfile, match="generic, invoice and auto"):
        extract(invoice(), profiles(), "invoise")
    with pytest.raises(FetchFailed):
        extract(tmp_path / "gone.pdf", profiles())


@pytest.mark.parametrize("name", ["a.html", "a.pdf", "a.docx"])
def test_a_file_that_vanishes_while_it_is_read_is_told_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(invoice())

    def vanish(source: Path, filename: str) -> str:
        source.unlink()
        return source.suffix[1:]

    monkeypatch.setattr(import_module("neuraldocflow.extraction.extract"), "sniff", vanish)
    with pytest.raises(FetchFailed):
        extract(path, profiles())


def problems(**changed: Any) -> dict[str, str]:
    with pytest.raises(ProfileError) as caught:
        Profile.from_dict({**INVOICE, **changed})
    return {".".join(map(str, path)): sentence for path, sentence in caught.value.problems}


def test_a_wrong_profile_is_told_by_path_with_the_nearest_right_word() -> None:
    assert "did you mean fields?" in problems(feilds={})["feilds"]
    field = {"type": "mony", "where": [{"lable": {}}, {"pattern": {"pattern": "("}}]}
    told = problems(fields={"total": field}, validations=[{"rule": "required", "fields": ["totl"]}])
    assert "did you mean money?" in told["fields.total.type"]
    assert "did you mean label?" in told["fields.total.where.0.lable"]
    assert "not a regular expression" in told["fields.total.where.1.pattern.pattern"]
    assert "did you mean total?" in told["validations.0"]
    assert "needs pattern" in problems(validations=[{"rule": "format", "fields": []}])["validations.0"]
    assert problems(name="")["name"] == "is missing"


@pytest.mark.parametrize(
    ("entry", "path", "sentence"),
    [
        ({"label": None}, "label", "needs text"),
        ({"label": {"text": 5}}, "label.text", "a text or a list of texts"),
        ({"label": {"text": "a", "patern": "x"}}, "label.patern", "did you mean pattern?"),
        ({"label": {"text": "a", "side": "left"}}, "label.side", "right, below, above"),
        ({"label": {"text": "a", "pattern": 5}}, "label.pattern", "must be a text"),
        ({"pattern": {"pattern": "x", "first": "all"}}, "pattern.first", "must be a number"),
        ({"proximity": {"pattern": "x"}}, "proximity", "needs near"),
        ({"proximity": {"near": "(", "pattern": "x"}}, "proximity.near", "not a regular expression"),
        ({"table_cell": {"row": "x", "table": "("}}, "table_cell.table", "not a regular expression"),
        ({"table_rows": {"columns": {}}}, "table_rows.columns", "mapping of keys"),
        ({"table_rows": {"columns": {"a": "("}}}, "table_rows.columns.a", "not a regular expression"),
        ({"fact": {"name": "("}}, "fact.name", "not a regular expression"),
    ],
)
def test_a_strategys_wrong_setting_is_told_before_any_document_meets_it(
    entry: dict[str, Any], path: str, sentence: str
) -> None:
    told = problems(fields={"f": {"where": [entry]}}, validations=[])
    assert sentence in told[f"fields.f.where.0.{path}"]


@pytest.mark.parametrize(
    ("changed", "path", "sentence"),
    [
        ({"validations": [{"rule": ["sum"]}]}, "validations.0", "unknown rule"),
        ({"validations": [{"rule": "required", "fields": [["a"]]}]}, "validations.0.fields", "fields' names"),
        ({"validations": [{"rule": "required", "fields": 5}]}, "validations.0.fields", "fields' names"),
        (
            {"validations": [{"rule": "range", "fields": ["total"], "min": "0"}]},
            "validations.0.min",
            "must be a number",
        ),
        ({"fields": {"f": {"type": "enum", "values": {"a": "word"}}}}, "fields.f.values.a", "list the words"),
        ({"fields": {"f": {"type": "enum", "values": {"a": 5}}}}, "fields.f.values.a", "list the words"),
        ({"fields": {"f": {"type": "enum", "values": [True, False]}}}, "fields.f.values.0", "in quotes"),
        ({"title": datetime.date(2024, 1, 1)}, "title", "in quotes"),
        ({"detect": [{"pattern": "x", "weight": float("nan")}]}, "detect.0.weight", "a finite number"),
        ({"sections": ["a"]}, "sections.0", "with an id"),
    ],
)
def test_other_things_of_the_wrong_kind_are_told_too(
    changed: dict[str, Any], path: str, sentence: str
) -> None:
    assert sentence in problems(**{"validations": [], **changed})[path]


def test_a_document_in_which_nothing_was_found_is_not_sure() -> None:
    bare: dict[str, Any] = {"fields": {"a": {"where": [{"label": {"text": "Nowhere"}}]}}, "validations": []}
    result = extract(invoice(), profiles(**bare), "invoice")
    assert result["extractedData"]["confidence"] == 0.0
    result = extract(invoice(), profiles(**bare), "invoice", options={"qualityThreshold": 0.5})
    assert result["status"] == "partial"
    assert (
        extract(invoice(), profiles(fields={}, validations=[]), "invoice")["extractedData"]["confidence"]
        == 1.0
    )


@pytest.mark.parametrize("given", ["x", "0.5", True, [], float("nan"), 2, -1])
def test_a_threshold_that_is_none_is_told(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="from 0 to 1"):
        extract(invoice(), profiles(), options={"qualityThreshold": given})


def judged(rule: dict[str, Any], **values: Any) -> bool | None:
    verdict = RULES[rule["rule"]].judge(rule, values)
    return None if verdict is None else verdict[0]


def test_rules_at_their_edges() -> None:
    adds_up = {"rule": "sum", "total": "t", "parts": ["lines", "tax"]}
    assert judged(adds_up, t=100, lines=[50, 30], tax=20)
    assert judged(adds_up, t=100, lines=[50, 30], tax=10) is False
    assert judged(adds_up, t=100, lines=[], tax=20) is None
    assert judged(adds_up, t="100", lines=["2024-01-01"], tax=20) is None
    assert judged({"rule": "order", "fields": ["a", "b", "c"]}, a="2024-02-01", c="2024-01-01") is False
    assert judged({"rule": "required", "fields": "total"}, total=0)
    there = datetime.timezone(datetime.timedelta(hours=14))
    today = datetime.datetime.now(there).date()
    assert judged({"rule": "not_future", "fields": ["d"]}, d=today.isoformat())
    later = today + datetime.timedelta(days=2)
    assert judged({"rule": "not_future", "fields": ["d"]}, d=later.isoformat()) is False


def test_profile_files_end_as_yaml_files_do_and_have_names_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "receipt.yml").write_text("name: receipt\nversion: 1\n")
    assert "receipt" in load([tmp_path])
    (tmp_path / "other.yaml").write_text("name: receipt\nversion: 2\n")
    with pytest.raises(
        ConfigError, match=r"receipt\.yml: name: other\.yaml beside it is called 'receipt' too"
    ):
        load([tmp_path])
    (tmp_path / "other.yaml").rename(tmp_path / "receipt.yaml")
    with pytest.raises(ConfigError, match=r"receipt\.yml: receipt\.yaml beside it has this name too"):
        load([tmp_path])
    (tmp_path / "receipt.yml").unlink()
    assert "receipt" in load([tmp_path, tmp_path])


BARE = """
import sys
BLOCKED = {"pydantic", "pydantic_core", "bytewax", "yaml", "orjson", "pyarrow", "fsspec", "rich", "typer"}
BLOCKED |= {"socket", "ssl", "http", "urllib3"}
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocked())
import datetime
import json
from neuraldocflow.extraction import Profile, extract
form, source = json.load(sys.stdin)
result = extract(open(source, "rb").read(), {form["name"]: Profile.from_dict(form)}, form["name"])
print(result["extractedData"]["fields"]["number"]["value"])
"""


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_the_core_runs_without_pydantic_bytewax_yaml_or_the_network(tmp_path: Path, kind: str) -> None:
    source = tmp_path / f"a.{kind}"
    source.write_bytes(
        invoice() if kind == "html" else PdfBuilder().page().text(72, 100, "Invoice number: A-17").done()
    )
    done = subprocess.run(
        [sys.executable, "-c", BARE],
        input=json.dumps([INVOICE, str(source)]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "A-17", done.stderr


def test_a_profiles_identity_is_the_same_where_its_form_came_through_javascript() -> None:
    form = {"name": "letter", "version": "1.0.0", "data": {"calibration": {"*": [[0.5, 0.25], [1.0, 1.0]]}}}
    through = {**form, "data": {"calibration": {"*": [[0.5, 0.25], [1, 1]]}}}
    assert identity_of(form) == identity_of(through)
    assert identity_of(form) != identity_of({**form, "data": {"calibration": {"*": [[0.5, 0.25]]}}})


def test_slashed_dates_are_day_first_in_a_document_where_one_can_be_read_only_so() -> None:
    def read(*dates: str) -> list[str]:
        body = "".join(f"<p>On {date}.</p>" for date in dates)
        fields = extract(body.encode(), load(), "generic", filename="a.html")["extractedData"]["fields"]
        return [each["value"] for each in fields["dates"]]

    assert read("05/03/2031", "13/02/2031") == ["2031-03-05", "2031-02-13"]
    assert read("05/03/2031", "02/13/2031") == ["2031-05-03", "2031-02-13"]
    assert read("05/03/2031", "13/02/2031", "02/14/2031") == ["2031-05-03", "2031-02-13", "2031-02-14"]


def test_dates_of_any_document_are_read_as_they_are_written() -> None:
    written = "<p>3rd March 2031 and March 9th, 2031; 17 April 2031, 1 Jul 2031, 12.08.2031.</p>"
    fields = extract(written.encode(), load(), "generic", filename="a.html")["extractedData"]["fields"]
    assert [each["value"] for each in fields["dates"]] == [
        "2031-03-03",
        "2031-03-09",
        "2031-04-17",
        "2031-07-01",
        "2031-08-12",
    ]


def test_dates_of_german_and_french_documents_are_read() -> None:
    written = (
        "<p>Wien, 3. April 2031</p><p>Fällig: 17. Mai 2031, spätestens am 30. September 2031.</p>"
        "<p>Fait le 1er juin 2031, payable le 14 août 2031 ou au 31 déc. 2031.</p>"
        "<p>Sent 2031-03-05T10:00:00Z or 6-Mar-2031, see note 3. August 2031 and 4. June 2031 were dry.</p>"
    )
    fields = extract(written.encode(), load(), "generic", filename="a.html")["extractedData"]["fields"]
    assert [each["value"] for each in fields["dates"]] == [
        "2031-04-03",
        "2031-05-17",
        "2031-09-30",
        "2031-06-01",
        "2031-08-14",
        "2031-12-31",
        "2031-03-05",
        "2031-03-06",
    ]
