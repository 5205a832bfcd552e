"""The archive: each document once, in three datasets that others can read."""

from __future__ import annotations

import errno
import resource
import shutil
import signal
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem
from pydantic import ValidationError
from support.deliveries import delivery, written_out

from neuraldocflow import durable
from neuraldocflow.archive.datasets import Datasets
from neuraldocflow.archive.partition import ParquetPartition
from neuraldocflow.archive.spool import Spool, refuse_left
from neuraldocflow.components import SinkContext
from neuraldocflow.errors import ConfigError
from neuraldocflow.versions import OtherRelease
from sinks.parquet import ParquetConfig, ParquetSink


def archive(state: Path, **settings: Any) -> ParquetPartition:
    config = ParquetConfig.model_validate(settings)
    return ParquetSink("parquet", config, SinkContext(state)).build_part("out", "archive", None)


def rows(state: Path, dataset: str) -> list[dict[str, Any]]:
    found = ds.dataset(state / "archive" / dataset, format="parquet", partitioning="hive")
    read: list[dict[str, Any]] = found.to_table().to_pylist()
    return read


def test_a_result_becomes_rows_of_documents_fields_and_cells(tmp_path: Path) -> None:
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    sink.close()
    (document,) = rows(tmp_path, "documents")
    assert (document["filename"], document["status"], document["failed_rules"]) == (
        "a.pdf",
        "completed",
        ["r"],
    )
    assert (document["document_type"], str(document["date"])) == ("contract_analysis", "2026-03-04")
    fields = rows(tmp_path, "fields")
    assert [(each["field"], each["position"], each["value"]) for each in fields] == [
        ("parties", 0, "Example GmbH"),
        ("parties", 1, "Example GmbH"),
        ("amount", 0, "12.5"),
    ]
    assert (fields[0]["page"], fields[0]["x1"], fields[2]["number"], fields[2]["block"]) == (
        1,
        3.0,
        12.5,
        "b1",
    )
    cells = [(each["row"], each["column"], each["text"]) for each in rows(tmp_path, "cells")]
    assert cells == [(-1, 0, "a"), (-1, 1, "b"), (0, 0, "1"), (0, 1, None)]


def test_a_document_whose_size_was_not_known_before_it_was_read_has_what_was_read(tmp_path: Path) -> None:
    given = delivery("a.pdf", metadata={"bytes": 120, "sha256": "cd" * 32})
    source = given.document.source.model_copy(update={"size": 0, "sha256": ""})
    sink = archive(tmp_path)
    sink.write_batch([replace(given, document=given.document.model_copy(update={"source": source}))])
    sink.close()
    (document,) = rows(tmp_path, "documents")
    assert (document["bytes"], document["sha256"]) == (120, "cd" * 32)


def test_a_document_type_may_be_longer_than_the_name_of_a_folder(tmp_path: Path) -> None:
    sink = archive(tmp_path)
    for name in ("診療情報提供書" * 20, "x" * 1000):
        sink.write_batch([delivery(f"{name[0]}.pdf", extractedData={"documentType": name})])
    sink.close()
    found = {each["filename"]: each["document_type"] for each in rows(tmp_path, "documents")}
    assert found == {"診.pdf": ("診療情報提供書" * 20)[:22], "x.pdf": "x" * 200}


def test_files_that_no_reader_would_take_can_not_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="at most 1000000000"):
        ParquetConfig.model_validate({"target_file_size": "2GB"})


def test_repeats_are_dropped_within_a_batch_after_a_flush_and_after_a_restart(tmp_path: Path) -> None:
    for _ in range(3):
        sink = archive(tmp_path, flush_interval_ms=0)
        for _ in range(2):
            sink.write_batch([delivery("a.pdf"), delivery("a.pdf"), delivery("a.pdf", run=1)])
            sink.snapshot()
        sink.close()
    assert Counter(each["run"] for each in rows(tmp_path, "documents")) == {0: 1, 1: 1}
    assert len(rows(tmp_path, "fields")) == 6


def test_what_a_snapshot_covered_survives_a_kill(tmp_path: Path) -> None:
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    sink.snapshot()
    sink.write_batch([delivery("b.pdf")])  # not covered: the engine sends it again
    again = archive(tmp_path)
    again.write_batch([delivery("b.pdf")])
    again.close()
    assert sorted(each["filename"] for each in rows(tmp_path, "documents")) == ["a.pdf", "b.pdf"]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """No file gets to the archive until this is set."""
    put, held = Datasets._put, threading.Event()

    def waiting(self: Datasets, *rest: Any) -> None:
        held.wait(60)
        put(self, *rest)

    monkeypatch.setattr(Datasets, "_put", waiting)
    return held


def test_an_epoch_does_not_wait_for_a_file_to_be_written(tmp_path: Path, held: threading.Event) -> None:
    sink = archive(tmp_path, flush_interval_ms=0)
    for name in ("a.pdf", "b.pdf", "a.pdf", "c.pdf"):
        sink.write_batch([delivery(name)])
        sink.snapshot()
    assert not (tmp_path / "archive" / "documents").exists()
    held.set()
    sink.close()
    assert sorted(each["filename"] for each in rows(tmp_path, "documents")) == ["a.pdf", "b.pdf", "c.pdf"]
    assert len(rows(tmp_path, "fields")) == 9


def test_a_kill_while_files_are_written_loses_neither_these_nor_what_came_since(
    tmp_path: Path, held: threading.Event
) -> None:
    sink = archive(tmp_path, flush_interval_ms=0)
    for name in ("a.pdf", "b.pdf"):
        sink.write_batch([delivery(name)])
        sink.snapshot()
    with pytest.raises(ConfigError, match=r"in the state directory any more, which has 2 results to write"):
        refuse_left(tmp_path, [])
    copied = tmp_path / "copied"  # as the kill left it: the thread of this process goes on
    shutil.copytree(tmp_path / "outputs", copied / "outputs")
    held.set()
    sink.close()
    for _ in range(2):
        archive(copied).close()
        found = sorted(each["filename"] for each in rows(copied, "documents"))
        assert found == ["a.pdf", "b.pdf"]
    assert len(rows(copied, "fields")) == 6


def test_what_was_written_when_a_kill_came_waits_no_more(tmp_path: Path) -> None:
    sink = archive(tmp_path, flush_interval_ms=0)
    sink.write_batch([delivery("a.pdf")])
    sink.snapshot()
    written_out()
    copied = tmp_path / "copied"
    for name in ("archive", "outputs"):
        shutil.copytree(tmp_path / name, copied / name)
    sink.close()
    archive(copied).close()
    refuse_left(copied, [])
    assert len(rows(copied, "documents")) == 1


def test_a_file_that_was_being_written_when_a_kill_came_is_removed(tmp_path: Path) -> None:
    half = tmp_path / "archive" / ".writing" / "tmp0" / "batch.parquet"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"PAR1")
    archive(tmp_path).close()
    assert not half.parent.exists()


def test_results_of_no_more_than_two_files_are_in_memory(tmp_path: Path, held: threading.Event) -> None:
    sink = archive(tmp_path, target_file_size=1_000, flush_interval_ms=3_600_000)
    sink.write_batch([delivery("a.pdf")])
    later = threading.Thread(target=lambda: sink.write_batch([delivery("b.pdf")]))
    later.start()
    later.join(0.2)
    assert later.is_alive()
    held.set()
    later.join(60)
    sink.close()
    assert len(list((tmp_path / "archive" / "documents").rglob("*.parquet"))) == 2


def test_a_half_written_line_of_the_spool_is_cut_off(tmp_path: Path) -> None:
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    sink.snapshot()
    with next((tmp_path / "outputs").glob("*/columns")).open("ab") as spool:
        spool.write(b'{"id": ["half')
    again = archive(tmp_path)
    again.write_batch([delivery("b.pdf")])
    again.snapshot()
    archive(tmp_path).close()
    assert len(rows(tmp_path, "documents")) == 2


@pytest.mark.parametrize("dies_at", ["fields", "documents", "index"])
def test_a_kill_in_the_middle_of_a_flush_leaves_each_document_once(
    tmp_path: Path, dies_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, note = Datasets._put, Datasets._note

    def dying_put(self: Datasets, dataset: Any, *rest: Any) -> None:
        if dataset == dies_at:
            raise KeyboardInterrupt
        put(self, dataset, *rest)

    def dying_note(self: Datasets, *rest: Any) -> None:
        if dies_at == "index":
            raise KeyboardInterrupt
        note(self, *rest)

    monkeypatch.setattr(Datasets, "_put", dying_put)
    monkeypatch.setattr(Datasets, "_note", dying_note)
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    sink.snapshot()
    with pytest.raises(KeyboardInterrupt):
        sink.close()
    monkeypatch.undo()
    again = archive(tmp_path)
    again.write_batch([delivery("a.pdf")])
    again.close()
    assert len(rows(tmp_path, "documents")) == 1
    assert len(rows(tmp_path, "fields")) == 3
    assert len(rows(tmp_path, "cells")) == 4


@pytest.mark.parametrize("is_lost", [False, True], ids=["with the index", "without"])
def test_files_that_somebody_merged_stay_and_so_does_what_belongs_to_them(
    tmp_path: Path, is_lost: bool
) -> None:
    """Whoever merges a dataset's files names them as they like, and may leave the others as they are."""
    for name in ("a.pdf", "b.pdf"):
        sink = archive(tmp_path)
        sink.write_batch([delivery(name)])
        sink.close()
    before = {dataset: len(rows(tmp_path, dataset)) for dataset in ("documents", "fields", "cells")}
    for dataset in ("documents", "fields"):
        files = sorted((tmp_path / "archive" / dataset).rglob("*.parquet"))
        assert len(files) == 2
        merged = pa.concat_tables([pq.ParquetFile(each).read() for each in files])
        pq.write_table(merged, files[0].with_name(f"{dataset}-merged.parquet"))
        for each in files:
            each.unlink()
    if is_lost:
        for path in (tmp_path / "outputs").glob("*/index.db*"):
            path.unlink()
    for _ in range(2):
        again = archive(tmp_path)
        again.write_batch([delivery("a.pdf")])
        again.close()
    assert {dataset: len(rows(tmp_path, dataset)) for dataset in before} == before


@pytest.mark.parametrize("given", [b"", b"PAR1 half", None], ids=["empty", "half", "of something else"])
def test_a_file_that_is_no_whole_one_of_documents_is_waited_for_and_then_named(
    tmp_path: Path, given: bytes | None
) -> None:
    """Whoever merges files may be at it when the job starts, or have been killed amid it."""
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    sink.close()
    (file,) = (tmp_path / "archive" / "documents").rglob("*.parquet")
    merged = file.with_name("merged.parquet")
    if given is None:
        pq.write_table(pa.table({"other": [1]}), merged)
    else:
        merged.write_bytes(given)
    with pytest.raises(durable.OutputError, match=r"merged\.parquet is no whole Parquet file of documents"):
        archive(tmp_path, delivery_timeout_ms=1000)
    whole = threading.Timer(0.3, file.rename, [merged])
    whole.start()
    again = archive(tmp_path, delivery_timeout_ms=1000)
    again.write_batch([delivery("a.pdf")])
    again.close()
    assert len(rows(tmp_path, "documents")) == 1


@pytest.mark.parametrize("left", [None, b"no database" * 1000], ids=["lost", "damaged"])
def test_a_lost_index_is_made_again_from_the_files(tmp_path: Path, left: bytes | None) -> None:
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    sink.close()
    for path in (tmp_path / "outputs").glob("*/index.db*"):
        path.unlink()
        if left is not None:
            path.write_bytes(left)
    again = archive(tmp_path)
    again.write_batch([delivery("a.pdf")])
    again.close()
    assert len(rows(tmp_path, "documents")) == 1


def test_what_waits_belongs_to_its_archive_whatever_the_output_is_called(tmp_path: Path) -> None:
    """Two outputs change their places and names between a kill and the next start."""
    urls = [str(tmp_path / name) for name in ("one", "two")]
    for url in urls:
        sink = archive(tmp_path, url=url)
        sink.write_batch([delivery(f"{url[-3:]}.pdf")])
        sink.snapshot()  # then it is killed
    refuse_left(tmp_path, urls)
    for name, url in zip(("parquet_1", "renamed"), reversed(urls), strict=True):
        config = ParquetConfig.model_validate({"url": f"{url}/"})
        ParquetSink(name, config, SinkContext(tmp_path)).build_part("out", "archive", None).close()
    for url in urls:
        found = ds.dataset(f"{url}/documents", format="parquet", partitioning="hive").to_table()
        assert found["filename"].to_pylist() == [f"{url[-3:]}.pdf"]


def test_what_waits_for_an_archive_that_nothing_writes_to_any_more_is_refused(tmp_path: Path) -> None:
    sink = archive(tmp_path, url="memory://one")
    sink.write_batch([delivery("a.pdf"), delivery("b.pdf")])
    sink.snapshot()
    with pytest.raises(ConfigError, match="the archive memory://one any more, which has 2 results"):
        refuse_left(tmp_path, ["memory://two", ""])
    archive(tmp_path, url="memory://one").close()
    refuse_left(tmp_path, ["memory://two"])


@pytest.mark.parametrize("name", ["parquet_0.spool", "0123456789abcdef/spool"])
def test_what_waits_as_an_earlier_release_wrote_it_is_refused(tmp_path: Path, name: str) -> None:
    """By an output's place in the configuration, then row by row."""
    spool = tmp_path / "outputs" / name
    spool.parent.mkdir(parents=True)
    spool.touch()
    refuse_left(tmp_path, [])
    spool.write_bytes(b"{}\n")
    with pytest.raises(OtherRelease, match=rf"{name} is of another .* 1 result to write: .* drain it"):
        refuse_left(tmp_path, [])


def test_two_outputs_for_one_archive_are_refused(tmp_path: Path) -> None:
    context = SinkContext(tmp_path, where="output_streams.1.config")
    ParquetSink("a", ParquetConfig(), context)
    ParquetSink("b", ParquetConfig(url="memory://b"), context)
    with pytest.raises(ConfigError, match=r"^output_streams\.1\.config: another output writes to"):
        ParquetSink("c", ParquetConfig(), context)


def test_many_results_make_few_files(tmp_path: Path) -> None:
    sink = archive(tmp_path, flush_interval_ms=3_600_000)
    for number in range(50):
        sink.write_batch([delivery(f"{number}.pdf")])
        sink.snapshot()
    assert not (tmp_path / "archive").exists()
    sink.close()
    (file,) = (tmp_path / "archive" / "documents").rglob("*.parquet")
    assert pq.read_metadata(file).num_rows == 50


def test_a_failed_result_without_data_is_archived_too(tmp_path: Path) -> None:
    error = {"code": "corrupt", "message": "damaged", "retryable": False, "retrySuggestions": []}
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf", status="failed", extractedData=None, error=error)])
    sink.close()
    (document,) = rows(tmp_path, "documents")
    assert (document["error_code"], document["document_type"]) == ("corrupt", "unknown")


def test_any_fsspec_url_will_do(tmp_path: Path) -> None:
    url = f"memory://{uuid4()}"
    for _ in range(2):
        sink = archive(tmp_path, url=url)
        sink.write_batch([delivery("a.pdf")])
        sink.close()
    fs = fsspec.filesystem("memory")
    (file,) = fs.glob(f"{url}/documents/document_type=contract_analysis/date=2026-03-04/*.parquet")
    with fs.open(file, "rb") as opened:
        assert pq.read_table(opened).num_rows == 1


def test_a_write_that_fails_is_tried_again_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "PAUSES", (0.0, 0.0))
    put, failures = Datasets._put, [OSError(28, "No space left on device")] * 2

    def failing(self: Datasets, *rest: Any) -> None:
        if failures:
            raise failures.pop()
        put(self, *rest)

    monkeypatch.setattr(Datasets, "_put", failing)
    sink = archive(tmp_path)
    sink.write_batch([delivery("a.pdf")])
    sink.close()
    assert len(rows(tmp_path, "documents")) == 1


def test_a_spool_holds_nothing_of_a_write_that_failed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([{"first": "a"}])
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, most[1]))  # the disk is full in the middle of a line
    try:
        with pytest.raises(OSError, match="large"):
            spool.append([{"second": "b" * 100_000}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
        signal.signal(signal.SIGXFSZ, before)
    spool.append([{"third": "c"}])
    spool.close()
    assert Spool(tmp_path).load() == [{"first": "a"}, {"third": "c"}]


@pytest.mark.parametrize("index", ["lost", "kept"])
def test_a_folder_that_can_not_be_listed_for_a_moment_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str
) -> None:
    """Else all fields and cells in it would count as what a kill left, and be removed."""
    sink = archive(tmp_path, flush_interval_ms=0)
    sink.write_batch([delivery("a.pdf"), delivery("b.pdf")])
    if index == "lost":
        sink.close()
        shutil.rmtree(tmp_path / "outputs")
    else:
        sink.snapshot()
        written_out()  # and killed before that is noted
    before = {name: len(rows(tmp_path, name)) for name in ("documents", "fields", "cells")}
    listed, fails = LocalFileSystem.ls, [1]

    def hiccup(self: LocalFileSystem, path: str, **options: Any) -> Any:
        if "documents" in path and "date=" in path and fails:
            fails.pop()
            raise OSError(errno.EIO, "Input/output error")
        return listed(self, path, **options)

    monkeypatch.setattr(LocalFileSystem, "ls", hiccup)
    archive(tmp_path).close()
    assert fails == []
    assert {name: len(rows(tmp_path, name)) for name in before} == before
