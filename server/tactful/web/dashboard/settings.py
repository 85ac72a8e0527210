"""Settings: a project's pages that are looked at seldom, as one list. A page is a line here."""

from __future__ import annotations

from typing import NamedTuple

from tactful.web.dashboard.frame import Look, member_page

__all__ = ["SETTINGS_PAGES", "SettingsPage", "settings"]


class SettingsPage(NamedTuple):
    """One line of the list: the last part of the address, the name, and what it is for."""

    key: str
    name: str
    about: str


SETTINGS_PAGES: tuple[SettingsPage, ...] = (
    SettingsPage(
        "identity", "Identity", "How your backend proves who a user is, and what an unsigned user id is worth."
    ),
)


@member_page("settings")
async def settings(look: Look) -> str:
    """`GET /projects/{project_id}/settings`."""
    return look.render("settings.html", title="Settings", pages=SETTINGS_PAGES)
