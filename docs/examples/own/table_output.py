"""Fields of results in a table of an SQLite database: `type: fields_table`."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from neuraldocflow.plugins import Handler, Section, add_output


class FieldsTableConfig(Section):
    """The table is made when it is not there."""

    database: Path
    minimum_confidence: float = 0.0


class FieldsTable(Handler[FieldsTableConfig]):
    def __init__(self, config: FieldsTableConfig) -> None:
        super().__init__(config)
        self._table = sqlite3.connect(config.database, timeout=30, check_same_thread=False)
        self._table.execute(
            "CREATE TABLE IF NOT EXISTS fields (document, run, file, field, value, "
            "PRIMARY KEY (document, run, field))"
        )

    def handle(self, values: Sequence) -> None:
        with self._table:  # one transaction: durable when it ends
            for delivery in values:
                document, run = delivery.identity
                found = (delivery.result["extractedData"] or {}).get("fields", {})
                rows = [
                    (document, run, delivery.document.source.filename, name, str(field["value"]))
                    for name, field in found.items()
                    if isinstance(field, dict) and field["confidence"] >= self.config.minimum_confidence
                ]
                # the primary key drops what comes again after a crash
                self._table.executemany("INSERT OR IGNORE INTO fields VALUES (?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        self._table.close()


add_output("fields_table", FieldsTableConfig, FieldsTable)
