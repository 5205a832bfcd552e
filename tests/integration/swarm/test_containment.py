"""An agent that a document has taken over: what it tries, and what comes of it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.swarm import Start, answer_of, outcomes_of, sleeping, until

from neuraldocflow.swarm import process
from neuraldocflow.swarm.job import Job
from neuraldocflow.swarm.quarantine import Quarantine

REFUSED = "refused: PermissionError"


def test_an_agent_reaches_nothing_but_its_document_and_its_folder(
    start: Start, job: Callable[..., Job], tmp_path: Path
) -> None:
    swarm = start(1)
    result_of_another = tmp_path / "results" / "another.json"
    result_of_another.write_text("{}")
    tried = {
        "network": ("calls", "connect"),
        "limits of its parent": ("calls", f"limits {os.getpid()}"),
        "result of another": ("files", f"write {result_of_another}"),
        "new file": ("files", f"write {tmp_path / 'new'}"),
        "document of another": ("files", f"read {tmp_path / 'network.txt'}"),
        "path of its own": ("files", f"read {tmp_path / 'path of its own.txt'}"),
        "folder of results": ("files", f"list {tmp_path / 'results'}"),
        "variables of its parent": ("files", f"read /proc/{os.getpid()}/environ"),
        "secrets of the machine": ("files", "read /etc/shadow"),
        "its parent": ("signals", f"signal {os.getpid()}"),
    }
    allowed = {
        "its folder": "write allowed-here",
        "fonts and the like": "list /usr/share",
        "more of Python": "load wave",
        "more of a package": "load neuraldocflow.extraction.identifiers",
        "itself": "read /proc/self/stat",
    }
    for name, instruction in {**{name: each[1] for name, each in tried.items()}, **allowed}.items():
        swarm.submit(job(name, instruction))
    found = outcomes_of(swarm, len(tried) + len(allowed))
    answers = {name: answer_of(outcome)["answer"] for name, outcome in found.items()}
    kept = swarm.stats()["contained"]
    assert kept["no_new_privs"]
    assert {name: answers[name] for name in allowed} == dict.fromkeys(allowed, "done")
    assert {name: answers[name] for name, (by, _) in tried.items() if kept[by]} == {
        name: REFUSED for name, (by, _) in tried.items() if kept[by]
    }
    assert result_of_another.read_text() == ("{}" if kept["files"] else "out")


def test_a_module_among_the_documents_is_not_run(
    start: Start, job: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w').close()\nraise SystemExit\n")
    monkeypatch.chdir(tmp_path)  # as whoever reads the documents of the folder they are in
    swarm = start(1)
    swarm.submit(job("letter"))
    outcomes_of(swarm, 1, timeout=20)
    assert not (tmp_path / "run").exists()


def test_an_agent_knows_no_variable_that_could_be_a_secret(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("AWS_SECRET_ACCESS_KEY", "KAFKA_PASSWORD", "WEBHOOK_TOKEN", "NEURALDOCFLOW_CONFIG")
    for name in secrets:
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("LC_TIME", "C")
    swarm = start(1)
    for name in (*secrets, "LC_TIME"):
        swarm.submit(job(name, f"variable {name}"))
    found = outcomes_of(swarm, len(secrets) + 1)
    answers = {name: answer_of(outcome)["answer"] for name, outcome in found.items()}
    assert answers == {**dict.fromkeys(secrets, "none"), "LC_TIME": "C"}


@pytest.mark.parametrize("left", ["link {secret}", "folder 0", "folder 3000", "twin", "hole", "nothing"])
def test_a_result_that_is_no_file_of_its_own_is_not_taken(
    start: Start, job: Callable[..., Job], tmp_path: Path, left: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(json.dumps({"secret": True}))
    swarm = start(1)
    swarm.submit(job("hostile", f"leave {left.format(secret=secret)}"))
    swarm.submit(job("fine"))
    found = outcomes_of(swarm, 2)
    assert found["hostile"].error is not None
    assert found["hostile"].error["code"] == "agent_crashed"
    assert found["fine"].status == "completed"
    assert os.listdir(tmp_path / "results") == ["fine.json"]


def test_folders_that_an_agent_made_in_one_another_without_end_are_removed_and_others_are_looked_after(
    start: Start, job: Callable[..., Job], tmp_path: Path
) -> None:
    quarantine = Quarantine(tmp_path / "quarantine")
    swarm = start(1, quarantine=quarantine)
    swarm.submit(job("nests", "nest 3000", sha256="1" * 64))
    swarm.submit(job("dies", "die", sha256="2" * 64))
    outcomes_of(swarm, 2)
    until(lambda: {path.name for path in (tmp_path / "quarantine").iterdir()} == {"1" * 64, "2" * 64})
    swarm.stop()
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("end", ["answer", "die", "hang"])
def test_what_an_agent_has_started_ends_with_it_also_where_it_tries_to_stay(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr("neuraldocflow.swarm.swarm._GRACE", 0.2)
    seconds = str(80_000 + os.getpid() / 1e7)
    swarm = start(1, seconds=4)
    swarm.submit(job("forks", f"fork {seconds} {end}"))
    until(lambda: sleeping(seconds))
    outcomes_of(swarm, 1)
    swarm.stop()
    until(lambda: not sleeping(seconds))


def test_a_document_comes_as_its_bytes_and_a_large_one_as_a_file(
    start: Start, job: Callable[..., Job]
) -> None:
    swarm = start(1)
    small, large = job("small", "document"), job("large", "document ")
    os.truncate(large.path, 40 << 20)
    for each in (large, small):
        swarm.submit(each)
    found = outcomes_of(swarm, 2)
    assert answer_of(found["small"])["answer"] == "bytes of 8 bytes"
    assert answer_of(found["large"])["answer"] == f"PosixPath of {40 << 20} bytes"


def test_a_document_that_can_not_be_opened_is_told_as_such(
    start: Start, job: Callable[..., Job], tmp_path: Path
) -> None:
    swarm = start(1)
    gone, folder = job("gone"), job("folder")
    Path(gone.path).unlink()
    Path(folder.path).unlink()
    Path(folder.path).mkdir()
    swarm.submit(gone)
    swarm.submit(folder)
    swarm.submit(Job("odd", "odd\0name", str(tmp_path / "results" / "odd.json"), key="me"))
    swarm.submit(job("fine"))
    found = outcomes_of(swarm, 4)
    told = {name: (each.error or {}).get("message") for name, each in found.items()}
    assert told == {
        "gone": "The file can't be read: No such file or directory.",
        "folder": "The file can't be read: it is no file.",
        "odd": "The file can't be read: its name can't be one.",
        "fine": None,
    }


def test_a_folder_that_hangs_holds_up_its_documents_and_no_others(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    hung, well = job("hung", sha256="of hung"), _hang(monkeypatch, "hung")
    swarm = start(2, seconds=3)
    swarm.submit(hung)
    for number in range(20):
        swarm.submit(job(str(number)))
    found = outcomes_of(swarm, 21)
    assert [name for name, each in found.items() if each.error] == ["hung"]
    assert found["hung"].error is not None
    assert found["hung"].error["code"] == "fetch_failed"
    told = found["hung"].error["message"]
    assert told == "The file could not be opened in 6.4 s: its folder does not answer."
    well.set()
    swarm.submit(job("hung", sha256="of hung", run=1))  # no agent has seen it: nothing is held against it
    assert outcomes_of(swarm, 1)["hung"].status == "completed"
    assert swarm.decisions.counts()["lost", "its document could not be opened"] == 1


def test_a_document_has_all_its_time_from_when_it_could_be_opened(
    start: Start, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    well = _hang(monkeypatch, "late")
    swarm = start(1, seconds=2)
    swarm.submit(job("late", "sleep 0.2"))
    time.sleep(3)  # longer than it may take
    well.set()
    found = outcomes_of(swarm, 1)["late"]
    assert found.status == "completed"
    assert found.attempt == 1


def _hang(monkeypatch: pytest.MonkeyPatch, name: str) -> threading.Event:
    """Let a document's folder hang until what is given back is set."""
    monkeypatch.setattr("neuraldocflow.swarm.swarm._GRACE", 0.2)
    opened, well = process._opened, threading.Event()

    def opened_some_time(path: str) -> int:
        if Path(path).stem == name:
            well.wait(60)
        return opened(path)

    monkeypatch.setattr(process, "_opened", opened_some_time)
    return well
