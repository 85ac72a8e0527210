"""The smallest encoding that a browser takes; what was packed once is kept, since most of it never changes."""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli

__all__ = ["pack"]


def pack(accept_encoding: str, body: bytes) -> tuple[str, bytes]:
    """Return the encoding (empty: as it is) and the body in it. The first call for a long body takes its time."""
    accepted = _accepted(accept_encoding)
    encoding = next((name for name in ("br", "gzip") if name in accepted), "")
    return encoding, _packed(body, encoding) if encoding else body


@lru_cache(maxsize=256)
def _packed(body: bytes, encoding: str) -> bytes:
    return brotli.compress(body) if encoding == "br" else gzip.compress(body, mtime=0)


def _accepted(header: str) -> set[str]:
    """The encodings that a browser takes; one of quality 0 is one that it refuses."""
    offers = (offer.replace(" ", "").lower().partition(";q=") for offer in header.split(","))
    return {name for name, _, quality in offers if quality.strip("0.") or not quality}
