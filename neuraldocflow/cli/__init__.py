"""The command line: ``neuraldocflow COMMAND``. Each command is a module; this one holds what they share.

Exit codes: 0 fine, 1 failed, 2 wrong usage or configuration, 3 partial results.
"""

from __future__ import annotations

import codecs
import errno
import io
import json
import logging
import os
import select
import sqlite3
import sys

import typer

from neuraldocflow import __version__, faults
from neuraldocflow.cli.on_demand import OnDemand
from neuraldocflow.errors import ConfigError, NeuralDocFlowError
from neuraldocflow.log_lines import log_lines

_REFUSED = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG),
    *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE),
)
"""What is wrong with a place, and not with the program."""

app = typer.Typer(
    cls=OnDemand,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Documents in, validated and traceable data out.",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Say more of what goes on."),
) -> None:
    if not verbose:
        os.environ["RUST_BACKTRACE"] = "0"  # the engine's own frames say nothing to a user
    log_lines(logging.INFO if verbose else logging.WARNING)


def main() -> None:
    """The entry point: errors become one sentence and exit code 1, or 2 for the configuration; of unknown
    ones the kind and the place come before: their texts may quote a document. A place that can't be used
    is named. A reader that has seen enough is no failure."""
    _open_streams()
    code = _run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _print_nowhere()
    except OSError as error:
        code = code or _refused(error)
        _print_nowhere()
    sys.exit(code)


def _run() -> int | str | None:
    """Run the command; its exit code."""
    try:
        app()
    except NeuralDocFlowError as error:
        print(f"neuraldocflow: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except SystemExit as ended:
        # what reads the command line ends the program where nobody reads what it prints
        return 0 if isinstance(ended.__context__, BrokenPipeError) and _nobody_reads() else ended.code
    except sqlite3.OperationalError as error:
        print(f"neuraldocflow: a file of the state directory can't be used: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            return 0
        if isinstance(error, OSError) and error.errno in _REFUSED:
            return _refused(error)
        print(faults.told(error), file=sys.stderr)
        print(f"neuraldocflow: unforeseen: {type(error).__name__}; please report it", file=sys.stderr)
        return 1
    return 0


def _refused(error: OSError) -> int:
    """Say what can't be used."""
    named = "a file, or what this prints to," if error.filename is None else error.filename
    named = os.fsdecode(named) if isinstance(named, bytes) else named
    print(f"neuraldocflow: {named} can't be used: {error.strerror}", file=sys.stderr)
    return 1


def _print_nowhere() -> None:
    """What is left to be printed goes nowhere: the end of the program tries it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _nobody_reads() -> bool:
    """Whether standard output is a pipe whose reader has seen enough, such as ``head``."""
    looking = select.poll()
    looking.register(1, 0)
    return any(event & select.POLLERR for _, event in looking.poll(0))


def _by_number(error: UnicodeError) -> tuple[str, int]:
    """Characters as JSON may have them: what is printed may be JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    left = error.object[error.start : error.end]
    return "".join(json.dumps(each)[1:-1] for each in left), error.end


def _by_number_or_byte(error: UnicodeError) -> tuple[str | bytes, int]:
    """The same; what stands for a byte of a file's name is that byte again."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return _by_number(error)


def _open_streams() -> None:
    """Where the caller has closed one, nothing else is to take its number; what a stream's encoding has no
    character for is written by its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        codecs.register_error("by-number", _by_number)
        codecs.register_error("by-number-or-byte", _by_number_or_byte)
        kept = sys.stdout.errors == "surrogateescape"  # so it is in the locales C and POSIX
        sys.stdout.reconfigure(errors="by-number-or-byte" if kept else "by-number")
