"""Origins are listed as browsers write them, or refused with what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.origins import read_origin


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("  HTTPS://App.Example.COM/ ", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80/", "http://app.example.com"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("https://app.example.com:80", "https://app.example.com:80"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://my_app.example", "https://my_app.example"),
        ("app", "app"),
        ("null", "null"),
    ],
)
def test_is_brought_into_the_form_of_browsers(written: str, origin: str) -> None:
    assert read_origin(written) == (origin, "")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "Write an origin like"),
        ("https://" + "a" * 300, "Write an origin like"),
        ("https://*.example.com", "exactly"),
        ("*", "exactly"),
        ("app.example.com", "begins with https://"),
        ("ftp://app.example.com", "begins with https://"),
        ("javascript:alert(1)", "begins with https://"),
        ("https://bücher.example", "xn--"),
        ("https://", "host"),
        ("https://exa mple.com", "host"),
        ("https://a..b", "host"),
        ("https://me:secret@example.com", "user name"),
        ("https://app.example.com/lessons", "Leave out what follows the host: https://app.example.com"),
        ("https://app.example.com?x=1", "Leave out"),
        ("https://app.example.com/#top", "Leave out"),
        ("https://app.example.com:port", "no address"),
        ("https://[::1", "no address"),
    ],
)
def test_says_what_is_wrong(written: str, says: str) -> None:
    origin, fault = read_origin(written)
    assert origin == ""
    assert says in fault


@given(st.text(max_size=60) | st.text("htps:/.[]@*#?1azA-", max_size=40).map(lambda rest: f"https://{rest}"))
def test_is_total_and_settles(written: str) -> None:
    """Whatever is written, the answer is one of the two, and what was accepted is accepted again as it is."""
    origin, fault = read_origin(written)
    assert bool(origin) != bool(fault)
    if origin:
        assert read_origin(origin) == (origin, "")
