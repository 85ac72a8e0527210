"""`GET /w/...`: the loader with the project's configuration, the configuration alone, and the files loaded later.

The loader is the one file that sits on every page of the customer, so it is sent small (brotli), cacheable for five
minutes, and with an ETag that stays the same all day. The others never change under their names: the pinned loader,
which reads the configuration when the page loads, and what a loader loads when it is needed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from tactful.errors import CannotStart, NotFound
from tactful.store.projects import Config
from tactful.web.arrivals import origin_of
from tactful.web.browser import service_of
from tactful.web.packing import pack
from tactful.web.service import Service

__all__ = [
    "Pinned",
    "Widget",
    "card",
    "configuration",
    "live",
    "load_widget",
    "loader",
    "moments",
    "more",
    "pinned_loader",
    "tact",
]

BUILT = Path(__file__).parent / "static" / "widget"
PLACEHOLDER = b'"__TACTFUL_CONFIG__"'

_LOADER_CACHE = "public, max-age=300, stale-while-revalidate=86400"
_PINNED_CACHE = "public, max-age=31536000, immutable"
#: Scripts are for every page, also one that isolates itself (COEP), and must not be taken for anything else.
_OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
_SCRIPT = "text/javascript"
#: Where a file is not called what its part of the build is called.
_NAMES = {"pinned": "loader"}


class _FileMeta(msgspec.Struct):
    file: str
    hash: str
    integrity: str


class _Meta(msgspec.Struct):
    pinned: _FileMeta
    card: _FileMeta
    more: _FileMeta
    live: _FileMeta
    moments: _FileMeta
    tact: _FileMeta


@dataclass(frozen=True, slots=True)
class Pinned:
    """A built file that is loaded later, by a name with its hash."""

    code: bytes
    name: str
    integrity: str

    def pin(self, base_url: str) -> dict[str, str]:
        """What a page needs to load it and nothing else."""
        return {"url": f"{base_url}/w/{self.name}", "integrity": self.integrity}


@dataclass(frozen=True, slots=True)
class Widget:
    """The built widget: the loader as a template and pinned, and the files that it loads."""

    loader: bytes
    pinned: Pinned
    card: Pinned
    more: Pinned
    live: Pinned
    moments: Pinned
    tact: Pinned


def load_widget(built: Path = BUILT) -> Widget:
    """Read the built widget. Raises `CannotStart` with the command that builds it."""
    try:
        meta = msgspec.json.decode((built / "meta.json").read_bytes(), type=_Meta)
        loader_code = (built / "loader.js").read_bytes()
        later = {name: _pinned(built, name, getattr(meta, name)) for name in _Meta.__struct_fields__}
    except (FileNotFoundError, msgspec.ValidationError) as missing:
        raise CannotStart(
            "widget_not_built", "The widget is not built; run `make widget`, or install the wheel."
        ) from missing
    assert loader_code.count(PLACEHOLDER) == 1, "the loader has one place for its configuration"
    return Widget(loader_code, **later)


def _pinned(built: Path, name: str, meta: _FileMeta) -> Pinned:
    return Pinned((built / meta.file).read_bytes(), f"{_NAMES.get(name, name)}-{meta.hash}.js", meta.integrity)


def _configuration(service: Service, widget: Widget, config: Config) -> dict[str, Any]:
    base = service.settings.base_url
    told = {
        "api": base,
        "pass": service.new_pass(config.project_id),
        "watch": config.catalogue.watched_on_pages(),
        "live": config.live,
        "tact": widget.tact.pin(base),
    }
    awaited = config.catalogue.moments_on_pages()
    if awaited:
        # What it is to tell stands behind its address, where it costs the loader no code, and the network nothing.
        pinned = widget.moments.pin(base)
        told["moments"] = pinned | {"url": f"{pinned['url']}#{quote(orjson.dumps(awaited), safe='')}"}
    return told


def _in_script(value: Any) -> bytes:
    """JSON that is also safe inside a script, whatever an event is called."""
    return (
        orjson.dumps(value)
        .replace(b"<", b"\\u003c")
        .replace(b"\xe2\x80\xa8", b"\\u2028")
        .replace(b"\xe2\x80\xa9", b"\\u2029")
    )


def _send(request: Request, body: bytes, *, media_type: str, cache: str) -> Response:
    """Answer with the smallest encoding that the browser takes, or 304."""
    encoding, packed = pack(request.headers.get("accept-encoding", ""), body)
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}{encoding and "-"}{encoding}"'
    headers = _OPEN | {"Cache-Control": cache, "ETag": etag, "Vary": "Accept-Encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(packed, headers=headers, media_type=media_type)


async def _config_of(request: Request) -> Config:
    return await service_of(request).configs.by_public_key(request.path_params["public_key"])


async def loader(request: Request) -> Response:
    """The loader with the project's signed configuration."""
    config = await _config_of(request)
    page = origin_of(request.headers.get("referer", ""))
    if page is not None:
        service_of(request).arrivals.saw(config.project_id, page, "loads")
    widget: Widget = request.app.state.widget
    # Every byte here is on every page: `1` says what `true` says.
    told = _in_script(_configuration(service_of(request), widget, config) | {"live": int(config.live)})
    return _send(request, widget.loader.replace(PLACEHOLDER, told), media_type=_SCRIPT, cache=_LOADER_CACHE)


async def configuration(request: Request) -> Response:
    """The same configuration alone, and which loader reads it: for that one, the npm package and native apps."""
    config = await _config_of(request)
    service, widget = service_of(request), request.app.state.widget
    base = service.settings.base_url
    more = {"card": widget.card.pin(base), "loader": widget.pinned.pin(base)}
    told = _configuration(service, widget, config) | more
    return _send(request, orjson.dumps(told), media_type="application/json", cache=_LOADER_CACHE)


async def pinned_loader(request: Request) -> Response:
    """The pinned loader of this release. Raises `NotFound` for any other name."""
    return _send_pinned(request, request.app.state.widget.pinned)


async def card(request: Request) -> Response:
    """The card of this release. Raises `NotFound` for any other name."""
    return _send_pinned(request, request.app.state.widget.card)


async def more(request: Request) -> Response:
    """The controls of this release that few surveys need. Raises `NotFound` for any other name."""
    return _send_pinned(request, request.app.state.widget.more)


async def live(request: Request) -> Response:
    """The live stream's client of this release. Raises `NotFound` for any other name."""
    return _send_pinned(request, request.app.state.widget.live)


async def moments(request: Request) -> Response:
    """What tells the moments of a page, of this release. Raises `NotFound` for any other name."""
    return _send_pinned(request, request.app.state.widget.moments)


async def tact(request: Request) -> Response:
    """What asks, of this release. Raises `NotFound` for any other name."""
    return _send_pinned(request, request.app.state.widget.tact)


def _send_pinned(request: Request, pinned: Pinned) -> Response:
    if not request.url.path.endswith(f"/{pinned.name}"):
        raise NotFound("no_such_file", "This file is of another release; load the loader again.")
    return _send(request, pinned.code, media_type=_SCRIPT, cache=_PINNED_CACHE)
