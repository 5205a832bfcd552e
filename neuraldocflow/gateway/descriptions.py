"""What machines and people read about the interfaces: OpenAPI's page, AsyncAPI, JSON Schemas."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from neuraldocflow.gateway.access import problems
from neuraldocflow.gateway.asyncapi import describe
from neuraldocflow.gateway.problems import not_found
from neuraldocflow.schemas import schemas

router = APIRouter(tags=["descriptions"])

_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>NeuralDocFlow API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head>
<body><div id="api"></div><script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>
"""
_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", deepLinking: true});\n'


@router.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)  # link checkers ask with HEAD
async def docs() -> HTMLResponse:
    """OpenAPI for people; nothing is fetched from elsewhere."""
    return HTMLResponse(_PAGE)


@router.get("/docs/start.js", include_in_schema=False)
async def start() -> Response:
    return Response(_START, media_type="text/javascript")


@router.get("/asyncapi.json", summary="The WebSocket's and the topics' messages, as AsyncAPI 3")
async def asyncapi() -> dict[str, Any]:
    return describe()


@router.get(
    "/schemas/{name}.json",
    responses={200: {"content": {"application/schema+json": {}}}, **problems(404, 422)},
    response_class=Response,
    summary="JSON Schemas of events and results",
)
async def get_schema(name: str) -> Response:
    found = schemas().get(f"{name}.json")
    if found is None:
        raise not_found("There is no such schema.")
    return Response(orjson.dumps(found), media_type="application/schema+json")
