"""Lines of the log: for people, and for machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys

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
