"""Which of a configuration's topics are the log's own, where that is in Kafka."""

from __future__ import annotations

from connectors.kafka import KafkaSourceConfig
from neuraldocflow.config import Config
from neuraldocflow.kafka_settings import LogTopics
from neuraldocflow.log import DOCUMENT_STREAM, PROCESSING_RESULTS
from sinks.kafka import KafkaSinkConfig

BY_DOCUMENT = "document_id"


def log_topics(config: Config) -> LogTopics | None:
    """Where the log has its topics; None where it is not in Kafka. Raises ConfigError."""
    log = config.runtime.log
    return LogTopics(log.kafka.brokers(), log.kafka.topic_prefix) if log.kind == "kafka" else None


def reads_submissions(config: Config) -> bool:
    """Whether a configured Kafka source reads the very topic that the gateway submits to."""
    log = log_topics(config)
    sources = [each.config for each in config.stream_sources.values()]
    return log is not None and any(
        log.own(source.brokers(log.brokers), source.topic) == DOCUMENT_STREAM
        for source in sources
        if isinstance(source, KafkaSourceConfig)
    )


def results_key(config: Config) -> str:
    """By what results are partitioned on the log: as the Kafka output says whose topic that is."""
    log = log_topics(config)
    outputs = [each.config for each in config.processing_pipeline.output_streams]
    keys = [
        output.partition_key
        for output in outputs
        if isinstance(output, KafkaSinkConfig)
        and log is not None
        and log.own(output.brokers(log.brokers), output.topic) == PROCESSING_RESULTS
    ]
    return keys[0] if keys else BY_DOCUMENT
