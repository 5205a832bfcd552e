"""Lines of the log: for people, and for machines."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from neuraldocflow.log_lines import formatter

SAY = (
    "import logging; from neuraldocflow.log_lines import log_lines; log_lines(logging.INFO);"
    "logging.getLogger('a.b').warning('agent %s ended', 7, extra={'decision': {'event': 'lost'}})"
)


def said(form: str) -> str:
    environment = {**os.environ, "NEURALDOCFLOW_LOG_FORMAT": form}
    done = subprocess.run([sys.executable, "-c", SAY], env=environment, capture_output=True, text=True)
    return done.stderr.strip()


def test_for_people_a_line_has_the_time_in_utc_the_level_and_who_says_it() -> None:
    time, rest = said("").split(" ", 1)
    assert time.endswith("Z")
    assert rest == "WARNING a.b: agent 7 ended"


def test_for_machines_it_is_an_object_with_what_it_is_about() -> None:
    found = json.loads(said("json"))
    assert found["level"] == "warning"
    assert found["message"] == "agent 7 ended"
    assert found["decision"] == {"event": "lost"}


def test_a_documents_name_begins_no_line_and_controls_no_terminal() -> None:
    name = "a\n2026-01-01T00:00:00Z ERROR forged: \x1b[31m\x9b2J"
    record = logging.LogRecord("a.b", logging.WARNING, "", 0, "%s can't be moved", (name,), None)
    first, second = formatter().format(record).split("\n")
    assert first.endswith("WARNING a.b: a")
    assert second == "    2026-01-01T00:00:00Z ERROR forged: [31m2J can't be moved"


SECRET = "Jane Doe, born 1961"


class Amount(BaseModel):
    amount: int


def refused() -> None:
    Amount.model_validate({"amount": SECRET})


def chained() -> None:
    try:
        json.loads(f'"{SECRET}')
    except ValueError as error:
        raise KeyError(SECRET) from error


def grouped() -> None:
    raise ExceptionGroup(SECRET, [OSError(28, SECRET, SECRET), noted()])


def noted() -> Exception:
    error = RuntimeError(SECRET)
    error.add_note(SECRET)
    return error


def circular() -> None:
    error = RuntimeError(SECRET)
    error.__cause__ = KeyError(SECRET)
    error.__cause__.__cause__ = error
    raise error


@pytest.mark.parametrize("form", ["", "json"])
@pytest.mark.parametrize(
    ("fail", "kinds"),
    [
        (refused, ["ValidationError"]),
        (chained, ["KeyError", "JSONDecodeError"]),
        (grouped, ["ExceptionGroup", "OSError (No space left on device)", "RuntimeError"]),
        (circular, ["RuntimeError", "KeyError"]),
    ],
)
def test_of_a_fault_a_line_has_the_kind_and_the_place_and_never_the_text(
    monkeypatch: pytest.MonkeyPatch, form: str, fail: Callable[[], None], kinds: list[str]
) -> None:
    monkeypatch.setenv("NEURALDOCFLOW_LOG_FORMAT", form)
    try:
        fail()
    except Exception:
        found = sys.exc_info()
    line = formatter().format(logging.LogRecord("a", logging.ERROR, __file__, 1, "it failed", (), found))
    assert SECRET not in line
    assert "it failed" in line
    assert f"in {fail.__name__}" in line
    told = json.loads(line)["exception"] if form else line
    assert [each.splitlines()[0].rstrip(":") for each in told.split("Traceback of ")[1:]] == kinds


ENDED = f"""
import threading
from neuraldocflow.log_lines import log_lines

def fail():
    raise ValueError({SECRET!r})

log_lines(30)
thread = threading.Thread(target=fail, name="tail")
thread.start()
thread.join()
"""
UNFORESEEN = f"""
import sys
from neuraldocflow import cli

def fail():
    raise ValueError({SECRET!r})

cli.app = fail
cli.main()
"""


@pytest.mark.parametrize(("program", "sentence"), [(ENDED, "tail ended by a fault"), (UNFORESEEN, "report")])
def test_what_ends_a_thread_or_the_command_is_told_without_its_text(program: str, sentence: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert SECRET not in done.stderr
    assert sentence in done.stderr
    assert "Traceback of ValueError" in done.stderr
    assert "in fail" in done.stderr
