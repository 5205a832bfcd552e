"""The commands of docs/gateway.md do what the text says, as they stand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.gateway import Gateway
from support.packages import program

ROOT = Path(__file__).parents[3]
FAILING = 'curl() { command curl --fail-with-body -sS "$@"; }'
"""Refusals end the script; curl itself takes them for answers."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block of commands printed, run one after another at the top of the repository."""
    assert program("curl", "curl"), "curl is needed for this test: sudo apt-get install curl"
    blocks = [
        block.removeprefix("sh\n")
        for block in (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8").split("```")[1::2]
        if block.startswith("sh\n")
    ]
    folder = tmp_path_factory.mktemp("documentation")
    with Gateway(folder) as gateway:
        (folder / "neuraldocflow").symlink_to(ROOT / "neuraldocflow")
        (folder / ".venv").symlink_to(sys.prefix)
        script = "\necho; echo =====\n".join([FAILING, *blocks])
        assert "//127.0.0.1:8080" in script
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace(":8080", f":{gateway.port}")],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert (folder / "page-1.png").read_bytes().startswith(b"\x89PNG")
    told = done.stdout.split("=====\n")[2:]  # after the function and the variables
    assert len(told) == len(blocks) - 1
    return told


def test_documents_are_taken_as_a_file_and_by_address(said: list[str]) -> None:
    file, address = json.loads(said[0]), json.loads(said[1])
    assert file["status"] == address["status"] == "queued"
    assert file["job_id"] != address["job_id"]


def test_a_document_is_followed_to_its_result(said: list[str]) -> None:
    events, _, result = said[2].partition("event: result\n")
    assert "event: progress\n" in events
    data, _, in_yaml = result.partition("\n\n")
    told, rendered = json.loads(data.removeprefix("data: ")), yaml.safe_load(in_yaml)
    assert told["status"] == rendered["status"] == "completed"
    assert told["jobId"] == rendered["jobId"]


def test_a_websocket_client_hears_of_a_document_until_its_result(said: list[str]) -> None:
    lines = [line.split(" ", 1)[0] for line in said[3].splitlines() if line]
    assert lines.count("answer") == 3
    assert lines[-1] == "result"


def test_a_key_is_made_and_listed_and_revoked(said: list[str]) -> None:
    header, *keys, revoked = said[4].strip().splitlines()
    assert header.split()[:3] == ["id", "name", "tenant"]
    (made,) = [line.split() for line in keys if "reporting" in line]
    assert made[2:6] == ["acme", "read", "600", "10000"]
    assert made[0] in revoked
