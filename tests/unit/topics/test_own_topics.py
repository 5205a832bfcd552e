"""Which topics of a configuration are the log's own."""

from __future__ import annotations

import pytest

from neuraldocflow import config
from neuraldocflow.topics.own import log_topics, reads_submissions, results_key

HERE, THERE = "a:9092,b:9092", "c:9092"


def configured(source: str = "", output: str = "", prefix: str = "", log: str = HERE) -> config.Config:
    return config.parse(f"""
stream_sources: {{in: {{type: kafka, config: {{topic: document-stream{source}}}}}}}
processing_pipeline:
  output_streams: [{{type: kafka, config: {{partition_key: document_type{output}}}}}]
runtime: {{log: {{kafka: {{bootstrap_servers: "{log}", topic_prefix: "{prefix}"}}}}}}
""")


@pytest.mark.parametrize(
    ("settings", "prefix", "own"),
    [
        ("", "", True),
        (f", bootstrap_servers: '{HERE}'", "", True),
        (", bootstrap_servers: 'b:9092'", "", True),
        (f", bootstrap_servers: '{THERE}'", "", False),
        ("", "acme.", False),
    ],
)
def test_a_topic_is_the_logs_by_its_name_with_the_prefix_and_by_its_brokers(
    settings: str, prefix: str, own: bool
) -> None:
    assert reads_submissions(configured(source=settings, prefix=prefix)) is own
    key = results_key(configured(output=settings, prefix=prefix))
    assert key == ("document_type" if own else "document_id")


def test_a_topic_with_the_prefix_is_the_logs() -> None:
    found = log_topics(configured(prefix="acme."))
    assert found is not None
    assert found.own("b:9092", "acme.processing-events") == "processing-events"
    assert found.own("b:9092", "acme.acme.processing-events") is None
    assert found.own("b:9092", "acme.other") is None


def test_a_log_that_is_not_in_kafka_has_no_topics_there() -> None:
    text = "processing_pipeline: {output_streams: [{type: kafka, config: {partition_key: tenant}}]}"
    assert log_topics(config.parse(text)) is None
    assert results_key(config.parse(text)) == "document_id"
    assert not reads_submissions(config.parse(text))
