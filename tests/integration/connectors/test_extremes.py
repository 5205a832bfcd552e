"""An object that is far too large, and a folder whose rights are taken away for a while."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import yaml
from support.job import JobFolder
from support.servers.s3 import S3Server, start_versitygw
from support.topics import wait_for

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def test_an_object_of_5_gb_is_refused_by_its_size_and_the_others_are_done(
    tmp_path: Path, s3: S3Server
) -> None:
    """The file is put under the server by hand, and takes no room: uploading it would take minutes."""
    root = tmp_path / "server"
    bucket = root / "objects" / "inbox"
    bucket.mkdir(parents=True)
    (tmp_path / "job").mkdir()
    job = JobFolder(tmp_path / "job")
    names = job.letters(3)
    for name in names:
        (job.inbox / name).rename(bucket / name)
    with (bucket / "huge.pdf").open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(5 << 30)
    port, server = start_versitygw(root)
    try:
        given = {"bucket": "inbox", "endpoint_url": f"http://127.0.0.1:{port}", "polling_interval_ms": 100}
        config = {
            "stream_sources": {"inbox": {"type": "s3", "config": given}},
            "runtime": {"limits": {"max_download_mb": 256}},
        }
        (job.root / "job.yaml").write_text(yaml.safe_dump(config))
        job.environment = s3.environment()
        job.run_once()
    finally:
        server.stop()
    error = job.result("huge.pdf")["error"]
    assert error["code"] == "too_large"
    assert sorted(job.archived()) == sorted([*names, "huge.pdf"])
    kept = sum(path.stat().st_blocks * 512 for path in job.root.rglob("*") if path.is_file())
    assert kept < 64 << 20


def test_a_folder_whose_rights_are_taken_away_is_read_again_when_they_are_back(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    job.configure({"scan_interval_ms": 1000})
    job.bound_by_rights = True
    first = job.letters(3)
    process = job.start("run", "-c", "job.yaml")
    told: list[str] = []
    assert process.stdout is not None
    threading.Thread(target=told.extend, args=(process.stdout,), daemon=True).start()
    try:
        wait_for(lambda: set(job.archived()) == first, 60)
        job.inbox.chmod(0)
        try:
            second = job.letters(3, first=10)
            wait_for(lambda: any("inbox can't be read (Permission denied)" in line for line in told), 90)
            assert process.poll() is None
        finally:
            job.inbox.chmod(0o755)
        second |= job.letters(3, first=20)
        wait_for(lambda: set(job.archived()) == first | second, 60)
    finally:
        process.terminate()
        process.wait(timeout=60)
    assert sorted(job.archived()) == sorted(first | second)
