"""Origins: which pages may speak for a project, written exactly as a browser writes them.

A browser names a page's origin in lower case, without a default port and without a path. The list is compared letter
for letter, so what is listed must be written the same way: here it is brought into that form, or told what is wrong
with it. Nothing stands for many: `https://*.example.com` would also list whatever somebody else may host there.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

__all__ = ["MOST_ORIGINS", "WITHOUT_ORIGIN", "read_origin"]

#: `app` stands for requests that name no origin at all (native apps), `null` for pages that hide theirs.
WITHOUT_ORIGIN = ("app", "null")
MOST_ORIGINS = 100

_LONGEST = 300
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]")


def read_origin(written: str) -> tuple[str, str]:
    """Return the origin as browsers write it and nothing, or nothing and what is wrong with it."""
    text = written.strip()
    if text in WITHOUT_ORIGIN:
        return text, ""
    if not text or len(text) > _LONGEST:
        return "", "Write an origin like https://app.example.com."
    if "*" in text:
        return "", "List each origin exactly; nothing stands for many."
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return "", "This is no address; write an origin like https://app.example.com."
    fault = _fault(parts)
    return ("", fault) if fault else (_written(parts, port), "")


def _fault(parts: SplitResult) -> str:
    if parts.scheme not in _PORTS:
        return "An origin begins with https:// (or http:// while you develop)."
    host = (parts.hostname or "").lower()
    if not host.isascii():
        return "Write the host as browsers send it, in ASCII (xn--...)."
    if not _HOST.fullmatch(f"[{host}]" if ":" in host else host):
        return "This host is none; write an origin like https://app.example.com."
    if "@" in parts.netloc:
        return "An origin has no user name in it."
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return f"Leave out what follows the host: {parts.scheme}://{parts.netloc.lower()}"
    return ""


def _written(parts: SplitResult, port: int | None) -> str:
    host = str(parts.hostname)
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")
