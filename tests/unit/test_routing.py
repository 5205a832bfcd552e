"""Routes: which events go to which outputs."""

from __future__ import annotations

from typing import Any

import pytest
from support.deliveries import delivery

from neuraldocflow import config
from neuraldocflow.deliveries import Delivery
from neuraldocflow.errors import ConfigError
from neuraldocflow.events import (
    DeliveryStatus,
    Event,
    ProcessingFailed,
    ProcessingProgress,
    QualityValidated,
    ResultDelivered,
)
from neuraldocflow.results import ErrorInfo
from neuraldocflow.routing import Route, filter_of

ERROR = ErrorInfo.model_validate({"code": "corrupt", "message": "It is.", "retryable": False})


def contract(confidence: float = 0.9, tenant: str = "acme", **result: Any) -> Delivery:
    made = delivery(**result)
    if made.result["extractedData"]:
        made.result["extractedData"]["confidence"] = confidence
    return Delivery(made.document.model_copy(update={"tenant": tenant}), made.result)


FAILED = contract(status="failed", extractedData=None)
TOLD = DeliveryStatus(sink="webhook", target="https://acme.example/", status="delivered")
DELIVERED = ResultDelivered(id="d", tenant="acme", delivery_status=TOLD)
PROGRESS = ProcessingProgress(id="d", tenant="acme", progress=0.5, stage="reading")


@pytest.mark.parametrize(
    ("row", "value", "expected"),
    [
        ({}, contract(), True),
        ({}, PROGRESS, True),
        ({"event": ["ProcessingCompleted"]}, contract(), True),
        ({"event": ["ProcessingCompleted"]}, FAILED, False),
        ({"event": ["ProcessingFailed"]}, FAILED, True),
        ({"event": ["ProcessingFailed"]}, ProcessingFailed(id="d", error=ERROR), True),
        ({"event": ["ProcessingCompleted"]}, PROGRESS, False),
        ({"event": ["ResultDelivered"], "tenant": ["acme"]}, DELIVERED, True),
        ({"status": ["completed"]}, DELIVERED, False),
        ({"document_type": ["sec_10k", "contract_*"]}, contract(), True),
        ({"document_type": ["sec_*"]}, contract(), False),
        ({"document_type": ["*"]}, PROGRESS, False),
        ({"document_type": ["*"]}, FAILED, False),
        ({"tenant": ["ac?e"]}, PROGRESS, True),
        ({"tenant": ["other"]}, contract(), False),
        ({"status": ["failed"]}, ProcessingFailed(id="d", error=ERROR), True),
        ({"status": ["completed"]}, contract(), True),
        ({"confidence_at_least": 0.9}, contract(0.9), True),
        ({"confidence_below": 0.9}, contract(0.9), False),
        ({"confidence_below": 0.9}, contract(0.5), True),
        ({"confidence_below": 0.9}, FAILED, False),
        ({"confidence_below": 0.9}, QualityValidated(id="d", confidence_score=0.5), True),
        ({"confidence_at_least": 0.5, "tenant": ["other"]}, contract(), False),
    ],
)
def test_a_row_lets_through_what_meets_all_its_conditions(
    row: dict[str, Any], value: Event | Delivery, expected: bool
) -> None:
    passes = filter_of([Route.model_validate({**row, "outputs": ["out"]})], "out")
    assert passes is not None
    assert passes(value) is expected


def test_one_of_several_rows_is_enough_and_an_output_without_any_takes_all() -> None:
    rows = [Route.model_validate({"tenant": [tenant], "outputs": ["out", "files"]}) for tenant in ("a", "b")]
    passes = filter_of(rows, "out")
    assert passes is not None
    assert [passes(contract(tenant=tenant)) for tenant in "abc"] == [True, True, False]
    assert filter_of(rows, "kafka") is None


@pytest.mark.parametrize(
    ("outputs", "row", "told"),
    [
        ("[{type: files}]", "{outputs: [file]}", "there is no output file; did you mean files?"),
        ("[{type: files}, {type: files}]", "{outputs: [files]}", "two outputs are called files"),
        ("[{type: files, name: a}]", "{outputs: [files]}", "there is no output files"),
        ("[{type: websocket}]", "{outputs: [websocket]}", "can't be routed to"),
        ("[{type: files}]", "{outputs: [files], event: [Started]}", "event"),
        ("[{type: files}]", "{outputs: []}", "outputs"),
        ("[{type: files}]", "{outputs: [files], confidence_below: 2}", "confidence_below"),
    ],
)
def test_a_wrong_table_is_told_with_its_place(outputs: str, row: str, told: str) -> None:
    text = f"processing_pipeline:\n  output_streams: {outputs}\n  routes:\n  - {row}\n"
    with pytest.raises(ConfigError, match=r"routes") as error:
        config.parse(text)
    assert told in str(error.value)


def test_an_output_is_known_by_its_name_or_else_by_which_of_its_type_it_is() -> None:
    outputs = "[{type: files}, {type: parquet}, {type: files, name: b.c}, {type: files}]"
    found = config.parse(f"processing_pipeline:\n  output_streams: {outputs}\n").processing_pipeline.outputs()
    assert [(name, entry.type) for name, entry in found.items()] == [
        ("files_1", "files"),
        ("parquet_1", "parquet"),
        ("b.c", "files"),
        ("files_3", "files"),
    ]


@pytest.mark.parametrize("second", ["{type: parquet, name: a}", "{type: files}"])
def test_two_outputs_of_one_name_are_refused(second: str) -> None:
    outputs = f"[{{type: files, name: a}}, {second}, {{type: parquet, name: files_2}}]"
    with pytest.raises(ConfigError, match=r"two outputs are called (a|files_2); give each a name of its own"):
        config.parse(f"processing_pipeline:\n  output_streams: {outputs}\n")
