"""What a process loads: commands answer soon, and agents start soon, since they load what they use only."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from neuraldocflow.cli import app
from neuraldocflow.cli.on_demand import MODULES

_HEAVY = {"aiohttp", "bytewax", "fastapi", "numpy", "pyarrow", "pydantic", "rich", "yaml"}


def loaded_by(statement: str) -> set[str]:
    """The modules that a new process has loaded after it."""
    script = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_an_agent_loads_what_it_reads_documents_with_and_nothing_of_the_dataflow() -> None:
    loaded = loaded_by(
        "import neuraldocflow.swarm.agent, neuraldocflow.extraction, neuraldocflow.extraction.pdf.reader"
    )
    assert "pymupdf" in loaded
    assert not loaded & _HEAVY


def test_the_command_line_loads_no_command_before_it_is_given() -> None:
    loaded = loaded_by("import neuraldocflow.cli")
    assert not loaded & _HEAVY
    assert not loaded & {f"neuraldocflow.cli.{module}" for module in MODULES.values()}


@pytest.mark.parametrize("command", ["status", "tail", "stop"])
def test_a_command_beside_a_job_loads_neither_the_archive_nor_the_extraction_nor_the_dataflow(
    command: str,
) -> None:
    loaded = loaded_by(f"import neuraldocflow.cli.{MODULES[command]}")
    assert not loaded & {"aiohttp", "fastapi", "pyarrow", "dataflows", "neuraldocflow.extraction"}


def test_every_command_is_there_and_no_other() -> None:
    group = typer.main.get_group(app)
    assert list(group.commands) == list(MODULES)
    assert all(command.name == name for name, command in group.commands.items())
    assert group.commands.get("statsu") is None
