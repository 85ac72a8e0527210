"""Addresses that a card leads to or loads: of the web and of mail, and nothing that a browser would have to mend."""

from __future__ import annotations

import pytest

from tactful.core.reading.links import LONGEST_URL, link_url, picture_url
from tactful.core.reading.notes import Notes
from tactful.core.reading.places import At, Reader


def _read(url: object, read: Reader[str] = link_url) -> str | None:
    notes = Notes()
    told = read(At(url, (), notes))
    assert (told is None) == bool(notes.faults)
    return told


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "HTTPS://Example.com:8443/a/b?c=d&e=[f]#g",
        "http://localhost:3000/",
        "https://[2001:db8::1]/a",
        "https://bücher.example/straße?größe=ü",
        "https://example.com/a@b",
        "https://example.com/?next=https://other.example",
        "mailto:help@example.com",
        "mailto:help@example.com?subject=Hello%20there",
    ],
)
def test_what_leads_to_the_web_or_to_mail_is_kept_as_it_is_written(url: str) -> None:
    assert _read(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        " https://example.com",
        "https://example.com/a b",
        "https://example.com/\u00a0",
        "https://example.com/\u202egnp.exe",
        "https://example.com/{{traits.id}}",
        "https://example.com/<script>",
        "https:\\\\example.com",
        "https:example.com",
        "https:/example.com",
        "https:///example.com",
        "https://",
        "https://:80/",
        "https://example.com:port/",
        "https://example.com:99999/",
        "https://[::1/",
        "https://example..com/",
        "https://exa%6dple.com/",
        "https://bank.example@evil.example/",
        "https://@evil.example/",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:alert(1)",
        "javascript://example.com/%0Aalert(1)",
        "data:text/html,hello",
        "blob:https://example.com/1",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "ftp://example.com/",
        "//example.com/",
        "/here",
        "example.com",
        "mailto:",
        "mailto:help",
        "mailto://help@example.com",
        "mailto:a@b.example,c@d.example",
        "https://example.com/" + "x" * LONGEST_URL,
        3,
        None,
    ],
)
def test_everything_else_is_a_fault(url: object) -> None:
    assert _read(url) is None


@pytest.mark.parametrize("url", ["http://example.com/a.svg", "mailto:help@example.com", "data:image/png,x"])
def test_a_picture_comes_by_https_alone(url: str) -> None:
    assert _read("https://example.com/a.svg", picture_url) == "https://example.com/a.svg"
    assert _read(url, picture_url) is None
