"""Pages as a person reads them: a strict reader that refuses what does not nest or what the policy forbids."""

from __future__ import annotations

from html.parser import HTMLParser

from tests.support.service import Site

__all__ = ["HOSTILE", "Shown", "below", "show"]

#: A reader sees these apart, whatever stands between their tags.
BLOCKS = {"dt", "dd", "li", "p", "td", "th", "h1", "h2", "h3", "summary", "option"}
VOID = {"meta", "link", "br", "img", "input", "hr", "path", "circle", "line", "rect"}

#: What somebody may have written, and what must come out as nothing but text.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</ol></main><h1>owned</h1>",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "\u202egnp.exe \u2066",
    "مرحبا שלום 你好",
    "Z\u0351" * 2_000,
    "A" * 5_000,
)


class Shown(HTMLParser):
    """One page: its elements with their attributes, and its text in one line."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")], f"{tag} {attrs}"
        self.elements.append((tag, dict(attrs)))
        if tag in BLOCKS:
            self.texts.append(" ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes another element"

    def handle_data(self, data: str) -> None:
        assert "script" not in self.open, "a script of the page itself"
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag and attributes.items() <= found.items()]

    def links(self, within: str = "") -> list[str]:
        """The addresses of all links that contain `within`."""
        return [str(link["href"]) for link in self.all("a") if within in str(link.get("href"))]


def below(site: Site, address: str) -> str:
    """The path below the project that a link of one of its pages leads to."""
    head = f"/projects/{site.project.project_id}/"
    assert address.startswith(head)
    return address.removeprefix(head)


async def show(site: Site, path: str, status: int = 200) -> Shown:
    """Open a page of the project, by its path below the project."""
    answer = await site.client.get(f"/projects/{site.project.project_id}/{path}")
    assert answer.status_code == status, answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    return Shown(answer.text)
