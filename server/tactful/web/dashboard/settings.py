"""Settings: a project's pages that are looked at seldom, as one list. A page is a line here."""

from __future__ import annotations

from typing import NamedTuple

from tactful.web.dashboard.frame import Look, member_page

__all__ = ["SETTINGS_PAGES", "SettingsPage", "settings"]


class SettingsPage(NamedTuple):
    """One line of the list: the address below the project, the name, and what it is for."""

    path: str
    name: str
    about: str


SETTINGS_PAGES: tuple[SettingsPage, ...] = (
    SettingsPage(
        "settings/identity", "Identity", "How your backend proves who a user is, and what an unsigned user id is worth."
    ),
    SettingsPage(
        "receivers",
        "Receivers",
        "Let your help desk, payments and automations tell what happened there, to ask after it.",
    ),
)


@member_page("settings")
async def settings(look: Look) -> str:
    """`GET /projects/{project_id}/settings`."""
    return look.render("settings.html", title="Settings", pages=SETTINGS_PAGES)
