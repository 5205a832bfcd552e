"""What callers ask for: the specification's ProcessingRequest, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from neuraldocflow.deadlines import LONGEST_MS
from neuraldocflow.gateway.problems import Problem, invalid
from neuraldocflow.values import Priority, sentence_of

MAX_NAME = 255


class _Request(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, strict=True
    )


class Document(_Request):
    """The document: ``content`` is base64 (also in lines, or a ``data:`` address), an address (``url``), or
    the id of an upload (``file``)."""

    source: Literal["file", "url", "base64"]
    content: str = Field(min_length=1)
    filename: str = Field("", max_length=MAX_NAME)
    content_type: str = Field("", max_length=MAX_NAME)


class Options(_Request):
    """How to process it."""

    priority: Priority = "normal"
    quality_threshold: float | None = Field(
        None, ge=0, le=1, description="a result with less confidence is `partial`"
    )
    output_format: Literal["json", "yaml", "xml"] | None = None
    stream_results: bool | None = Field(None, description="also tell what was found page by page")
    deadline_ms: int | None = Field(
        None,
        ge=1,
        le=LONGEST_MS,
        description="milliseconds after which nobody wants the result: "
        "the job then ends as failed, with code `timeout`",
    )

    def over(self, others: Options) -> Options:
        """These, and what they leave out as ``others`` have it."""
        return others.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})

    def for_event(self) -> dict[str, Any]:
        """What the dataflow is told beside the priority."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"priority"})


_USUAL = Options()
_OPTIONS = tuple(to_camel(name) for name in Options.model_fields)


class ProcessingRequest(_Request):
    """Process a document."""

    document: Document
    profile: str = Field("auto", min_length=1, max_length=MAX_NAME)
    options: Options = Options()


def parse_request(data: Any) -> ProcessingRequest:
    """The request in decoded JSON. Raises Problem with the fields that are wrong."""
    return validated(ProcessingRequest, data)


def options_from(told: Mapping[str, str]) -> Options:
    """The options among form fields, query parameters or an upload's metadata. Raises Problem."""
    given = {name: told[name] for name in _OPTIONS if told.get(name)}
    return parse_options(given) if given else _USUAL


def parse_options(data: dict[str, Any]) -> Options:
    """Options some of which may be texts. Raises Problem."""
    numbers: dict[str, tuple[type[float] | type[int], str]] = {
        "qualityThreshold": (float, "a number from 0 to 1"),
        "deadlineMs": (int, "a whole number of milliseconds"),
    }
    given: dict[str, Any] = dict(data)
    for name, (kind, what) in numbers.items():
        if isinstance(given.get(name), str):
            try:
                given[name] = kind(given[name])
            except ValueError as error:
                raise invalid(f"{name} must be {what}.") from error
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
        raise _unexpected(error) from error


def validated_json(model: type[Model], data: bytes) -> Model:
    """The same of JSON, in which no value is taken for one of another type."""
    try:
        return model.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise _unexpected(error) from error


def _unexpected(error: ValidationError) -> Problem:
    return unexpected(error.errors(include_url=False, include_input=False))


def unexpected(lines: Sequence[Any], status: int = 400) -> Problem:
    """What is wrong with a request, by what pydantic found."""
    told = [f"{'.'.join(map(str, line['loc'])) or 'body'}: {sentence_of(line)}" for line in lines[:5]]
    return invalid(f"The request is not as expected: {'; '.join(told)}.", status)


def safe_name(name: str) -> str:
    """The last part of a file's name, without what could lead elsewhere or break a line."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable())
    return "" if kept in (".", "..") else kept[:MAX_NAME]
