"""Value types that configuration models share: sections, sizes, secrets, priorities.

Component modules (``connectors/…``, ``sinks/…``) build their config models from these, so this module
imports none of them.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

Priority = Literal["urgent", "high", "normal", "low"]
Events = Literal["completion", "error", "progress", "all"]
PRIORITIES: tuple[Priority, ...] = ("urgent", "high", "normal", "low")


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean NAME?`` for a near miss, else the list of what is known."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(names)}"


class Section(BaseModel):
    """A block of the configuration: immutable, and it refuses keys it does not know, naming the nearest."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_nearest_key(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        wrong = _booleans_for_numbers(cls, data)
        try:
            made = handler(data)
        except ValidationError as error:
            lines = [_with_suggestion(cls, line) for line in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(error.title, lines + wrong) from None
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return made


def _booleans_for_numbers(model: type[BaseModel], data: Any) -> list[InitErrorDetails]:
    """``max_pages: true`` would pass as 1."""
    if not isinstance(data, dict):
        return []
    reason = PydanticCustomError("number", "{sentence}", {"sentence": "must be a number"})
    return [
        InitErrorDetails(type=reason, loc=(name,), input=data[name])
        for name, field in model.model_fields.items()
        if isinstance(data.get(name), bool) and field.annotation in (int, float)
    ]


def _with_suggestion(model: type[BaseModel], line: Any) -> InitErrorDetails:
    kind, loc = line["type"], line["loc"]
    if kind == "extra_forbidden" and len(loc) == 1:
        kind, sentence = "unknown_key", f"unknown key; {nearest(str(loc[0]), model.model_fields)}"
    else:
        sentence = sentence_of(line)
    reason = PydanticCustomError(kind, "{sentence}", {"sentence": sentence})
    return InitErrorDetails(type=reason, loc=loc, input=line["input"])


_SENTENCES: dict[str, str] = {
    "missing": "is required",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "path_type": "must be a path",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be one of {expected}",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must match {pattern}",
    "union_tag_not_found": "needs a `type`",
}


def sentence_of(line: Any) -> str:
    """What is wrong, in words, of one entry of ``ValidationError.errors()``."""
    context = line.get("ctx") or {}
    if "sentence" in context:
        return str(context["sentence"])
    if line["type"] == "value_error":
        return str(context["error"])
    if line["type"] == "union_tag_invalid":
        tag, known = (
            str(context["tag"]),
            [name.strip(" '") for name in str(context["expected_tags"]).split(",")],
        )
        told = nearest(tag, known)
        return f"unknown type {tag}; {told}" + (f" (there are {', '.join(known)})" if "?" in told else "")
    template = _SENTENCES.get(line["type"])
    if template is None:
        return str(line["msg"])
    shown = {key: str(value).replace("'", "") for key, value in context.items()}
    return template.format(**shown)


_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def parse_size(value: object) -> object:
    """Bytes of ``50MB`` (50,000,000), ``50MiB`` (52,428,800) or a plain number."""
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value)
    if match is None or match[2].upper() not in _UNITS:
        raise ValueError("must be a size such as 50MB, 50MiB or a number of bytes")
    return int(float(match[1]) * _UNITS[match[2].upper()])


Size = Annotated[
    int,
    Field(gt=0),
    BeforeValidator(parse_size),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": _SIZE.pattern}]},
    ),
]
"""A number of bytes, written ``50MB`` or ``50MiB``."""


def in_full(path: str) -> str:
    """A path in which ``~`` and ``~name`` at its beginning are a home, as a shell has it.

    Raises ValueError for an empty one, which would be the working directory, and where no home is known.
    """
    if not path:
        raise ValueError("must not be empty")
    full = os.path.expanduser(path)
    if full.startswith("~"):
        raise ValueError(
            "begins with ~, and no such home is known here: set HOME, or write ./~… for a file's name"
        )
    return full


OwnPath = Annotated[Path, BeforeValidator(lambda value: in_full(value) if isinstance(value, str) else value)]
"""A file or folder of this machine."""


def _known_place(value: str) -> str:
    protocol, marker, _ = value.partition("://")
    if marker:
        import fsspec  # only who keeps things elsewhere waits for it

        if protocol.rpartition("::")[2] not in fsspec.available_protocols():
            raise ValueError("must be a folder, or an address of a kind that fsspec knows, such as s3://…")
    return value if marker or not value else in_full(value)


Place = Annotated[str, AfterValidator(_known_place)]
"""A folder, or an fsspec URL."""


class FromEnvironment(str):
    """A text in which a ``${VARIABLE}`` was replaced: never shown in a message, and allowed as a secret."""

    __slots__ = ("expression",)
    expression: str

    def __new__(cls, value: str, expression: str) -> FromEnvironment:
        made = super().__new__(cls, value)
        made.expression = expression
        return made


class Secret:
    """A secret from the environment or a file; printing, logging and dumping it shows asterisks only.

    A file is read at every use, so that a rotated secret is taken up without a restart.
    """

    __slots__ = ("_file", "_value")

    def __init__(self, value: str | None = None, *, file: str | os.PathLike[str] | None = None) -> None:
        if (value is None) == (file is None):
            raise ValueError("a secret has either a value or a file")
        self._value = value
        self._file = None if file is None else Path(file)

    def get_secret_value(self) -> str:
        """The secret, which is never empty. Raises ConfigError when its file can't be read or has none."""
        from neuraldocflow.errors import ConfigError

        if self._file is None:
            assert self._value is not None
            return self._value
        try:
            text = self._file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"the secret's file {self._file} can't be read: {error.strerror}") from error
        if not text:
            raise ConfigError(f"the secret's file {self._file} is empty")
        return text

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._value, self._file) == (other._value, other._file)

    def __hash__(self) -> int:
        return hash((self._value, self._file))

    @classmethod
    def _parse(cls, value: Any) -> Secret:
        if isinstance(value, Secret):
            return value
        given = value["file"] if isinstance(value, dict) and value.keys() == {"file"} else value
        if isinstance(given, str) and not given.strip():
            sentence = "a secret must not be empty"  # an empty one would be known to everybody
            raise PydanticCustomError("empty_secret", "{sentence}", {"sentence": sentence})
        if isinstance(value, FromEnvironment):
            return cls(str(value))
        if given is not value and isinstance(given, str):
            return cls(file=in_full(given))
        sentence = "a secret must be given as ${VARIABLE} or {file: PATH}, not in the file itself"
        raise PydanticCustomError("secret", "{sentence}", {"sentence": sentence})

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._parse,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda _: "**********", return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        file = {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"]}
        variable = {"type": "string", "pattern": r"\$\{.+\}"}
        return {"anyOf": [variable, {**file, "additionalProperties": False}]}
