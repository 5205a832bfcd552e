"""Apache Kafka (KRaft) as child processes: one node, or three, started, killed and started again at will."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from .java import class_path, java
from .serving import NoServer, docker_answers, end_with, free_port, listens, refuse_used

VERSION = "4.3.1"
COORDINATES = (f"org.apache.kafka:kafka_2.13:{VERSION}", f"org.apache.kafka:kafka-tools:{VERSION}")
LOGGING = ("org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",)
"""Resolved apart: its list of versions would give Kafka an older client."""
CLUSTER = "TmV1cmFsRG9jRmxvdy0wMQ"
"""Any 16 bytes in URL-safe base 64."""
START_SECONDS = 120.0
_JVM = (
    *("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"),
    "-Djava.awt.headless=true",
)
_PROPERTIES = """
process.roles=broker,controller
node.id={node}
{quorum}
listeners={served},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={served}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/logs
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""
_SECURE = """
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={keystore}
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=\
  org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
"""
_LOGGING = """
Configuration:
  status: warn
  Appenders: {Console: {name: out, target: SYSTEM_OUT, PatternLayout: {pattern: "%d %p %c{1} %m%n"}}}
  Loggers: {Root: {level: WARN, AppenderRef: {ref: out}}}
"""


@dataclass(frozen=True)
class Login:
    """What a client has to have at a broker's second listener: TLS, and a user's password (SASL/PLAIN)."""

    keystore: Path
    """The broker's key and certificate, PEM."""
    user: str
    password: str
    port: int = field(default_factory=free_port)

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"


def prepare() -> None:
    """Download what a broker needs. Raises NoServer."""
    if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS") and not docker_answers():
        class_path("kafka", COORDINATES)
        class_path("log4j", LOGGING)


class KafkaServer:
    """A broker that ends with its parent process. Use it as a context manager, or ``start`` and ``stop``.

    ``folder`` keeps its data (default: a temporary one, removed at the end); ``port`` 0 takes a free one, any
    other must be free; clients reach it at ``host``, and with a ``login`` where that says. ``voters`` are the
    controllers' ports by node, where it is one of several; default: it stands alone. Raises NoServer with
    what is wrong and where its log is.
    """

    def __init__(
        self,
        folder: Path | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        node: int = 1,
        voters: Mapping[int, int] | None = None,
        login: Login | None = None,
        **properties: str,
    ) -> None:
        self._temporary = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="kafka-")) if folder is None else folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self._host, self._node, self._voters, self._login = host, node, voters, login
        self._properties = properties
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        return f"{self._host}:{self.port}"

    def start(self) -> None:
        """Start it, or start it again on its data; returns when clients are served."""
        self.launch()
        self.until_served()

    def launch(self) -> None:
        """Start it, or start it again on its data, and don't wait."""
        program = [java(), *_JVM, f"-Dlog4j2.configurationFile={self.folder}/log4j2.yaml"]
        program += ["-cp", f"{class_path('kafka', COORDINATES)}:{class_path('log4j', LOGGING)}"]
        controller = self._voters[self._node] if self._voters else free_port()
        for port in (self.port, controller):
            refuse_used(port)
        text = _PROPERTIES.format(
            node=self._node,
            quorum=self._quorum(controller),
            served=self._served(),
            controller=controller,
            folder=self.folder,
        )
        if self._login is not None:
            text += _SECURE.format(**vars(self._login))
        text += "".join(f"{name.replace('_', '.')}={value}\n" for name, value in self._properties.items())
        (self.folder / "server.properties").write_text(text)
        (self.folder / "log4j2.yaml").write_text(_LOGGING)
        with (self.folder / "broker.log").open("ab") as told:
            if not (self.folder / "logs" / "meta.properties").exists():
                self._format(program, told.fileno())
            self._process = subprocess.Popen(
                [*program, "kafka.Kafka", str(self.folder / "server.properties")],
                stdout=told,
                stderr=told,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is for the tests
                preexec_fn=end_with(os.getpid()),
            )

    def _served(self) -> str:
        """Where clients are."""
        plain = f"PLAINTEXT://{self._host}:{self.port}"
        return plain if self._login is None else f"{plain},SECURE://{self._login.bootstrap_servers}"

    def _quorum(self, controller: int) -> str:
        if not self._voters:
            return f"controller.quorum.bootstrap.servers=127.0.0.1:{controller}"
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in self._voters.items())
        return f"controller.quorum.voters={voters}"

    def _format(self, program: list[str], told: int) -> None:
        command = [*program, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        command += [] if self._voters else ["--standalone"]
        command += ["-t", CLUSTER, "-c", str(self.folder / "server.properties")]
        done = subprocess.run(command, stdout=told, stderr=told, timeout=START_SECONDS, check=False)
        if done.returncode:
            raise NoServer(f"Kafka's storage can't be formatted; see {self.folder / 'broker.log'}")

    def until_served(self) -> None:
        """Wait until clients are served. Raises NoServer."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise NoServer(f"Kafka ended while it started; see {self.folder / 'broker.log'}")
            if listens(self.port, self._host):
                break
            time.sleep(0.05)
        client = AdminClient({"bootstrap.servers": self.bootstrap_servers, "logger": _silent()})
        while time.monotonic() < deadline:
            try:
                if client.list_topics(timeout=5).brokers:
                    return
            except KafkaException:
                time.sleep(0.1)
        self.kill()
        raise NoServer(f"Kafka does not answer after {START_SECONDS:g} s; see {self.folder / 'broker.log'}")

    def kill(self) -> None:
        """``kill -9``: what it had acknowledged must still be there after ``start``."""
        self._end(signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, such as to hang and to go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """Stop it in order and remove a temporary folder."""
        self._end(signal.SIGTERM)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class KafkaNodes:
    """Three brokers that keep three copies of everything; two of them are enough. A context manager."""

    def __init__(self, count: int = 3) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kafka-nodes-"))
        voters = {node: free_port() for node in range(1, count + 1)}
        copies = {"offsets_topic", "transaction_state_log", "share_coordinator_state_topic"}
        properties = {f"{each}_replication_factor": str(count) for each in copies}
        self.nodes = [
            KafkaServer(
                self.folder / str(node),
                node=node,
                voters=voters,
                default_replication_factor=str(count),
                min_insync_replicas=str(count - 1),
                **properties,
            )
            for node in voters
        ]

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(node.bootstrap_servers for node in self.nodes)

    def leaders(self, topic: str) -> dict[int, int]:
        """The number of partitions of a topic each node leads."""
        client = AdminClient({"bootstrap.servers": self.bootstrap_servers, "logger": _silent()})
        found = client.list_topics(topic, timeout=30).topics[topic].partitions.values()
        return dict(Counter(each.leader for each in found))

    def all_serve(self, seconds: float = START_SECONDS) -> None:
        """Wait until every node is one of the cluster's brokers. Raises NoServer."""
        deadline = time.monotonic() + seconds
        client = AdminClient({"bootstrap.servers": self.bootstrap_servers, "logger": _silent()})
        while len(client.list_topics(timeout=30).brokers) < len(self.nodes):
            if time.monotonic() > deadline:
                raise NoServer(f"not all nodes joined; see {self.folder}/*/broker.log")
            time.sleep(0.1)

    def __enter__(self) -> Self:
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.until_served()
        self.all_serve()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _silent() -> object:
    """A logger that drops what a client says while the broker is not there yet."""
    import logging

    logger = logging.getLogger("kafka-not-there-yet")
    logger.disabled = True
    return logger
