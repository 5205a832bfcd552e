"""Replaying documents, as a user does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.job import JobFolder

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
    return subprocess.run(
        [sys.executable, "-m", "neuraldocflow", "replay", "-c", "job.yaml", *arguments],
        cwd=job.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def replay_beside_a_job(job: JobFolder, *arguments: str) -> tuple[str, str]:
    running = job.start("run", "-c", "job.yaml")
    try:
        done = replay(job, *arguments)
    finally:
        running.terminate()
        running.communicate(timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def results(job: JobFolder) -> list[dict[str, Any]]:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "neuraldocflow",
            "tail",
            "-c",
            "job.yaml",
            "--from-beginning",
            "--no-follow",
            "--json",
        ],
        cwd=job.root,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line)["result"] for line in done.stdout.splitlines()]


def test_moved_files_are_found_and_run_again_under_the_next_run(job: JobFolder) -> None:
    names = job.letters(4)
    job.run_once()
    assert not list(job.inbox.glob("*.html"))
    told, summary = replay_beside_a_job(job, "--from-beginning", "--where", "filename=letter-1.html")
    assert "1 results, 0 of them with 0 changed fields" in summary
    assert told == ""
    runs = sorted((each["metadata"]["filename"], each["run"]) for each in results(job))
    assert runs == sorted([(name, 0) for name in names] + [("letter-1.html", 1)])
    replay_beside_a_job(job, "--from-beginning")
    assert max(each["run"] for each in results(job) if each["metadata"]["filename"] == "letter-1.html") == 2
    assert sorted(path.name for path in (job.root / "done").rglob("*.html")) == sorted(names)


def test_a_dry_run_changes_nothing_and_a_lost_payload_is_told(job: JobFolder) -> None:
    job.letters(3)
    job.run_once()
    next((job.root / "done").rglob("letter-2.html")).unlink()
    before = len(results(job))
    done = replay(job, "--from-beginning", "--dry-run")
    assert sorted(done.stdout.splitlines()) == ["letter-0.html  run 1", "letter-1.html  run 1"]
    assert "letter-2.html: can't be run again: its payload is no longer there" in done.stderr
    assert "2 documents would be run again" in done.stderr
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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say which part"),
        (["--offsets", "x"], "PARTITION:FIRST-LAST"),
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
