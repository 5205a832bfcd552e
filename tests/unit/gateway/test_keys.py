"""The file of the keys, and the secret in it."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
import pytest

from neuraldocflow.errors import ConfigError
from neuraldocflow.gateway.keys import KeyStore


def test_every_gateway_of_a_file_has_the_same_secret_whatever_happens_to_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one, other = KeyStore(path), KeyStore(path)
    secret = one.offsets_secret()
    key, text = other.create()
    other.revoke(other.create()[0].id)
    assert len(secret) == 64
    assert one.offsets_secret() == other.offsets_secret() == KeyStore(path).offsets_secret() == secret
    assert one.authenticate(text) == key
    assert KeyStore(tmp_path / "elsewhere.json").offsets_secret() != secret
    assert os.stat(path).st_mode & 0o077 == 0


def test_a_file_that_is_a_list_of_keys_alone_gets_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key, text = KeyStore(path).create("reports", "acme")
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes())["keys"]))
    store = KeyStore(path)
    assert store.authenticate(text) == key
    secret = store.offsets_secret()
    assert KeyStore(path).offsets_secret() == secret
    assert KeyStore(path).all() == [key]


def test_a_file_without_a_secret_that_cannot_be_written_is_an_error_that_says_what_to_do(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.json"
    path.write_text("[]")
    path.with_name("keys.json.lock").mkdir()
    with pytest.raises(ConfigError, match=r"keys\.json has no secret for offsets yet .* keys create"):
        KeyStore(path).offsets_secret()
