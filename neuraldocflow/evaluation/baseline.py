"""What a simple program finds: the reference beside which the figures of extraction stand.

A field is the text after its name in a line, a clause a sentence with the words of its name, an Item the
first line that begins with its number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from neuraldocflow.extraction.model import Document
from neuraldocflow.extraction.normalise import normalise
from neuraldocflow.extraction.profile import Profile

_SENTENCE = re.compile(r"[^.\n]+\.?")


def extract_simply(document: Document, profile: Profile, truth: Mapping[str, Any]) -> dict[str, Any]:
    """A result with just what scoring reads."""
    text = document.text
    fields: dict[str, Any] = {}
    for field in profile.fields:
        match = re.search(rf"\b{re.escape(field.title)}\b[\s:.#-]*([^\n\t]{{1,100}})", text, re.IGNORECASE)
        normal = normalise(match[1], field, {}) if match is not None else None
        if normal is not None:
            value = {"value": normal[0], "confidence": 0.5}
            fields[field.name] = [value] if field.type == "list" else value
    clauses: dict[str, Any] = {}
    for kind in truth.get("clauses") or {}:
        words = [word for word in kind.split("_") if len(word) > 3]
        for match in _SENTENCE.finditer(text):
            if all(word in match[0].lower() for word in words):
                clauses[kind] = [{"text": match[0], "confidence": 0.5}]
                break
    sections: list[dict[str, Any]] = []
    for wanted in truth.get("sections") or []:
        number = wanted["id"].removeprefix("item_")
        match = re.search(rf"^item\s+{number}\b", text, re.IGNORECASE | re.MULTILINE)
        if match is not None:
            sections.append({"id": wanted["id"], "text": text[match.start() : match.start() + 600]})
    return {"extractedData": {"fields": fields, "clauses": clauses, "sections": sections}}
