"""The published JSON Schemas, and the commands' options, are those of the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from neuraldocflow.schemas import main, rendered, schemas

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"

RESULT = {
    "jobId": "7d0c",
    "run": 1,
    "status": "partial",
    "extractedData": {
        "documentType": "sec_10k",
        "fields": {
            "registrant_name": {
                "value": "Example Corp",
                "raw": "EXAMPLE CORP",
                "confidence": 0.98,
                "provenance": [{"page": 1, "bbox": [1.0, 2.0, 3.0, 4.0], "text": "EXAMPLE CORP"}],
            },
            "shares": None,
            "parties": [
                {"value": "A", "raw": "A", "confidence": 1, "provenance": [{"page": None, "block": "b3"}]}
            ],
        },
        "sections": [
            {"id": "item_1a", "title": "Risk", "level": 1, "pageStart": 9, "pageEnd": 21, "text": "…"}
        ],
        "clauses": {"exclusivity": [{"text": "…", "confidence": 0.9, "provenance": []}]},
        "tables": [{"page": 31, "bbox": [0, 0, 1, 1], "header": ["a"], "rows": [["1"]], "caption": None}],
        "pages": 120,
        "language": "en",
    },
    "metadata": {"filename": "a.pdf", "bytes": 3, "timings": {"queuedMs": 1, "totalMs": 2.5}},
    "validationResults": [
        {"rule": "r", "severity": "error", "passed": False, "message": "m", "fields": ["shares"]}
    ],
    "error": None,
}


def test_the_published_schemas_are_current(tmp_path: Path) -> None:
    main(tmp_path)
    assert {file.name for file in PUBLISHED.glob("*.json")} == {file.name for file in tmp_path.iterdir()}
    for file in tmp_path.iterdir():
        assert (PUBLISHED / file.name).read_text(encoding="utf-8") == file.read_text(encoding="utf-8"), (
            f"{file.name} is not current: run python -m neuraldocflow.schemas"
        )


def test_the_published_commands_are_current(tmp_path: Path) -> None:
    options = ["--name", "neuraldocflow", "--title", "Commands", "--output", str(tmp_path / "commands.md")]
    command = [sys.executable, "-m", "typer", "neuraldocflow.cli", "utils", "docs", *options]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    published = (PUBLISHED.parent / "commands.md").read_text(encoding="utf-8")
    assert published == (tmp_path / "commands.md").read_text(encoding="utf-8"), "run make docs"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_each_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas()[name])
    assert rendered(schemas()[name]).endswith("}\n")


def test_a_result_satisfies_the_schema() -> None:
    jsonschema.validate(RESULT, schemas()["result.json"])


@pytest.mark.parametrize(
    "wrong",
    [{"status": "ok"}, {"jobId": None}, {"validationResults": [{"rule": "r"}]}, {"error": {"code": 1}}],
)
def test_what_is_no_result_does_not(wrong: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**RESULT, **wrong}, schemas()["result.json"])
