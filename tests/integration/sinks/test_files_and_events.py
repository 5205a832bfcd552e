"""Results as files, and everything onto the log."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from support.deliveries import delivery

from neuraldocflow import durable, events
from neuraldocflow.components import SinkContext
from neuraldocflow.dead_letters import refused
from neuraldocflow.errors import ConfigError
from neuraldocflow.identity import job_id
from neuraldocflow.log import TOPICS, EmbeddedLog
from neuraldocflow.results import ErrorInfo
from sinks.dead_letter import DeadLetterSink
from sinks.events import EventsSink
from sinks.files import FilesConfig, FilesPartition, FilesSink


def files(directory: Path, format: str = "json") -> FilesPartition:
    config = FilesConfig.model_validate({"directory": directory, "format": format})
    return FilesSink("files", config, SinkContext(directory.parent)).build_part("out", "0", None)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 512 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_each_document_is_a_file_named_after_it(tmp_path: Path) -> None:
    files(tmp_path / "out").write_batch([delivery("a.pdf"), delivery("b c ü.docx")])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.pdf.json", "b c ü.docx.json"]
    assert json.loads((tmp_path / "out" / "a.pdf.json").read_text()) == delivery("a.pdf").result


def test_the_same_name_twice_overwrites_nothing_and_a_repeat_adds_nothing(tmp_path: Path) -> None:
    sink = files(tmp_path / "out")
    for _ in range(2):
        sink.write_batch([delivery("x/a.pdf"), delivery("y/a.pdf")])
    found = {json.loads(path.read_text())["jobId"]: path.name for path in (tmp_path / "out").iterdir()}
    second = delivery("y/a.pdf").document.id
    assert found == {delivery("x/a.pdf").document.id: "a.pdf.json", second: f"a.pdf.{second}.json"}


@pytest.mark.parametrize("format", ["json", "yaml", "xml"])
def test_a_result_that_names_another_document_is_none_of_its(tmp_path: Path, format: str) -> None:
    """Of the same content and name, which came before and whose result was taken out of the folder."""
    first, folder = delivery("x/a.pdf"), tmp_path / "out"
    told = {
        "rule": "repeated_content",
        "message": f"The same content came before, as document {first.document.id}",
    }
    sink = files(folder, format)
    sink.write_batch([delivery("y/a.pdf", extractedData={}, validationResults=[told])])
    second = (folder / f"a.pdf.{format}").read_bytes()
    for run in range(2):
        again = delivery("x/a.pdf", run, jobId=job_id(first.document.id, run))
        sink.write_batch([again])
    assert (folder / f"a.pdf.{format}").read_bytes() == second
    (folder / f"a.pdf.{format}").unlink()
    sink.write_batch([again, delivery("x/a.pdf", 2, jobId=job_id(first.document.id, 2))])
    names = {f"a.pdf.{format}", f"a.pdf.{first.document.id}.{format}"}
    assert {path.name for path in folder.iterdir()} == names


def test_a_folder_of_a_results_name_is_left_alone_and_the_result_has_another(tmp_path: Path) -> None:
    (tmp_path / "out" / "a.pdf.json").mkdir(parents=True)
    files(tmp_path / "out").write_batch([delivery("a.pdf")])
    assert (tmp_path / "out" / f"a.pdf.{delivery('a.pdf').document.id}.json").is_file()


@pytest.mark.parametrize(
    "name", ["../../evil.pdf", "..", ".hidden.pdf", "a/b.pdf", "n\x00l.pdf", "x" * 300 + ".pdf"]
)
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    made = delivery("a.pdf")
    source = made.document.source.model_copy(update={"filename": name})
    made = type(made)(made.document.model_copy(update={"source": source}), made.result)
    files(tmp_path / "out").write_batch([made])
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "out"]


def test_yaml_and_xml_say_the_same(tmp_path: Path) -> None:
    files(tmp_path / "out", "yaml").write_batch([delivery("a.pdf")])
    files(tmp_path / "out", "xml").write_batch([delivery("a.pdf")])
    assert yaml.safe_load((tmp_path / "out" / "a.pdf.yaml").read_text()) == delivery("a.pdf").result
    root = ElementTree.parse(tmp_path / "out" / "a.pdf.xml").getroot()
    assert root.findtext("extractedData/fields/amount/value") == "12.5"
    assert [each.findtext("value") for each in root.findall("extractedData/fields/parties/item")] == [
        "Example GmbH",
        "Example GmbH",
    ]


def test_a_full_disk_is_an_error_that_says_so_and_leaves_no_half_file(
    tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "PAUSES", (0.0,))
    monkeypatch.setattr(durable, "STOPPING", threading.Event())
    durable.STOPPING.set()
    sink = files(tiny_disk / "out")
    with pytest.raises(durable.OutputError, match=r"the disk is full\. Nothing is lost"):
        sink.write_batch([delivery(f"{number}.pdf") for number in range(200)])
    written = list((tiny_disk / "out").iterdir())
    assert written
    for path in written:
        json.loads(path.read_text())


def test_on_a_full_disk_it_waits_for_room_and_goes_on(
    tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "PAUSES", (0.0,))
    monkeypatch.setattr(durable, "AGAIN", 0.02)
    filler = tiny_disk / "filler"
    sink = files(tiny_disk / "out")
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    room = threading.Timer(0.3, filler.unlink)
    room.start()
    sink.write_batch([delivery("a.pdf")])
    room.join()
    assert json.loads((tiny_disk / "out" / "a.pdf.json").read_text())["status"]


def test_a_job_that_waits_for_room_gives_signs_of_life(tiny_disk: Path) -> None:
    """Else its supervisor would take it for one that hangs, and start it again and again."""
    (tiny_disk / "full").write_bytes(bytes(480_000))
    config = FilesConfig.model_validate({"directory": tiny_disk / "out", "format": "json"})

    def sign() -> None:
        (tiny_disk / "full").unlink(missing_ok=True)

    sink = FilesSink("files", config, SinkContext(tiny_disk, waiting=sign)).build_part("out", "0", None)
    large = delivery("a.pdf")
    large.result["extractedData"]["text"] = "x" * 100_000
    sink.write_batch([large])
    assert (tiny_disk / "out" / "a.pdf.json").stat().st_size > 100_000


def test_a_folder_that_cannot_be_made_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="can't be made"):
        files(tmp_path / "file" / "out")


def test_events_results_and_dead_letters_go_to_their_topics(tmp_path: Path) -> None:
    with EmbeddedLog(tmp_path / "log.db") as log:
        for topic in TOPICS:
            log.ensure_topic(topic, 1)
        made = delivery("a.pdf")
        failed = events.ProcessingFailed(id=made.document.id, error=ErrorInfo(code="corrupt", message="m"))
        EventsSink(log).build_part("out", "0", None).write_batch([made.document, failed, made])
        dead = refused("k", b"\xff", "not JSON", "document-stream[0]@7")
        DeadLetterSink(log).build_part("out", "dead-letters", None).write_batch([dead])
        records = {topic: log.read(topic, 0, 0) for topic in TOPICS}
    assert {topic: len(found) for topic, found in records.items()} == dict.fromkeys(TOPICS, 1)
    result = events.decode(records["processing-results"][0].value)
    assert isinstance(result, events.ProcessingCompleted)
    assert result.result == made.result
    assert records["processing-events"][0].headers["ce_type"] == "neuraldocflow.ProcessingFailed.v1"
    letter = records["dead-letters"][0]
    assert (letter.key, letter.value) == ("k", b"\xff")
    assert dict(letter.headers) == {
        "ce_id": dead.id,
        "code": "undecodable",
        "reason": "not JSON",
        "origin": "document-stream[0]@7",
        "attempts": "0",
    }


def test_a_log_on_a_full_disk_ends_the_job_with_a_sentence(
    tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.events.PAUSES", (0.0,))
    with EmbeddedLog(tiny_disk / "log.db") as log:
        for topic in TOPICS:
            log.ensure_topic(topic, 1)
        part = EventsSink(log).build_part("out", "0", None)
        many = [delivery(f"{number}.pdf", tables=20) for number in range(400)]
        with pytest.raises(durable.OutputError, match="Nothing is lost"):
            part.write_batch(many)
        assert os.path.exists(tiny_disk / "log.db")
