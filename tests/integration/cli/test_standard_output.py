"""What is printed where nobody reads it, where there is no room, and in an encoding of few characters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.job import JobFolder

COMMAND = [sys.executable, "-m", "neuraldocflow"]


@pytest.mark.parametrize(
    "arguments", [("config", "schema"), ("profiles", "list"), ("profiles", "list", "--json"), ("--version",)]
)
def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [("config", "check", "none.yaml"), ("no-such-command",)])
def test_a_failure_is_one_also_where_nobody_reads(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.returncode == 2, done.stderr
    assert done.stderr


def test_a_job_whose_lines_nobody_reads_any_more_goes_on(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    names = job.letters(5)
    reading, writing = os.pipe()
    os.close(reading)
    command = [*COMMAND, "run", "-c", "job.yaml", "--once"]
    done = subprocess.run(command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert done.returncode == 0, done.stderr
    assert "BrokenPipeError" not in done.stderr
    assert set(job.archived()) == names


@pytest.mark.parametrize("arguments", [("config", "schema"), ("profiles", "list", "--json"), ("--version",)])
def test_where_there_is_no_room_for_what_is_printed_one_sentence_says_so(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    told = "neuraldocflow: a file, or what this prints to, can't be used: No space left on device\n"
    assert done.stderr == told


def test_a_table_is_shown_in_the_locale_of_few_characters(tmp_path: Path) -> None:
    (tmp_path / "né.html").write_text("<h1>A title</h1>", encoding="utf-8")
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHONIO")}
    done = subprocess.run(
        [*COMMAND, "process", "né.html".encode(), "--format", "table"],
        cwd=tmp_path,
        env={**environment, **ascii_alone},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"n\\u00e9.html" in done.stdout
    assert b"\\u00b7 1 field \\u00b7" in done.stdout


def test_json_is_json_in_an_encoding_of_few_characters(tmp_path: Path) -> None:
    name = "né – 😀.html"
    (tmp_path / name).write_text("<h1>A title</h1>", encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "process", name, "--format", "json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert json.loads(done.stdout)["metadata"]["filename"] == name, done.stderr
