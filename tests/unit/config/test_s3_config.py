"""What the S3 source's configuration refuses, and which keys it takes for documents."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.s3 import S3Config


def config(**settings: object) -> S3Config:
    return S3Config.model_validate({"bucket": "inbox", **settings})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"delete_after_processing": True, "move_processed_to": "done/"}, "exclude each other"),
        ({"sqs_queue_url": "arn:aws:sqs:eu-central-1:111122223333:q"}, "sqs_queue_url must be a URL"),
        ({"visibility_timeout_ms": 50_000_000}, "must be at most 43200000"),
        ({"partitions": 0}, "must be at least 1"),
        ({"move_processed_to": ""}, "must not be empty"),
        (
            {"prefix": "in/new/", "move_processed_to": "in/"},
            "move_processed_to: all objects under the prefix",
        ),
        ({"prefix": "in/", "move_failed_to": "in/"}, "move_failed_to: all objects under the prefix"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        config(**settings)


def test_documents_are_under_the_prefix_match_a_pattern_and_were_not_moved_away() -> None:
    wanted = config(
        prefix="in/", file_patterns=["*.pdf"], move_processed_to="in/done/", move_failed_to="bad/"
    )
    keys = ["in/a.pdf", "in/b/c.PDF", "a.pdf", "in/a.txt", "in/done/a.pdf", "bad/a.pdf", "in/x.pdf/", "in/"]
    assert [key for key in keys if wanted.wants(key)] == ["in/a.pdf", "in/b/c.PDF"]


def test_without_patterns_every_object_is_a_document() -> None:
    assert config().wants("anything at all")
    assert not config().wants("folder/")


def test_the_endpoint_is_the_keys_then_the_environments_then_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    assert config().endpoint() is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    assert config().endpoint() == "http://all"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3")
    assert config().endpoint() == "http://s3"
    assert config(endpoint_url="http://own").endpoint() == "http://own"
