"""The files that pages load: stylesheets and scripts, each under an address with its hash.

The hash makes a new release a new address, so a browser may keep what it has for ever. Only what lies in the two
folders below when the process starts is served, by its name in a table: no path of a request ever reaches the disk.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from tactful.errors import NotFound
from tactful.web.packing import pack

__all__ = ["asset", "assets", "serve_asset"]

_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, its media type, and the address that changes when it does."""

    body: bytes
    media_type: str
    address: str


@cache
def assets() -> Mapping[str, Asset]:
    """Every file that pages may load, by its name, like `app.css` or `dashboard-chart.js`."""
    files = [*(_STATIC / "pages").glob("*.css"), *(_STATIC / "widget").glob("dashboard-*.js")]
    return {file.name: _read(file) for file in files}


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    version = hashlib.sha256(body).hexdigest()[:12]
    return Asset(body, _TYPES[file.suffix], f"/static/{file.name}?v={version}")


def asset(name: str) -> str:
    """The address of a file, for a template. Raises `KeyError` for one that is not there (scripts are built)."""
    return assets()[name].address


async def serve_asset(request: Request) -> Response:
    """`GET /static/{name}`. Raises `NotFound`."""
    found = assets().get(request.path_params["name"])
    if found is None:
        raise NotFound("no_such_file", "There is no such file in this release; load the page again.")
    headers = {"Cache-Control": _FOR_EVER, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
    # In a thread: the charts take a third of a second the first time.
    encoding, body = await asyncio.to_thread(pack, request.headers.get("accept-encoding", ""), found.body)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(body, headers=headers, media_type=found.media_type)
