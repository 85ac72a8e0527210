"""What surrounds every page of the dashboard: the project's sections, the other projects, and who is logged in.

    @member_page("responses")
    async def responses(look: Look) -> str:
        return look.render("responses.html", title="Responses", ...)

A page's template extends `app.html` and fills `content`. An error is a page too, inside the same frame where one is
known.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tactful.errors import TactfulError
from tactful.store.dashboard import list_projects
from tactful.store.projects import Config
from tactful.web.access import Member, Role, members_only, page_response
from tactful.web.browser import service_of
from tactful.web.rendering import render
from tactful.web.service import Service

__all__ = ["SECTIONS", "Look", "ProjectLink", "member_page"]

#: A project's sections, in the order of the navigation: key (the last part of the address) and name.
SECTIONS: Mapping[str, str] = {
    "surveys": "Surveys",
    "responses": "Responses",
    "people": "People",
    "events": "Events",
    "install": "Install",
    "settings": "Settings",
}


@dataclass(frozen=True, slots=True)
class ProjectLink:
    """One entry of the project switcher."""

    project_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Look:
    """A member looking at a page: the request, who it is, and the project (None on pages that belong to none)."""

    request: Request
    service: Service
    member: Member
    projects: tuple[ProjectLink, ...]
    section: str = ""
    config: Config | None = None

    @property
    def project_id(self) -> str:
        assert self.config is not None, "this page belongs to no project"
        return self.config.project_id

    @property
    def now_ms(self) -> int:
        return self.service.clock.now_ms()

    def render(self, template: str, *, title: str, **values: Any) -> str:
        """Render a page inside the frame."""
        project = self.config and ProjectLink(self.config.project_id, self.config.name)
        return render(
            template,
            title=f"{title} - {project.name}" if project else title,
            member=self.member,
            projects=self.projects,
            project=project,
            section=self.section,
            sections=SECTIONS,
            at_section=self.request.url.path.endswith(f"/{self.section}"),
            now_ms=self.now_ms,
            clock_alarm=self.service.watch.alarm,
            quiet_since=self.config.catalogue.policy.stops.quiet_since if self.config else None,
            **values,
        )


Page = Callable[[Look], Awaitable[str | Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def member_page(section: str = "", role: Role = "viewer") -> Callable[[Page], Endpoint]:
    """Make an endpoint of a page for members of `role` and above.

    Below `/projects/{project_id}` the page belongs to that project, and `section` is where it stands in the
    navigation. The page returns HTML, or a response of its own.
    """

    def wrap(page: Page) -> Endpoint:
        @members_only(role)
        async def endpoint(request: Request, member: Member) -> Response:
            look = await _look(request, member)
            try:
                look = await _at_project(look, section)
                shown = await page(look)
            except TactfulError as error:
                return page_response(_problem(look, error), error.status)
            return page_response(shown) if isinstance(shown, str) else shown

        return endpoint

    return wrap


async def _look(request: Request, member: Member) -> Look:
    service = service_of(request)
    projects = await service.db.read(list_projects)
    links = tuple(ProjectLink(row["project_id"], row["name"]) for row in projects)
    return Look(request, service, member, links)


async def _at_project(look: Look, section: str) -> Look:
    project_id = look.request.path_params.get("project_id")
    if project_id is None:
        return replace(look, section=section)
    # Whoever has just applied a survey looks for it here, and a page is no hot path: one small read.
    await look.service.configs.refresh()
    return replace(look, section=section, config=await look.service.configs.get(project_id))


def _problem(look: Look, error: TactfulError) -> str:
    heading = error.code.replace("_", " ").capitalize()
    return look.render("problem.html", title=heading, status=error.status, heading=heading, message=error.message)
