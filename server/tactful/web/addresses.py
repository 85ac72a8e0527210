"""Whose request this is, as far as its address tells: the address that the last proxy of ours saw.

Nobody's word counts but that of proxies that are known to be there. Each of them appends to `X-Forwarded-For` whom it
heard; everything to the left of what ours appended is the client's own invention, and no other header is looked at.

Whoever has an IPv6 address has 2^64 of them, so the network counts. An IPv4 address that is written as an IPv6 one, or
was translated into one on the way, is the IPv4 address.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Container
from functools import lru_cache

from starlette.types import Scope

__all__ = ["NOBODY", "Addresses"]

_log = logging.getLogger("tactful.web")

#: A household or a server has the whole of such a network, and as many addresses as it likes.
_IPV6_NETWORK = 64
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: `[2001:db8:0:0:0:0:192.168.100.100%eth0]:65535` and then some.
_LONGEST = 64
_FORWARDED_FOR = b"x-forwarded-for"

#: The address of a peer that has none, as on a Unix socket.
NOBODY = "local"

_WARNING = (
    "Requests come with X-Forwarded-For, and TACTFUL_TRUSTED_PROXIES is 0, so the header is ignored: if a proxy of "
    "yours is in front, everybody behind it counts as ONE address, and shares its limits and its tries to log in. "
    "Set TACTFUL_TRUSTED_PROXIES to the number of your proxies. (If none is in front, somebody makes the header up.)"
)


class Addresses:
    """Tells where requests come from, behind `trusted_proxies` proxies."""

    def __init__(self, trusted_proxies: int) -> None:
        self._hops = trusted_proxies
        self._warned = False

    def of(self, scope: Scope, names: Container[bytes] | None = None) -> str:
        """The address that a request came from (IPv6: its network), as short and regular text. `names` are those of
        its headers, for whoever has looked at them already.

        Where the header does not have as many entries as there are proxies, or no address where ours wrote one, the
        request came by another way: then it is the peer.
        """
        if names is not None and _FORWARDED_FOR not in names:
            return _peer(scope)
        if self._hops:
            # No more pieces than needed: a client may have sent a thousand commas.
            pieces = _forwarded_for(scope).rsplit(b",", self._hops)
            place = len(pieces) - self._hops
            found = _network_of(pieces[place].decode("latin-1").strip()) if place >= 0 else ""
            if found:
                return found
        elif not self._warned and _forwarded_for(scope):
            self._warned = True
            _log.warning(_WARNING)
        return _peer(scope)

    def tidy(self) -> None:
        """Forget which addresses were read; to be called every second, in which each is read once."""
        _read_network.cache_clear()


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    return _network_of(peer) or peer[:_LONGEST] or NOBODY


def _forwarded_for(scope: Scope) -> bytes:
    return b",".join([value for name, value in scope["headers"] if name == _FORWARDED_FOR])


def _network_of(text: str) -> str:
    """The address or network that `text` names, with or without a port; empty where it names none."""
    return _read_network(text) if len(text) <= _LONGEST else ""


@lru_cache(maxsize=10_000)
def _read_network(text: str) -> str:
    try:
        address = ipaddress.ip_address(_without_port(text))
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and address in _NAT64:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if inside is not None:
        return str(inside)
    return str(ipaddress.ip_network((int(address), _IPV6_NETWORK), strict=False))


def _without_port(text: str) -> str:
    """Some proxies write the client's port too: `203.0.113.1:4711`, `[2001:db8::1]:4711`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
