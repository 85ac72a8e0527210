"""`/docs`: the contents with a search, the pages, and their pictures. For anybody; members see their project's keys."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tactful.errors import NotFound, TactfulError
from tactful.store.dashboard import list_projects
from tactful.store.script import Row
from tactful.web.access import Member, error_response, page_response, the_member
from tactful.web.browser import service_of
from tactful.web.docs.book import DOCS, PAGES, PARTS, Found, Own, address, document, search
from tactful.web.rendering import render

__all__ = ["contents", "page", "picture"]

_LONGEST_QUERY = 100

#: A picture opened by itself may show its own style and do nothing else.
_PICTURE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "public, max-age=3600",
    "X-Content-Type-Options": "nosniff",
}
_PICTURE_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and what is filled in for them. `project_id` is the project whose keys those are."""

    member: Member | None
    projects: tuple[Row, ...]
    project_id: str | None
    own: Own


async def _reader(request: Request) -> Reader:
    service, member = service_of(request), await the_member(request)
    base_url = service.settings.base_url
    if member is None:
        return Reader(None, (), None, Own(base_url))
    projects = tuple(await service.db.read(list_projects))
    ids = [str(row["project_id"]) for row in projects]
    chosen = request.query_params.get("project")
    if chosen not in ids:
        chosen = None
    project_id = chosen or (ids[0] if len(ids) == 1 else None)
    if project_id is None:
        return Reader(member, projects, None, Own(base_url))
    config = await service.configs.get(project_id)
    return Reader(member, projects, project_id, Own(base_url, config.public_key, config.name, chosen))


async def contents(request: Request) -> Response:
    """`GET /docs`: every page with its headings, or what a search finds."""
    query = " ".join(request.query_params.get("q", "").split())[:_LONGEST_QUERY]
    try:
        reader = await _reader(request)
    except TactfulError as error:
        return error_response(error)
    # Reading and colouring a document takes milliseconds that belong to whoever waits for an answer.
    found = await asyncio.to_thread(search, query)
    documents = await asyncio.to_thread(lambda: {name: document(name, reader.own) for name in PAGES})
    title = f"{query} - Documentation" if query else "Documentation"
    return page_response(
        _render("docs_contents.html", reader, title, "", query=query, found=_grouped(found), documents=documents)
    )


def _grouped(found: list[Found]) -> list[tuple[str, list[Found]]]:
    """What was found, page by page, the page with the best hit first."""
    pages = dict.fromkeys(one.page.name for one in found)
    return [(name, [one for one in found if one.page.name == name]) for name in pages]


async def page(request: Request) -> Response:
    """`GET /docs/{page}`."""
    name = request.path_params["page"]
    try:
        if name not in PAGES:
            raise NotFound("no_such_page", "The documentation has no such page; /docs lists them all.")
        reader = await _reader(request)
    except TactfulError as error:
        return error_response(error)
    shown = await asyncio.to_thread(document, name, reader.own)
    names = list(PAGES)
    at = names.index(name)
    return page_response(
        _render(
            "docs_page.html",
            reader,
            PAGES[name].title,
            name,
            document=shown,
            before=names[at - 1] if at else None,
            after=names[at + 1] if at + 1 < len(names) else None,
        )
    )


def _render(template: str, reader: Reader, title: str, current: str, **values: object) -> str:
    def link(name: str, anchor: str = "") -> str:
        return address(name, reader.own, anchor)

    given = {"query": ""} | values
    return render(template, title=title, current=current, reader=reader, pages=PAGES, parts=PARTS, link=link, **given)


async def picture(request: Request) -> Response:
    """`GET /docs/images/{name}`: a picture of the documents. Raises `NotFound`."""
    pictures = {file.name: file for file in (DOCS / "images").iterdir() if file.suffix in _PICTURE_TYPES}
    file = pictures.get(request.path_params["name"])
    if file is None:
        raise NotFound("no_such_picture", "There is no such picture in the documentation.")
    return Response(file.read_bytes(), headers=_PICTURE_HEADERS, media_type=_PICTURE_TYPES[file.suffix])
