"""The documented examples of a source and an output of one's own, run as the documentation says."""

from __future__ import annotations

import sqlite3
import subprocess
from collections import Counter
from pathlib import Path

import pyarrow.dataset as ds
import pytest
import yaml
from support.job import LETTER, JobFolder, kill
from support.receiver import Receiver
from support.topics import wait_for

from neuraldocflow.job import recovery_reader

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "own"


class TableJob(JobFolder):
    """A job from one table to another."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        plugins = [EXAMPLES / "table_source.py", EXAMPLES / "table_output.py"]
        self.environment["NEURALDOCFLOW_PLUGINS"] = ":".join(map(str, plugins))
        source = {"database": "inbox.db", "polling_interval_ms": 50}
        outputs = [
            {"type": "fields_table", "config": {"database": "fields.db"}},
            {"type": "parquet", "config": {}},
        ]
        config = {
            "stream_sources": {"rows": {"type": "table", "config": source}},
            "processing_pipeline": {"output_streams": outputs},
            "runtime": {"snapshot_interval_ms": 100},
        }
        (root / "job.yaml").write_text(yaml.safe_dump(config))
        self.ask("inbox", "CREATE TABLE inbox (id INTEGER PRIMARY KEY, name TEXT, body BLOB, status TEXT)")

    def ask(self, database: str, statement: str, *values: object) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.root / f"{database}.db", timeout=30)
        with connection:
            found = connection.execute(statement, values).fetchall()
        connection.close()
        return found

    def insert(self, count: int, first: int = 0) -> set[str]:
        names = set()
        for number in range(first, first + count):
            body = LETTER.format(number=number, day=number % 28 + 1).encode()
            name = f"row-{number}.html"
            self.ask("inbox", "INSERT INTO inbox (name, body) VALUES (?, ?)", name, body)
            names.add(name)
        return names

    def statuses(self) -> Counter[object]:
        return Counter(status for (status,) in self.ask("inbox", "SELECT status FROM inbox"))


@pytest.fixture
def job(tmp_path: Path) -> TableJob:
    return TableJob(tmp_path)


@pytest.mark.parametrize("example", ["table_source.py", "table_output.py"])
def test_an_example_is_one_short_file(example: str) -> None:
    assert len((EXAMPLES / example).read_text().splitlines()) < 60


def test_rows_become_results_in_a_table_and_are_marked(job: TableJob) -> None:
    names = job.insert(10)
    job.ask("inbox", "INSERT INTO inbox (name, body) VALUES ('empty.html', x'')")
    told = job.run_once()
    assert "11 documents" in told
    assert Counter(job.archived()) == Counter([*names, "empty.html"])
    assert job.statuses() == {"completed": 10, "failed": 1}
    written = job.ask("fields", "SELECT file, value FROM fields WHERE field = 'title'")
    assert sorted(written) == sorted((f"row-{number}.html", f"Letter {number}") for number in range(10))
    assert "0 documents" in job.run_once()


def test_a_job_killed_again_and_again_gives_each_row_one_visible_result(job: TableJob) -> None:
    names = job.insert(60)
    for wanted in (5, 25):
        process = job.start("run", "-c", "job.yaml")
        wait_for(lambda at=wanted: 60 - job.statuses()[None] >= at, 60)  # type: ignore[misc]
        kill(process.pid)
        process.communicate(timeout=60)
    job.run_once()
    assert Counter(job.archived()) == Counter(names)
    assert job.statuses() == {"completed": 60}
    found = [file for (file,) in job.ask("fields", "SELECT file FROM fields WHERE field = 'title'")]
    assert Counter(found) == Counter(names)


def test_documents_of_a_source_of_one_s_own_are_replayed_through_it(job: TableJob) -> None:
    job.insert(2)
    job.run_once()
    told, _ = job.start("replay", "-c", "job.yaml", "--from-beginning", "--no-wait").communicate(timeout=60)
    assert "2 documents run again" in told
    job.run_once()
    documents = job.root / ".neuraldocflow" / "archive" / "documents"
    rows = (
        ds.dataset(documents, partitioning="hive").to_table(columns=["run", "status", "source"]).to_pylist()
    )
    assert sorted((each["run"], each["source"]) for each in rows) == [(0, "rows")] * 2 + [(1, "rows")] * 2
    assert {each["status"] for each in rows} == {"completed"}


def test_a_source_that_is_away_is_waited_for(job: TableJob) -> None:
    names = job.insert(3)
    job.ask("inbox", "ALTER TABLE inbox RENAME TO gone")
    process = job.start("run", "-c", "job.yaml")
    assert process.stdout is not None
    told = "the source rows does not answer as it should (no such table: inbox)"
    assert any(told in line for line in process.stdout)
    job.ask("inbox", "ALTER TABLE gone RENAME TO inbox")
    wait_for(lambda: job.statuses() == {"completed": 3}, 60)
    process.terminate()
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert Counter(job.archived()) == Counter(names)


def test_a_source_that_cannot_note_what_is_done_does_not_end_the_job(job: TableJob) -> None:
    forgetful = job.root / "table_source.py"
    text = (EXAMPLES / "table_source.py").read_text()
    forgetful.write_text(text.replace('self._ask("UPDATE', 'raise KeyError(key)\n        self._ask("UPDATE'))
    job.environment["NEURALDOCFLOW_PLUGINS"] = f"{forgetful}:{EXAMPLES / 'table_output.py'}"
    names = job.insert(2)
    assert "can't note that" in job.run_once()
    assert Counter(job.archived()) == Counter(names)
    assert "0 documents" in job.run_once()


AT_FAULT = """
import sys
from neuraldocflow.plugins import Handler, Item, Section, Source, SourceConfig, add_output, add_source

class Config(SourceConfig):
    at: str = ""

class Given(Section):
    at: str = ""

def end(at, here):
    if at == here:
        sys.exit(7)
    if at == f"{here} raises":
        raise ValueError("not today")

class Source(Source[Config]):
    def __init__(self, config):
        super().__init__(config)
        end(config.at, "source")
    def find(self):
        end(self.config.at, "find")
        return [Item("a", "a.html")]
    def read(self, key):
        end(self.config.at, "read")
        return b"<p>A letter.</p>"
    def done(self, key, version, status):
        end(self.config.at, "done")

class Output(Handler[Given]):
    def __init__(self, config):
        super().__init__(config)
        end(config.at, "output")
    def handle(self, values):
        end(self.config.at, "handle")
    def close(self):
        end(self.config.at, "close")

add_source("own", Config, Source)
add_output("own", Given, Output)
"""


@pytest.mark.parametrize(
    ("at", "code", "sentence"),
    [
        ("source raises", 2, "stream_sources.mine: ValueError: not today"),
        ("find", 1, "the source mine failed: SystemExit: 7. Nothing is lost"),
        ("read", 0, "own://mine/a could not be fetched\nTraceback of SystemExit"),
        ("done", 0, "source can't note that"),
        ("output raises", 1, "the output theirs failed: ValueError: not today. Nothing is lost"),
        ("handle", 1, "the output theirs failed: SystemExit: 7. Nothing is lost"),
        ("close", 0, "the output theirs did not close as it should"),
    ],
)
def test_a_part_that_fails_or_would_end_the_process_is_told_by_its_name(
    tmp_path: Path, at: str, code: int, sentence: str
) -> None:
    job = JobFolder(tmp_path)
    (tmp_path / "own.py").write_text(AT_FAULT)
    job.environment["NEURALDOCFLOW_PLUGINS"] = "own.py"
    config = {
        "stream_sources": {"mine": {"type": "own", "config": {"at": at, "polling_interval_ms": 50}}},
        "processing_pipeline": {"output_streams": [{"type": "own", "name": "theirs", "config": {"at": at}}]},
    }
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(config))
    process = job.start("run", "-c", "job.yaml", "--once")
    told, _ = process.communicate(timeout=120)
    assert process.returncode == code, told
    assert sentence in told
    assert "unforeseen" not in told


def test_a_source_may_become_one_of_another_type_while_its_documents_are_under_way(job: TableJob) -> None:
    versioned = job.root / "table_source.py"
    text = (EXAMPLES / "table_source.py").read_text()
    versioned.write_text(text.replace("key=str(number)", 'key=str(number), version="v1"'))
    job.environment["NEURALDOCFLOW_PLUGINS"] = f"{versioned}:{EXAMPLES / 'table_output.py'}"
    job.insert(150)
    process = job.start("run", "-c", "job.yaml")
    store = job.root / ".neuraldocflow" / "recovery"
    wait_for(lambda: recovery_reader.states(store, "documents.extract"), 60)
    kill(process.pid)
    process.communicate()
    config = yaml.safe_load((job.root / "job.yaml").read_text())
    watch = {"watch_directories": ["inbox"], "debounce_ms": 0}
    config["stream_sources"] = {"rows": {"type": "filesystem", "config": watch}}
    (job.root / "job.yaml").write_text(yaml.safe_dump(config))
    job.letters(2)
    job.run_once()
    assert {"letter-0.html", "letter-1.html"} <= set(job.archived())


def test_several_processes_share_the_work(job: TableJob) -> None:
    names = job.insert(20)
    job.run_once("--processes", "2")
    assert Counter(job.archived()) == Counter(names)
    assert job.statuses() == {"completed": 20}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise ValueError('no licence')", "ValueError: no licence"),
        (None, "no such Python file"),
        ("", "table"),
    ],
)
def test_a_plugin_that_is_none_is_told_before_anything_starts(
    job: TableJob, text: str | None, told: str
) -> None:
    path = job.root / "own.py"
    if text is not None:
        path.write_text(text)
    job.environment["NEURALDOCFLOW_PLUGINS"] = str(path)
    process: subprocess.Popen[str] = job.start("run", "--once", "-c", "job.yaml")
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 2, printed
    assert told in printed
    assert "Traceback" not in printed


EVENTS = """
from neuraldocflow.plugins import Handler, add_output
from neuraldocflow.values import Section

class Names(Handler[Section]):
    lifecycle = True

    def handle(self, values):
        with open("names.txt", "a") as file:
            file.writelines(f"{type(value).__name__}\\n" for value in values)

add_output("names", Section, Names)
"""


def test_an_output_for_the_whole_life_of_documents_has_events_and_results_and_no_dead_letters(
    tmp_path: Path,
) -> None:
    job = JobFolder(tmp_path)
    (tmp_path / "names.py").write_text(EVENTS)
    job.environment["NEURALDOCFLOW_PLUGINS"] = "names.py"
    config = yaml.safe_load((tmp_path / "job.yaml").read_text())
    with Receiver() as receiver:
        endpoints = [{"url": receiver.url("hook"), "events": ["error"]}]
        hooks = {"endpoints": endpoints, "allow_private_networks": ["127.0.0.0/8"]}
        outputs = [
            {"type": "names", "name": "their.names", "config": {}},
            {"type": "webhook", "config": hooks},
        ]
        config["processing_pipeline"] = {"output_streams": outputs}
        (tmp_path / "job.yaml").write_text(yaml.safe_dump(config))
        job.letters(1)
        (job.inbox / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
        job.run_once()
    names = Counter((tmp_path / "names.txt").read_text().split())
    assert (names["Delivery"], names["QualityValidated"], names["ProcessingFailed"]) == (2, 1, 1)
    assert names["ResultDelivered"] == 1
    assert "DeadLetter" not in names
