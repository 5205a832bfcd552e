"""Who calls, and what he may: dependencies of the HTTP routes.

They wait for nothing, and are coroutines all the same: others would be run in threads, one after the other.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from neuraldocflow.gateway.keys import Key
from neuraldocflow.gateway.problems import ProblemBody
from neuraldocflow.gateway.services import Services

_bearer = HTTPBearer(auto_error=False, description="An API key: `neuraldocflow keys create`.")

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}


def problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """OpenAPI's description of the errors a route answers with; any may need a key, know a limit, or be
    unable to verify keys just now."""
    named = {*statuses, 401, 403, 429, 503}
    return {status: {"model": ProblemBody, "content": PROBLEM} for status in sorted(named)}


async def services_of(request: Request) -> Services:
    """The gateway's parts."""
    return cast(Services, request.app.state.services)


Gateway = Annotated[Services, Depends(services_of)]


async def caller(
    services: Gateway, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Key:
    """The caller's key, one request taken from its rate. Raises Problem."""
    key = services.authenticate(given.credentials if given is not None else "")
    services.take_request(key)
    return key


async def reader(services: Gateway, key: Annotated[Key, Depends(caller)]) -> Key:
    """A caller who may read. Raises Problem."""
    services.check_scope(key, "read")
    return key


async def submitter(services: Gateway, key: Annotated[Key, Depends(caller)]) -> Key:
    """A caller who may submit. Raises Problem."""
    services.check_scope(key, "submit")
    return key


async def operator(services: Gateway, key: Annotated[Key, Depends(caller)]) -> Key:
    """A caller who may know of the whole service. Raises Problem."""
    services.check_scope(key, "metrics")
    return key


def bearer_token(request: Request) -> str:
    """The bearer token of a request, or an empty text."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


Reader = Annotated[Key, Depends(reader)]
Submitter = Annotated[Key, Depends(submitter)]
Operator = Annotated[Key, Depends(operator)]
