"""One gateway with its job for all tests that only use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.gateway import Gateway, running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    yield from running(
        tmp_path_factory.mktemp("gateway"),
        stream_sources={
            "hooks": {
                "type": "webhook",
                "config": {
                    "endpoint": "/api/v1/documents/webhook",
                    "max_payload_size": "20KB",
                    "priority": "low",
                },
            },
        },
        gateway={"max_upload_size": "40MB"},
    )
