"""The documents: which there are, in which order, and what they say to whom.

A document is a Markdown file in `tactful/docs`. Samples are written for a service at `https://surveys.example.com` and
a project named Shop; when they are read, the service's own address stands there, and for a member the project's own
public key and name. What is secret is never filled in.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import urlencode

from tactful.web.docs.markup import Document, Heading, Passage, passages, render
from tactful.web.docs.tables import with_tables

__all__ = ["DOCS", "PAGES", "PARTS", "Found", "Own", "Page", "address", "document", "search", "source"]

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "images"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its file's name without the ending, its title, the part it belongs to, and what it is for."""

    name: str
    title: str
    part: str
    about: str


PAGES: dict[str, Page] = {
    page.name: page
    for page in (
        Page("start", "Start", "Set up", "From nothing to the first response, in five minutes."),
        Page("snippet", "The snippet", "Set up", "Everything that a page may say: attributes, functions, policies."),
        Page("packages", "Packages", "Set up", "npm, React, Vue, Segment, and a script pinned by its hash."),
        Page("events", "Events from backends", "Set up", "Segment's SDKs, or one HTTP request."),
        Page("sdks", "SDKs", "Set up", "Seven SDKs that work unmodified, and the lines that each needs."),
        Page("receivers", "Webhooks from other products", "Set up", "Help desks, payments and automations that ask."),
        Page("signing", "Signing users", "Set up", "Prove who is on the page, in five languages."),
        Page("surveys", "Surveys", "Ask", "Every field of a survey, with an example that uses them."),
        Page("languages", "Languages", "Ask", "Which language a card speaks, and your own words on its buttons."),
        Page("throttling", "Throttling", "Ask", "How rules count, when they let go, and how to see why."),
        Page("backtest", "Backtest", "Ask", "What another policy or survey would have asked, before it asks anybody."),
        Page("statistics", "How the numbers are made", "Read", "Scores, intervals, small samples and rates."),
        Page("api", "Management API", "Read", "Surveys, policy, people, responses and results over HTTP."),
        Page("operations", "Operations", "Run", "Settings, commands, backup, upgrade, proxy, limits."),
        Page("privacy", "Privacy", "Run", "What is held of people; export, erasure, opt-out, and the record."),
        Page("design", "Design", "Run", "What the parts are and why, for whoever works on Tactful."),
    )
}
PARTS: tuple[str, ...] = tuple(dict.fromkeys(page.part for page in PAGES.values()))


@dataclass(frozen=True, slots=True)
class Own:
    """What stands in the samples in place of the examples; `chosen` is the project that the address names."""

    base_url: str
    public_key: str | None = None
    project: str | None = None
    chosen: str | None = None


def address(name: str, own: Own, anchor: str = "") -> str:
    """The address of a page, of the contents (`""`), or of a heading on either."""
    query = f"?{urlencode({'project': own.chosen})}" if own.chosen else ""
    return f"/docs{'/' if name else ''}{name}{query}{'#' if anchor else ''}{anchor}"


@cache
def source(name: str) -> str:
    """A document as written, with its tables in place. Raises `KeyError` for one that there is not."""
    return with_tables((DOCS / f"{PAGES[name].name}.md").read_text(encoding="utf-8"), DOCS)


def _filled(text: str, own: Own) -> str:
    text = text.replace("https://surveys.example.com", own.base_url)
    if own.public_key:
        text = text.replace("PUBLIC_KEY", own.public_key)
    # A name that is a shell's word on one line; another would break the sample that it stands in.
    if own.project and own.project.isprintable() and "`" not in own.project:
        text = text.replace("--project Shop", f"--project {shlex.quote(own.project)}")
    return text


@lru_cache(maxsize=64)
def document(name: str, own: Own) -> Document:
    """A document as it is read by `own`'s owner."""

    def link(written: str) -> str:
        page = re.fullmatch(r"(\w+)\.md(?:#([\w-]+))?", written)
        return address(page[1], own, page[2] or "") if page else re.sub("^images/", "/docs/images/", written)

    return render(_filled(source(name), own), link, PICTURES)


@dataclass(frozen=True, slots=True)
class Found:
    """A place that a search found: the page, the heading (None: its beginning), and the text around the first hit, in
    pieces, of which those that were searched for are marked."""

    page: Page
    heading: Heading | None
    excerpt: tuple[tuple[str, bool], ...]


MOST_FOUND = 30
_BEFORE, _AFTER = 60, 150


@cache
def _passages(name: str) -> list[Passage]:
    """A page's passages, kept: anybody may search, and dividing a page takes longer than looking through it."""
    return passages(source(name))


def search(query: str) -> list[Found]:
    """The passages that hold every word of `query` or words that begin so; those with the words in their heading first,
    then those that say them most often."""
    words = query.casefold().split()
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}") for word in words]
    hits = []
    for page in PAGES.values() if words else ():
        for passage in _passages(page.name):
            title = (passage.heading.text if passage.heading else page.title).casefold()
            text = " ".join(passage.text.split())
            often = [len(pattern.findall(text.casefold())) for pattern in patterns]
            in_title = [pattern.search(title) is not None for pattern in patterns]
            if all(map(any, zip(often, in_title, strict=True))):
                found = Found(page, passage.heading, _excerpt(text, words))
                hits.append((-sum(in_title), -sum(often), found))
    hits.sort(key=lambda hit: hit[:2])
    return [found for *_, found in hits[:MOST_FOUND]]


def _excerpt(text: str, words: list[str]) -> tuple[tuple[str, bool], ...]:
    marks = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, words))})", re.IGNORECASE)
    hit = marks.search(text)
    at = hit.start() if hit else 0
    start = text.find(" ", max(0, at - _BEFORE), at) + 1 if at > _BEFORE else 0
    end = text.rfind(" ", at, at + _AFTER) if len(text) > at + _AFTER else len(text)
    shown = ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")
    return tuple((piece, index % 2 == 1) for index, piece in enumerate(marks.split(shown)) if piece)
