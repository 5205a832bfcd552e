"""Replaying documents, as a user does it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command import neuraldocflow, rest_of
from support.job import JobFolder
from support.receiver import Receiver
from support.servers.serving import free_port

from neuraldocflow.config import RuntimeConfig
from neuraldocflow.dead_letters import refused
from neuraldocflow.log import open_log

PROFILE = """
name: letter
version: {version}.0.0
title: Letter
detect:
  - {{pattern: 'Letter \\d+', weight: 9}}
fields:
  reference:
    type: string
    where:
      - label: {{text: [{label}]}}
"""


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    folder = JobFolder(tmp_path)
    folder.configure(source={"auto_move_processed": True, "processed_directory": "done"})
    return folder


def replay(job: JobFolder, *arguments: str) -> subprocess.CompletedProcess[str]:
    return neuraldocflow("replay", "-c", "job.yaml", *arguments, folder=job.root)


def replay_beside_a_job(job: JobFolder, *arguments: str) -> tuple[str, str]:
    running = job.start("run", "-c", "job.yaml")
    try:
        done = replay(job, *arguments)
    finally:
        running.terminate()
        running.communicate(timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def tail(job: JobFolder, *arguments: str) -> list[str]:
    shown = ("--from-beginning", "--no-follow", "--json")
    done = neuraldocflow("tail", "-c", "job.yaml", *arguments, *shown, folder=job.root)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def results(job: JobFolder) -> list[dict[str, Any]]:
    return [json.loads(line)["result"] for line in tail(job)]


def runtime_of(job: JobFolder) -> RuntimeConfig:
    return RuntimeConfig(state_directory=job.root / ".neuraldocflow")


def test_moved_files_are_found_and_run_again_under_the_next_run(job: JobFolder) -> None:
    names = job.letters(4)
    job.run_once()
    assert not list(job.inbox.glob("*.html"))
    told, summary = replay_beside_a_job(job, "--from-beginning", "--where", "filename=letter-1.html")
    assert "1 result, 0 of them with 0 changed fields" in summary
    assert told == ""
    runs = sorted((each["metadata"]["filename"], each["run"]) for each in results(job))
    assert runs == sorted([(name, 0) for name in names] + [("letter-1.html", 1)])
    replay_beside_a_job(job, "--from-beginning")
    assert max(each["run"] for each in results(job) if each["metadata"]["filename"] == "letter-1.html") == 2
    assert sorted(path.name for path in (job.root / "done").rglob("*.html")) == sorted(names)


@pytest.mark.parametrize(
    "now",
    [
        {"inbox": {"auto_move_processed": True, "processed_directory": "elsewhere"}},
        {"another": {"auto_move_processed": True}},
    ],
    ids=["moves elsewhere", "left out"],
)
def test_moved_files_are_found_whatever_became_of_their_source(job: JobFolder, now: dict[str, Any]) -> None:
    job.letters(2)
    job.run_once()
    written = yaml.safe_load((job.root / "job.yaml").read_text())
    written["stream_sources"] = {
        name: {"type": "filesystem", "config": {"watch_directories": ["inbox"], **settings}}
        for name, settings in now.items()
    }
    (job.root / "job.yaml").write_text(yaml.safe_dump(written))
    _, summary = replay_beside_a_job(job, "--from-beginning")
    assert "2 results, 0 of them with 0 changed fields" in summary


def test_a_dry_run_changes_nothing_and_a_lost_payload_is_told(job: JobFolder) -> None:
    job.letters(3)
    job.run_once()
    next((job.root / "done").rglob("letter-2.html")).unlink()
    before = len(results(job))
    done = replay(job, "--from-beginning", "--dry-run")
    assert sorted(done.stdout.splitlines()) == ["letter-0.html  run 1", "letter-1.html  run 1"]
    assert "letter-2.html: can't be run again: its payload is no longer there" in done.stderr
    assert "2 documents would be run again" in done.stderr
    assert re.search(
        r"^\d+\.\d s of one agent's time, as they took before; \d+\.\d s with \d", done.stderr, re.M
    )
    slow = replay(job, "--from-beginning", "--dry-run", "--rate", "0.01")
    assert re.search(r"; 3 min with \d+ agents?, 0.01 a second\n", slow.stderr)
    assert len(results(job)) == before


def test_what_a_newer_profile_changes_is_told_by_document_field_and_version(job: JobFolder) -> None:
    (job.root / "profiles").mkdir()
    profile = job.root / "profiles" / "letter.yaml"
    config = yaml.safe_load((job.root / "job.yaml").read_text())
    config["runtime"]["profiles_directories"] = ["profiles"]
    (job.root / "job.yaml").write_text(yaml.safe_dump(config))
    profile.write_text(PROFILE.format(version="1", label="Nothing"))
    job.letters(2)
    job.run_once()
    stale = replay(job, "--from-beginning", "--stale-profile", "--dry-run")
    assert "0 documents would be run again" in stale.stderr
    profile.write_text(PROFILE.format(version="2", label="Reference"))
    told, _ = replay_beside_a_job(job, "--from-beginning", "--stale-profile", "--json")
    *changed, summary = (json.loads(line) for line in told.splitlines())
    assert summary == {"documents": 2, "differing": 2, "changedFields": len(changed)}
    references = {each["filename"]: each for each in changed if each["field"] == "reference"}
    one = references["letter-1.html"]
    assert (one["old"], one["new"]) == (None, "L-00001")
    assert one["old_profile"].startswith("letter@1.0.0+")
    assert one["new_profile"].startswith("letter@2.0.0+")


def test_failed_documents_are_run_again_by_the_code_of_their_dead_letters(job: JobFolder) -> None:
    (job.inbox / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
    (job.inbox / "empty.pdf").touch()
    job.letters(1)
    job.run_once()
    none = replay(job, "--dead-letters", "--from-beginning", "--where", "code=timeout", "--dry-run")
    assert "0 documents would be run again" in none.stderr
    with open_log(runtime_of(job)) as log:
        log.append([refused("k", b"\x00", "not JSON", "incoming[2]@41").message()])
    _, summary = replay_beside_a_job(job, "--dead-letters", "--from-beginning", "--where", "code=corrupt")
    assert "1 result, 0 of them with 0 changed fields" in summary
    runs = sorted((each["metadata"]["filename"], each["run"]) for each in results(job))
    assert runs == [("broken.pdf", 0), ("broken.pdf", 1), ("empty.pdf", 0), ("letter-0.html", 0)]
    letters = [json.loads(line) for line in tail(job, "dead-letters", "--where", "code=corrupt")]
    assert [(each["attempts"], each["run"]) for each in letters] == [("1", 0), ("1", 1)]
    assert letters[0]["payload"].endswith("/inbox/broken.pdf")
    every = replay(job, "--dead-letters", "--from-beginning", "--dry-run")
    assert "incoming[2]@41: can't be run again: it is no document; send it again to where it" in every.stderr


def test_a_file_that_could_not_be_read_is_read_by_a_replay_once_it_can(job: JobFolder) -> None:
    """Its event says why it failed; a replay of it failed for this reason, and never looked at the file."""
    job.bound_by_rights = True
    (name,) = job.letters(1)
    (job.inbox / name).chmod(0)
    job.run_once()
    (job.root / "failed" / name).chmod(0o644)
    arguments = ("--from-beginning", "--where", "code=fetch_failed", "--no-wait")
    assert "1 document run again" in replay(job, "--dead-letters", *arguments).stderr
    job.run_once()
    assert [(each["run"], each["status"]) for each in results(job) if each["run"]] == [(1, "completed")]


def test_what_a_webhook_could_not_be_told_is_sent_again_and_not_run_again(job: JobFolder) -> None:
    port = free_port()
    endpoint = {"events": ["completion"], "retry_config": {"max_retries": 0}}
    hooks = {
        "endpoints": [{"url": f"http://127.0.0.1:{port}/{name}", **endpoint} for name in ("hook", "gone")],
        "allow_private_networks": ["127.0.0.0/8"],
    }
    config = yaml.safe_load((job.root / "job.yaml").read_text())
    config["processing_pipeline"] = {"output_streams": [{"type": "webhook", "config": hooks}]}
    (job.root / "job.yaml").write_text(yaml.safe_dump(config))
    job.letters(3)
    job.run_once()
    del hooks["endpoints"][1]
    (job.root / "job.yaml").write_text(yaml.safe_dump(config))
    redrive = ("--dead-letters", "--from-beginning")
    dry = replay(job, *redrive, "--dry-run", "--json")
    assert len(dry.stdout.splitlines()) == 6
    assert "6 webhooks would be delivered again" in dry.stderr
    with Receiver(port) as receiver:
        done = replay(job, *redrive, "--where", f"target=http://127.0.0.1:{port}/hook")
        assert done.returncode == 0, done.stderr
        assert "0 documents run again" in done.stderr
        assert "3 webhooks delivered, 0 not" in done.stderr
        letters = [json.loads(line) for line in tail(job, "dead-letters")]
        told = {json.loads(body)["subject"]: json.loads(body) for body in receiver.bodies("hook")}
        ids = {headers["webhook-id"] for headers in receiver.headers("hook")}
    assert {each["result"]["jobId"] for each in letters} == set(told)
    assert ids == {each["id"] for each in told.values()}
    gone = replay(job, *redrive, "--where", f"target=http://127.0.0.1:{port}/gone", "--json")
    assert gone.returncode == 3
    answers = [json.loads(line) for line in gone.stdout.splitlines()]
    assert {each["reason"] for each in answers} == {"the endpoint is no longer in the configuration"}
    assert {each["run"] for each in results(job)} == {0}
    statuses = [json.loads(line) for line in tail(job, "events", "--where", "name=ResultDelivered")]
    ended = [
        each["delivery_status"] for each in statuses if each["delivery_status"]["target"].endswith("hook")
    ]
    assert (
        sorted((each["status"], each["attempts"]) for each in ended)
        == [("delivered", 2)] * 3 + [("failed", 1)] * 3
    )
    options = ("-c", "job.yaml", "--from-beginning", "--no-follow", "--where", "name=ResultDelivered")
    shown = neuraldocflow("tail", "events", *options, folder=job.root).stdout
    assert shown.count(f"webhook  http://127.0.0.1:{port}/hook  delivered") == 3


def test_a_file_of_the_same_name_that_came_later_is_not_taken_for_the_one_before(job: JobFolder) -> None:
    job.letters(1)
    job.run_once()
    (job.inbox / "letter-0.html").write_text("<p>Another letter.</p>")
    assert "1 document run again" in replay(job, "--from-beginning", "--no-wait").stderr
    job.run_once()
    found = [(each["run"], each["status"] == "failed") for each in results(job)]
    assert sorted(found) == [(0, False), (0, False), (1, False)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say which part"),
        (["--offsets", "x"], "PARTITION:FIRST-LAST"),
        (["--offsets", "0:1-2", "--offsets", "0:5-6"], "partition 0 is given twice"),
        (["--offsets", "0:5-3"], "0:5-3 ends before it begins"),
        (["--since", "1h", "--until", "2h"], "2h is not after --since 1h"),
        (["--from-beginning", "--topic", "decisions"], "decisions are about agents"),
        (["--since", "yesterday"], "15m"),
        (["--from-beginning", "--where", "status"], "KEY=VALUE"),
        (["--from-beginning", "--topic", "nothing"], "there is no topic"),
        (["--from-beginning"], "no job has run"),
    ],
)
def test_a_wrong_request_is_one_sentence(job: JobFolder, arguments: list[str], told: str) -> None:
    done = replay(job, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_leaves_the_rest_to_the_next_time_and_ends_the_waiting_but_not_the_work(
    job: JobFolder,
) -> None:
    job.letters(4)
    job.run_once()
    first = job.start("replay", "-c", "job.yaml", "--from-beginning", "--rate", "0.1", "--no-wait")
    assert first.stdout is not None
    assert "4 documents run again" in first.stdout.readline()
    first.send_signal(signal.SIGINT)
    told = rest_of(first)
    assert "not run again yet; the same command goes on with them" in told
    assert first.returncode != 0
    second = job.start("replay", "-c", "job.yaml", "--from-beginning")
    assert second.stdout is not None
    assert "goes on where it was interrupted: " in second.stdout.readline()
    assert "4 documents run again" in second.stdout.readline()
    assert "no results yet: they come when a job runs" in second.stdout.readline()
    second.send_signal(signal.SIGINT)
    told = rest_of(second)
    assert "4 documents still to come: the work goes on without you" in told
    assert second.returncode == 0
    job.run_once()
    assert sorted(each["run"] for each in results(job)) == [0, 0, 0, 0, 1, 1, 1, 1]
