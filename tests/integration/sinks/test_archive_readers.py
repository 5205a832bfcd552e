"""The archive's three tables, read by the programs that people read Parquet with, here and in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pandas as pd
import pyarrow.dataset as ds
import pytest
from support.deliveries import delivery

from neuraldocflow.components import SinkContext
from sinks.parquet import ParquetConfig, ParquetSink

TABLES = {"documents": 3, "fields": 9, "cells": 12}


@pytest.fixture(params=["here", pytest.param("bucket", marks=pytest.mark.servers)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an archive of three documents is, written by two runs."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    place = str(tmp_path / "archive")
    if request.param == "bucket":
        place = f"s3://{request.getfixturevalue('bucket')}/archive"
    for names in (["a.pdf", "b.pdf"], ["c.pdf"]):
        config = ParquetConfig.model_validate({"url": place})
        sink = ParquetSink("parquet", config, SinkContext(tmp_path)).build_part("out", "archive", None)
        sink.write_batch([delivery(name) for name in names])
        sink.close()
    yield place
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def files(url: str) -> Any:
    return fsspec.core.url_to_fs(url)[0]


@pytest.mark.parametrize("table", TABLES)
def test_pyarrow_reads_it(url: str, files: Any, table: str) -> None:
    root = files._strip_protocol(url)
    found = ds.dataset(f"{root}/{table}", filesystem=files, format="parquet", partitioning="hive").to_table()
    assert found.num_rows == TABLES[table]
    assert set(found["document_type"].to_pylist()) == {"contract_analysis"}


@pytest.mark.parametrize("table", TABLES)
def test_pandas_reads_it(url: str, files: Any, table: str) -> None:
    root = files._strip_protocol(url)
    found = pd.read_parquet(f"{root}/{table}", filesystem=files)
    assert len(found) == TABLES[table]
    assert set(found["document_type"]) == {"contract_analysis"}


def test_duckdb_reads_and_joins_it(url: str, files: Any) -> None:
    with duckdb.connect() as database:
        if url.startswith("s3://"):
            database.register_filesystem(files)
        for table, count in TABLES.items():
            pattern = f"{url}/{table}/**/*.parquet"
            database.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{pattern}', hive_partitioning=true)"
            )
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)
        found = database.execute(
            "SELECT filename, sum(number) FROM documents JOIN fields USING (document_id, run, date) "
            "WHERE date = '2026-03-04' AND field = 'amount' GROUP BY filename ORDER BY filename"
        ).fetchall()
    assert found == [(name, 12.5) for name in ("a.pdf", "b.pdf", "c.pdf")]
