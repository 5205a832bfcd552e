"""What libraries raise for a place in trouble is an OSError; a fault of ours stays what it is."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientPayloadError
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from neuraldocflow.remote import Remote


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    made = Remote(f"memory://{uuid4()}")
    (tmp_path / "a").write_bytes(b"abc")
    made.put(tmp_path / "a", f"{made.root}/folder/a.bin")
    return made


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="http://x"), NoCredentialsError(), ClientPayloadError()]
)
def test_a_librarys_own_error_is_an_oserror_that_names_it(remote: Remote, error: Exception) -> None:
    with (
        pytest.raises(OSError, match=type(error).__name__) as told,
        remote.open(f"{remote.root}/folder/a.bin"),
    ):
        raise error
    assert told.value.strerror == type(error).__name__


@pytest.mark.parametrize("error", [ValueError("a fault"), RuntimeError("a fault"), TimeoutError("late")])
def test_errors_of_pythons_kinds_stay_as_they_are(remote: Remote, error: Exception) -> None:
    with pytest.raises(type(error)) as told, remote.open(f"{remote.root}/folder/a.bin"):
        raise error
    assert told.value is error


def test_files_are_found_and_removed(remote: Remote) -> None:
    (found,) = remote.find(f"{remote.root}/folder", "*.bin")
    assert remote.exists(found)
    remote.remove(found)
    remote.remove(found)
    assert not remote.exists(found)
    assert remote.find(f"{remote.root}/folder", "*.bin") == []
    assert remote.find(f"{remote.root}/nowhere", "*") == []
    with pytest.raises(FileNotFoundError), remote.open(found):
        pass
