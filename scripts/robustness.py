"""Every document of the corpus through the whole job: each has one result or one typed error, and a second
run gives none new.

Needs ``NEURALDOCFLOW_CORPUS`` or ``../shared/corpus``. Exit code 1 where something is missing or untyped.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import yaml

from neuraldocflow.errors import BY_CODE
from neuraldocflow.evaluate import corpus

PATTERNS = ["*.pdf", "*.docx", "*.html", "*.htm"]


def run_once(folder: Path) -> dict[str, int]:
    """One run of the job in ``folder``; the counts it tells."""
    command = [sys.executable, "-m", "neuraldocflow", "run", "--once", "--json", "-c", "job.yaml"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, timeout=1800, check=True, text=True)
    counts: dict[str, int] = json.loads(done.stdout.strip().split("\n")[-1])
    return counts


def main() -> int:
    documents = corpus()
    if documents is None:
        print("no corpus: set NEURALDOCFLOW_CORPUS", file=sys.stderr)
        return 2
    suffixes = {pattern.removeprefix("*") for pattern in PATTERNS}
    wanted = [path for path in documents.rglob("*") if path.suffix.lower() in suffixes]
    watch = {"watch_directories": [str(documents.absolute())], "file_patterns": PATTERNS, "debounce_ms": 0}
    config = {"stream_sources": {"corpus": {"type": "filesystem", "config": watch}}}
    with tempfile.TemporaryDirectory(prefix="robustness-") as name:
        folder = Path(name)
        (folder / "job.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        first, second = run_once(folder), run_once(folder)
        results = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "results").iterdir()]
    codes = Counter(each["error"]["code"] if each["error"] else each["status"] for each in results)
    untyped = [
        each["metadata"]["filename"]
        for each in results
        if each["error"] and (each["error"]["code"] not in BY_CODE or each["error"]["code"] == "internal")
    ]
    print(f"{len(wanted)} documents, {len(results)} results:", dict(codes.most_common()))
    print(f"counted by the first run {sum(first.values())}, by the second {sum(second.values())}")
    for name in untyped:
        print(f"no typed error: {name}", file=sys.stderr)
    fine = len(results) == len(wanted) == sum(first.values()) and not sum(second.values())
    return 0 if fine and not untyped else 1


if __name__ == "__main__":
    sys.exit(main())
