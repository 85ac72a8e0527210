"""What a page says besides who it is for, and how far the project believes that: the same for every dialect of pages.

Under `enforce` whoever proves nothing says nothing that counts; a hash proves the user, whose own traits the page may
tell; and where a token does, what is inside counts and nothing else. An account is then believed from inside a token
alone: the texts of a survey tell an account's traits, and its cap binds everybody in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tactful.core.instants import as_instant
from tactful.identity import Identity, Terms
from tactful.store.events import Message

__all__ = ["account_told", "traits_told"]


def traits_told(message_id: str, terms: Terms, identity: Identity, outside: dict[str, Any]) -> Message | None:
    """The message that somebody's traits are these, as far as that is believed. None: it is not at all."""
    enforced, vouched = terms.mode == "enforce", identity.vouched
    if not identity.aliases or (enforced and not identity.proved):
        return None
    if vouched is None:
        return Message(message_id, traits=outside)
    return Message(
        message_id,
        traits=({} if enforced else outside) | vouched.traits,
        created_at=_created_at(vouched.traits),
        account_id=vouched.account_id,
        account_traits=vouched.account_traits,
    )


def _created_at(traits: Mapping[str, Any]) -> int | None:
    """When somebody became a user, as a backend says it."""
    created_at = as_instant(traits.get("created_at", traits.get("createdAt")))
    return int(created_at) if created_at is not None and created_at >= 0 else None


def account_told(
    message_id: str, terms: Terms, identity: Identity, group_id: str | None, outside: dict[str, Any]
) -> Message | None:
    """The message that somebody belongs to an account, as far as that is believed. None: it is not."""
    vouched = identity.vouched
    if group_id is None:
        return None
    if vouched is not None and vouched.account_id is not None:
        inside = vouched.account_traits or {}
        return (
            Message(message_id, account_id=group_id, account_traits=inside) if group_id == vouched.account_id else None
        )
    return None if terms.mode == "enforce" else Message(message_id, account_id=group_id, account_traits=outside)
