"""Profiles of users' own: what is wrong is told when they are loaded, and rules judge what stands there."""

from __future__ import annotations

from typing import Any

import pytest

from neuraldocflow.extraction import Profile, ProfileError

A: dict[str, Any] = {"a": {"type": "decimal"}, "b": {"type": "decimal"}}


def problems(**form: Any) -> dict[str, str]:
    with pytest.raises(ProfileError) as caught:
        Profile.from_dict({"name": "own", "version": 1, "fields": A, **form})
    return {".".join(map(str, path)): sentence for path, sentence in caught.value.problems}


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
    ],
)
def test_a_rule_that_would_not_do_what_it_says_is_refused(
    rule: dict[str, Any], path: str, sentence: str
) -> None:
    assert sentence in problems(validations=[rule])[f"validations.0.{path}".rstrip(".")]


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
    ],
)
def test_a_setting_that_no_document_would_heed_is_refused(
    form: dict[str, Any], path: str, sentence: str
) -> None:
    assert sentence in problems(**form)[path]


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
