"""The archive's columns: as they are documented, and files of an older release beside those of this one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from support.deliveries import delivery

from neuraldocflow.archive.rows import SCHEMAS, Dataset
from neuraldocflow.components import SinkContext
from sinks.parquet import ParquetConfig, ParquetSink

PAGE = (Path(__file__).parents[3] / "docs" / "archive.md").read_text()
FIRST: dict[Dataset, str] = {
    "documents": "document_id run status filename content_type bytes sha256 source uri tenant priority "
    "received_at profile profile_version engine_version pages language total_ms failed_rules error_code "
    "error_message result",
    "fields": "document_id run field position value number raw confidence page x0 y0 x1 y1 block text",
    "cells": "document_id run table page caption row column text",
}
"""The columns of the first release: this stays as it is when there are more."""


@pytest.mark.parametrize("dataset", FIRST)
def test_columns_are_only_added_and_at_the_end(dataset: Dataset) -> None:
    first = FIRST[dataset].split()
    assert SCHEMAS[dataset].names[: len(first)] == first


@pytest.mark.parametrize("dataset", FIRST)
def test_the_documentation_has_every_column_with_its_type(dataset: Dataset) -> None:
    table = PAGE.partition(f"\n`{dataset}`:\n\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", table, re.MULTILINE)
    assert rows == [(column.name, str(column.type)) for column in SCHEMAS[dataset]]


def sink(folder: Path) -> Any:
    config = ParquetConfig.model_validate({"url": str(folder / "archive")})
    return ParquetSink("parquet", config, SinkContext(folder)).build_part("out", "archive", None)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A document of an older release, which did not have the last two columns, and one of this."""
    older = sink(tmp_path)
    older.write_batch([delivery("older.pdf")])
    older.close()
    for file in (tmp_path / "archive").rglob("*.parquet"):
        table = pq.ParquetFile(file).read()
        pq.write_table(table.select(table.column_names[:-2]), file)
    now = sink(tmp_path)
    now.write_batch([delivery("older.pdf"), delivery("newer.pdf")])  # the first is known
    now.close()
    return tmp_path / "archive"


def test_pyarrow_and_pandas_read_files_of_both_releases_as_one(archive: Path) -> None:
    """As the documentation says."""
    code = PAGE.partition("```python\n")[2].partition("```")[0].replace('"archive/', f'"{archive}/')
    names: dict[str, Any] = {}
    exec(code, names)
    found = names["documents"].set_index("filename")
    assert list(found.index.sort_values()) == ["newer.pdf", "older.pdf"]
    assert pd.isna(found.loc["older.pdf", "result"])
    assert found.loc["newer.pdf", "result"].startswith("{")
    assert found.loc["older.pdf", "status"] == "completed"


@pytest.mark.parametrize("dataset", FIRST)
def test_whatever_file_comes_first_every_row_and_column_is_there(archive: Path, dataset: Dataset) -> None:
    found = ds.dataset(archive / dataset, partitioning="hive")
    schema = pa.unify_schemas([found.schema, *(each.physical_schema for each in found.get_fragments())])
    table = found.replace_schema(schema).to_table()
    assert set(table.column_names) == {*SCHEMAS[dataset].names, "document_type", "date"}
    assert len(set(table["document_id"].to_pylist())) == 2


def test_duckdb_reads_files_of_both_releases_as_one(archive: Path) -> None:
    query = PAGE.partition("```sql\n")[2].partition("```")[0].replace("'archive/", f"'{archive}/")
    with duckdb.connect() as database:
        found = database.execute(query.replace("total_assets", "amount")).fetchall()
    assert sorted(found) == [("newer.pdf", 12.5), ("older.pdf", 12.5)]
