"""Markdown in, HTML out, for documents of our own.

CommonMark with tables; HTML in a document is text. Code is coloured by classes, so the page's policy needs no inline
style. A heading is a link to itself, under the anchor that GitHub gives it too, so that a document's links work in
both places.

The two libraries are imported when the first document is read: no survey needs them, and a start should be short.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

__all__ = ["Document", "Heading", "Passage", "anchors", "fences", "parse", "passages", "render"]

#: Where a fence's first word is not the lexer's name.
_LEXERS = {"sh": "bash"}
_LEXER_OPTIONS: Mapping[str, dict[str, Any]] = {"php": {"startinline": True}}
_VIEW_BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the title: its text without markup, and its anchor, unique in the document."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document as HTML; `headings` of the second and third level."""

    html: Markup
    headings: tuple[Heading, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """What stands under one heading, as plain text, for the search. The first passage has no heading."""

    heading: Heading | None
    text: str


@dataclass(slots=True)
class _Environment:
    """What the renderer's rules need to know: how links are rewritten and where pictures lie."""

    link: Callable[[str], str]
    pictures: Path


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  # see above

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    for name, rule in _RULES.items():
        markdown.add_render_rule(name, rule)
    return markdown


def parse(text: str) -> list[Token]:
    """Parse a document; every heading token carries its anchor as its `id`."""
    tokens = _markdown().parse(text)
    taken: dict[str, int] = {}
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            slug = _slug(_plain(inline))
            times = taken[slug] = taken.get(slug, -1) + 1
            token.attrSet("id", f"{slug}-{times}" if times else slug)
    return tokens


def _slug(text: str) -> str:
    return re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")


_WORDS = ("text", "code_inline")


def _plain(inline: Token) -> str:
    return "".join(child.content if child.type in _WORDS else " " for child in inline.children or () if _says(child))


def _says(child: Token) -> bool:
    return child.type in (*_WORDS, "softbreak", "hardbreak")


def _headings(tokens: Sequence[Token]) -> Iterator[tuple[int, Heading]]:
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            level = int(token.tag.removeprefix("h"))
            yield index, Heading(level, _plain(tokens[index + 1]), str(token.attrGet("id")))


def anchors(text: str) -> set[str]:
    """Every anchor of a document."""
    return {heading.anchor for _, heading in _headings(parse(text))}


def fences(text: str) -> list[tuple[str, str, str]]:
    """Every block of code: its language, its name (empty where it has none) and what it holds."""
    found = [token for token in parse(text) if token.type == "fence"]
    return [(*_info(token), token.content) for token in found]


def _info(token: Token) -> tuple[str, str]:
    language, _, name = token.info.strip().partition(" ")
    return language, name.strip()


def passages(text: str) -> list[Passage]:
    """Divide a document at its headings."""
    tokens = parse(text)
    starts = {index: heading for index, heading in _headings(tokens) if heading.level > 1}
    heading: Heading | None = None
    words: list[str] = []
    found = []
    for index, token in enumerate(tokens):
        if index in starts:
            found.append(Passage(heading, " ".join(words)))
            heading, words = starts[index], []
        elif token.type in ("inline", "fence") and index - 1 not in starts:
            words.append(_plain(token) if token.type == "inline" else token.content)
    return [*found, Passage(heading, " ".join(words))]


def render(text: str, link: Callable[[str], str], pictures: Path) -> Document:
    """Render a document. `link` turns the address of a link or picture into one of the site."""
    tokens = parse(text)
    _label_cells(tokens)
    environment = {"us": _Environment(link, pictures)}
    html = _markdown().renderer.render(tokens, _markdown().options, environment)
    headings = tuple(heading for _, heading in _headings(tokens) if heading.level in (2, 3))
    return Document(Markup(html), headings)  # noqa: S704  # the renderer escapes; HTML in documents is off


_ROLES = {
    "thead_open": "rowgroup",
    "tbody_open": "rowgroup",
    "tr_open": "row",
    "th_open": "columnheader",
    "td_open": "cell",
}
_LONGEST_NAME = 22


def _label_cells(tokens: Sequence[Token]) -> None:
    """Tell every cell the head of its column. A table that no phone is wide enough for is drawn there as a list, which
    takes its meaning away unless that is said in so many words."""
    for start, token in enumerate(tokens):
        if token.type == "table_open":
            end = next(at for at in range(start, len(tokens)) if tokens[at].type == "table_close")
            heads = [_plain(tokens[at + 1]) for at in range(start, end) if tokens[at].type == "th_open"]
            names = _label_rows(tokens[start:end], heads)
            is_wide = len(heads) > 2 or max(map(len, names)) > _LONGEST_NAME
            token.attrSet("class", ("wide" if is_wide else "narrow") + (" pair" if len(heads) == 2 else ""))


def _label_rows(tokens: Sequence[Token], heads: list[str]) -> list[str]:
    """Label the cells of one table; returns what stands in its first column."""
    names: list[str] = []
    column = 0
    for token, inline in pairwise(tokens):
        if token.type in _ROLES:
            token.attrSet("role", _ROLES[token.type])
        if token.type == "tr_open":
            column = 0
        elif token.type == "td_open":
            if column == 0:
                names.append(_plain(inline))
            token.attrSet("data-head", heads[column])
            column += 1
    return names


# The rules of the renderer: (renderer, tokens, index, options, environment) -> HTML

Rule = Callable[["RendererHTML", Sequence["Token"], int, Any, Any], str]


def _heading_open(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    anchor = escape(token.attrGet("id"))
    return f'<{token.tag} id="{anchor}">' + ("" if token.tag == "h1" else f'<a href="#{anchor}">')


def _heading_close(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    tag = tokens[index].tag
    return f"</{tag}>\n" if tag == "h1" else f"</a></{tag}>\n"


def _code_inline(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """A short word, such as an option with its two hyphens, stays on its line."""
    code = tokens[index].content
    attribute = ' class="short"' if len(code) <= _LONGEST_NAME else ""
    return f"<code{attribute}>{escape(code)}</code>"


def _link_open(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, env: Any) -> str:
    return f'<a href="{escape(env["us"].link(str(tokens[index].attrGet("href"))))}">'


def _image(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, env: Any) -> str:
    token = tokens[index]
    address = str(token.attrGet("src"))
    size = _size(env["us"].pictures / Path(address).name)
    return f'<img src="{escape(env["us"].link(address))}" alt="{escape(token.content)}"{size} loading="lazy">'


def _size(picture: Path) -> str:
    """The picture's own size, so that nothing moves when it comes; only drawings say theirs in words."""
    box = _VIEW_BOX.search(picture.read_text("utf-8")) if picture.suffix == ".svg" else None
    return f' width="{box[1]}" height="{box[2]}"' if box else ""


def _fence(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    language, name = _info(tokens[index])
    caption = f"<figcaption>{escape(name)}</figcaption>" if name else ""
    code = _coloured(tokens[index].content, language)
    attribute = f' class="language-{escape(language)}"' if language else ""
    # A block that scrolls must be reachable by keyboard.
    return f'<figure class="sample">{caption}<pre tabindex="0"><code{attribute}>{code}</code></pre></figure>\n'


def _coloured(code: str, language: str) -> str:
    if not language or language == "text":
        return str(escape(code))
    from pygments import highlight  # noqa: PLC0415  # see above
    from pygments.formatters import HtmlFormatter  # noqa: PLC0415  # see above
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415  # see above

    lexer = get_lexer_by_name(_LEXERS.get(language, language), **_LEXER_OPTIONS.get(language, {}))
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _table_open(_self: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    return f'<div class="scroll" tabindex="0"><table role="table" class="{tokens[index].attrGet("class")}">\n'


def _table_close(_self: RendererHTML, _tokens: Sequence[Token], _index: int, _options: Any, _env: Any) -> str:
    return "</table></div>\n"


_RULES: dict[str, Rule] = {
    "heading_open": _heading_open,
    "heading_close": _heading_close,
    "code_inline": _code_inline,
    "link_open": _link_open,
    "image": _image,
    "fence": _fence,
    "table_open": _table_open,
    "table_close": _table_close,
}
