"""Tesseract as a process: it ends with the one that asked it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.swarm import sleeping, until

ASKS = """
import pymupdf
from neuraldocflow.extraction import ocr
page = pymupdf.open().new_page()
ocr.recognise(page, 1)
"""


def test_tesseract_ends_with_the_process_that_asked_it(tmp_path: Path) -> None:
    seconds = str(70_000 + os.getpid() / 1e7)
    slow = tmp_path / "tesseract"
    slow.write_text(f"#!/bin/sh\nexec sleep {seconds}\n")
    slow.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    asking = subprocess.Popen([sys.executable, "-c", ASKS], env={**os.environ, "PATH": path})
    until(lambda: sleeping(seconds))
    asking.kill()
    asking.wait()
    until(lambda: not sleeping(seconds), 10)
