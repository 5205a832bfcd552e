"""Errors over HTTP: RFC 9457 problem details with the codes of a result's errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from neuraldocflow.errors import DocumentError, InvalidRequest, Unauthorized

STATUS: dict[str, int] = {
    "unsupported_format": 415,
    "encrypted": 422,
    "corrupt": 422,
    "empty": 422,
    "too_large": 413,
    "too_many_pages": 413,
    "timeout": 504,
    "out_of_memory": 503,
    "agent_crashed": 500,
    "bomb": 422,
    "fetch_failed": 502,
    "forbidden_url": 403,
    "unknown_profile": 422,
    "invalid_request": 400,
    "unauthorized": 401,
    "rate_limited": 429,
    "internal": 500,
}
"""The HTTP status of each error code, where the place it happens at knows no better one."""


class ProblemBody(BaseModel):
    """``application/problem+json``: what went wrong, where and what to do."""

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    code: str
    retryable: bool = False
    retrySuggestions: list[dict[str, str]] = Field(default_factory=list)  # noqa: N815 - contract 4's name


class Problem(Exception):
    """An error that becomes an answer."""

    def __init__(self, error: DocumentError, status: int = 0, headers: dict[str, str] | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.status = status or STATUS[error.code]
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        """The problem document."""
        title = HTTPStatus(self.status).phrase
        told = self.error.to_dict()
        return {
            "type": "about:blank",
            "title": title,
            "status": self.status,
            "detail": told.pop("message"),
            **told,
        }

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        return JSONResponse(
            self.body, self.status, headers=self.headers, media_type="application/problem+json"
        )


class Busy(DocumentError):
    """The service can't take more now; asking later helps."""

    code = "rate_limited"
    retryable = True
    suggestions = (("retry", "wait as long as Retry-After says"),)


def busy(message: str, seconds: int = 5) -> Problem:
    """503 with ``Retry-After``: the log is down, or too much is waiting."""
    return Problem(Busy(message), 503, {"Retry-After": str(seconds)})


def not_found(message: str = "There is no such job, or it is another tenant's.") -> Problem:
    """404: the same for what is not there and for what is not the caller's."""
    return Problem(InvalidRequest(message), 404)


def invalid(message: str, status: int = 400) -> Problem:
    """The request is at fault."""
    return Problem(InvalidRequest(message), status)


def lacks(scope: str) -> Problem:
    """403: the key is valid, but is not for this."""
    return Problem(Unauthorized(f"This key may not do this: it does not have the scope {scope}."), 403)


async def answer_problem(request: Request, error: Exception) -> JSONResponse:
    """FastAPI's handler of :class:`Problem`."""
    assert isinstance(error, Problem)
    return error.response()


def as_problem(error: Exception) -> Problem:
    """Any known error as a problem."""
    if isinstance(error, Problem):
        return error
    assert isinstance(error, DocumentError)
    return Problem(error)
