"""Every error a document can end with, as one tree.

::

    NeuralDocFlowError
    ├── ConfigError                  the job can't start: file, line, key, what to change
    ├── Unreachable                  a place that does not answer now; it is asked again
    ├── Replaced                     what came of something is of no use: it is another one now
    └── DocumentError                one document fails, the job goes on
        ├── InputError               the document itself; trying again gives the same
        │   ├── UnsupportedFormat    unsupported_format
        │   ├── Encrypted            encrypted
        │   ├── Corrupt              corrupt
        │   ├── Empty                empty
        │   ├── TooLarge             too_large
        │   ├── TooManyPages         too_many_pages
        │   ├── Bomb                 bomb
        │   ├── ForbiddenUrl         forbidden_url
        │   ├── UnknownProfile       unknown_profile
        │   └── InvalidRequest       invalid_request
        ├── ResourceError            a limit or an accident; may pass another time
        │   ├── Timeout              timeout
        │   │   └── DeadlinePassed   timeout, of the caller's
        │   ├── OutOfMemory          out_of_memory
        │   ├── AgentCrashed         agent_crashed
        │   └── FetchFailed          fetch_failed
        ├── Unauthorized             unauthorized
        ├── RateLimited              rate_limited
        └── Internal                 internal

Standard library only: the extraction core raises these in the browser too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar


class NeuralDocFlowError(Exception):
    """Anything this project raises on purpose."""


class ConfigError(NeuralDocFlowError):
    """A configuration that can't be used. The message says where, what and what to change."""


class Unreachable(NeuralDocFlowError):
    """A place that does not answer now and is asked again; says how, in a few words."""


class Replaced(NeuralDocFlowError):
    """What came of something can't be gone on with: there is another one now, or nobody can tell."""


class DocumentError(NeuralDocFlowError):
    """One document can't be processed. ``message`` says what and what to do; it holds no document text."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    suggestions: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def to_dict(self) -> dict[str, Any]:
        """The error object of a result or event: ``{code, message, retryable, retrySuggestions}``."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "retrySuggestions": [{"action": action, "reason": reason} for action, reason in self.suggestions],
        }


class InputError(DocumentError):
    """The document, or what was asked of it, is at fault: the same input fails the same way."""


class ResourceError(DocumentError):
    """A limit was reached or something died: another try may go well."""

    retryable = True


class UnsupportedFormat(InputError):
    code = "unsupported_format"
    suggestions = (("convert", "PDF, DOCX and HTML are read"),)


class Encrypted(InputError):
    code = "encrypted"
    suggestions = (("decrypt", "send a copy saved without a password"),)


class Corrupt(InputError):
    code = "corrupt"
    suggestions = (("resend", "the file may have been damaged on its way"),)


class Empty(InputError):
    code = "empty"
    suggestions = (("resend", "the file has no content"),)


class TooLarge(InputError):
    code = "too_large"
    suggestions = (("split", "send the document in parts"), ("raise_limit", "see runtime.limits"))


class TooManyPages(InputError):
    code = "too_many_pages"
    suggestions = (("split", "send the document in parts"), ("raise_limit", "runtime.limits.max_pages"))


class Bomb(InputError):
    code = "bomb"
    suggestions = (("inspect", "the file unpacks to far more than a document would"),)


class ForbiddenUrl(InputError):
    code = "forbidden_url"
    suggestions = (
        (
            "allow",
            "add the host to the allowed networks, or the folder to file_directories; or send the file",
        ),
    )


class UnknownProfile(InputError):
    code = "unknown_profile"
    suggestions = (("choose", "neuraldocflow profiles list shows the profiles there are"),)


class InvalidRequest(InputError):
    code = "invalid_request"


class Timeout(ResourceError):
    code = "timeout"
    suggestions: ClassVar[tuple[tuple[str, str], ...]] = (
        ("raise_limit", "runtime.limits.max_seconds"),
        ("split", "send the document in parts"),
    )


class DeadlinePassed(Timeout):
    suggestions = (("resend", "with a later deadlineMs, or with a higher priority"),)


class OutOfMemory(ResourceError):
    code = "out_of_memory"
    suggestions = (("raise_limit", "runtime.limits.max_memory_mb"), ("split", "send the document in parts"))


class AgentCrashed(ResourceError):
    code = "agent_crashed"
    suggestions = (("inspect", "the file crashes the reader; a repaired copy may pass"),)


class FetchFailed(ResourceError):
    code = "fetch_failed"
    suggestions = (("retry", "the source may be reachable later"),)


class Unauthorized(DocumentError):
    code = "unauthorized"


class RateLimited(DocumentError):
    code = "rate_limited"
    retryable = True


class Internal(DocumentError):
    code = "internal"
    retryable = True
    suggestions = (("report", "this is a fault of NeuralDocFlow; the log has its traceback"),)


def _tree(root: type[DocumentError]) -> Iterator[type[DocumentError]]:
    for child in root.__subclasses__():
        if "code" in vars(child):
            yield child
        yield from _tree(child)


BY_CODE: dict[str, type[DocumentError]] = {cls.code: cls for cls in _tree(DocumentError)}
"""The error class of each code."""


def from_dict(error: dict[str, Any]) -> DocumentError:
    """The exception of an error object (an agent's answer, an event)."""
    return BY_CODE.get(error["code"], Internal)(error["message"])
