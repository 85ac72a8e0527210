"""Client addresses: nobody's word counts but that of the proxies that are there."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tactful.web.addresses import NOBODY, Addresses

PEER = "198.51.100.1"


def a_scope(*forwarded: str, peer: str | None = PEER, **headers: str) -> dict[str, Any]:
    """A request of a peer; None: one that has no address."""
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    given = [(b"x-forwarded-for", one.encode("latin-1")) for one in forwarded]
    return {"client": None if peer is None else (peer, 4711), "headers": [*named, *given]}


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, ["203.0.113.1"], PEER),
        (1, ["203.0.113.1"], "203.0.113.1"),
        (1, ["6.6.6.6, 203.0.113.1"], "203.0.113.1"),
        (1, ["6.6.6.6", "203.0.113.1"], "203.0.113.1"),
        (2, ["6.6.6.6", "203.0.113.1,10.0.0.1"], "203.0.113.1"),
        (2, ["6.6.6.6, 203.0.113.1", "10.0.0.1"], "203.0.113.1"),
        (2, ["203.0.113.1"], PEER),
        (1, [], PEER),
        (1, [""], PEER),
        (1, ["203.0.113.1, "], PEER),
        (1, ["6.6.6.6, unknown"], PEER),
        (1, ["6.6.6.6, _hidden"], PEER),
        (1, ["999.1.1.1"], PEER),
        (1, ["2130706433"], PEER),
        (1, ["1" * 10_000], PEER),
        (1, [",".join(["6.6.6.6"] * 10_000) + ", 203.0.113.1"], "203.0.113.1"),
        (1, ["203.0.113.1:4711"], "203.0.113.1"),
        (1, ["[2001:db8:1:2::1]:4711"], "2001:db8:1:2::/64"),
        (1, ["2001:db8:1:2::1"], "2001:db8:1:2::/64"),
        (1, ["2001:DB8:1:2:ffff::9"], "2001:db8:1:2::/64"),
        (1, ["fe80::1%eth0"], "fe80::/64"),
        (1, ["::ffff:203.0.113.1"], "203.0.113.1"),
        (1, ["64:ff9b::203.0.113.1"], "203.0.113.1"),
        (1, ["2002:cb00:7101::9"], "203.0.113.1"),
        (1, ["\xff\xfe"], PEER),
    ],
)
def test_the_address_is_what_our_last_proxy_saw(hops: int, forwarded: list[str], address: str) -> None:
    assert Addresses(hops).of(a_scope(*forwarded)) == address


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (None, NOBODY),
        ("", NOBODY),
        ("testclient", "testclient"),
        ("x" * 5_000, "x" * 64),
        ("::1", "::/64"),
        ("::ffff:203.0.113.1", "203.0.113.1"),
    ],
)
def test_a_peer_without_an_address_is_one_too(peer: str | None, address: str) -> None:
    """A Unix socket's peer has none, and a proxy behind one has its say all the same."""
    assert Addresses(0).of(a_scope(peer=peer)) == address
    assert Addresses(1).of(a_scope("203.0.113.9", peer=peer)) == "203.0.113.9"


def test_no_other_header_is_looked_at() -> None:
    said = {"forwarded": "for=6.6.6.6", "x_real_ip": "6.6.6.6", "cf_connecting_ip": "6.6.6.6", "client_ip": "6.6.6.6"}
    assert {Addresses(hops).of(a_scope(**said)) for hops in (0, 1, 2)} == {PEER}


def test_a_proxy_that_nobody_told_of_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    addresses = Addresses(0)
    with caplog.at_level(logging.WARNING):
        addresses.of(a_scope())
        assert caplog.messages == []
        for number in range(3):
            addresses.of(a_scope(f"203.0.113.{number}"))
    [warning] = caplog.messages
    assert "TACTFUL_TRUSTED_PROXIES" in warning
    assert "203.0.113" not in warning


def test_a_proxy_that_is_known_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Addresses(1).of(a_scope("203.0.113.1"))
    assert caplog.messages == []
