"""The secrets of Standard Webhooks, as those have them who sign and those who verify."""

from __future__ import annotations

from base64 import b64decode

from neuraldocflow.errors import ConfigError


def signing_key(secret: str) -> bytes:
    """The key in a secret, which is never empty. Raises ConfigError for what is no secret."""
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise ConfigError("must be whsec_ and base64")
    return key
