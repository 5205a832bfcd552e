"""A result as JSON, YAML or XML: the same content in each."""

from __future__ import annotations

import re
from typing import Any, Literal
from xml.etree import ElementTree

import orjson
import yaml

Format = Literal["json", "yaml", "xml"]
FORMATS: tuple[Format, ...] = ("json", "yaml", "xml")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKS = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Quotes texts with line breaks of Unicode so that they are escaped: plain, they are read as others."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = '"' if _BREAKS.search(data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


def render(result: dict[str, Any], format: str = "json") -> bytes:
    """UTF-8 bytes of a result. Raises ValueError for a format that is none."""
    if format == "json":
        return orjson.dumps(result, option=orjson.OPT_INDENT_2) + b"\n"
    if format == "yaml":
        return yaml.dump(result, Dumper=_Dumper, allow_unicode=True, sort_keys=False).encode()
    if format == "xml":
        root = ElementTree.Element("result")
        _fill(root, result)
        ElementTree.indent(root)
        return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"
    raise ValueError(f"there is no format {format}; choose one of {', '.join(FORMATS)}")


def _fill(element: ElementTree.Element, value: Any) -> None:
    """Mappings become elements, lists ``item`` elements, null an empty element with ``null="true"``."""
    if isinstance(value, dict):
        for key, inner in value.items():
            plain = _NAME.fullmatch(key) is not None
            about = {} if plain else {"name": _FORBIDDEN.sub("\ufffd", key)}
            child = ElementTree.SubElement(element, key if plain else "entry", about)
            _fill(child, inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _fill(ElementTree.SubElement(element, "item"), inner)
    elif value is None:
        element.set("null", "true")
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = _FORBIDDEN.sub("\ufffd", str(value))
