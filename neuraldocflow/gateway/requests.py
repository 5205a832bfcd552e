"""What callers ask for: the specification's ProcessingRequest, checked."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from neuraldocflow.gateway.problems import invalid
from neuraldocflow.values import Priority

MAX_NAME = 255


class _Request(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, strict=True
    )


class Document(_Request):
    """The document: ``content`` is base64, an address (``url``), or the id of an upload (``file``)."""

    source: Literal["file", "url", "base64"]
    content: str = Field(min_length=1)
    filename: str = Field("", max_length=MAX_NAME)
    content_type: str = Field("", max_length=MAX_NAME)


class Options(_Request):
    """How to process it."""

    priority: Priority = "normal"
    quality_threshold: float | None = Field(None, ge=0, le=1)
    output_format: Literal["json", "yaml", "xml"] | None = None
    stream_results: bool | None = None

    def for_event(self) -> dict[str, Any]:
        """What the dataflow is told beside the priority."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"priority"})


class ProcessingRequest(_Request):
    """Process a document."""

    document: Document
    profile: str = Field("auto", min_length=1, max_length=MAX_NAME)
    options: Options = Options()


def parse_request(data: Any) -> ProcessingRequest:
    """The request in decoded JSON. Raises Problem with the fields that are wrong."""
    return validated(ProcessingRequest, data)


def parse_options(data: dict[str, Any]) -> Options:
    """Options as form fields or query parameters have them: all texts. Raises Problem."""
    numbers = {"qualityThreshold": float}
    given: dict[str, Any] = dict(data)
    for name, kind in numbers.items():
        if isinstance(given.get(name), str):
            try:
                given[name] = kind(given[name])
            except ValueError as error:
                raise invalid(f"{name} must be a number from 0 to 1.") from error
    if isinstance(given.get("streamResults"), str):
        if given["streamResults"] not in ("true", "false"):
            raise invalid("streamResults must be true or false.")
        given["streamResults"] = given["streamResults"] == "true"
    return validated(Options, given)


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], data: Any) -> Model:
    """An instance of a request's model. Raises Problem; the message holds names, never content."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        told = [_told(line) for line in error.errors(include_url=False, include_input=False)[:5]]
        raise invalid(f"The request is not as expected: {'; '.join(told)}.") from error


def _told(line: Any) -> str:
    return f"{'.'.join(str(part) for part in line['loc']) or 'body'}: {line['msg'].lower()}"


def safe_name(name: str) -> str:
    """The last part of a file's name, without what could lead elsewhere or break a line."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable())
    return "" if kept in (".", "..") else kept[:MAX_NAME]
