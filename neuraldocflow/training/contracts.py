"""``python -m neuraldocflow.training.contracts``: the contract models, learned and written.

Reads ``contracts.train.jsonl.gz`` of the corpus (``NEURALDOCFLOW_CORPUS``, else ``../shared/corpus``), prints
the cross-validated figures and puts them into the model card. The same corpus gives the same bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuraldocflow.evaluate import corpus
from neuraldocflow.profiles import BUILTIN, forms

from . import fields
from .clauses import best_threshold, left_out_values, model_form, prepare, presence_left_out, presence_of
from .corpus import Labelled, labelled
from .rankers import learn
from .report import judge, table, write_into

MODEL = BUILTIN / "contract_analysis.clauses.json.gz"
RANKERS = BUILTIN / "contract_analysis.rankers.json.gz"
CALIBRATION = BUILTIN / "contract_analysis.calibration.json"
CARD = BUILTIN.parent / "docs" / "clauses-model.md"
LABELLED = "contracts.train.jsonl.gz"


def main() -> int:
    """Trains, judges and writes. 1 where there is no corpus."""
    folder = corpus()
    if folder is None or not (folder / LABELLED).is_file():
        print(f"no {LABELLED}: set NEURALDOCFLOW_CORPUS to the corpus' folder", file=sys.stderr)
        return 1
    contracts = list(labelled(folder / LABELLED))
    data = prepare(contracts)
    values = left_out_values(data)
    seen = presence_of(data, values)
    likely = presence_left_out(data, seen)
    figures = table(judge(contracts, data, values, likely))
    print(figures)
    form = model_form(data, values, seen, best_threshold(likely, data.present))
    size = store(form, MODEL)
    print(f"{MODEL.name}: {len(form['weights']):,} features, {size:,} bytes")
    write_into(CARD, "figures", figures)
    rank(contracts)
    return 0


def rank(contracts: Sequence[Labelled]) -> None:
    """Learns and stores the fields' rankers, judges the fields, and stores what their scores are worth."""
    learned = learn(contracts)
    size = store(learned.forms, RANKERS)
    count = sum(len(each["weights"]) for each in learned.forms.values())
    print(f"{RANKERS.name}: {count:,} features, {size:,} bytes")
    tally = fields.extract_fields(contracts, forms()["contract_analysis"], learned.by_fold)
    figures = fields.table(tally, fields.left_out_error(contracts, tally.judged))
    print(figures)
    points = json.dumps(fields.fit(tally.judged), indent=1, sort_keys=True)
    CALIBRATION.write_text(points + "\n", encoding="utf-8")
    write_into(CARD, "fields", figures)


def store(form: dict[str, Any], path: Path) -> int:
    """Writes a model as gzipped JSON without a time stamp; the number of bytes."""
    plain = json.dumps(form, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()
    packed = gzip.compress(plain, 9, mtime=0)
    path.write_bytes(packed)
    return len(packed)


if __name__ == "__main__":
    sys.exit(main())
