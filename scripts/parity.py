"""Every document of the corpus by the job and in Chromium: the same result, but for ids and timings.

``python scripts/parity.py [PATTERN ...]``, such as ``zoo/*``. Needs ``NEURALDOCFLOW_CORPUS`` or
``../shared/corpus``, and Chromium. Exit code 1 where a document differs; its two results are then in
``.cache/parity``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.browser import chromium
from support.gateway import Gateway
from support.job import JobFolder
from support.wasm import comparable, read_file_there, start
from support.web import ROOT, build_wasm

from neuraldocflow.evaluate import corpus

KINDS = (".pdf", ".docx", ".html", ".htm")
DIFFERENT = ROOT / ".cache" / "parity"


def compare(documents: list[Path], job: JobFolder, page: Page) -> list[Path]:
    """Read each in the browser, beside the job's result; those that differ."""
    different = []
    for path in documents:
        result = read_file_there(page, path)
        there, here = comparable(result), comparable(job.result(path.name))
        print(f"{path.name}: {result['status']}{'' if there == here else ', DIFFERENT'}", flush=True)
        if there != here:
            different.append(path)
            place = DIFFERENT / path.name
            place.mkdir(parents=True, exist_ok=True)
            (place / "browser.json").write_text(there, encoding="utf-8")
            (place / "job.json").write_text(here, encoding="utf-8")
    return different


def main() -> int:
    corpus_folder = corpus()
    if corpus_folder is None:
        print("no corpus: set NEURALDOCFLOW_CORPUS", file=sys.stderr)
        return 2
    patterns = sys.argv[1:] or ["*"]
    documents = [
        path
        for path in sorted(corpus_folder.rglob("*"))
        if path.suffix.lower() in KINDS
        and any(fnmatch(str(path.relative_to(corpus_folder)), pattern) for pattern in patterns)
    ]
    build_wasm()
    with tempfile.TemporaryDirectory(prefix="parity-") as name:
        folder = Path(name)
        (folder / "job").mkdir()
        job = JobFolder(folder / "job")
        for path in documents:
            shutil.copyfile(path, job.inbox / path.name)
        job.configure({"file_patterns": [f"*{kind}" for kind in KINDS]})
        job.run_once(timeout=1800)
        with Gateway(folder / "service", with_job=False) as gateway, chromium() as browser:
            page = browser.new_page()
            start(page, gateway.url)
            different = compare(documents, job, page)
    print(f"{len(documents)} documents, {len(different)} different", *different, sep="\n")
    return 1 if different or not documents else 0


if __name__ == "__main__":
    sys.exit(main())
