"""Tables of the extraction beside those of its peers, by the measure of ``make eval``.

python benchmarks/tables.py [--quick | --all] [--json] [--corpus DIR] [--only NAME…]

Each cell with the one before it in its row is found again or not (``neuraldocflow.evaluation.tables``). The
truth of a filing's or a record's PDF is the markup of its HTML; that of an HTML file is its own markup: there
it is how cells are cut and spanned that is measured. Who gives no tables of a kind of file finds none of its
cells.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from compare import sets_of
from peers import PEERS, TABLE_WORKER, Peer, run, started, version_of

from neuraldocflow.evaluate import corpus_place
from neuraldocflow.evaluation.measures import Counts
from neuraldocflow.evaluation.tables import Rows, compare, marked_up, truth_of
from neuraldocflow.extraction import Limits, read

OURS = "neuraldocflow"
GIVING = ("pymupdf", "pdfplumber", "kreuzberg", "xberg", "unstructured", "markitdown", "docling", "tika")
"""Peers that give tables."""
_QUICK = ("pymupdf", "kreuzberg")
_ROUND = 240.0
"""Seconds after which a peer gets no more documents of a set: it is judged by those done."""


def ours(path: Path) -> list[Rows]:
    """The tables that the job's reader finds. Raises DocumentError."""
    found = read(path, Limits(max_seconds=600))
    return [block.table.grid() for block in found.blocks if block.table is not None]


def of_peer(peer: Peer, paths: list[Path]) -> tuple[dict[Path, list[Rows]], int]:
    """The tables a peer finds in each document it got to, and in how many it failed."""
    with tempfile.TemporaryDirectory() as name:
        with started(peer, Path(name), program=TABLE_WORKER) as (workers, _):
            answers = run(workers, paths, _ROUND)
        found: dict[Path, list[Rows]] = {}
        for answer in answers:
            path = Path(answer["path"])
            told = Path(name) / f"{path.name}.txt"
            found[path] = [] if answer["error"] is not None else tables_in(told)
    return found, sum(each["error"] is not None for each in answers)


def tables_in(told: Path) -> list[Rows]:
    """What a worker has written."""
    found = json.loads(told.read_text("utf-8"))
    if "rows" in found:
        rows: list[Rows] = found["rows"]
        return rows
    told.write_text(found["html"], "utf-8")
    return marked_up(told)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="few documents, two peers")
    sizes.add_argument("--all", action="store_true", help="all documents rather than every third")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--corpus", type=Path, default=corpus_place())
    parser.add_argument("--only", nargs="*", default=[], help="these peers alone")
    given = parser.parse_args()
    wanted = given.only or (_QUICK if given.quick else GIVING)
    peers = [peer for peer in PEERS if peer.name in wanted and peer.name in GIVING]
    measures: dict[str, Any] = {}
    for name, paths in sets_of(given.corpus, 10 if given.quick else 1 if given.all else 3).items():
        truths = {path: truth for path in paths if (truth := truth_of(path, None)) is not None}
        if not truths:
            continue
        found = {OURS: ({path: ours(path) for path in truths}, 0)}
        for peer in peers:
            if next(iter(truths)).suffix[1:] in peer.kinds:
                found[peer.name] = of_peer(peer, list(truths))
        print(f"\n{name}: {len(truths)} documents")
        scored: list[tuple[str, Counts, int, int]] = []
        for each, (tables, failed) in found.items():
            counts = Counts()
            for path, rows in tables.items():
                counts.add(compare(truths[path], rows))
            scored.append((each, counts, len(tables), failed))
        for each, counts, done, failed in sorted(scored, key=lambda one: -one[1].f1):
            print(
                f"  {each:14} cells F1 {counts.f1:.3f}  precision {counts.precision:.3f}"
                f"  recall {counts.recall:.3f}  of {counts.support:,}  documents {done}  failed {failed}"
            )
            measures[f"{name}: {each}"] = {"value": round(counts.f1, 3), "unit": "F1", "documents": done}
    if given.json:
        versions = {peer.name: version_of(peer) for peer in peers}
        print(json.dumps({"name": "tables", "versions": versions, "measures": measures}))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
