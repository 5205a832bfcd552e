"""The verdicts over one document: the profile's rules, what is absent and why, what the reader saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .fields import Found
from .model import Document
from .profile import Profile
from .rules import RULES

_SEVERITY_OF_WARNING = {
    "needs_ocr": "error",
    "unreadable_page": "error",
    "ocr": "info",
    "repaired": "info",
    "other_documents": "info",
}
"""What a reader's warning means for the result; others are warnings."""


def validate(document: Document, profile: Profile, found: Sequence[Found]) -> Iterator[dict[str, Any]]:
    """All verdicts as contract 4 has them: rule, severity, passed, message, fields."""
    severities = [_SEVERITY_OF_WARNING.get(code, "warning") for code, _ in document.warnings]
    for (code, sentence), severity in zip(document.warnings, severities, strict=True):
        yield _verdict(code, severity, False, sentence, [])
    if is_empty(document, found) and "error" not in severities:
        yield _verdict("no_content", "error", False, "No text was found in the document.", [])
    values = {each.field.name: each.value for each in found}
    required = [each.field.name for each in found if each.field.required]
    told = {
        name
        for form in profile.validations
        if form["rule"] == "required"
        for name in RULES["required"].fields_of(form)
    }
    for each in found:
        name = each.field.name
        if not each.values and (name not in required or name in told):
            yield _verdict("present", "info", False, f"{each.field.title}: {each.reason}", [name])
        elif not each.values:
            yield _verdict("required", "error", False, f"{each.field.title}: {each.reason}", [name])
    for form in profile.validations:
        rule = RULES[form["rule"]]
        verdict = rule.judge(form, values)
        if (
            verdict is not None
            and rule.compares
            and len(units := _currencies(rule.fields_of(form), found)) > 1
        ):
            verdict = False, f"in {' and '.join(units)}"
        if verdict is not None:
            passed, seen = verdict
            message = form.get("message") or form["rule"]
            message = message if passed or not seen else f"{message} ({seen})"
            yield _verdict(form["rule"], form.get("severity", "error"), passed, message, rule.fields_of(form))


def _currencies(names: Sequence[str], found: Sequence[Found]) -> list[str]:
    """Those that amounts of these fields are in, as far as they are known."""
    amounts = [value for each in found if each.field.name in names for value in each.values]
    return sorted({value.told["currency"] for value in amounts if "currency" in value.told})


def is_empty(document: Document, found: Sequence[Found]) -> bool:
    """Whether nothing at all was read: no text, in margins neither, and no value, which a form's field may
    have without any."""
    margins = any(block.text.strip() for block in document.furniture)
    return not document.text.strip() and not margins and not any(each.values for each in found)


def _verdict(rule: str, severity: str, passed: bool, message: str, fields: list[str]) -> dict[str, Any]:
    return {"rule": rule, "severity": severity, "passed": passed, "message": message, "fields": fields}


def quality(found: Sequence[Found], verdicts: Sequence[dict[str, Any]], text: bool) -> float:
    """The document's confidence, 0..1: the mean of its fields', required ones twice as heavy and 0 where
    absent, less a tenth for each failed error and a thirtieth for each failed warning; 0 where there are
    fields and none was found, unless its ``text`` is what its profile gives too."""
    weights = total = 0.0
    for each in found:
        if not each.values and not each.field.required:
            continue
        weight = each.field.weight * (2.0 if each.field.required else 1.0)
        weights += weight
        if each.values:
            total += weight * sum(value.confidence for value in each.values) / len(each.values)
    failed = [each["severity"] for each in verdicts if not each["passed"] and each["rule"] != "required"]
    nothing = bool(found) and not text and not any(each.values for each in found)
    fine = total / weights if weights else 0.0 if nothing else 1.0
    return max(fine - 0.1 * failed.count("error") - failed.count("warning") / 30, 0.0)
