"""A job's Kafka wants TLS, by an authority of its own, and a password (SASL/PLAIN)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.certificates import Authority
from support.job import LETTER, JobFolder
from support.servers.fixtures import HELP
from support.servers.kafka import KafkaServer, Login
from support.servers.serving import NoServer
from support.topics import Topics

from connectors.kafka import KafkaSource, KafkaSourceConfig
from neuraldocflow.components import SinkContext, SourceContext
from neuraldocflow.config import RuntimeConfig
from neuraldocflow.errors import ConfigError
from neuraldocflow.log import EmbeddedLog, LogError
from neuraldocflow.log.kafka import KafkaLog
from neuraldocflow.payloads import PayloadStore
from neuraldocflow.topics import client
from sinks.kafka import KafkaSink, KafkaSinkConfig

pytestmark = pytest.mark.servers

PASSWORD = "not to be printed"


@dataclass
class Secured:
    """The broker, and who vouches for it."""

    login: Login
    authority: Authority
    topics: Topics
    """By the broker's other listener, which is the test's own."""

    def settings(
        self, folder: Path, password: str = PASSWORD, authority: Path | None = None
    ) -> dict[str, Any]:
        """What a configuration says to reach it: the password is in a file."""
        secret = folder / "password"
        secret.write_text(password)
        return {
            "bootstrap_servers": self.login.bootstrap_servers,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": self.login.user,
            "sasl.password": {"file": str(secret)},
            "ssl.ca.location": str(authority or self.authority.certificate),
        }


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    authority = Authority(tmp_path_factory.mktemp("tls") / "authority")
    login = Login(authority.keystore("broker"), "job", PASSWORD)
    try:
        with KafkaServer(login=login) as server:
            yield Secured(login, authority, Topics(server.bootstrap_servers))
    except NoServer as error:
        pytest.fail(f"{error}. {HELP}", pytrace=False)


def test_a_job_reads_writes_and_keeps_its_log_there(secured: Secured, tmp_path: Path) -> None:
    job, topic = JobFolder(tmp_path), secured.topics.make(partitions=2)
    reach = secured.settings(tmp_path)
    outputs = [{"type": "kafka", "config": {**reach, "topic": f"{topic}.results"}}]
    config = {
        "stream_sources": {"in.box": {"type": "kafka", "config": {**reach, "topic": topic}}},
        "processing_pipeline": {"output_streams": outputs},
        "runtime": {"snapshot_interval_ms": 100, "log": {"kafka": {**reach, "topic_prefix": f"{topic}."}}},
    }
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(config))
    for number in range(6):
        body = LETTER.format(number=number, day=number + 1).encode()
        secured.topics.send(topic, body, {"filename": f"{number}.html"}, partition=number % 2)
    told = job.run_once()
    assert len(secured.topics.read(f"{topic}.results", 6)) == 6
    assert len(secured.topics.read(f"{topic}.processing-results", 6)) == 6
    assert secured.topics.committed("neuraldocflow", topic, 0) == 3
    assert PASSWORD not in told


@pytest.fixture(params=["password", "authority"])
def wrong(
    request: pytest.FixtureRequest, secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], str]:
    """Settings with one thing that is wrong, and what is to be said of it."""
    monkeypatch.setattr(client, "PATIENCE", 5.0)
    if request.param == "password":
        told = "SASL authentication error: Authentication failed"
        return secured.settings(tmp_path, password="another"), told
    stranger = Authority(tmp_path / "stranger").certificate
    return secured.settings(tmp_path, authority=stranger), "certificate verify failed"


def test_an_output_that_is_refused_says_why(wrong: tuple[dict[str, Any], str], tmp_path: Path) -> None:
    settings, told = wrong
    payloads = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
    context = SinkContext(tmp_path, payloads=payloads, where="output_streams.0.config")
    with pytest.raises(ConfigError, match=told) as refused:
        KafkaSink("kafka_1", KafkaSinkConfig.model_validate({**settings, "topic": "results"}), context)
    assert str(refused.value).startswith("output_streams.0.config.bootstrap_servers: no Kafka answers at")


def test_a_source_that_is_refused_says_why(wrong: tuple[dict[str, Any], str], tmp_path: Path) -> None:
    settings, told = wrong
    payloads = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
    with EmbeddedLog(tmp_path / "log.db") as log:
        context = SourceContext(tmp_path, payloads=payloads, log=log)
        with pytest.raises(ConfigError, match=told):
            KafkaSource("inbox", KafkaSourceConfig.model_validate({**settings, "topic": "in"}), context)


def test_a_log_that_is_refused_says_why(wrong: tuple[dict[str, Any], str], tmp_path: Path) -> None:
    settings, told = wrong
    runtime = RuntimeConfig.model_validate({"state_directory": tmp_path, "log": {"kafka": settings}})
    payloads = PayloadStore(str(tmp_path / "payloads"), tmp_path / "scratch")
    log = KafkaLog(runtime, payloads, patience=5.0)
    with pytest.raises(LogError, match=told):
        log.ensure_topic("processing-results")
    log.close()
