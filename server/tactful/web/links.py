"""Signed links to the page of a person (`web/preferences.py`)."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from tactful.store.choices import Holder, Level
from tactful.tokens import ME, SENT_ME
from tactful.web.service import Service

__all__ = ["LONGEST_LOCALE", "level_of", "link_now", "link_to_send"]

LONGEST_LOCALE = 35


def level_of(user_id: str | None, *, proved: bool) -> Level:
    """What a link proves that a page gets for the person with this user id (None: nobody known)."""
    if proved:
        return "proved"
    return "own" if user_id is None else "claimed"


def link_now(service: Service, holder: Holder, locale: str = "") -> str:
    """A link for whoever has a page open now, in the language of that page."""
    return f"{service.settings.base_url}/me/{service.tokens.sign(ME, list(holder))}{_query(locale[:LONGEST_LOCALE])}"


@lru_cache(maxsize=1_024)
def _query(locale: str) -> str:
    return f"?lang={quote(locale, safe='')}" if locale else ""


def link_to_send(service: Service, project_id: str, person_id: str) -> tuple[str, int]:
    """A link that a backend hands on, in a message for instance, and when it ends (ms)."""
    token = service.tokens.sign(SENT_ME, [project_id, person_id, "proved"])
    return f"{service.settings.base_url}/me/{token}", service.tokens.read(SENT_ME, token).expires_at
