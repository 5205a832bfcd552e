"""A submitted job on this machine, as its user has it: by commands only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.job import JobFolder, children_of, command_of, kill
from support.kafka_job import KafkaJob
from support.servers.serving import free_port
from support.submitted import Submitted
from support.topics import Topics, wait_for

from neuraldocflow.deployment import local
from neuraldocflow.deployment.submission import Folder, Submission, lives

pytestmark = [pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path)


@pytest.fixture
def submitted(job: JobFolder) -> Iterator[Submitted]:
    found = Submitted(job)
    yield found
    found.command("stop", "-c", "job.yaml")


def test_a_submitted_job_outlives_the_command_is_scaled_while_loaded_and_stops(submitted: Submitted) -> None:
    told = submitted.submit("--processes", "2")
    assert "submitted: 2 processes run" in told
    assert "next: neuraldocflow status -c job.yaml · tail -c job.yaml · scale -c job.yaml --proc" in told
    assert len(submitted.members()) == 2
    names = submitted.job.letters(150)
    assert "processes: 2 → 3" in submitted.does("scale", "-c", "job.yaml", "--processes", "3", "--dry-run")
    assert len(submitted.members()) == 2
    submitted.does("scale", "-c", "job.yaml", "--processes", "3")
    assert len(submitted.members()) == 3
    names |= submitted.job.letters(50, first=200)
    submitted.does("scale", "-c", "job.yaml", "--processes", "1", "--workers", "2")
    submitted.has_all(names)
    found = submitted.status()
    assert (found["phase"], found["processes"], found["workers"]) == ("running", 1, 2)
    assert found["lastDay"] == {"completed": 200}
    assert found["agents"] >= 1
    assert set(found["heartbeats"]) == {"0.0", "0.1"}
    assert found["frontier"]["epoch"] > 0
    assert submitted.does("stop", "-c", "job.yaml") == "stopped\n"
    assert submitted.status()["phase"] == "stopped"
    assert "processes: 0 → 1" in submitted.submit("--dry-run")
    assert "nothing that was submitted runs" in submitted.does("stop", "-c", "job.yaml")


def test_any_process_that_is_killed_is_started_again_and_nothing_is_lost(submitted: Submitted) -> None:
    submitted.submit("--processes", "2")
    names = submitted.job.letters(120)
    wait_for(lambda: len(submitted.job.archived()) > 5, 60)
    kill(submitted.members()[0])
    wait_for(lambda: submitted.status()["restarts"] == 1, 90)
    wait_for(lambda: submitted.status()["phase"] == "running", 90)
    assert "ended with -9" in submitted.status()["lastRestart"]
    kill(submitted.host())  # its children end with it
    assert submitted.status()["phase"] == "killed"
    submitted.submit("--processes", "2")
    submitted.has_all(names)


def test_submitted_again_it_replaces_what_ran(submitted: Submitted) -> None:
    submitted.submit()
    names = submitted.job.letters(40)
    first = submitted.host()
    config = yaml.safe_load((submitted.job.root / "job.yaml").read_text())
    config["processing_pipeline"] = {"swarm_config": {"min_agents": 1, "max_agents": 1}}
    (submitted.job.root / "job.yaml").write_text(yaml.safe_dump(config))
    planned = submitted.submit("--dry-run")
    assert "processes: 1, as now" in planned
    assert "restarts: all processes together" in planned
    assert "replaced: 2 processes run" in submitted.submit("--processes", "2")
    assert submitted.host() != first
    assert not Path(f"/proc/{first}").exists()
    submitted.has_all(names)


def test_ctrl_c_takes_a_submission_back_and_what_ran_before_runs_again(submitted: Submitted) -> None:
    submitted.submit()
    before = submitted.host()
    command = [sys.executable, "-m", "neuraldocflow", "submit", "-c", "job.yaml", "--no-gateway", "-p", "2"]
    with subprocess.Popen(command, cwd=submitted.job.root, stderr=subprocess.PIPE, text=True) as again:
        wait_for(lambda: not lives(before, submitted.job.root / ".neuraldocflow"), 60)
        again.send_signal(signal.SIGINT)
        assert "interrupted\nWhat ran before runs again." in again.communicate(timeout=200)[1]
    assert again.returncode == 1
    found = submitted.status()
    assert (found["phase"], found["processes"]) == ("running", 1)


_INTERRUPTED_AS_IT_STARTS = """
import os, signal, subprocess, sys, types
from neuraldocflow.cli import main
from neuraldocflow.deployment import local

def started(*arguments, **options):
    local.subprocess = subprocess
    process = subprocess.Popen(*arguments, **options)
    os.kill(os.getpid(), signal.SIGINT)
    return process

signal.signal(signal.SIGINT, signal.default_int_handler)
local.subprocess = types.SimpleNamespace(Popen=started, DEVNULL=subprocess.DEVNULL)
main()
"""


def test_ctrl_c_in_the_moment_a_submission_starts_leaves_no_process_behind(submitted: Submitted) -> None:
    submitted.submit()
    command = [sys.executable, "-c", _INTERRUPTED_AS_IT_STARTS, "submit", "-c", "job.yaml", "--no-gateway"]
    done = subprocess.run(command, cwd=submitted.job.root, capture_output=True, text=True, timeout=200)
    assert (done.returncode, "What ran before runs again." in done.stderr) == (1, True), done.stderr
    state = submitted.job.root / ".neuraldocflow"
    assert [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if lives(pid, state)] == [
        submitted.host()
    ]


def test_a_first_submission_that_is_interrupted_leaves_nothing_running(submitted: Submitted) -> None:
    command = [sys.executable, "-m", "neuraldocflow", "submit", "-c", "job.yaml", "--no-gateway"]
    report = submitted.job.root / ".neuraldocflow/submitted/report.json"
    with subprocess.Popen(command, cwd=submitted.job.root) as first:
        wait_for(report.exists, 60)
        host = submitted.host()
        first.send_signal(signal.SIGINT)
        assert first.wait(timeout=200) == 130
    assert not lives(host, submitted.job.root / ".neuraldocflow")
    assert submitted.status()["phase"] == "not submitted"


def test_a_wrong_configuration_is_refused_while_the_old_one_runs_on(submitted: Submitted) -> None:
    submitted.submit()
    before = submitted.members()
    good = (submitted.job.root / "job.yaml").read_text()
    (submitted.job.root / "job.yaml").write_text(
        good + "processing_pipeline: {swarm_config: {min_agents: 0}}\n"
    )
    refused = submitted.command("submit", "-c", "job.yaml")
    assert refused.returncode == 2
    assert "min_agents" in refused.stderr
    assert submitted.members() == before
    (submitted.job.root / "job.yaml").write_text(good)


def test_a_configuration_that_does_not_come_to_run_is_taken_back(submitted: Submitted) -> None:
    submitted.submit()
    good = (submitted.job.root / "job.yaml").read_text()
    (submitted.job.root / "blocked").write_text("a file where a folder is to be")
    outputs = [{"type": "files", "config": {"directory": "blocked/results"}}]
    config = {**yaml.safe_load(good), "processing_pipeline": {"output_streams": outputs}}
    (submitted.job.root / "job.yaml").write_text(yaml.safe_dump(config))
    failed = submitted.command("submit", "-c", "job.yaml", "--no-gateway")
    assert failed.returncode == 1
    assert "blocked/results" in failed.stderr
    assert "What ran before runs again." in failed.stderr
    (submitted.job.root / "job.yaml").write_text(good)
    assert submitted.status()["phase"] == "running"
    submitted.has_all(submitted.job.letters(5))


def test_a_job_that_can_not_run_says_why_and_leaves_nothing_running(submitted: Submitted) -> None:
    config = yaml.safe_load((submitted.job.root / "job.yaml").read_text())
    (submitted.job.root / "blocked").write_text("a file where a folder is to be")
    outputs = [{"type": "files", "config": {"directory": "blocked/results"}}]
    config["processing_pipeline"] = {"output_streams": outputs}
    (submitted.job.root / "job.yaml").write_text(yaml.safe_dump(config))
    failed = submitted.command("submit", "-c", "job.yaml", "--no-gateway")
    assert failed.returncode == 1
    assert "blocked/results" in failed.stderr
    assert submitted.status()["phase"] == "not submitted"


BROKEN = """
from neuraldocflow.plugins import Handler, Section, add_output

class BrokenConfig(Section):
    pass

class Broken(Handler[BrokenConfig]):
    def handle(self, values):
        raise RuntimeError("the table is gone")

add_output("broken", BrokenConfig, Broken)
"""


def test_a_job_that_ends_soon_after_each_start_is_told_to_be_crash_looping(
    submitted: Submitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = submitted.job.root / "broken.py"
    plugin.write_text(BROKEN)
    monkeypatch.setenv("NEURALDOCFLOW_PLUGINS", str(plugin))
    config = yaml.safe_load((submitted.job.root / "job.yaml").read_text())
    config["processing_pipeline"] = {"output_streams": [{"type": "broken", "config": {}}]}
    (submitted.job.root / "job.yaml").write_text(yaml.safe_dump(config))
    submitted.submit()
    submitted.job.letters(1)
    wait_for(lambda: submitted.status()["phase"] == "crash-looping", 120)
    assert "failed: RuntimeError: the table is gone. Nothing is lost" in submitted.status()["lastRestart"]


def test_a_job_whose_processes_are_killed_before_they_get_anywhere_is_told_to_be_crash_looping(
    submitted: Submitted,
) -> None:
    submitted.submit("--processes", "2")

    def loops() -> bool:
        found = submitted.status()
        if found["phase"] == "running":
            for member in submitted.members()[:1]:
                kill(member)
        return bool(found["phase"] == "crash-looping")

    wait_for(loops, 120)
    assert "ended with -9 (SIGKILL" in submitted.status()["reason"]
    submitted.has_all(submitted.job.letters(5))


def test_two_commands_do_not_change_a_job_at_once(submitted: Submitted) -> None:
    with Folder(submitted.job.root / ".neuraldocflow").alone():
        for command in ("submit", "stop"):
            refused = submitted.command(command, "-c", "job.yaml")
            assert refused.returncode == 2
            assert "another command is just submitting, scaling or stopping the job" in refused.stderr
    submitted.submit()


def test_a_size_is_changed_of_what_is_submitted_at_that_moment(submitted: Submitted) -> None:
    """A submission between its reading and its replacement would be undone."""
    submitted.submit()
    refused: list[str] = []

    def resized(submission: Submission) -> None:
        refused.append(submitted.command("submit", "-c", "job.yaml", "--workers", "2").stderr)

    local.resize(Folder(submitted.job.root / ".neuraldocflow"), resized)
    assert "another command is just submitting, scaling or stopping the job" in refused[0]
    assert submitted.status()["workers"] == 1


def test_more_workers_than_the_state_can_be_divided_among_are_refused(submitted: Submitted) -> None:
    refused = submitted.command("submit", "-c", "job.yaml", "--processes", "5", "--workers", "4")
    assert refused.returncode == 2
    assert "at most 16 workers (is 20)" in refused.stderr


def test_partitions_of_a_job_without_topics_can_not_be_changed(submitted: Submitted) -> None:
    submitted.submit()
    refused = submitted.command("scale", "-c", "job.yaml", "--partitions", "8")
    assert refused.returncode == 2
    assert "reads no Kafka topic" in refused.stderr


def test_the_gateway_runs_beside_it_and_is_started_again(submitted: Submitted) -> None:
    port = free_port()
    config = yaml.safe_load((submitted.job.root / "job.yaml").read_text())
    config["runtime"]["gateway"] = {"port": port}
    (submitted.job.root / "job.yaml").write_text(yaml.safe_dump(config))
    told = submitted.does("submit", "-c", "job.yaml")
    assert f"http://127.0.0.1:{port}/#token=" in told

    def gateways() -> list[int]:
        return [pid for pid in children_of(submitted.host()) if b"gateway" in command_of(pid)]

    (first,) = gateways()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: gateways() not in ([], [first]), 90)


def test_a_gateway_that_can_not_serve_takes_the_submission_back_with_its_reason(
    submitted: Submitted,
) -> None:
    config = yaml.safe_load((submitted.job.root / "job.yaml").read_text())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config["runtime"]["gateway"] = {"port": port}
        (submitted.job.root / "job.yaml").write_text(yaml.safe_dump(config))
        failed = submitted.command("submit", "-c", "job.yaml")
    assert failed.returncode == 1
    assert f"127.0.0.1:{port} can't be listened on" in failed.stderr
    assert submitted.status()["phase"] == "not submitted"


@pytest.mark.servers
def test_partitions_and_processes_are_added_while_documents_come(tmp_path: Path, kafka: str) -> None:
    job = KafkaJob(tmp_path, Topics(kafka), partitions=2)
    submitted = Submitted(job)
    try:
        submitted.submit("--processes", "1")
        names = job.letters(60)
        assert "partitions of" in submitted.does(
            "scale", "-c", "job.yaml", "--processes", "2", "--partitions", "4", "--dry-run"
        )
        submitted.does("scale", "-c", "job.yaml", "--processes", "2", "--partitions", "4")
        job.partitions = 4
        job.topics = Topics(kafka)  # a producer that knows of them
        names |= job.letters(60, first=100)
        submitted.has_all(names)
        wait_for(lambda: sum(job.committed()) == 120, 90)
        lag = [each for each in submitted.status()["lag"] if each["topic"] == job.topic]
        assert [each["partition"] for each in lag] == [0, 1, 2, 3]
        assert sum(each["end"] for each in lag) == 120
        assert sum(each["lag"] for each in lag) == 0
        refused = submitted.command("scale", "-c", "job.yaml", "--partitions", "3")
        assert refused.returncode == 2
        assert "Kafka takes none away" in refused.stderr
    finally:
        submitted.command("stop", "-c", "job.yaml")


def test_a_broker_that_is_away_at_the_start_is_named(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    config = yaml.safe_load((job.root / "job.yaml").read_text())
    nobody = f"127.0.0.1:{free_port()}"
    source = {"type": "kafka", "config": {"bootstrap_servers": nobody, "topic": "incoming"}}
    config["stream_sources"] = {"topic": source}
    (job.root / "job.yaml").write_text(yaml.safe_dump(config))
    failed = Submitted(job).command("submit", "-c", "job.yaml", "--no-gateway")
    assert failed.returncode == 1
    assert f"no Kafka answers at {nobody}" in failed.stderr
