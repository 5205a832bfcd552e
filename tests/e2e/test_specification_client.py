"""The client class of the specification, as printed there, in Node against the real gateway and job."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.gateway import Gateway, letter
from support.web import build, node, run

pytestmark = pytest.mark.servers
HERE = Path(__file__).parent


def compiled(folder: Path) -> Path:
    """The class without its types; it is a fragment, so its types are not checked."""
    options = ("--ignoreConfig", "--noCheck", "--target", "es2022", "--module", "esnext")
    source = str(HERE / "specification_client.ts")
    done = run("node_modules/typescript/bin/tsc", source, *options, "--outDir", str(folder))
    made = folder / "specification_client.js"
    assert made.exists(), done.stdout + done.stderr
    return made.rename(made.with_suffix(".mjs"))


def told_by(gateway: Gateway, folder: Path, key: str) -> list[dict[str, Any]]:
    program = str(HERE / "specification_program.mjs")
    workspace = str(build() / "client" / "package.json")
    done = subprocess.run(
        [node(), program, str(compiled(folder)), workspace, str(gateway.port), key],
        input=letter(77),
        capture_output=True,
        timeout=120,
        env={**os.environ, "NODE_OPTIONS": ""},
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_specifications_class_processes_documents_and_hears_of_them(tmp_path: Path) -> None:
    with Gateway(tmp_path / "service") as gateway:
        lines = told_by(gateway, tmp_path, gateway.local_key)
    assert lines[0] == {"asked": "wss://api.neuraldocflow.com/v1/stream"}
    first, second = (line["submitted"] for line in lines if "submitted" in line)
    assert first == second  # the same document, whether its source says file or base64
    results = [line for line in lines if "status" in line]
    assert results[0] == {"status": "completed", "jobId": first}
    before = lines[: lines.index(results[0])]
    progress = [line["progress"] for line in before if "progress" in line and line["jobId"] == first]
    assert progress
    assert progress == sorted(progress)
    (refused,) = (line["refused"] for line in lines if "refused" in line)
    assert refused.startswith("There is no such profile")
    assert {"stopped": True} in lines
    assert lines[-1]["error"]["code"] == "invalid_request"


def test_the_specifications_class_is_told_of_a_connection_that_is_refused(tmp_path: Path) -> None:
    with Gateway(tmp_path / "service", with_job=False) as gateway:
        program = (
            "import { createRequire } from 'node:module';"
            "const [compiled, workspace, port] = process.argv.slice(1);"
            "const Package = createRequire(workspace)('ws');"
            "globalThis.WebSocket = class extends Package {"
            "  constructor() { super(`ws://127.0.0.1:${port}/elsewhere`); } };"
            "const { NeuralDocFlowClient } = await import(compiled);"
            "await new NeuralDocFlowClient().connect('no key').catch(() => console.log('refused'));"
        )
        workspace = str(build() / "client" / "package.json")
        module = compiled(tmp_path).as_uri()
        told = run("--input-type=module", "-e", program, module, workspace, str(gateway.port))
    assert told.stdout == "refused\n", told.stderr
