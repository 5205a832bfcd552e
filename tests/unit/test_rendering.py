"""A result in three formats."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from neuraldocflow.rendering import render

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc -1ü", max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["jobId", "fields"]), values))
@example({"jobId": "\x85", "fields": "a\u2028b\u2029"})
def test_json_and_yaml_say_the_same_and_xml_is_well_formed(result: dict[str, Any]) -> None:
    assert orjson.loads(render(result, "json")) == result
    assert yaml.safe_load(render(result, "yaml")) == result
    ElementTree.fromstring(render(result, "xml"))


def test_xml_tells_null_from_empty_and_keeps_odd_names() -> None:
    root = ElementTree.fromstring(render({"a": None, "b": "", "no name": [True, 1.5]}, "xml"))
    assert root[0].attrib == {"null": "true"}
    assert root[1].attrib == {}
    assert (root[2].tag, root[2].attrib, [item.text for item in root[2]]) == (
        "entry",
        {"name": "no name"},
        ["true", "1.5"],
    )


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="json, yaml, xml"):
        render({}, "pdf")
