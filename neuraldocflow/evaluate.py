"""``python -m neuraldocflow.evaluate [TRUTH.json DIR]``: how right extraction is, by profile and field.

Without arguments it scores the development corpus (``NEURALDOCFLOW_CORPUS``, else ``../shared/corpus``).
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rich.console import Console

from neuraldocflow import profiles as profile_files
from neuraldocflow.errors import ConfigError
from neuraldocflow.evaluation.measures import Counts, Judged, Tally, calibration_error
from neuraldocflow.evaluation.report import as_json, print_differences, print_report, profiles_of
from neuraldocflow.evaluation.run import Answer, Task, load_truth, loaded, run
from neuraldocflow.extraction.calibration import interpolate, isotonic

_PRIOR, _STRENGTH = 0.9, 6.0
"""How often a field is held to be right before it is measured, and for how many values that counts: two
documents, each of which stands in the corpus in three forms that are right or wrong together."""
TRUTHS = ("filings.truth.json", "contracts.truth.json", "medical.truth.json")


def corpus_place() -> Path:
    """Where the development corpus is, if there is one."""
    return Path(os.environ.get("NEURALDOCFLOW_CORPUS") or "../shared/corpus")


def corpus() -> Path | None:
    """The development corpus' folder, where there is one."""
    folder = corpus_place()
    return folder if folder.is_dir() else None


def score(answers: Sequence[Answer]) -> tuple[Tally, Tally]:
    """The tallies of extraction and of the baseline."""
    tally, simple = Tally(), Tally()
    for each in answers:
        tally.add(each.truth, each.result)
        simple.add(each.truth, each.simple)
        if each.cells is not None:
            tally.add_cells(each.truth, each.cells)
            # The baseline reads no tables: all their cells are missed.
            simple.add_cells(each.truth, Counts(missed=each.cells.support))
        if each.error is not None:
            tally.failed[each.truth["file"]] = each.error
    return tally, simple


def tasks_of(truth: Path, folder: Path, arguments: argparse.Namespace) -> list[Task]:
    """A task for each document of a truth file that is wanted. Raises ValueError for files not there."""
    tasks = [
        Task(
            entry,
            folder / entry["file"],
            tuple(arguments.profiles),
            not arguments.fit_calibration,
        )
        for entry in load_truth(truth, arguments.profile)
        if fnmatch.fnmatch(entry["file"], arguments.only)
    ]
    absent = [task.path for task in tasks if not task.path.is_file()]
    if absent:
        raise ValueError(
            f"{truth}: {absent[0]} is not there" + (f" ({len(absent)} files)" if absent[1:] else "")
        )
    return tasks


def remarks(tasks: Sequence[Task]) -> Iterator[str]:
    """What makes figures other than they look: fields that the profile has not, documents named twice."""
    fields: Counter[tuple[str, str]] = Counter()
    files: Counter[tuple[str, str]] = Counter()
    for task in tasks:
        fields.update((task.truth["profile"], name) for name in task.truth["fields"])
        files[task.truth["profile"], str(task.path)] += 1
    profiles = loaded(tasks[0].directories, tasks[0].calibrated)
    for (name, field), count in fields.items():
        known = [each.name for each in profiles[name].fields] if name in profiles else [field]
        if field not in known:
            near = get_close_matches(field, known, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            yield f"the profile {name} has no field {field!r}, which {count} of the truths have{meant}"
    for (_, file), count in files.items():
        if count > 1:
            yield f"{file} is named {count} times, and counts as often"


def fit_calibration(tally: Tally, console: Console, directories: Sequence[Path]) -> None:
    """Writes each profile's calibration beside it; prints its error on documents left out of the fit."""
    for profile in profiles_of(tally):
        judged = [each for each in tally.judged if each.profile == profile]
        folds = sorted({each.group for each in judged})
        left_out: list[Judged] = []
        for fold in range(5):
            held = set(folds[fold::5])
            points = _fit([each for each in judged if each.group not in held])
            left_out.extend(_calibrated(each, points) for each in judged if each.group in held)
        source, form = _source_of(profile, directories)
        path = source.with_name(f"{profile}.calibration.json")
        path.write_text(json.dumps(_fit(judged), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        if "calibration" not in (form.get("data") or {}):
            said = f"{source}: it is used once this stands there: data: {{calibration: {path.name}}}"
            console.print(said, soft_wrap=True)
        console.print(
            f"{path.name}: calibration error {calibration_error(judged):.3f} before, "
            f"{calibration_error(left_out):.3f} after, on documents left out"
        )


def _source_of(profile: str, directories: Sequence[Path]) -> tuple[Path, dict[str, Any]]:
    """A profile's file and its form."""
    for path in reversed(profile_files.files(directories).values()):
        form = profile_files.read_form(path)
        if form["name"] == profile:
            return path, form
    raise ValueError(f"there is no profile {profile}")


def _fit(judged: Sequence[Judged]) -> dict[str, list[list[float]]]:
    by_field: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for each in judged:
        by_field[each.field].append((each.confidence, each.right))
    overall = sum(each.right for each in judged) / max(len(judged), 1)
    prior = min(overall, _PRIOR)
    fitted = {
        name: isotonic(samples, prior, _STRENGTH) for name, samples in by_field.items() if len(samples) >= 8
    }
    if every := [sample for samples in by_field.values() for sample in samples]:
        fitted["*"] = isotonic(every, prior, _STRENGTH)
    return fitted


def _calibrated(each: Judged, points: dict[str, list[list[float]]]) -> Judged:
    known = points.get(each.field) or points.get("*")
    confidence = interpolate(known, each.confidence) if known else each.confidence
    return Judged(each.profile, each.field, confidence, each.right, each.group)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 with a report, 2 where the arguments can't be used."""
    parser = argparse.ArgumentParser(prog="python -m neuraldocflow.evaluate", description=__doc__)
    parser.add_argument("truth", nargs="?", type=Path, help="a truth file; default: those of the corpus")
    parser.add_argument("folder", nargs="?", type=Path, help="where its files are; default: beside it")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--only", default="*", metavar="GLOB", help="score only files like this")
    parser.add_argument("--profile", help="use this profile instead of the one the truth names")
    parser.add_argument("--profiles", type=Path, action="append", default=[], help="a folder of profiles")
    parser.add_argument(
        "--fit-calibration", action="store_true", help="learn the profiles' calibration again"
    )
    parser.add_argument("--differences", action="store_true", help="print each value that is wrong or missed")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args(argv)
    console = Console(width=None if sys.stdout.isatty() else 120, markup=False, emoji=False)
    folder = arguments.folder or (arguments.truth.parent if arguments.truth else corpus())
    if folder is None:
        print("no corpus: set NEURALDOCFLOW_CORPUS, or give TRUTH.json and DIR", file=sys.stderr)
        return 2
    truths = [arguments.truth] if arguments.truth else [folder / name for name in TRUTHS]
    try:
        tasks = [task for truth in truths for task in tasks_of(truth, folder, arguments)]
        if not tasks:
            raise ValueError(f"{', '.join(map(str, truths))}: no document to score")
        for remark in remarks(tasks):
            print(remark, file=sys.stderr)
        answers = list(run(tasks, arguments.processes))
    except OSError as error:
        print(f"{error.filename}: can't be read: {error.strerror}", file=sys.stderr)
        return 2
    except (ValueError, ConfigError) as error:
        print(error, file=sys.stderr)
        return 2
    tally, simple = score(answers)
    if arguments.fit_calibration:
        try:
            fit_calibration(tally, console, arguments.profiles)
        except OSError as error:
            print(f"{error.filename}: can't be written: {error.strerror}", file=sys.stderr)
            return 2
        return 0
    print_report(console, tally, simple)
    if arguments.differences:
        print_differences(console, tally)
    if arguments.json:
        print(json.dumps(as_json(tally, simple)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
