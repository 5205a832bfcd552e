"""What processes of one job see of each other."""

from __future__ import annotations

import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from neuraldocflow.job.cluster import Cluster


def test_a_worker_s_silence_does_not_depend_on_the_time_of_day(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "cluster")
    cluster.beat("0.0")
    for time_of_beat in (1, 2**33):  # long ago, and far ahead, by the watcher's own clock
        os.utime(tmp_path / "cluster" / "beat-0.0", (time_of_beat, time_of_beat))
        assert cluster.silent_for()["0.0"] == 0.0
    assert cluster.silent_for()["0.0"] > 0.0


def test_a_process_that_starts_again_is_not_blamed_for_its_silence_before(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "cluster")
    for worker in ("0.0", "1.0", "1.waiting"):
        cluster.beat(worker)
    assert set(cluster.silent_for()) == {"0.0", "1.0", "1.waiting"}
    cluster.forget(1)
    assert set(cluster.silent_for()) == {"0.0"}
    Cluster(tmp_path / "cluster").beat("1.0")
    assert cluster.silent_for()["1.0"] == 0.0


def test_a_run_begins_anew_while_a_process_of_the_one_before_still_beats(tmp_path: Path) -> None:
    ended = threading.Event()

    def go_on() -> None:
        old = Cluster(tmp_path / "cluster")
        for number in itertools.count():
            with suppress(FileNotFoundError):
                old.beat(f"1.{number}")
            if ended.is_set():
                return

    cluster = Cluster(tmp_path / "cluster")
    with ThreadPoolExecutor(1) as pool:
        process = pool.submit(go_on)
        try:
            for _ in range(300):
                cluster.stop()
                cluster.clear()
                assert not cluster.stopping()
        finally:
            ended.set()
        process.result()
