"""The ASGI application: routes, errors, security headers, the web app's files."""

from __future__ import annotations

import asyncio
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neuraldocflow import __version__
from neuraldocflow.errors import InvalidRequest
from neuraldocflow.gateway import descriptions, documents, job_routes, offline_results, tus
from neuraldocflow.gateway.access import Gateway, Operator, Reader, problems
from neuraldocflow.gateway.metrics import Metrics
from neuraldocflow.gateway.openapi import Methods, describe, name_of
from neuraldocflow.gateway.problems import Problem, ProblemBody, answer_problem, busy, not_found
from neuraldocflow.gateway.relay import PATH, Relay
from neuraldocflow.gateway.requests import unexpected
from neuraldocflow.gateway.services import Services
from neuraldocflow.gateway.uploads import Uploads
from neuraldocflow.gateway.webhook_sources import add_webhook_sources
from neuraldocflow.job.liveness import look

STATIC = Path(__file__).parent.parent / "static"
"""The web app's built files."""
_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_REQUEST_HEADERS = [
    *("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"),
    *("Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata"),
]
_RESPONSE_HEADERS = [
    *("Location", "Retry-After"),
    *("Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Expires", "NeuralDocFlow-Job"),
]
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", _POLICY.encode()),
]
_SECURITY_OF_API = [*_SECURITY, (b"cache-control", b"no-store")]
_OF_UPLOADS = [*_SECURITY_OF_API, (b"tus-resumable", b"1.0.0")]
"""Tus wants its version in each answer, errors too."""


def make_app(services: Services, relay: Relay) -> FastAPI:
    """The application over a gateway's parts. Raises ConfigError."""
    app = FastAPI(
        title="NeuralDocFlow",
        version=__version__,
        description="Documents in, validated and traceable data out. Errors are problem details (RFC 9457).",
        license_info={"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # what it leads to has the host that was asked for, and never https
        generate_unique_id_function=name_of,
    )
    app.state.services = services
    app.state.relay = relay
    app.state.metrics = Metrics(
        str(form.get("document_type") or name) for name, form in services.profiles.items()
    )
    services.hub.observers.append(app.state.metrics.observe)
    app.state.uploads = Uploads(services.config.runtime.state_directory.absolute() / "gateway" / "uploads")
    for error, answer in (
        (Problem, answer_problem),
        (RequestValidationError, _invalid),
        (HTTPException, _http_error),
        (Exception, _fault),
    ):
        app.add_exception_handler(error, answer)
    for part in (documents, offline_results, job_routes, tus, descriptions):
        app.include_router(part.router)
    for router in (_profiles, _health):
        app.include_router(router)
    # FastAPI describes this one, and Starlette serves it: that is a third less work for each document
    path = "/api/v1/documents"
    app.router.routes.insert(0, Route(path, documents.post_document, methods=["POST"]))
    app.add_api_route(PATH, _without_upgrade, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_offline", "static")]), name="docs-assets")
    add_webhook_sources(app, services)
    describe(app)
    app.state.methods = Methods(app)
    app.add_middleware(_Secured)
    origins = services.config.runtime.gateway.cors_origins
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["*"],
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_RESPONSE_HEADERS,
        )
    if STATIC.is_dir():
        assets = _Files(directory=STATIC / "assets", kept="public, max-age=31536000, immutable")
        app.mount("/assets", GZipMiddleware(assets, minimum_size=1000), name="assets")
        app.mount("/", _Files(directory=STATIC, html=True, kept="no-cache"), name="app")
    return app


class _Files(StaticFiles):
    """Files that browsers keep as ``kept`` says: for good where a hash is in their names."""

    def __init__(self, *, directory: Path, kept: str, html: bool = False) -> None:
        super().__init__(directory=directory, html=html)
        self._kept = kept

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = self._kept
        return response


class _Secured:
    """Adds the headers that keep browsers careful to what is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        added = _SECURITY_OF_API if scope["path"].startswith("/api/") else _SECURITY
        if scope["path"].startswith("/api/v1/uploads"):
            added = _OF_UPLOADS

        is_answered = False

        async def answer(message: Message) -> None:
            nonlocal is_answered
            if message["type"] == "http.response.start":
                is_answered = True
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in added if each[0] not in given)]
            await send(message)

        try:
            return await self._app(scope, receive, answer)
        except asyncio.CancelledError:  # it has taken longer than a gateway that ends waits for
            if is_answered:
                raise
            return await busy("The gateway ends: send it again.").response()(scope, receive, answer)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return unexpected(error.errors(), 422).response()


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, headers = error.status_code, dict(error.headers or {})
    if status in (404, 405) and (allowed := request.app.state.methods.at(request.url.path)):
        status, headers = 405, {"Allow": ", ".join(allowed)}
    if status == 404:
        return not_found("There is nothing at this address.").response()
    return Problem(InvalidRequest(f"{HTTPStatus(status).phrase}."), status, headers).response()


async def _without_upgrade() -> Response:
    """Requests with one never come here: they are the relay's."""
    message = "This is a WebSocket: ask for an upgrade, and have the proxy that is between pass that on."
    raise Problem(InvalidRequest(message), 426, {"Upgrade": "websocket", "Connection": "Upgrade"})


async def _fault(request: Request, error: Exception) -> Response:
    body = ProblemBody(
        title="Internal Server Error",
        status=500,
        detail="This is a fault of the gateway; its log has more.",
        code="internal",
        retryable=True,
    )
    return JSONResponse(body.model_dump(), 500, media_type="application/problem+json")


_profiles = APIRouter(prefix="/api/v1", tags=["profiles"])


@_profiles.get("/profiles", responses=problems(), summary="The profiles there are")
async def get_profiles(services: Gateway, key: Reader) -> dict[str, list[dict[str, Any]]]:
    known = [_summary(form) for form in services.profiles.values()]
    return {"profiles": sorted(known, key=lambda each: str(each["name"]))}


@_profiles.get(
    "/profiles/{name}.json",
    responses={304: {"description": "as it was"}, **problems(404, 422)},
    summary="A profile, as browsers load it",
)
async def get_profile(name: str, request: Request, services: Gateway, key: Reader) -> Response:
    form = services.profiles.get(name)
    if form is None:
        raise not_found("There is no such profile.")
    body = orjson.dumps(form)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if _names(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _names(known: str, tag: str) -> bool:
    """Whether an If-None-Match names a version (RFC 9110, 13.1.2): a proxy makes it a weak one."""
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in known.split(","))


def _summary(form: Any) -> dict[str, Any]:
    return {name: form.get(name) for name in ("name", "version", "title", "document_type", "formats")}


_health = APIRouter(tags=["health"])


_UNWELL: dict[int | str, dict[str, Any]] = {
    503: {"content": {"text/plain": {}}, "description": "what is missing"}
}


@_health.get(
    "/health/live",
    response_class=PlainTextResponse,
    responses=_UNWELL,
    summary="The process answers, and gives out what comes",
)
@_health.head("/health/live", include_in_schema=False)  # as wget --spider and others ask
async def live(services: Gateway) -> Response:
    return _health_of(services.hub.fault)


@_health.get(
    "/health/ready", response_class=PlainTextResponse, responses=_UNWELL, summary="The log can be read"
)
@_health.head("/health/ready", include_in_schema=False)
async def ready(services: Gateway) -> Response:
    unread = "the log can't be read" if services.tail.fault is not None else None
    return _health_of(services.hub.fault or unread)


def _health_of(fault: str | None) -> Response:
    return PlainTextResponse("ok\n") if fault is None else PlainTextResponse(f"{fault}\n", 503)


@_health.get(
    "/health/dataflow",
    response_class=PlainTextResponse,
    responses={503: {"content": {"text/plain": {}}, "description": "it does not run here, or has stalled"}},
    summary="The dataflow moves",
)
@_health.head("/health/dataflow", include_in_schema=False)
async def dataflow(services: Gateway) -> Response:
    """Of a dataflow on the same state directory. Documents are taken in any case."""
    found = await asyncio.to_thread(look, services.config.runtime.state_directory)
    told = f"{found.phase}: {found.reason}" if found.reason else found.phase
    return PlainTextResponse(f"{told}\n", 200 if found.phase in ("running", "starting") else 503)


@_health.get("/metrics", response_class=PlainTextResponse, responses=problems(), summary="Prometheus metrics")
async def get_metrics(request: Request, services: Gateway, key: Operator) -> Response:
    """Of all tenants' documents: needs a key with the scope `metrics`."""
    metrics: Metrics = request.app.state.metrics
    relay: Relay = request.app.state.relay
    text = await asyncio.to_thread(metrics.render, services, len(relay.all_connections))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
