"""Profiles of users' own: what is wrong is told when they are loaded, and rules judge what stands there."""

from __future__ import annotations

from typing import Any

import pytest

from neuraldocflow.extraction import Profile, ProfileError, extract

A: dict[str, Any] = {"a": {"type": "decimal"}, "b": {"type": "decimal"}}


def problems(**form: Any) -> dict[str, str]:
    with pytest.raises(ProfileError) as caught:
        Profile.from_dict({"name": "own", "version": 1, "fields": A, **form})
    return {".".join(map(str, path)): sentence for path, sentence in caught.value.problems}


def field(name: str, **more: Any) -> dict[str, Any]:
    return {name: {"type": "money", "where": [{"label": {"text": name}}], **more}}


def read(html: str, fields: dict[str, Any], *rules: dict[str, Any]) -> dict[str, Any]:
    profile = Profile.from_dict({"name": "own", "version": 1, "fields": fields, "validations": list(rules)})
    return extract(html.encode(), {"own": profile}, "own")


def verdicts(result: dict[str, Any]) -> list[tuple[str, bool, str]]:
    return [(each["rule"], each["passed"], each["message"]) for each in result["validationResults"]]


@pytest.mark.parametrize(
    ("rule", "path", "sentence"),
    [
        (
            {"rule": "order", "fields": ["a", "b"], "serverity": "warning"},
            "serverity",
            "did you mean severity?",
        ),
        ({"rule": "sum", "total": "a", "parts": ["b"], "fields": ["b"]}, "fields", "unknown key"),
        ({"rule": "range", "fields": ["a"], "minimum": 1}, "minimum", "did you mean min?"),
        ({"rule": "range", "fields": ["a"]}, "", "needs min, max or both"),
        ({"rule": "range", "fields": ["a"], "min": 2, "max": 1}, "min", "above max"),
        ({"rule": "required", "fields": []}, "fields", "fields' names"),
        ({"rule": "sum", "total": "a", "parts": []}, "parts", "fields' names"),
        ({"rule": "one_of", "fields": ["a"], "message": 5}, "message", "must be a text"),
        ({"range": {"fields": ["a"], "min": 1}}, "", "a rule is a mapping such as {rule: required"),
        ({"rule": "range", "fields": ["name"], "min": 1}, "", "is for numbers; name is of type string"),
        ({"rule": "sum", "total": "a", "parts": ["rows"]}, "", "rows is of type object"),
        ({"rule": "not_future", "fields": ["a"]}, "", "is for dates; a is of type decimal"),
        ({"rule": "order", "fields": ["a", "day"]}, "", "compares dates with dates, numbers with numbers"),
    ],
)
def test_a_rule_that_would_not_do_what_it_says_is_refused(
    rule: dict[str, Any], path: str, sentence: str
) -> None:
    fields = {**A, "name": {}, "day": {"type": "date"}, "rows": {"type": "list", "items": {"type": "object"}}}
    assert sentence in problems(fields=fields, validations=[rule])[f"validations.0.{path}".rstrip(".")]


@pytest.mark.parametrize(
    ("form", "path", "sentence"),
    [
        ({"detect": [{"pattern": "a", "weigth": 3}]}, "detect.0.weigth", "did you mean weight?"),
        ({"detect": [{"pattern": "a", "formats": ["xls"]}]}, "detect.0.formats.0", "unknown format 'xls'"),
        ({"detect": [{"pattern": ""}]}, "detect.0", "a pattern and a weight"),
        ({"detect_within": True}, "detect_within", "a number"),
        ({"sections": [{"id": "a", "titel": "A"}]}, "sections.0.titel", "did you mean title?"),
        ({"clauses": {"kinds": {"a": {}}}}, "clauses", "need model"),
        ({"clauses": {"model": "m", "kinds": {"a": {}}}}, "clauses.model", "have no 'm'"),
        ({"fields": {"a": {"weight": -1}}}, "fields.a.weight", "0 or more"),
        (
            {"fields": {"a": {"type": "identifier", "format": "ibann"}}},
            "fields.a.format",
            "did you mean iban?",
        ),
        ({"fields": {"": {}}}, "fields.", "has a name"),
        ({"fields": {"a": {"type": "number"}}}, "fields.a.type", "did you mean decimal?"),
        (
            {"fields": {"a": {"values": ["x"]}}},
            "fields.a.values",
            "for the type enum; this is of type string",
        ),
        ({"fields": {"a": {"items": {"type": "date"}}}}, "fields.a.items", "for the type list"),
        ({"fields": {"a": {"type": "date", "format": "ein"}}}, "fields.a.format", "string or identifier"),
        (
            {"fields": {"a": {"type": "list", "items": {"required": True}}}},
            "fields.a.items.required",
            "of the field itself",
        ),
        ({"name": "auto"}, "name", "is taken"),
        ({"data": {"calibration": {"*": []}}}, "data.calibration", "a list of [score, probability]"),
        ({"data": {"calibration": {"*": [[0.9, 1], [0.5, 0.2]]}}}, "data.calibration", "that rise"),
        ({"data": {"calibration": {"*": [["a", 1]]}}}, "data.calibration", "by field"),
        ({"data": {"calibration": []}}, "data.calibration", "by field"),
    ],
)
def test_a_setting_that_no_document_would_heed_is_refused(
    form: dict[str, Any], path: str, sentence: str
) -> None:
    assert sentence in problems(**form)[path]


@pytest.mark.parametrize(
    ("field", "strategy", "sentence"),
    [
        ({"type": "money"}, {"key_values": {}}, "gives objects"),
        (
            {"type": "list", "items": {"type": "money"}},
            {"table_rows": {"columns": {"a": "a"}}},
            "items: {type: object}, not of money",
        ),
        ({"type": "list", "items": {"type": "object"}}, {"label": {"text": "a"}}, "gives no objects"),
    ],
)
def test_a_strategy_that_gives_what_its_field_is_not_is_refused(
    field: dict[str, Any], strategy: dict[str, Any], sentence: str
) -> None:
    told = problems(fields={"a": {**field, "where": [strategy]}})
    assert sentence in told[f"fields.a.where.0.{next(iter(strategy))}"]


@pytest.mark.parametrize(
    ("settings", "path", "sentence"),
    [
        ({"pattern": {"pattern": "x", "score": 5}}, "pattern.score", "from 0 to 1"),
        (
            {"table_rows": {"columns": {"a": "a"}, "least": 2}},
            "table_rows.least",
            "the columns there are (1)",
        ),
    ],
)
def test_a_setting_out_of_its_range_is_refused(settings: dict[str, Any], path: str, sentence: str) -> None:
    assert sentence in problems(fields={"a": {"where": [settings]}})[f"fields.a.where.0.{path}"]


def test_a_backspace_in_a_pattern_is_told_as_the_escape_it_was_meant_to_be() -> None:
    told = problems(detect=[{"pattern": "\binvoice\b"}], fields={})
    assert "in single quotes" in told["detect.0.pattern"]


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [("a{99999999999}", "too large"), ("(" * 3000 + "a" + ")" * 3000, "too deep in one another")],
)
def test_a_pattern_that_no_machine_can_compile_is_refused(pattern: str, sentence: str) -> None:
    told = problems(fields={"a": {"where": [{"pattern": {"pattern": pattern}}]}})
    assert sentence in told["fields.a.where.0.pattern.pattern"]


def test_a_key_without_a_value_is_as_if_it_were_not_there() -> None:
    form: dict[str, Any] = dict.fromkeys(("detect", "detect_within", "fields", "clauses", "text", "data"))
    assert Profile.from_dict({"name": "own", "version": 1, **form}).detect_within == 0


LINES = {"lines": {"type": "list", "items": {"type": "money"}}}
OF_A_PATTERN = [{"pattern": {"pattern": r"Line \w+: ([\d.]+)"}}]
TOTAL = field("Total")


def test_equal_amounts_of_a_pattern_are_as_many_as_stand_there() -> None:
    fields = {"lines": {**LINES["lines"], "where": OF_A_PATTERN}, **TOTAL}
    html = "<p>Line one: 10.00</p><p>Line two: 10.00</p><p>Total: 20.00</p>"
    result = read(html, fields, {"rule": "sum", "total": "Total", "parts": ["lines"]})
    assert [each["value"] for each in result["extractedData"]["fields"]["lines"]] == [10, 10]
    assert result["status"] == "completed"


def test_equal_amounts_in_the_cells_of_a_column_are_as_many_as_stand_there() -> None:
    where = [{"table_cell": {"row": ".", "column": "amount"}}]
    rows = "".join(f"<tr><td>{name}</td><td>10.00</td></tr>" for name in ("Bolt", "Nut"))
    html = f"<table><tr><th>Item</th><th>Amount</th></tr>{rows}</table><p>Total: 20.00</p>"
    result = read(
        html,
        {"lines": {**LINES["lines"], "where": where}, **TOTAL},
        {"rule": "sum", "total": "Total", "parts": ["lines"]},
    )
    assert verdicts(result) == [("sum", True, "sum")]


def test_equal_words_of_a_pattern_are_one_value() -> None:
    where = [{"pattern": {"pattern": r"between (\w+)"}}]
    fields = {"party": {"type": "list", "items": {"type": "string"}, "where": where}}
    result = read("<p>between Acme</p><p>between ACME</p><p>between Lark</p>", fields)
    assert [each["value"] for each in result["extractedData"]["fields"]["party"]] == ["Acme", "Lark"]


def test_equal_rows_of_a_table_are_rows_of_their_own() -> None:
    where = [{"table_rows": {"columns": {"item": "^item", "amount": "^amount"}}}]
    rows = "<tr><td>Visit</td><td>5.00</td></tr>" * 2 + "<tr><td>Report</td><td>5.00</td></tr>"
    html = f"<table><tr><th>Item</th><th>Amount</th></tr>{rows}</table>"
    result = read(html, {"items": {"type": "list", "items": {"type": "object"}, "where": where}})
    found = [each["value"]["item"] for each in result["extractedData"]["fields"]["items"]]
    assert found == ["Visit", "Visit", "Report"]


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "sum", "total": "Total", "parts": ["Net", "Tax"]},
        {"rule": "order", "fields": ["Net", "Total"]},
    ],
)
@pytest.mark.parametrize(("currency", "passed"), [("USD", False), ("EUR", True), ("", True)])
def test_amounts_in_several_currencies_do_not_add_up(
    rule: dict[str, Any], currency: str, passed: bool
) -> None:
    html = f"<p>Net: EUR 100.00</p><p>Tax: EUR 20.00</p><p>Total: {currency} 120.00</p>"
    message = rule["rule"] if passed else f"{rule['rule']} (in EUR and USD)"
    result = read(html, {**field("Net"), **field("Tax"), **TOTAL}, rule)
    assert (rule["rule"], passed, message) in verdicts(result)


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ({"max": 50}, "at most 50"),
        ({"min": 2_000_000}, "at least 2,000,000"),
        ({"min": 0.5, "max": 50}, "at least 0.5 and at most 50"),
    ],
)
def test_a_range_says_what_was_expected(bounds: dict[str, float], told: str) -> None:
    result = read(
        "<p>Total: 55.00</p>" if "max" in bounds else "<p>Total: 1</p>",
        TOTAL,
        {"rule": "range", "fields": "Total", **bounds},
    )
    assert verdicts(result) == [("range", False, f"range (expected {told})")]
