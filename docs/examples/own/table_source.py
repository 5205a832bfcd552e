"""Documents in a table of an SQLite database: `type: table`.

CREATE TABLE inbox (id INTEGER PRIMARY KEY, name TEXT, body BLOB, status TEXT);
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from neuraldocflow.plugins import Item, Source, SourceConfig, add_source


class TableConfig(SourceConfig):
    """Rows without a status are documents; a row gets one when its result is durable."""

    database: Path


class Table(Source[TableConfig]):
    def find(self) -> Iterator[Item]:
        for number, name in self._ask("SELECT id, name FROM inbox WHERE status IS NULL ORDER BY id"):
            yield Item(key=str(number), filename=name)

    def read(self, key: str) -> bytes:
        for (body,) in self._ask("SELECT body FROM inbox WHERE id = ?", key):
            return bytes(body)
        raise KeyError(key)

    def done(self, key: str, version: str, status: str) -> None:
        self._ask("UPDATE inbox SET status = ? WHERE id = ?", status, key)

    def _ask(self, statement: str, *values: str) -> list[tuple]:
        """Each in a connection of its own: it is asked from several threads."""
        connection = sqlite3.connect(self.config.database, timeout=30)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()


add_source("table", TableConfig, Table)
