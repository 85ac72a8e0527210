"""The reference: a bare Starlette route that parses a body with orjson and answers JSON, one worker."""

from __future__ import annotations

import sys

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def decide(request: Request) -> Response:
    body = orjson.loads(await request.body())
    assert "events" in body
    return Response(orjson.dumps({"offer": None}), media_type="application/json")


async def batch(request: Request) -> Response:
    body = orjson.loads(await request.body())
    assert "batch" in body
    return Response(orjson.dumps({"success": True}), media_type="application/json")


async def healthz(_request: Request) -> Response:
    return Response("ok\n")


app = Starlette(
    routes=[
        Route("/w/events", decide, methods=["POST"]),
        Route("/v1/batch", batch, methods=["POST"]),
        Route("/healthz", healthz),
    ]
)

if __name__ == "__main__":
    # As server/tactful/serve.py configures it.
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, server_header=False, date_header=False)
