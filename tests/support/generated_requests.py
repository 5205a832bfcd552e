"""Loaded by schemathesis: how it sends what is not JSON, a form or text."""

from __future__ import annotations

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
