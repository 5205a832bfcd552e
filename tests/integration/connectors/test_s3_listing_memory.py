"""A listing of 100,000 objects does not stand in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.servers.s3 import S3Server, start_versitygw

pytestmark = [pytest.mark.servers, pytest.mark.slow]

_LIST = """
import sys
import time
from pathlib import Path
from connectors.s3 import S3Config, S3Source
from neuraldocflow.components import SourceContext

config = S3Config(bucket="big", endpoint_url=sys.argv[1], partitions=1)
source = S3Source("x", config, SourceContext(Path(sys.argv[2]), once=True))
part, seen = source.build_part("in", "000", None), 0
try:
    while True:
        events = part.next_batch()
        seen += len(events)
        if not events:
            time.sleep(0.005)
except StopIteration:
    status = Path("/proc/self/status").read_text()
    print(seen, status.split("VmHWM:")[1].split()[0])
"""


def test_a_listing_of_a_hundred_thousand_objects_takes_less_than_100_mb(tmp_path: Path, s3: S3Server) -> None:
    """The files are put under the server by hand: uploading them would take minutes."""
    for number in range(100):
        folder = tmp_path / "objects" / "big" / f"{number:03}"
        folder.mkdir(parents=True)
        for name in range(1000):
            (folder / f"document-{name:04}.pdf").touch()
    port, served = start_versitygw(tmp_path)
    try:
        command = [sys.executable, "-c", _LIST, f"http://127.0.0.1:{port}", str(tmp_path / "state")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    finally:
        served.stop()
    assert done.returncode == 0, done.stderr
    seen, kilobytes = map(int, done.stdout.split())
    assert seen == 100_000
    assert kilobytes < 100_000
