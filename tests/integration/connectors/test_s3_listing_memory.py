"""A listing does not stand in memory: a larger bucket takes no more than a smaller one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.servers.s3 import S3Server, start_versitygw

pytestmark = [pytest.mark.servers, pytest.mark.slow]

FOLDERS, EACH = 40, 1000

_LIST = """
import os
import sys
from pathlib import Path
from connectors.s3 import S3Config, S3Source
from neuraldocflow.components import Acknowledgement, SourceContext
from support.memory import highest

first = int(sys.argv[3])
config = S3Config(bucket="big", endpoint_url=sys.argv[1], partitions=1)
context = SourceContext(Path(sys.argv[2]), once=True)
source = S3Source("x", config, context)
part, seen, before = source.build_part("in", "000", None), 0, 0
try:
    while True:
        context.arrived.clear()
        events = part.next_batch()
        for event in events:
            source.acknowledge(event, Acknowledgement("completed"))  # as the job does: none waits for long
        seen += len(events)
        if not before and seen >= first:
            before = highest(os.getpid())
        if not events:
            context.arrived.wait(0.01)
except StopIteration:
    print(seen, highest(os.getpid()) - before)
"""


def test_the_last_three_quarters_of_forty_thousand_objects_take_less_than_4_mb(
    folder: Path, s3: S3Server
) -> None:
    """What is loaded, and what a first page takes, is not the bucket's size's fault: it is not counted.

    To hold only the names of what was given out takes 6 MB. The files are put under
    the server by hand: uploading them would take minutes.
    """
    for number in range(FOLDERS):
        prefix = folder / "objects" / "big" / f"{number:03}"
        prefix.mkdir(parents=True)
        for name in range(EACH):
            (prefix / f"document-{name:04}.pdf").touch()
    port, served = start_versitygw(folder)
    objects = FOLDERS * EACH
    try:
        arguments = [f"http://127.0.0.1:{port}", str(folder / "state"), str(objects // 4)]
        done = subprocess.run(
            [sys.executable, "-c", _LIST, *arguments],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
    finally:
        served.stop()
    assert done.returncode == 0, done.stderr
    seen, taken = map(int, done.stdout.split())
    assert seen == objects
    assert taken < 4 << 20
