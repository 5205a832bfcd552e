"""A job that nobody submitted and no supervisor watches: what commands, probes and topics tell of it."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from support.command import neuraldocflow
from support.gateway import Gateway
from support.servers.kafka import KafkaServer
from support.servers.serving import free_port, listens
from support.topics import wait_for

from tests.support.job import JobFolder


def said(job: JobFolder, *arguments: str) -> list[dict[str, Any]]:
    """What a reading command prints as JSON."""
    done = neuraldocflow(*arguments, "-c", "job.yaml", "--json", folder=job.root)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def health(gateway: Gateway) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{gateway.url}/health/dataflow", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_single_process_shows_whether_it_moves(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        job, process = gateway.folder, gateway.job
        assert process is not None
        wait_for(lambda: health(gateway) == (200, "running\n"), 60)
        wait_for(lambda: said(job, "status")[0]["frontier"]["epoch"] is not None, 60)
        (found,) = said(job, "status")
        assert (found["phase"], found["pid"], set(found["heartbeats"])) == ("running", process.pid, {"0.0"})
        gateway.halt(process)
        wait_for(lambda: health(gateway)[1].startswith("stalled: worker 0.0 has been silent for"), 60)
        assert health(gateway)[0] == 503
        (found,) = said(job, "status")
        assert (found["phase"], "silent" in found["reason"]) == ("stalled", True)
        os.kill(process.pid, signal.SIGCONT)
        wait_for(lambda: said(job, "status")[0]["phase"] == "running", 60)
        process.terminate()
        process.communicate(timeout=60)
        assert health(gateway) == (503, "not running\n")
        (found,) = said(job, "status")
        assert (found["phase"], found["heartbeats"]) == ("not submitted", {})


def test_failures_are_told_with_the_command_that_runs_them_again(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    job.letters(1)
    (job.inbox / "torn.pdf").write_bytes(b"%PDF-1.7 and no more")
    job.run_once()
    done = neuraldocflow("status", "-c", "job.yaml", folder=job.root)
    assert "1 completed, 1 failed" in done.stdout
    (command,) = re.findall(r"1 × corrupt: .*\n +again: neuraldocflow (.*)", done.stdout)
    again = neuraldocflow(*command.split(), "--dry-run", folder=job.root)
    assert again.stdout == "torn.pdf  run 1\n"


def test_what_does_not_answer_is_told_while_it_is_away(tmp_path: Path, broker: KafkaServer) -> None:
    job = JobFolder(tmp_path)
    output = {"type": "kafka", "config": {"bootstrap_servers": broker.bootstrap_servers, "topic": "results"}}
    with (job.root / "job.yaml").open("a") as file:
        file.write(yaml.safe_dump({"processing_pipeline": {"output_streams": [output]}}))
    process = job.start("run", "-c", "job.yaml")
    try:
        job.letters(1)
        wait_for(lambda: (job.root / ".neuraldocflow").exists(), 60)
        wait_for(lambda: said(job, "status")[0]["lastDay"] == {"completed": 1}, 60)
        assert said(job, "status")[0]["outages"] == []
        broker.kill()
        job.letters(1, first=5)
        wait_for(lambda: said(job, "status")[0]["outages"] != [], 60)
        done = neuraldocflow("status", "-c", "job.yaml", folder=job.root)
        told = rf"Kafka at {broker.bootstrap_servers} has not answered as it should for \d+(\.\d)? s: \S"
        assert re.search(told, done.stdout)
        broker.start()
        wait_for(lambda: said(job, "status")[0]["outages"] == [], 60)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_a_log_that_is_away_hides_no_more_than_is_on_it(tmp_path: Path, broker: KafkaServer) -> None:
    job = JobFolder(tmp_path, log={"kafka": {"bootstrap_servers": broker.bootstrap_servers}})
    process = job.start("run", "-c", "job.yaml")
    try:
        wait_for(lambda: said(job, "status")[0]["phase"] == "running", 60)
        broker.kill()
        done = neuraldocflow("status", "-c", "job.yaml", folder=job.root)
        assert done.stdout.startswith("job running\n")
        assert f"\nnot known    Kafka at {broker.bootstrap_servers}" in done.stdout
        assert "waiting" not in done.stdout
    finally:
        process.kill()
        process.communicate(timeout=60)


def test_metrics_are_told_while_brokers_are_away(tmp_path: Path, broker: KafkaServer) -> None:
    """Alerts are about just that time: who scrapes waits for ten seconds by default, the job for thirty."""
    port = free_port()
    log = {"kafka": {"bootstrap_servers": broker.bootstrap_servers}}
    job = JobFolder(tmp_path, log=log, metrics={"port": port})

    def scraped() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            return str(answer.read().decode())

    process = job.start("run", "-c", "job.yaml")
    try:
        wait_for(lambda: listens(port), 60)
        wait_for(lambda: 'neuraldocflow_source_lag{partition="0",topic="document-stream"}' in scraped(), 60)
        broker.kill()
        wait_for(lambda: "neuraldocflow_source_lag{" not in scraped(), 120)  # it can't be known now
        assert "neuraldocflow_heartbeat_age_seconds{" in scraped()
    finally:
        process.kill()
        told, _ = process.communicate(timeout=60)
    assert told.count("the lag can't be told") == 1


def test_decisions_about_agents_are_on_the_log_with_their_reasons(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    job.letters(3)
    job.run_once()
    found = said(job, "tail", "decisions", "--from-beginning", "--no-follow")
    started = [each for each in found if each["decision"] == "started"]
    assert [(each["reason"], each["agent_id"]) for each in started] == [
        ("wanted", "agent-1"),
        ("wanted", "agent-2"),
    ]


def test_status_is_told_also_where_the_recovery_store_is_damaged(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    job.letters(1)
    job.run_once()
    for part in (tmp_path / ".neuraldocflow" / "recovery").glob("part-*"):
        part.write_bytes(b"no database" * 100)
    done = neuraldocflow("status", "-c", "job.yaml", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lastDay"] == {"completed": 1}


def test_status_is_told_also_where_its_index_can_not_be_written(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    job.letters(1)
    job.run_once()
    (tmp_path / ".neuraldocflow" / "work" / "status.db").mkdir()
    done = neuraldocflow("status", "-c", "job.yaml", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lastDay"] == {"completed": 1}
