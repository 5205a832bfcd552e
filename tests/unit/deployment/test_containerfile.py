"""What the image is made of is there, and fits the manifests and the package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "Containerfile").read_text()


def test_everything_that_is_copied_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", TEXT, flags=re.MULTILINE)
    assert copied
    for line in copied:
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_its_bases_are_pinned_and_its_python_is_one_the_package_takes() -> None:
    bases = re.findall(r"^FROM (\S+)", TEXT, flags=re.MULTILINE)
    assert all(re.search(r":\d+\.\d+(\.\d+)?-", base) for base in bases)
    versions = {match for base in bases for match in re.findall(r"/python:(\d+)\.(\d+)\.", base)}
    assert len(versions) == 1
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    low, high = re.findall(r"3\.(\d+)", wanted)
    ((_, minor),) = versions
    assert int(low) <= int(minor) < int(high)


def test_it_runs_as_the_user_the_pods_run_as() -> None:
    (user,) = re.findall(r"^USER (\d+):\1$", TEXT, flags=re.MULTILINE)
    objects = yaml.safe_load_all((ROOT / "k8s" / "base" / "dataflow.yaml").read_text())
    (flow,) = (each for each in objects if each["kind"] == "StatefulSet")
    assert flow["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == int(user)


def test_its_first_process_sees_off_what_killed_ones_have_started() -> None:
    image = TEXT.rpartition("\nFROM ")[2]
    assert re.search(r"apt-get install [^&]*\btini\b", image)
    assert re.search(r'^ENTRYPOINT \["tini", "--", "neuraldocflow"\]$', image, flags=re.MULTILINE)


def test_it_has_what_browsers_read_documents_with() -> None:
    page, build, _ = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)[1:]
    assert "npm run -s build:packages" in page
    before, packed, _ = build.partition("RUN pip wheel")  # takes what is in neuraldocflow/static then
    assert packed
    assert before.endswith("RUN python scripts/make_wasm.py\n")
    for made in ("web/node_modules/pyodide", "web/wasm/dist"):
        assert f"COPY --from=page /source/{made} {made}\n" in before
    assert "COPY --from=page /usr/local/bin/node " in before
