"""The page as a part of the package, and the set-up where there is no Node."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.web import ROOT, build_wasm

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def test_the_package_has_the_page_and_the_reader(tmp_path: Path) -> None:
    build_wasm()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        names = set(package.namelist())
    for name in ("index.html", "worker.js", "manifest.webmanifest", "wasm/manifest.json"):
        assert f"neuraldocflow/static/{name}" in names
    assert any(name.startswith("neuraldocflow/static/assets/index-") for name in names)


@pytest.mark.parametrize("built", [False, True], ids=["never built", "built before"])
def test_without_node_the_set_up_says_so_and_goes_on(tmp_path: Path, built: bool) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "web.sh", tmp_path / "scripts")
    (tmp_path / "web").mkdir()
    if built:
        (tmp_path / "neuraldocflow" / "static").mkdir(parents=True)
        (tmp_path / "neuraldocflow" / "static" / "index.html").touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname", "find", "mktemp", "rm"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)

    def set_up(*arguments: str) -> tuple[int, str]:
        command = [str(programs / "sh"), "scripts/web.sh", *arguments]
        environment = {"PATH": str(programs)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30
        )
        return done.returncode, done.stdout + done.stderr

    code, said = set_up()
    assert code == 0
    assert "the page can't be built without Node 20.19 or later (apt-get install nodejs npm)." in said
    assert ("stays as it was built before" if built else "try again with: make web") in said
    assert len(said.splitlines()) == 1
    assert set_up("--required")[0] == 1
