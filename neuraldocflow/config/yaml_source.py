"""YAML with positions: every key and value knows its line, and ``${VARIABLE}`` is replaced.

Values are replaced after parsing, so no variable's content can change the structure of the file. A plain
``${PORT}`` becomes a number where its content is one; a quoted one stays a text. ``$${`` is a literal ``${``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from neuraldocflow.config.yaml_mistakes import mistake
from neuraldocflow.errors import ConfigError
from neuraldocflow.values import FromEnvironment

Path = tuple[str | int, ...]

_DEEPEST = 1000
"""Levels; the rest of a configuration's way through the program bears fewer."""
_VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(slots=True)
class YamlSource:
    """A parsed file: its data, and for each path of keys and list positions the line it stands on."""

    name: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    expressions: dict[Path, str] = field(default_factory=dict)
    """What stood in the file where a variable was replaced; shown instead of the value."""
    unset: set[Path] = field(default_factory=set)
    """Where a variable without a default is not set."""
    problems: list[tuple[int, str]] = field(default_factory=list)
    """Each with its line, to be sorted by it."""

    def line(self, path: Path) -> int:
        """The line of the path, or of its nearest parent that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def report(self, path: Path, sentence: str) -> None:
        line = self.line(path)
        self.problems.append((line, f"{self.name}:{line}: {dotted(path)}{sentence}"))


def dotted(path: Path) -> str:
    """``a.b[2].c: `` — and nothing for the file as a whole."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return f"{text}: " if text else ""


def read_yaml(
    text: str, name: str, environment: Mapping[str, str], *, need_variables: bool = True
) -> YamlSource:
    """Parse one document. Syntax errors raise ConfigError; other problems are collected in the source."""
    source = YamlSource(name)
    loader = yaml.CSafeLoader(text)  # libyaml's: the job reads its profiles at each start
    try:
        _refuse_the_deepest(text)
        node = loader.get_single_node()
        if node is not None:
            source.data = _Builder(loader, source, environment, need_variables).build(node, ())
    except yaml.YAMLError as error:
        line, told = mistake(error, text)
        raise ConfigError(f"{name}:{line}: not valid YAML: {told}") from error
    except RecursionError:
        raise ConfigError(f"{name}:1: nested too deeply, by hundreds of levels") from None
    finally:
        loader.dispose()
    return source


def _refuse_the_deepest(text: str) -> None:
    """Raises RecursionError. Nodes are made by a function that calls itself, in C: by ten thousands of levels
    the process ends. Each begins with one of these characters: where there are few there is no such depth."""
    if sum(map(text.count, "[{-?:")) <= _DEEPEST:
        return
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError


class _Builder:
    def __init__(
        self,
        loader: yaml.CSafeLoader,
        source: YamlSource,
        environment: Mapping[str, str],
        need_variables: bool,
    ) -> None:
        self._loader = loader
        self._source = source
        self._environment = environment
        self._need_variables = need_variables
        self._open: set[int] = set()

    def build(self, node: yaml.Node, path: Path) -> Any:
        self._source.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._source.report(path, "an alias must not contain itself")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self.build(child, (*path, index)) for index, child in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        own = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
        first_lines: dict[Any, int] = {}
        self._loader.flatten_mapping(node)
        built: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self._content(key_node)
            if not isinstance(key, str):
                key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else repr(key)
            line = key_node.start_mark.line + 1
            merged = key in built and key in own and first_lines[key] != line and "<<" in own
            if key in built and not merged:
                self._source.report((*path, key), f"given twice, also on line {line}")
            first_lines[key] = line
            self._source.lines[(*path, key)] = line
            built[key] = self.build(value_node, (*path, key))
        return built

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        replaced = _VARIABLE.search(node.value) is not None
        if replaced:
            text, used = self._replace(node.value, path)
            if used:
                self._source.expressions[path] = node.value
            tag = node.tag
            if node.style is None:  # plain: the content decides what it is, as if it had stood there
                tag = self._loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
            node = yaml.ScalarNode(tag, text, node.start_mark, node.end_mark, node.style)
        value = self._content(node)
        if replaced and isinstance(value, str) and path in self._source.expressions:
            return FromEnvironment(value, self._source.expressions[path])
        return value

    def _content(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)
        except (ValueError, LookupError, AttributeError, ArithmeticError):
            self._loader.recursive_objects.pop(node, None)  # else an alias of it would be one of itself
            return str(node.value)  # seems to be a date or a number, and is none, such as 2026-13-45

    def _replace(self, text: str, path: Path) -> tuple[str, bool]:
        used = False

        def one(match: re.Match[str]) -> str:
            nonlocal used
            name, default = match[1], match[2]
            if name is None:
                return "${"
            used = True
            found = self._environment.get(name)
            if found or (found is not None and default is None):
                return found
            if default is not None:
                return default
            self._source.unset.add(path)
            if self._need_variables:
                self._source.report(path, f"the environment variable {name} is not set")
            return ""

        return _VARIABLE.sub(one, text), used
