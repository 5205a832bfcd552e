"""The broker the other tests rely on."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from support.servers.kafka import KafkaServer
from support.servers.serving import NoServer, refuse_used

pytestmark = pytest.mark.servers
STARTER = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from support.servers.kafka import KafkaServer
server = KafkaServer(Path(sys.argv[2]))
server.start()
print(server.port, flush=True)
os.kill(os.getpid(), 9)
"""


def test_what_a_broker_acknowledged_is_there_after_kill_9_and_a_start(broker: KafkaServer) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    for future in admin.create_topics([NewTopic("t", 1, 1)]).values():
        future.result(30)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "acks": "all"})
    producer.produce("t", b"x")
    assert producer.flush(30) == 0
    broker.kill()
    broker.start()
    reader = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "g"})
    assert reader.get_watermark_offsets(TopicPartition("t", 0), timeout=30) == (0, 1)
    reader.close()


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(NoServer, match="taken by another program"):
            KafkaServer(tmp_path, other.getsockname()[1]).start()


def test_a_broker_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", STARTER, tests, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -9, done.stderr
    deadline = time.monotonic() + 30
    while True:
        try:
            refuse_used(int(done.stdout))
            return
        except NoServer:
            assert time.monotonic() < deadline
            time.sleep(0.05)
