"""The TypeScript client in Node against the real gateway and job."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from support.gateway import Gateway
from support.web import build, node

pytestmark = pytest.mark.servers


@pytest.mark.slow
def test_no_event_is_lost_and_none_comes_twice_while_the_gateway_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    web = build()
    with Gateway(tmp_path / "service") as gateway:
        program = subprocess.Popen(
            [node(), "client/test/follow.mjs", gateway.url, gateway.local_key, "24"],
            cwd=web,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdout is not None
        assert json.loads(program.stdout.readline()) == {"status": "connecting"}
        assert json.loads(program.stdout.readline()) == {"status": "connected"}
        for _ in range(3):
            gateway.stop(signal.SIGKILL)
            gateway.start()
            time.sleep(0.3)
        told, _ = program.communicate(timeout=120)
        assert program.returncode == 0
        lines = [json.loads(line) for line in told.splitlines()]
        reference = dict(_events_of(gateway, {line["job"] for line in lines if "job" in line}))
    assert sum(line.get("status") == "connected" for line in lines) >= 1
    events = defaultdict(list)
    for line in lines:
        if "job" in line:
            events[line["job"]].append((line["type"], line["name"]))
    assert len(events) == 24
    assert {job: _lasting(each) for job, each in events.items()} == reference
    for each in events.values():
        assert each[-1][0] == "result"


def _lasting(events: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Events without progress, which a slow reader may lose."""
    return [each for each in events if each[0] != "progress"]


def _events_of(gateway: Gateway, jobs: set[str]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """What server-sent events tell of each job, read afterwards from the beginning."""
    import urllib.request

    found = []
    for job in jobs:
        request = urllib.request.Request(
            f"{gateway.url}/api/v1/jobs/{job}/events",
            headers={"Authorization": f"Bearer {gateway.local_key}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            blocks = answer.read().decode().split("\n\n")
        events = []
        for block in filter(None, blocks):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            data = json.loads(lines["data"])
            events.append((lines["event"], data.get("type") or data.get("stage") or data.get("status")))
        found.append((job, _lasting(events)))
    return found
