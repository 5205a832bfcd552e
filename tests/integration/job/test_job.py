"""The job from a folder to results, by its commands."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from neuraldocflow.events import DocumentSource, NewDocument
from neuraldocflow.log import DEAD_LETTERS, DOCUMENT_STREAM, EmbeddedLog
from neuraldocflow.payloads import PayloadStore
from sinks.events import message_of
from tests.support.command import rest_of
from tests.support.job import LETTER, JobFolder, agents_of, is_shut_in, lives
from tests.support.packages import program
from tests.support.servers.serving import alone
from tests.support.topics import wait_for

SAMPLES = Path(__file__).parents[3] / "neuraldocflow" / "samples"


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path)


def finish(process: subprocess.Popen[str], timeout: float = 60) -> str:
    told = rest_of(process, timeout)
    assert process.returncode == 0, told
    return told


def until_results(job: JobFolder, count: int, timeout: float = 120) -> None:
    end = time.monotonic() + timeout
    while not job.results.is_dir() or len(list(job.results.glob("*.json"))) < count:
        assert time.monotonic() < end, list(job.results.glob("*")) if job.results.is_dir() else "no results"
        time.sleep(0.05)


def test_documents_in_a_folder_become_results_and_a_second_run_gives_none_new(job: JobFolder) -> None:
    for sample in SAMPLES.iterdir():
        shutil.copy(sample, job.inbox)
    told = job.run_once()
    assert "3 documents: 3 done" in told
    assert job.result("sample-record.html")["extractedData"]["documentType"] == "medical_record"
    name = job.result("sample-record.html")["extractedData"]["fields"]["patient_name"]
    assert name["value"] == "Wren Calloway"
    assert name["provenance"][0]["block"]
    assert "0 documents" in job.run_once()
    assert len(job.archived()) == 3


def test_each_bad_input_is_a_typed_error_and_the_job_goes_on(job: JobFolder) -> None:
    job.configure({"auto_move_processed": True})
    (job.inbox / "empty.pdf").touch()
    (job.inbox / "picture.pdf").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (job.inbox / "broken.docx").write_bytes(b"PK\x03\x04 not really")
    (job.inbox / "new\nline.html").write_text("<p>Fine.</p>")
    (job.inbox / "a").mkdir()
    (job.inbox / "a" / "fine.html").write_text("<p>One.</p>")
    (job.inbox / "fine.html").write_text("<p>Two.</p>")
    told = job.run_once()
    assert "6 documents: 3 done, 3 failed" in told
    failed = job.inbox / "failed"
    reasons = {
        path.name: json.loads(path.read_text())["error"]["code"] for path in failed.glob("*.reason.json")
    }
    assert reasons == {
        "empty.pdf.reason.json": "empty",
        "picture.pdf.reason.json": "unsupported_format",
        "broken.docx.reason.json": "corrupt",
    }
    with EmbeddedLog(job.root / ".neuraldocflow" / "log.db") as log:
        places = [(DEAD_LETTERS, part) for part in log.partitions(DEAD_LETTERS)]
        letters = [record for place in places for record in log.read(*place, log.begin(*place))]
    assert sorted(letter.headers["reason"].split(":")[0] for letter in letters) == sorted(reasons.values())
    assert {letter.headers["origin"] for letter in letters} == {"/sources/inbox"}
    processed = [path for path in (job.inbox / "processed").rglob("*") if path.is_file()]
    assert sorted(path.name for path in processed) == ["fine.html", "fine.html", "new\nline.html"]
    texts = {json.loads(path.read_text())["extractedData"]["text"] for path in job.results.glob("fine.html*")}
    assert texts == {"One.", "Two."}


def test_a_failed_file_that_is_moved_back_is_processed_again_as_the_next_run(job: JobFolder) -> None:
    job.configure({"auto_move_processed": True})
    (job.inbox / "a.html").write_bytes(b"\x7fELF not a document")
    for run in range(2):
        assert "1 document: 1 failed" in job.run_once()
        assert (job.inbox / "failed" / "a.html.reason.json").exists()
        assert job.result("a.html")["run"] == run
        os.rename(job.inbox / "failed" / "a.html", job.inbox / "a.html")
    assert job.archived() == ["a.html"] * 2


def test_stopped_by_a_signal_it_ends_with_0_and_the_rest_comes_after_the_restart(job: JobFolder) -> None:
    names = job.letters(150)
    process = job.start("run", "-c", "job.yaml")
    until_results(job, 5)
    process.send_signal(signal.SIGTERM)
    finish(process)
    job.run_once()
    assert sorted(job.archived()) == sorted(names)


def test_a_second_signal_ends_it_at_once_and_the_rest_comes_after_the_restart(job: JobFolder) -> None:
    names = job.letters(300)
    process = job.start("run", "-c", "job.yaml")
    until_results(job, 5)
    agents = [agent for agent in agents_of(process.pid) if is_shut_in(agent)]
    for agent in agents:  # which then have a minute to finish what they are at
        os.kill(agent, signal.SIGSTOP)
    time.sleep(1)  # each has been given a document by then
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode != 0
    wait_for(lambda: not any(lives(agent) for agent in agents), 10)
    job.run_once()
    assert sorted(job.archived()) == sorted(names)


@pytest.mark.parametrize("processes", [[], ["--processes", "2"]], ids=["alone", "cluster"])
def test_what_a_killed_job_has_left_is_removed_and_keeps_none_from_starting(
    job: JobFolder, processes: list[str]
) -> None:
    left = job.root / ".neuraldocflow" / "work" / "scratch" / "0" / "agent-1"
    left.mkdir(parents=True)
    made = "import os\nfor _ in range(3000):\n os.mkdir('in')\n os.chdir('in')"
    subprocess.run([sys.executable, "-c", made], cwd=left, check=True)
    fetched = job.root / ".neuraldocflow" / "work" / "fetched" / "1" / "half of a document"
    fetched.parent.mkdir(parents=True)
    fetched.touch()
    job.letters(1)
    job.run_once(*processes)
    assert not left.exists()
    assert not fetched.exists()


def test_a_file_that_appears_while_the_job_runs_is_taken(job: JobFolder) -> None:
    process = job.start("run", "-c", "job.yaml")
    job.letters(1)
    until_results(job, 1)
    job.letters(2, first=1)
    until_results(job, 3)
    process.send_signal(signal.SIGINT)
    assert "3 documents: 3 done" in finish(process)


def test_a_second_job_on_the_same_state_is_refused_with_a_sentence(job: JobFolder) -> None:
    process = job.start("run", "-c", "job.yaml")
    job.letters(1)
    until_results(job, 1)
    second = job.start("run", "--once", "-c", "job.yaml")
    told, _ = second.communicate(timeout=60)
    assert second.returncode == 2
    assert f"a job runs on {job.root / '.neuraldocflow'} already (process {process.pid})" in told
    assert "running: " not in told
    process.send_signal(signal.SIGTERM)
    finish(process)


def test_a_directory_that_is_not_there_is_refused_at_start(job: JobFolder) -> None:
    shutil.rmtree(job.inbox)
    process = job.start("run", "--once", "-c", "job.yaml")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "stream_sources.inbox.config.watch_directories: inbox: there is no such directory" in told


@pytest.mark.parametrize("damage", ["gone", "not a database", "empty"])
def test_a_recovery_store_that_is_not_whole_is_explained(job: JobFolder, damage: str) -> None:
    job.letters(1)
    job.run_once()
    store = job.root / ".neuraldocflow" / "recovery"
    part = store / "part-3.sqlite3"
    if damage == "gone":
        part.unlink()
    elif damage == "empty":
        shutil.rmtree(store)
        store.mkdir()
    else:
        part.write_bytes(b"nonsense" * 1000)
    process = job.start("run", "--once", "-c", "job.yaml")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "the recovery store" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("cluster", [(), ("--processes", "2")], ids=["alone", "cluster"])
@pytest.mark.parametrize("what", ["store", "state"])
def test_state_of_another_release_is_refused_with_a_sentence_and_stays(
    job: JobFolder, what: str, cluster: tuple[str, ...]
) -> None:
    job.letters(3)
    job.run_once()
    store = job.root / ".neuraldocflow" / "recovery"
    if what == "store":
        (store / "format").write_text("99")
    else:
        age_states(store)
    held = snapshots_of(store)
    process = job.start("run", "--once", "-c", "job.yaml", *cluster)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2, told
    assert re.search(r"this release reads [12 and]+: start the release that wrote it and drain it", told)
    assert "Traceback" not in told
    assert held <= snapshots_of(store)


def test_a_store_of_before_there_were_formats_is_read(job: JobFolder) -> None:
    job.letters(3)
    job.run_once()
    stamp = job.root / ".neuraldocflow" / "recovery" / "format"
    stamp.unlink()
    assert "0 documents" in job.run_once()
    assert stamp.read_text() == "2\n"


def test_a_store_in_which_webhooks_wait_by_their_places_is_refused_and_stays_as_it_is(job: JobFolder) -> None:
    job.letters(3)
    job.run_once()
    store = job.root / ".neuraldocflow" / "recovery"
    (store / "format").write_text("1")
    with closing(sqlite3.connect(store / "part-0.sqlite3")) as database, database:
        waiting = pickle.dumps({"version": 1, "queues": [[("m", "d", 0, "default", 0, 0.0)]]})
        row = ("documents.to_webhook_1", "d", 1, waiting)
        columns = "step_id, state_key, snap_epoch, ser_change"
        database.execute(f"INSERT INTO snaps ({columns}) VALUES (?, ?, ?, ?)", row)
    process = job.start("run", "--once", "-c", "job.yaml")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2, told
    assert "has webhooks to deliver of 1 document," in told
    assert (store / "format").read_text() == "1"


def age_states(store: Path) -> None:
    """Give all states the version of a release to come."""
    for part in store.glob("part-*.sqlite3"):
        with closing(sqlite3.connect(part)) as database, database:
            rows = database.execute("SELECT rowid, ser_change FROM snaps WHERE ser_change IS NOT NULL")
            for row, data in rows.fetchall():
                state = pickle.loads(data)
                if isinstance(state, dict):
                    aged = pickle.dumps({**state, "version": 99})
                    database.execute("UPDATE snaps SET ser_change = ? WHERE rowid = ?", (aged, row))


def snapshots_of(store: Path) -> set[tuple[object, ...]]:
    found: set[tuple[object, ...]] = set()
    for part in store.glob("part-*.sqlite3"):
        with closing(sqlite3.connect(part)) as database:
            found.update(database.execute("SELECT step_id, state_key, ser_change FROM snaps").fetchall())
    return found


def test_the_flow_runs_with_bytewax_alone(job: JobFolder) -> None:
    names = job.letters(5)
    recovery = job.root / "recovery"
    recovery.mkdir()
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(recovery), "2"], check=True)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "bytewax.run",
            "dataflows.documents",
            "-r",
            str(recovery),
            "-s",
            "1",
            "-b",
            "0",
        ],
        cwd=job.root,
        env={**os.environ, "NEURALDOCFLOW_CONFIG": "job.yaml"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until_results(job, 5)
    finally:
        process.kill()
        process.communicate(timeout=60)
    assert {path.name.removesuffix(".json") for path in job.results.iterdir()} == names


def test_what_is_older_than_retention_leaves_the_log(job: JobFolder) -> None:
    def on_the_log() -> int:
        with EmbeddedLog(job.root / ".neuraldocflow" / "log.db") as log:
            return sum(log.end(topic, part) - log.begin(topic, part) for topic, part in partitions(log))

    def partitions(log: EmbeddedLog) -> list[tuple[str, int]]:
        return [(topic, part) for topic in log.topics() for part in log.partitions(topic)]

    job.letters(3)
    job.run_once()
    assert on_the_log() > 3
    job.configure(retention_days=1e-9)
    job.letters(1, first=3)
    process = job.start("run", "-c", "job.yaml")
    end = time.monotonic() + 30
    while on_the_log() > 8:
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    finish(process)


def test_documents_that_wait_are_kept_beyond_retention_and_no_longer_when_they_are_done(
    job: JobFolder,
) -> None:
    state, ago = job.root / ".neuraldocflow", 8 * 86_400
    payloads = PayloadStore((state / "payloads").as_uri(), job.root)
    with EmbeddedLog(state / "log.db") as log:
        log.ensure_topic(DOCUMENT_STREAM)
        for number in range(3):
            kept = payloads.put([LETTER.format(number=number, day=1).encode()], "a.html")
            source = DocumentSource(kind="file", uri=kept.uri, size=kept.size, filename=f"{number}.html")
            log.append([message_of(NewDocument(id=str(uuid.uuid4()), origin="/gateway", source=source))])
    with closing(sqlite3.connect(state / "log.db")) as database, database:
        database.execute("UPDATE records SET ms = ms - ?", (ago * 1000,))
    files = list((state / "payloads").glob("??/*"))
    for path in files:
        os.utime(path, (time.time() - ago,) * 2)
    assert "3 documents: 3 done" in job.run_once()
    assert len(files) == 3
    wait_for(lambda: "0 documents" in job.run_once() and not any(path.exists() for path in files), 60)


@pytest.fixture
def up_with_samples(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """As the README starts it, at the usual port: no other test of this machine does so meanwhile."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NEURALDOCFLOW")}
    with alone("usual-port"):
        process = subprocess.Popen(
            [sys.executable, "-m", "neuraldocflow", "up", "--samples"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        yield process
        process.kill()
        process.wait()


def test_up_with_samples_shows_each_and_where_to_look_and_takes_documents_as_the_readme_says(
    tmp_path: Path, up_with_samples: subprocess.Popen[str]
) -> None:
    assert program("curl", "curl"), "curl is needed for this test: sudo apt-get install curl"
    process = up_with_samples
    assert process.stdout is not None
    head = [process.stdout.readline() for _ in range(2)]
    assert "NeuralDocFlow is running" in head[0]
    address = re.search(r"^open +(http://127\.0\.0\.1:8080)/#token=(ndf_\S+)$", head[1])
    assert address, head
    assert (tmp_path / ".neuraldocflow" / "local-key").read_text().strip() == address[2]
    results = tmp_path / "results"
    wait_for(lambda: len(list(results.glob("sample-*.json"))) == 3, 60)

    shutil.copy(SAMPLES / "sample-contract.pdf", tmp_path / "my.pdf")
    readme = (SAMPLES.parents[1] / "README.md").read_text()
    (commands,) = (block for block in readme.split("```")[1::2] if "curl -H" in block)
    said = subprocess.run(
        ["bash", "-euc", commands], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    taken, end = json.JSONDecoder().raw_decode(said)
    listed = json.loads(said[end:])
    assert taken["status"] == "queued"
    assert listed["jobs"][0]["job_id"] == taken["job_id"]
    wait_for(lambda: len(list(results.glob("my*.json"))) == 1, 60)

    process.send_signal(signal.SIGINT)
    told = finish(process)
    assert "drop documents into               ./inbox" in told
    for line in (
        "sample-10-k.pdf  done",
        "sample-contract.pdf  done",
        "sample-record.html  done",
        "my.pdf  done",
    ):
        assert line in told
    assert "stopped after 4 documents: 4 done" in told


def test_a_file_that_vanishes_while_it_waits_is_a_typed_error(job: JobFolder) -> None:
    job.configure({"auto_move_processed": True})
    names = job.letters(300)
    process = job.start("run", "--once", "-c", "job.yaml")
    until_results(job, 1)
    gone = 0
    for path in sorted(job.inbox.glob("*.html"), reverse=True)[:100]:
        path.unlink(missing_ok=True)
        gone += 1
    told = finish(process, 60)
    assert gone
    codes = {
        result["error"]["code"]
        for result in (job.result(path.stem) for path in job.results.glob("*.json"))
        if result["error"]
    }
    assert codes <= {"fetch_failed"}, told
    assert set(job.archived()) <= names
