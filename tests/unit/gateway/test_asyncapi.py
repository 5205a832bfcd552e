"""The descriptions say what the code does."""

from __future__ import annotations

import inspect
from typing import Any

from neuraldocflow.gateway.descriptions import describe
from neuraldocflow.gateway.session import ACTIONS, Session
from neuraldocflow.schemas import schemas


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if "$ref" in node else []
        return here + [each for value in node.values() for each in references(value)]
    return [each for value in node for each in references(value)] if isinstance(node, list) else []


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = describe()
    found = references(document)
    assert found
    for reference in found:
        if reference.startswith("/schemas/"):
            assert reference.removeprefix("/schemas/") in schemas()
            continue
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_action_is_described_and_handled() -> None:
    source = inspect.getsource(Session)
    for action in ACTIONS:
        assert f'"{action}"' in source
