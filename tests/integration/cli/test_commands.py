"""Commands as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pymupdf
import pytest
from support import command
from typer.core import TyperGroup
from typer.main import get_group
from typer.testing import CliRunner

from neuraldocflow.cli import app
from tests.support.job import JobFolder

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "neuraldocflow" / "samples"
INVOICE = ROOT / "docs" / "examples" / "invoice"


def neuraldocflow(*arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return command.neuraldocflow(*arguments, folder=folder)


def test_the_program_is_run_by_its_module(tmp_path: Path) -> None:
    module = [sys.executable, "-m", "neuraldocflow", "tail"]
    done = subprocess.run(module, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "try neuraldocflow up" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_without_a_traceback_however_early_it_comes(tmp_path: Path) -> None:
    """Loading everything takes most of a short command's time."""
    for wait in (0.1, 0.3, 0.6, 0.9, 1.2):
        module = [sys.executable, "-m", "neuraldocflow", "profiles", "list"]
        process = subprocess.Popen(
            module, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        time.sleep(wait)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        # on a busy machine Python itself had not begun to run the program, and says where it was
        assert "__main__.py" not in told, told


def test_nothing_is_loaded_before_ctrl_c_ends_the_program_without_a_traceback() -> None:
    code = "import sys; known = {*sys.modules}; import neuraldocflow.__main__; print(*{*sys.modules} - known)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {"neuraldocflow", "neuraldocflow.__main__", "__future__"}


def test_process_prints_a_result_and_several_as_a_list(tmp_path: Path) -> None:
    one = neuraldocflow("process", SAMPLES / "sample-record.html", folder=tmp_path)
    assert one.returncode == 0
    assert json.loads(one.stdout)["extractedData"]["fields"]["birth_date"]["value"] == "1961-04-12"
    two = neuraldocflow(
        "process", SAMPLES / "sample-record.html", SAMPLES / "sample-contract.pdf", folder=tmp_path
    )
    assert [each["metadata"]["filename"] for each in json.loads(two.stdout)] == [
        "sample-record.html",
        "sample-contract.pdf",
    ]


def test_process_writes_results_and_an_annotated_pdf_into_a_folder(tmp_path: Path) -> None:
    done = neuraldocflow(
        "process",
        SAMPLES / "sample-contract.pdf",
        "--out",
        "out",
        "--format",
        "yaml",
        "--annotate",
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "sample-contract.pdf.yaml").read_text().startswith("jobId:")
    with pymupdf.open(tmp_path / "out" / "sample-contract.annotated.pdf") as document:
        assert len(document[0].get_drawings()) > 3


def test_process_gives_files_of_the_same_name_results_of_their_own_and_says_where(tmp_path: Path) -> None:
    for folder, sample in (
        ("a", "sample-contract.pdf"),
        ("b", "sample-10-k.pdf"),
        ("c", "sample-contract.pdf"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "report.pdf").write_bytes((SAMPLES / sample).read_bytes())
    (tmp_path / "c" / "REPORT.pdf").touch()  # the same name on many disks, and a failure
    files = ("a/report.pdf", "b/report.pdf", "c/REPORT.pdf", "a/report.pdf")
    for _ in range(2):  # what a run before has written is written anew
        done = neuraldocflow("process", *files, "--out", "out", "--annotate", folder=tmp_path)
        assert done.returncode == 1, done.stderr
        written = {path.name for path in (tmp_path / "out").iterdir()}
        assert written == {
            *("report.pdf.json", "report.annotated.pdf", "report (2).pdf.json"),
            *("report (2).annotated.pdf", "REPORT (3).pdf.json"),
        }
        types = {
            name: json.loads((tmp_path / "out" / name).read_bytes())["extractedData"]["documentType"]
            for name in ("report.pdf.json", "report (2).pdf.json")
        }
        assert types["report.pdf.json"] != types["report (2).pdf.json"]
        assert "b/report.pdf is written as report (2).pdf: another" in done.stderr
        assert "a/report.pdf is" not in done.stderr


def test_process_ends_with_1_for_a_failure_and_3_for_a_partial_result(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    failed = neuraldocflow("process", "empty.pdf", folder=tmp_path)
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["error"]["code"] == "empty"
    partial = neuraldocflow(
        "process", SAMPLES / "sample-record.html", "--quality-threshold", "1.0", folder=tmp_path
    )
    assert partial.returncode == 3


def test_a_profile_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    done = neuraldocflow("process", "x.pdf", "--profile", "sec10k", folder=tmp_path)
    assert done.returncode == 2
    assert "there is no profile sec10k; there are" in done.stderr
    assert "Traceback" not in done.stderr


def test_process_says_what_to_do_with_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for given, said in (
        (["."], "is a folder; name the files in it"),
        (["-"], "files are read here, not standard input"),
        (["file", "--profiles", "none"], "--profiles: none is not a directory"),
        (
            ["https://example.com/x.pdf"],
            "https://example.com/x.pdf: files of this machine are read here; fetch it first",
        ),
        ([SAMPLES / "sample-record.html", "--out", "file"], "--out: file: a folder is wanted"),
        ([SAMPLES / "sample-record.html", "--out", "file/in"], "--out: file/in: a folder is wanted"),
    ):
        done = neuraldocflow("process", *given, folder=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_name_in_another_encoding_and_a_terminal_that_knows_few_characters(tmp_path: Path) -> None:
    name = os.fsdecode(b"r\xe4 \xe2\x80\x93.html")  # Latin-1, and a dash in UTF-8
    (tmp_path / name).write_bytes((SAMPLES / "sample-record.html").read_bytes())
    command = [sys.executable, "-m", "neuraldocflow", "process", name]
    for encoding in ("utf-8", "ascii"):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(
            [*command, "--format", "json"], cwd=tmp_path, env=environment, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        assert b'"filename": "r' in done.stdout
    done = subprocess.run([*command, "--out", "out"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{name}.json"]


def test_streams_that_the_caller_has_closed_are_no_fault(tmp_path: Path) -> None:
    command = f"{sys.executable} -m neuraldocflow process {SAMPLES / 'sample-record.html'}"
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f"{command} {closed}"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, (closed, done.stderr)
        assert "Traceback" not in done.stderr


def test_status_of_nothing_says_so_and_makes_nothing(tmp_path: Path) -> None:
    done = neuraldocflow("status", folder=tmp_path)
    assert done.returncode == 2
    assert f"no job has run on {tmp_path / '.neuraldocflow'} yet" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_process_reads_the_others_where_one_may_not_be_read_and_asks_first_where_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _, mode: mode == os.F_OK)
    done = neuraldocflow("process", SAMPLES / "sample-record.html", "--format", "json", folder=tmp_path)
    assert json.loads(done.stdout)["status"] == "completed"
    monkeypatch.setattr(os, "access", lambda _, mode: not mode & os.W_OK)
    done = neuraldocflow("process", SAMPLES / "sample-record.html", "--out", ".", folder=tmp_path)
    assert done.returncode == 2
    assert "--out: .: there is no right to write into this folder" in done.stderr


def test_what_is_said_to_do_next_is_of_the_same_configuration(tmp_path: Path) -> None:
    (tmp_path / "my job.yaml").write_text("runtime: {state_directory: state}\n")
    done = neuraldocflow("status", "-c", "my job.yaml", folder=tmp_path)
    assert "yet: try neuraldocflow up -c 'my job.yaml'" in done.stderr


def test_no_key_is_revoked_and_nothing_made(tmp_path: Path) -> None:
    done = neuraldocflow("keys", "revoke", "1f0c9a2b", folder=tmp_path)
    assert done.returncode == 2
    assert "there is no key 1f0c9a2b" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_table_in_a_pipe_or_a_narrow_terminal_has_every_word_of_its_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    rows = neuraldocflow("profiles", "list", folder=tmp_path).stdout
    assert "contract_analysis" in rows
    assert "Annual report on Form 10-K" in rows
    monkeypatch.setenv("COLUMNS", "60")
    narrow = neuraldocflow("profiles", "list", folder=tmp_path).stdout
    assert max(map(len, narrow.splitlines())) <= 60
    assert "…" not in narrow
    assert "…" not in neuraldocflow("process", SAMPLES / "sample-record.html", "--format", "table").stdout
    monkeypatch.setenv("COLUMNS", "40")
    done = neuraldocflow("process", SAMPLES / "sample-record.html", "--format", "table")
    assert "│ results  │ name:    │    0.32 │" in done.stdout
    assert done.stderr == ""
    neuraldocflow("keys", "create", "--scope", "metrics", "--scope", "admin", folder=tmp_path)
    assert "…" not in neuraldocflow("keys", "list", folder=tmp_path).stdout


def test_an_endpoint_that_cannot_be_posted_to_is_told_in_words(tmp_path: Path) -> None:
    done = neuraldocflow("webhooks", "test", "client.example/hook", folder=tmp_path)
    assert done.returncode == 2
    assert "must start with https:// or http://" in done.stderr
    done = neuraldocflow("webhooks", "test", "http://nowhere.invalid/hook", folder=tmp_path)
    assert done.returncode == 1
    assert "its host's name can't be resolved" in done.stdout
    done = neuraldocflow("webhooks", "test", "http://127.0.0.1:9/", folder=tmp_path)
    assert "not among those allowed, " in done.stdout
    assert "--allow-private" in done.stdout


def test_profiles_are_tested_where_the_profile_and_the_folder_are(tmp_path: Path) -> None:
    for given, said in (
        (["sec_10k", "nowhere"], "nowhere: there is no such folder"),
        (["nope", "."], "there is no profile nope; there are"),
        (["sec_10k", "."], "no truth file here"),
    ):
        done = neuraldocflow("profiles", "test", *given, folder=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr


def test_a_truth_file_that_is_no_json_is_told_by_line(tmp_path: Path) -> None:
    (tmp_path / "a.truth.json").write_text('[\n{"file": "a.html",\n]')
    done = neuraldocflow("profiles", "test", "sec_10k", ".", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("a.truth.json:3: not valid JSON: ")


def test_samples_want_a_folder_to_be_put_into(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("runtime: {snapshot_interval_ms: 500}\n")
    done = neuraldocflow("up", "--samples", "-c", "job.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert "--samples: no source of this configuration watches a folder" in done.stderr


def test_the_invoice_of_the_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    assert neuraldocflow("profiles", "check", INVOICE / "invoice.yaml").returncode == 0
    done = neuraldocflow("profiles", "test", INVOICE / "invoice.yaml", INVOICE, "--json")
    measures = json.loads(done.stdout.strip().split("\n")[-1])["measures"]
    assert measures["invoice fields"]["value"] == 1.0
    monkeypatch.setenv("COLUMNS", "80")
    table = neuraldocflow("profiles", "test", INVOICE / "invoice.yaml", INVOICE).stdout
    assert "precision" in table
    assert "…" not in table
    found = neuraldocflow("process", INVOICE / "lark-0042.html", "--profiles", INVOICE)
    items = json.loads(found.stdout)["extractedData"]["fields"]["line_items"]
    assert [each["value"]["description"] for each in items] == ["Optical sensor", "Mounting bracket"]


def test_a_wrong_profile_is_told_by_line(tmp_path: Path) -> None:
    text = (INVOICE / "invoice.yaml").read_text().replace("- label: {text: [Bill", "- lable: {text: [Bill")
    (tmp_path / "wrong.yaml").write_text(text)
    line = next(number for number, each in enumerate(text.split("\n"), 1) if "lable" in each)
    done = neuraldocflow("profiles", "check", "wrong.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"wrong.yaml:{line}: fields.customer.where[0].lable: unknown strategy 'lable'"
    )
    assert "did you mean label?" in done.stderr


def test_a_pattern_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "name: slow\nversion: 1\nfields:\n  a:\n    where:\n      - pattern: {pattern: '(a+)+$'}\n"
    (tmp_path / "slow.yaml").write_text(text)
    done = neuraldocflow("profiles", "check", "slow.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert "slow.yaml:6: fields.a.where[0].pattern.pattern: this pattern backtracks" in done.stderr


def test_profiles_are_listed_and_shown() -> None:
    names = [each["name"] for each in json.loads(neuraldocflow("profiles", "list", "--json").stdout)]
    assert {"generic", "medical_record"} <= set(names)
    assert "Medical record" in neuraldocflow("profiles", "list").stdout
    form = json.loads(neuraldocflow("profiles", "show", "medical_record", "--json").stdout)
    assert form["name"] == "medical_record"
    assert "detect:" in neuraldocflow("profiles", "show", "medical_record").stdout


def test_config_is_checked_and_its_schema_printed(tmp_path: Path) -> None:
    (tmp_path / "right.yaml").write_text("runtime: {snapshot_interval_ms: 500}\n")
    (tmp_path / "wrong.yaml").write_text("runtime:\n  snapshot_interval: 500\n")
    assert "right.yaml: right" in neuraldocflow("config", "check", "right.yaml", folder=tmp_path).stdout
    wrong = neuraldocflow("config", "check", "wrong.yaml", folder=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("neuraldocflow: wrong.yaml:2: runtime.snapshot_interval")
    assert "snapshot_interval_ms" in wrong.stderr
    told = neuraldocflow("config", "check", "wrong.yaml", "--json", folder=tmp_path)
    assert told.returncode == 2
    assert json.loads(told.stdout)["valid"] is False
    assert json.loads(told.stdout)["problems"] == wrong.stderr.removeprefix("neuraldocflow: ").splitlines()
    assert "stream_sources" in json.loads(neuraldocflow("config", "schema").stdout)["properties"]


@pytest.mark.parametrize(
    "command", [["status"], ["submit", "--no-gateway"], ["stop"], ["scale", "-p", "2"], ["gateway"], ["run"]]
)
def test_a_state_directory_that_can_not_be_is_named(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "job.yaml").write_text("runtime: {state_directory: file/state}\n")
    done = neuraldocflow(*command, "-c", "job.yaml", folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("neuraldocflow: ")
    assert "file/state" in line
    assert line.endswith(": Not a directory")


def test_tail_shows_results_and_events_and_filters_them(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    job.letters(2)
    (job.inbox / "empty.html").touch()
    job.run_once()
    options = ("-c", "job.yaml", "--from-beginning", "--no-follow")
    table = neuraldocflow("tail", *options, folder=tmp_path).stdout
    assert "letter-0.html  done" in table
    assert "empty.html  failed  empty:" in table
    lines = neuraldocflow(
        "tail", *options, "--json", "--where", "status=failed", folder=tmp_path
    ).stdout.splitlines()
    assert [json.loads(line)["result"]["metadata"]["filename"] for line in lines] == ["empty.html"]
    events = neuraldocflow("tail", "events", *options, folder=tmp_path).stdout
    assert "DocumentReceived" in events
    assert "QualityValidated" in events
    recent = neuraldocflow("tail", "-c", "job.yaml", "--since", "1h", "--no-follow", folder=tmp_path).stdout
    assert len(recent.splitlines()) == 3


def test_help_has_an_example_for_every_command() -> None:
    typed = [
        [name, *inner]
        for name, command in get_group(app).commands.items()
        for inner in ([[each] for each in command.commands] if isinstance(command, TyperGroup) else [[]])
    ]
    assert ["keys", "revoke"] in typed
    for each in typed:
        assert "Example: neuraldocflow" in CliRunner().invoke(app, [*each, "--help"]).stdout
