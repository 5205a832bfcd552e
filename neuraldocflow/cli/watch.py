"""What the job does, as it does it: a line a document, read from the log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from neuraldocflow.cli import show
from neuraldocflow.events import (
    DecodeError,
    DocumentReceived,
    Event,
    ProcessingCompleted,
    ProcessingProgress,
    ProcessingStarted,
    decode,
)
from neuraldocflow.log import PROCESSING_EVENTS, PROCESSING_RESULTS, Log, LogError
from neuraldocflow.repeats import Repeats
from neuraldocflow.selection import read_on
from neuraldocflow.wording import counted

_MOST = 12
"""Documents under way that are shown at a time."""
_WORTH_TELLING = 500
"""Milliseconds; what takes less is done before it is read."""
_PAUSE = 1.0
"""Seconds before a log that can't be read is tried again."""


class Watch:
    """Follows the log in a thread; prints results, and on a terminal shows what is under way."""

    def __init__(self, log: Log, console: Console, *, quiet: bool = False) -> None:
        self.counts = {"completed": 0, "partial": 0, "failed": 0}
        self._log = log
        self._console = console
        self._quiet = quiet
        self._names: dict[str, str] = {}
        """Of runs that have no result yet."""
        self._under_way: dict[str, ProcessingProgress | None] = {}
        self._events = Repeats()
        self._done = Repeats()
        self._positions = {
            (topic, partition): log.end(topic, partition)
            for topic in (PROCESSING_EVENTS, PROCESSING_RESULTS)
            for partition in log.partitions(topic)
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Show what is left, and end."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _follow(self) -> None:
        live = Live(console=self._console, auto_refresh=False, transient=True, get_renderable=self._table)
        terminal = self._console.is_terminal and not self._quiet
        ending = away = False
        with live if terminal else nullcontext():
            while not ending:
                ending = self._stop.is_set()
                try:
                    if not ending:
                        self._log.wait(self._positions, 0.5)
                    for event in self._read():
                        self._take(event)
                    away = False
                except LogError as error:
                    if not away:
                        self._console.print(f"the log can't be read: {error}", style="red")
                    away = True
                    self._stop.wait(_PAUSE)
                except BrokenPipeError:  # nobody reads any more: the console is quiet now, the job goes on
                    continue
                if terminal:
                    live.refresh()
                    self._stop.wait(0.1)

    def _read(self) -> Iterator[Event]:
        for place in self._positions:
            while records := read_on(self._log, *place, self._positions[place]):
                self._positions[place] = records[-1].offset + 1
                for record in records:
                    try:
                        yield decode(record.value)
                    except DecodeError as error:
                        self._console.print(f"an event of {place[0]} can't be read: {error}", style="red")

    def _take(self, event: Event) -> None:
        if not self._events.is_new(event.event_id):  # a replayed epoch repeats its events
            return
        run = f"{event.id}:{event.run}"
        if isinstance(event, ProcessingCompleted):
            self._done.is_new(run)
            self._under_way.pop(run, None)
            self._names.pop(run, None)
            self.counts[event.result["status"]] += 1
            if not self._quiet:
                self._console.print(show.line_of(event.result), soft_wrap=True)
        elif run in self._done:  # results are on a topic of their own: this was read after its result
            return
        elif isinstance(event, DocumentReceived):
            self._names[run] = event.source.filename
        elif isinstance(event, ProcessingStarted):
            self._under_way.setdefault(run, None)
        elif isinstance(event, ProcessingProgress):
            self._under_way[run] = event

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for run, progress in list(self._under_way.items())[:_MOST]:
            share = progress.progress if progress is not None else 0.0
            what = progress.current_operation or progress.stage if progress is not None else "opening"
            remaining = progress.estimated_remaining_ms if progress is not None else None
            left = show.seconds(remaining) if (remaining or 0) >= _WORTH_TELLING else ""
            table.add_row(
                Text(self._names.get(run, run)),
                ProgressBar(total=1.0, completed=share, width=24),
                Text(what),
                Text(f"about {left}" if left else ""),
            )
        return table


def summary(counts: dict[str, int]) -> str:
    """``12 documents: 10 done, 1 partial, 1 failed``."""
    total = sum(counts.values())
    told = ", ".join(f"{count} {show.MARKS[status]}" for status, count in counts.items() if count)
    return counted(total, "document") + (f": {told}" if told else "")


@contextmanager
def watching(log: Log, *, as_json: bool, quiet: bool) -> Iterator[dict[str, int]]:
    """Show what comes onto a log; gives the counts of results, which grow."""
    watch = Watch(log, show.console(stderr=as_json), quiet=quiet or as_json)
    watch.start()
    try:
        yield watch.counts
    finally:
        watch.finish()
