"""The embedded log: the common suite, then what several processes and accidents may do to it."""

from __future__ import annotations

import gc
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest
from support.log_suite import LogSuite, OpenLog, everything, message
from support.topics import wait_for

from neuraldocflow.config import parse
from neuraldocflow.errors import ConfigError
from neuraldocflow.log import TOPICS, EmbeddedLog, LogError, open_log

WRITER = """
import sys
from pathlib import Path
from neuraldocflow.log import EmbeddedLog, Message
log = EmbeddedLog(Path(sys.argv[1])); name = sys.argv[2]; log.ensure_topic("t", 3)
for number in range(int(sys.argv[3])):
    log.append([Message("t", name, f"{number}.{part}".encode()) for part in range(3)])
    print(number, flush=True)
"""


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


class TestEmbeddedLog(LogSuite):
    @pytest.fixture
    def open_log(self, tmp_path: Path) -> OpenLog:
        return lambda: EmbeddedLog(tmp_path / "state" / "log.db")


def test_processes_write_at_once_and_each_ones_order_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    writers = [writer(path, f"w{name}", 60) for name in range(4)]
    for each in writers:
        each.communicate(timeout=120)
        assert each.returncode == 0
    with EmbeddedLog(path) as log:
        got = everything(log)
    expected = [f"{number}.{part}".encode() for number in range(60) for part in range(3)]
    for name in range(4):
        assert [value for key, value in got if key == f"w{name}"] == expected


def test_kill_9_while_appending_loses_nothing_acknowledged_and_leaves_no_half_batch(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    acknowledged: dict[str, int] = {}
    for attempt in range(5):
        process = writer(path, f"w{attempt}", 1_000_000)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05 + 0.03 * attempt)
        process.send_signal(signal.SIGKILL)
        acknowledged[f"w{attempt}"] = len(process.stdout.read().splitlines()) + 1
        process.wait()
    with EmbeddedLog(path) as log:
        got = everything(log)
    for name, count in acknowledged.items():
        values = [value.decode() for key, value in got if key == name]
        assert len(values) % 3 == 0
        assert len(values) // 3 in (count, count + 1)  # the last may be durable and not yet told
        assert values == [f"{number}.{part}" for number in range(len(values) // 3) for part in range(3)]


def test_a_record_of_another_process_ends_a_wait(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with EmbeddedLog(path) as log:
        log.ensure_topic("t", 1)
        process = writer(path, "a", 1)
        assert log.wait({("t", 0): 2}, 60)
        process.communicate()


def test_a_log_that_is_closed_has_no_file_open_although_threads_used_it_and_somebody_keeps_it(
    tmp_path: Path,
) -> None:
    log = EmbeddedLog(tmp_path / "log.db")
    log.ensure_topic("t", 2)
    log.append([message("t", "k")])
    others = open_files(tmp_path)["inotify"]
    waiters = ThreadPoolExecutor(4)
    waiting = [waiters.submit(log.wait, {("t", part): 99 for part in (0, 1)}, 30) for _ in range(4)]
    wait_for(lambda: open_files(tmp_path)["inotify"] == others + 4, 10)
    assert open_files(tmp_path)["log.db"] >= 2 * 5
    gc.disable()  # which closes what only holds itself, some day
    try:
        log.close()
        assert not any(each.result(timeout=10) for each in waiting)
        assert open_files(tmp_path) == {"log.db": 0, "inotify": others}
    finally:
        gc.enable()
        waiters.shutdown()
    with pytest.raises(LogError, match="is closed"):
        log.topics()


def open_files(folder: Path) -> dict[str, int]:
    """How many descriptors this process has of the log's files, and of inotify."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(os.readlink(each))
    return {
        "log.db": sum(each.startswith(str(folder)) for each in found),
        "inotify": sum("inotify" in each for each in found),
    }


def test_a_forked_child_has_a_connection_of_its_own(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.ensure_topic("t", 1)
        log.append([message("parent")])
        child = os.fork()
        if child == 0:
            log.append([message("child")])
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        log.append([message("parent")])
        assert [key for key, _ in everything(log)] == ["parent", "child", "parent"]


def test_a_clock_set_back_does_not_disorder_the_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.ensure_topic("t", 1)
        log.append([message("a")])
        monkeypatch.setattr(time, "time_ns", lambda: 10**18)
        log.append([message("a")])
        first, second = log.read("t", 0, 0)
        assert second.timestamp == first.timestamp


def test_space_is_given_back_after_retention(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path / "log.db") as log:
        log.ensure_topic("t", 1)
        for _ in range(20):
            log.append([message("a", "x" * 100_000) for _ in range(5)])
        log.retain("t", max_bytes=100_000)
    assert (tmp_path / "log.db").stat().st_size < 2_000_000


def test_writers_have_their_turn_while_retention_gives_space_back(tmp_path: Path) -> None:
    free: list[int] = []
    with (
        EmbeddedLog(tmp_path / "log.db") as log,
        closing(sqlite3.connect(tmp_path / "log.db")) as database,
        ThreadPoolExecutor(1) as another,
    ):
        log.ensure_topic("t", 1)
        for _ in range(60):
            log.append([message("a", "x" * 20_000) for _ in range(50)])
        retaining = another.submit(log.retain, "t", max_bytes=100_000)
        while not retaining.done():
            log.append([message("b")])
            free += database.execute("PRAGMA freelist_count").fetchone()
    fewer = [after for before, after in pairwise(free) if 0 < after < before]
    assert len(fewer) > 1


def test_a_file_that_is_no_log_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_text("not a database, but long enough to be read as one" * 50)
    with pytest.raises(LogError, match="file is not a database"):
        EmbeddedLog(tmp_path / "log.db")
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="can't be opened"):
        EmbeddedLog(tmp_path / "file" / "log.db")


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def test_threads_hear_that_it_can_not_be_used_for_now_as_an_error_of_the_log(tmp_path: Path) -> None:
    places = {("t", 0): 0}
    with EmbeddedLog(tmp_path / "log.db") as log, ThreadPoolExecutor(1) as another:
        log.ensure_topic("t", 1)
        another.submit(int).result()  # it has begun
        with no_descriptor_left():
            with pytest.raises(LogError, match="Too many open files"):
                log.append([message("a")])
            with pytest.raises(LogError):
                another.submit(log.wait, places, 0.0).result()
        log.append([message("a")])
        assert another.submit(log.wait, places, 0.0).result()


def test_a_newer_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    EmbeddedLog(tmp_path / "log.db").close()
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LogError, match="format 99, this version reads 1"):
        EmbeddedLog(tmp_path / "log.db")


def test_the_configuration_opens_the_log_with_its_topics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with open_log(parse(f"runtime: {{state_directory: {tmp_path}/s}}").runtime) as log:
        assert set(log.topics()) == set(TOPICS)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with pytest.raises(ConfigError, match=r"runtime.log.kafka.bootstrap_servers is not set"):
        open_log(parse("runtime: {log: kafka}").runtime)
