"""What is seen of a dataflow from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from neuraldocflow.job.cluster import Cluster
from neuraldocflow.job.liveness import look
from neuraldocflow.job.looking import Looking
from neuraldocflow.outages import Outage, lasting


def aged(state: Path, worker: str, seconds: float) -> None:
    beat = state / "work" / "cluster" / f"beat-{worker}"
    beat.touch()
    os.utime(beat, (0, time.time() - seconds))


def test_a_state_directory_nothing_runs_on_says_so(tmp_path: Path) -> None:
    assert look(tmp_path).phase == "not running"
    Cluster(tmp_path / "work" / "cluster")
    aged(tmp_path, "0.0", 3600)
    (tmp_path / "lock").write_text("1")  # a process that is none of ours
    found = look(tmp_path)
    assert (found.phase, found.pid, found.reason) == ("not running", None, "")


def test_workers_that_beat_run_and_a_silent_one_has_stalled(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "work" / "cluster")
    for worker in ("0.0", "0.1", "1.0"):
        cluster.beat(worker)
    cluster.reached(42)
    found = look(tmp_path)
    assert (found.phase, set(found.heartbeats), found.frontier) == ("running", {"0.0", "0.1", "1.0"}, 42)
    assert found.frontier_age is not None
    aged(tmp_path, "0.1", 31)
    found = look(tmp_path)
    assert (found.phase, found.reason) == ("stalled", "worker 0.1 has been silent for 31 s")
    cluster.beat("0.waiting")  # for room, which is no stall
    assert look(tmp_path).phase == "running"


def test_workers_of_one_process_tell_of_an_outage_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(tmp_path / "work" / "cluster")
    monkeypatch.setattr("neuraldocflow.job.cluster._BEAT", 0.0)
    (outage := Outage("a broker of several workers")).goes_on("refused")

    def beats(worker: int) -> None:
        for _ in range(200):
            cluster.beat(f"0.{worker}")

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(beats, range(4)))
    assert "a broker of several workers" in [each.what for each in look(tmp_path).outages]
    assert list(cluster._folder.glob("next-*")) == []
    outage.over()


def test_a_disk_without_room_for_the_outages_is_no_reason_to_end(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "work" / "cluster")
    (outage := Outage("a disk")).goes_on("full")
    staged = cluster._folder / f"next-outages-{os.getpid()}"
    staged.symlink_to("/dev/full")
    cluster.beat("0.0")
    assert (look(tmp_path).phase, look(tmp_path).outages) == ("running", ())
    outage.over()


def test_a_disk_without_room_for_the_frontier_is_no_reason_to_end(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "work" / "cluster")
    (cluster._folder / "frontier").symlink_to("/dev/full")
    cluster.reached(7)
    assert cluster.own_frontier() is not None


def test_what_does_not_answer_is_told_until_it_does(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "work" / "cluster")
    kafka, again, bucket = Outage("a broker"), Outage("a broker"), Outage("a bucket")
    for outage, reason in ((kafka, "refused"), (again, "later"), (bucket, "away"), (kafka, "down")):
        outage.goes_on(reason)

    def told() -> list[tuple[str, str]]:
        found = [(each.what, each.reason) for each in look(tmp_path).outages]
        return [each for each in found if each[0] in ("a broker", "a bucket")]  # not those of other tests

    cluster.beat("0.0")
    assert told() == [("a broker", "down"), ("a bucket", "away")]
    for outage in (kafka, again):
        outage.over()
    cluster.beat("0.1")
    assert told() == [("a bucket", "away")]
    (file,) = cluster._folder.glob("outages-*")
    os.utime(file, (0, time.time() - 60))  # of a process that was killed meanwhile
    assert told() == []
    del bucket, outage  # nobody asks for it any more
    cluster.beat("0.2")
    assert "a bucket" not in [each.what for each in lasting()]
    assert told() == []


def test_all_are_silent_and_the_process_lives(tmp_path: Path) -> None:
    Cluster(tmp_path / "work" / "cluster")
    job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "neuraldocflow"])
    try:
        (tmp_path / "lock").write_text(str(job.pid))
        while look(tmp_path).phase == "not running":  # it is still this program, just forked
            time.sleep(0.01)
        assert look(tmp_path).phase == "starting"
        aged(tmp_path, "0.0", 60)
        assert look(tmp_path).phase == "stalled"
    finally:
        job.kill()
        job.wait()
    assert look(tmp_path).phase == "not running"


def test_the_frontier_is_told_by_the_process_that_sees_it_and_now_and_then_only(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "cluster")
    assert cluster.own_frontier() is None
    cluster.reached(1)
    cluster.reached(2)
    told = cluster.own_frontier()
    assert told is not None
    assert told[0] == 1
    assert (tmp_path / "cluster" / "frontier").read_text() == "1"


def test_a_look_that_hangs_is_noticed_without_waiting_for_it(tmp_path: Path) -> None:
    well, looks = threading.Event(), []

    def hangs() -> int:
        looks.append(len(looks))
        if len(looks) == 3:
            well.wait(60)
        if len(looks) == 4:
            raise OSError("not now")
        return len(looks)

    looking = Looking(hangs, 0.01)
    while len(looks) < 3 or looking.unanswered() < 0.2:
        time.sleep(0.01)
    assert looking.seen == 2
    well.set()
    while (looking.seen or 0) < 5:
        time.sleep(0.01)
    looking.stop()
