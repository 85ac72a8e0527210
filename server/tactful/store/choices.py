"""What a person sees and changes on their own page: whether they are asked, what they agreed to and said, and that it
be erased.

A page is opened by a signed link, which says what it proves (`Holder.level`). Whoever was nobody known when the link
was made is looked for again under the lock: once somebody logs in on that browser, its history is theirs, and an older
link must not show it to whoever used the browser before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import orjson

from tactful.errors import NotFound, Unauthorized
from tactful.store.audit import Act, record
from tactful.store.erasure import end_opt_out, find_by_id
from tactful.store.people import SET_OPTED_OUT, lock_person
from tactful.store.script import Row, Script, one, rows, run

__all__ = [
    "Choices",
    "Holder",
    "Level",
    "allow_asking",
    "asked_for_erasure",
    "keep_everything",
    "opened",
    "read_choices",
    "read_withdrawn",
    "stop_asking",
    "want_erasure",
    "withdraw",
    "withdraw_again",
]

READ_CHOICES = """
SELECT person_id, user_id, opted_out_at, erasure_asked_at FROM people WHERE project_id = ? AND person_id = ?
"""
READ_SAID = """
SELECT r.response_id, r.survey_key, r.version, r.band, r.answers, r.withdrawn, r.created_at, k.locale,
    k.variant
FROM responses r
JOIN asks k ON k.project_id = r.project_id AND k.person_id = r.person_id AND k.ask_id = r.ask_id
WHERE r.project_id = ? AND r.person_id = ? ORDER BY r.created_at DESC, r.response_id DESC LIMIT ?
"""
READ_ANSWERS = """
SELECT ask_id, answers, withdrawn FROM responses WHERE project_id = ? AND person_id = ? AND response_id = ?
"""
SET_WITHDRAWN = """
UPDATE responses SET answers = ?, withdrawn = ?, updated_at = ? WHERE project_id = ? AND person_id = ? AND ask_id = ?
"""
READ_WITHDRAWN = """
SELECT project_id, response_id, answers, withdrawn FROM responses WHERE CAST(withdrawn AS TEXT) <> '{}'
"""
FIND_ANSWERS = """
SELECT person_id, ask_id, answers, withdrawn, updated_at FROM responses WHERE project_id = ? AND response_id = ?
"""
SET_ERASURE_ASKED = """
UPDATE people SET erasure_asked_at = coalesce(erasure_asked_at, last_at) WHERE project_id = ? AND person_id = ?
"""
CLEAR_ERASURE_ASKED = "UPDATE people SET erasure_asked_at = NULL WHERE project_id = ? AND person_id = ?"
LIST_ERASURE_ASKED = """
SELECT person_id, user_id, anonymous_id, erasure_asked_at, traits ->> 'email' AS email, traits ->> 'name' AS name
FROM people WHERE project_id = ? AND erasure_asked_at IS NOT NULL AND merged_into IS NULL
ORDER BY erasure_asked_at, person_id LIMIT ?
"""

#: What a link proves: `own`, it was made for the browser of somebody who is nobody known; `claimed`, the page said who
#: it is and nothing proved it; `proved`, the project's backend vouched for it.
Level = Literal["own", "claimed", "proved"]


class Holder(NamedTuple):
    """Whom a link leads to, and what it proves."""

    project_id: str
    person_id: str
    level: Level


@dataclass(frozen=True, slots=True)
class Choices:
    """What the page shows. `said` are responses, the newest first, and empty for whoever proves nothing."""

    person_id: str
    opted_out_at: int | None
    erasure_asked_at: int | None
    said: tuple[Row, ...] = ()


def _check(holder: Holder, user_id: str | None) -> None:
    """Raise `Unauthorized` for a link of a browser that somebody known has used since."""
    if holder.level == "own" and user_id is not None:
        raise Unauthorized("me_expired", "Somebody has logged in on this browser since; open the page again.")


def _locked(holder: Holder) -> Script[Row]:
    row = yield from lock_person(holder.project_id, holder.person_id)
    if row is None:
        raise NotFound("no_such_person", "Nothing is kept about this person.")
    _check(holder, row["user_id"])
    return row


def opened(holder: Holder) -> Script[Row]:
    """The row of whom a link leads to, merges followed. Raises `NotFound`, and `Unauthorized` for an older link."""
    person_id = yield from find_by_id(holder.project_id, holder.person_id)
    row: Row = yield one(READ_CHOICES, holder.project_id, person_id)
    _check(holder, row["user_id"])
    return row


def read_choices(holder: Holder, most: int) -> Script[Choices]:
    """Read what the page shows, the `most` latest responses at most. Raises as `opened` does."""
    row = yield from opened(holder)
    known = (row["person_id"], row["opted_out_at"], row["erasure_asked_at"])
    if holder.level == "claimed":
        return Choices(*known)
    said = yield rows(READ_SAID, holder.project_id, row["person_id"], most)
    return Choices(*known, tuple(said))


def stop_asking(holder: Holder) -> Script[None]:
    """Never ask them again, as an opt-out from any card."""
    row = yield from _locked(holder)
    yield run(SET_OPTED_OUT, holder.project_id, row["person_id"])


def allow_asking(holder: Holder, act: Act) -> Script[None]:
    """End their opt-out, which they alone may want."""
    row = yield from _locked(holder)
    yield from end_opt_out(holder.project_id, row["person_id"], act)


def withdraw(holder: Holder, said: tuple[str, str], act: Act) -> Script[bool]:
    """Take back what was agreed to: `said` is the id of a response and that of a question in it. False where there is
    no such answer. The answer is gone from the response; that it was taken back, and when, stays with it."""
    row = yield from _locked(holder)
    response_id, question = said
    found = yield one(READ_ANSWERS, holder.project_id, row["person_id"], response_id)
    answers = orjson.loads(found["answers"]) if found is not None else {}
    if answers.pop(question, None) is not True:
        return False
    withdrawn = orjson.loads(found["withdrawn"]) | {question: row["last_at"]}
    written = (orjson.dumps(answers).decode(), orjson.dumps(withdrawn).decode(), row["last_at"])
    yield run(SET_WITHDRAWN, *written, holder.project_id, row["person_id"], found["ask_id"])
    yield from record(act, "consent_withdrawn", holder.project_id, row["person_id"])
    return True


def read_withdrawn() -> Script[list[Row]]:
    """Every response of the installation from which something was taken back, for `withdraw_again`."""
    found: list[Row] = yield rows(READ_WITHDRAWN)
    return found


def withdraw_again(was: Row) -> Script[None]:
    """Take back in a response that came from a backup what had been taken back since: `was` is how it stood before."""
    found = yield one(FIND_ANSWERS, was["project_id"], was["response_id"])
    if found is None:
        return
    held, answers = orjson.loads(was["answers"]), orjson.loads(found["answers"])
    since = {question: at for question, at in orjson.loads(was["withdrawn"]).items() if question not in held}
    kept = {question: value for question, value in answers.items() if question not in since}
    withdrawn = orjson.loads(found["withdrawn"]) | since
    written = (orjson.dumps(kept).decode(), orjson.dumps(withdrawn).decode(), found["updated_at"])
    yield run(SET_WITHDRAWN, *written, was["project_id"], found["person_id"], found["ask_id"])


def want_erasure(holder: Holder, act: Act) -> Script[None]:
    """Keep that they want everything erased, from the first time they say so."""
    row = yield from _locked(holder)
    yield run(SET_ERASURE_ASKED, holder.project_id, row["person_id"])
    yield from record(act, "erasure_asked", holder.project_id, row["person_id"])


def keep_everything(holder: Holder, act: Act) -> Script[None]:
    """Take back that they want everything erased."""
    row = yield from _locked(holder)
    if (yield run(CLEAR_ERASURE_ASKED, holder.project_id, row["person_id"])):
        yield from record(act, "erasure_not_asked", holder.project_id, row["person_id"])


def asked_for_erasure(project_id: str, most: int) -> Script[list[Row]]:
    """Who wants everything erased, whoever waits longest first."""
    found: list[Row] = yield rows(LIST_ERASURE_ASKED, project_id, most)
    return found
