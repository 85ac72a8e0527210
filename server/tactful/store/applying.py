"""Files of definitions as one change: the policy and surveys, words, and receivers, all of it or none.

What applying would change is worked out once (core/changes.py), so that whoever only looks is told what would be done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from tactful.core.changes import Change, receiver_change
from tactful.core.reading import Definitions
from tactful.errors import NotFound
from tactful.store.audit import Act
from tactful.store.projects import apply_definitions, plan_definitions
from tactful.store.receivers import FirstSecret, Listed, list_receivers, put_receiver, read_receiver_of
from tactful.store.script import Script
from tactful.store.words import apply_words, plan_words

__all__ = ["Applied", "NewIds", "apply_file", "plan_file"]


class NewIds(NamedTuple):
    """What new receivers get, made by whoever has chance: a way to make an address, and by key the secrets that were
    given or, where they may be ours, made; and who applies."""

    new_receiver_id: Callable[[], str]
    first_secrets: Mapping[str, FirstSecret]
    act: Act


class Applied(NamedTuple):
    """What was changed, and the receivers that were made."""

    changes: tuple[Change, ...]
    made: tuple[Listed, ...]


def plan_file(project_id: str, wanted: Definitions) -> Script[tuple[Change, ...]]:
    """Say what `apply_file` would change, and change nothing; of secrets it says nothing. Raises `Conflict`."""
    changes = yield from plan_definitions(project_id, wanted.policy, wanted.surveys)
    if wanted.words is not None:
        changes += ((yield from plan_words(project_id, wanted.words)),)
    return changes + (yield from _of_receivers(project_id, wanted))


def _of_receivers(project_id: str, wanted: Definitions) -> Script[tuple[Change, ...]]:
    if not wanted.receivers:
        return ()
    kept = {one.stored.receiver.key: one.stored.receiver for one in (yield from list_receivers(project_id))}
    return tuple(receiver_change(kept.get(one.key), one) for one in wanted.receivers)


def apply_file(project_id: str, wanted: Definitions, new: NewIds) -> Script[Applied]:
    """Make the project what is written; what is not mentioned stays. Applying again changes nothing. A secret that is
    given is changed to, if it is another. Raises `Conflict`, and `NotFound` for a secret of no receiver."""
    strange = sorted(new.first_secrets.keys() - {one.key for one in wanted.receivers})
    if strange:
        raise NotFound("no_such_receiver", f"The files say nothing of a receiver {strange[0]!r}.")
    changes = yield from apply_definitions(project_id, wanted.policy, wanted.surveys)
    if wanted.words is not None:
        changes += ((yield from apply_words(project_id, wanted.words)),)
    of_receivers = yield from _of_receivers(project_id, wanted)
    made, done = [], []
    for receiver, change in zip(wanted.receivers, of_receivers, strict=True):
        first = new.first_secrets.get(receiver.key, FirstSecret())
        how = yield from put_receiver(project_id, receiver, new.new_receiver_id(), first, new.act.part(receiver.key))
        # Where only the secret is another one, what is written stays.
        done.append(replace(change, how=how))
        if how == "created":
            made.append((yield from read_receiver_of(project_id, receiver.key)))
    return Applied((*changes, *done), tuple(made))
