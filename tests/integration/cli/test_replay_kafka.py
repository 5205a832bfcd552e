"""Replaying what a log in Kafka knows: by partition, at a rate, and on from where it was interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from support.job import JobFolder, kill
from support.topics import Topics, wait_for

from neuraldocflow.events import NewDocument, decode

pytestmark = [pytest.mark.servers, pytest.mark.slow]

COUNT = 60


@pytest.fixture
def job(tmp_path: Path, kafka: str) -> JobFolder:
    """A job whose log is in Kafka, and which has read letters."""
    found = JobFolder(tmp_path)
    found.configure(
        log={"kind": "kafka", "kafka": {"bootstrap_servers": kafka, "topic_prefix": _prefix(found)}}
    )
    found.letters(COUNT)
    found.run_once()
    return found


def _prefix(job: JobFolder) -> str:
    return f"replay-{job.root.stat().st_ino}-{job.root.stat().st_ctime_ns}."


def command(job: JobFolder, *arguments: str) -> subprocess.Popen[str]:
    return job.start("replay", "-c", "job.yaml", "--from-beginning", *arguments)


def finished(process: subprocess.Popen[str]) -> str:
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0, told
    return told


def submissions(job: JobFolder, kafka: str) -> list[NewDocument]:
    topics = Topics(kafka)
    found = [decode(each.value()) for each in topics.read(f"{_prefix_of(job)}document-stream")]
    return [each for each in found if isinstance(each, NewDocument)]


def _prefix_of(job: JobFolder) -> str:
    config = yaml.safe_load((job.root / "job.yaml").read_text())
    return str(config["runtime"]["log"]["kafka"]["topic_prefix"])


def test_a_replay_that_is_killed_goes_on_where_it_was_and_submits_nothing_twice(
    job: JobFolder, kafka: str
) -> None:
    first = command(job, "--rate", "3", "--no-wait")
    wait_for(lambda: len(submissions(job, kafka)) >= COUNT // 4, 60)
    kill(first.pid)
    first.wait(timeout=60)
    first.communicate()
    before = len(submissions(job, kafka))
    assert before < COUNT
    told = finished(command(job, "--no-wait"))
    assert f"goes on where it was interrupted: {before} of {COUNT} are on the log already" in told
    runs = Counter((each.id, each.run) for each in submissions(job, kafka))
    assert len(runs) == COUNT
    assert set(runs.values()) == {1}
    assert {run for _, run in runs} == {1}
    assert f"{COUNT} documents would be run again" in finished(command(job, "--dry-run"))


def test_what_was_put_on_the_log_but_not_noted_is_not_put_there_again(job: JobFolder, kafka: str) -> None:
    first = command(job, "--rate", "3", "--no-wait")
    wait_for(lambda: len(submissions(job, kafka)) >= COUNT // 4, 60)
    kill(first.pid)
    first.communicate()
    (plan,) = (job.root / ".neuraldocflow" / "replays").glob("*.db")
    forgetful = (
        f"import sqlite3; d = sqlite3.connect({str(plan)!r}); d.execute('UPDATE documents SET state = 1')"
    )
    subprocess.run([sys.executable, "-c", f"{forgetful}; d.commit()"], check=True)
    finished(command(job, "--no-wait"))
    runs = Counter((each.id, each.run) for each in submissions(job, kafka))
    assert len(runs) == COUNT
    assert set(runs.values()) == {1}


def test_the_same_replay_twice_at_a_time_is_refused(job: JobFolder, kafka: str) -> None:
    first = command(job, "--rate", "5", "--no-wait")
    wait_for(lambda: submissions(job, kafka), 60)
    first.send_signal(signal.SIGSTOP)  # so that it does not end before the second has begun
    second = command(job, "--rate", "5", "--no-wait")
    told, _ = second.communicate(timeout=60)
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 2, told
    assert "the same replay is running already" in told
    assert f"{COUNT:,} documents run again" in finished(first)


def test_a_rate_is_kept_and_a_replay_told_to_begin_anew_does(job: JobFolder, kafka: str) -> None:
    began = time.monotonic()
    finished(command(job, "--rate", "20", "--no-wait"))
    assert time.monotonic() - began >= (COUNT - 10) / 20  # no faster, however idle the machine is
    first = command(job, "--rate", "10", "--no-wait")
    wait_for(lambda: len(submissions(job, kafka)) > COUNT, 60)
    kill(first.pid)
    first.communicate()
    told = finished(command(job, "--anew", "--no-wait"))
    assert "goes on" not in told
    assert f"{COUNT:,} documents run again" in told


def test_results_on_partitions_that_were_added_meanwhile_are_seen(job: JobFolder, kafka: str) -> None:
    waiting = command(job)
    wait_for(lambda: len(submissions(job, kafka)) == COUNT, 60)
    Topics(kafka).grow(f"{_prefix_of(job)}processing-results", 12)
    job.run_once()
    assert f"{COUNT} results, 0 of them" in finished(waiting)
