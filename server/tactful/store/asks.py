"""Asks and what follows them: the one place where somebody is asked, or not.

`take_up` is the promise "never too often" made real. Inside one transaction it locks the person, is told the time by
the lock, reads the facts afresh, lets `core.decide` judge, and only then records the ask. The ask's id is the offer's
id, so an offer sent twice is one ask. Whatever is said later (seen, response, closing) names the ask by its token.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
import orjson

from tactful.core.answers import Answers
from tactful.core.decide import LiveSurvey, Moment, Refusal, decide
from tactful.core.scopes import locks_for, marks_of
from tactful.core.spans import DAY_MS, MINUTE_MS, SECOND_MS
from tactful.core.standing import Standing
from tactful.core.variants import arm_of, variant_for
from tactful.errors import Conflict, NotFound
from tactful.identity import Identity
from tactful.store.candidates import asked_for, consume, is_waiting
from tactful.store.clicks import INSERT_CLICK
from tactful.store.people import (
    FIND_ALIAS,
    SET_OPTED_OUT,
    Known,
    facts,
    guard,
    guard_unlocked,
    lock_person,
    merged_ask_id,
    recognise,
)
from tactful.store.projects import Config, load_config
from tactful.store.scopes import complete, consume_firing, lock_scopes, mark
from tactful.store.script import Row, Script, one, run

__all__ = [
    "Asked",
    "Context",
    "NotNow",
    "Offered",
    "Revision",
    "click",
    "close",
    "moment_of",
    "respond",
    "show",
    "take_up",
]

FIND_ASK = """
SELECT ask_id, survey_key, version, test, asked_at, seen_at, responded_at, dismissed_at, refunded_at, visit, variant
FROM asks WHERE project_id = ? AND person_id = ? AND ask_id = ?
"""
INSERT_ASK = """
INSERT INTO asks (project_id, person_id, ask_id, survey_key, version, kind, tags, test, asked_for, locale, page, event,
    per, visit, variant, arm, asked_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LAST_VARIANT = """
SELECT variant FROM asks
WHERE project_id = ? AND person_id = ? AND survey_key = ? AND variant IS NOT NULL AND refunded_at IS NULL
ORDER BY asked_at DESC, ask_id DESC LIMIT 1
"""
FIND_RESPONSE = "SELECT rev, done, withdrawn FROM responses WHERE project_id = ? AND person_id = ? AND ask_id = ?"
INSERT_RESPONSE = """
INSERT INTO responses (project_id, person_id, ask_id, response_id, survey_key, version, test, created_at,
    rev, answers, score, band, comment, done, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, person_id, ask_id) DO UPDATE
SET rev = excluded.rev, answers = excluded.answers, score = excluded.score, band = excluded.band,
    comment = excluded.comment, done = excluded.done, updated_at = excluded.updated_at
"""
SET_RESPONDED = """
UPDATE asks SET responded_at = coalesce(responded_at, ?), score = ?, band = ?
WHERE project_id = ? AND person_id = ? AND ask_id = ?
"""
#: A card that somebody has met was drawn: an ask that another tab gave back meanwhile counts again.
SET_SEEN = """
UPDATE asks SET seen_at = coalesce(seen_at, ?), refunded_at = NULL
WHERE project_id = ? AND person_id = ? AND ask_id = ?
"""
SET_DISMISSED = """
UPDATE asks SET dismissed_at = coalesce(dismissed_at, ?), refunded_at = NULL
WHERE project_id = ? AND person_id = ? AND ask_id = ? AND responded_at IS NULL
"""
SET_ASK_OPTED_OUT = """
UPDATE asks SET opted_out_at = coalesce(opted_out_at, ?) WHERE project_id = ? AND person_id = ? AND ask_id = ?
"""
SET_REFUNDED = "UPDATE asks SET refunded_at = ? WHERE project_id = ? AND person_id = ? AND ask_id = ?"
SET_LAST_REFUND = "UPDATE people SET refunded_at = ? WHERE project_id = ? AND person_id = ?"

#: An offer taken up again is told the same ask for as long as a retry of it can come, its token's life (tokens.OFFER).
TOLD_AGAIN_MS = 10 * MINUTE_MS
#: An ask may be given back this long after it was made, and once per person in a day.
REFUND_WITHIN_MS = 60 * SECOND_MS
REFUND_EVERY_MS = DAY_MS


class Offered(msgspec.Struct, frozen=True):
    """What an offer's token says: whom, which survey in which version, under which id."""

    person_id: str
    offer_id: str
    survey_key: str
    version: int
    candidate_id: str | None = None
    per: str | None = None


class Context(msgspec.Struct, frozen=True):
    """Where the ask happens, and what it is about: the values of the event that the survey's texts mention. `visit` is
    the tab's own and `width` the page's, in CSS pixels; each None where the page tells none."""

    page: str
    locale: str
    event: Mapping[str, str | int | float] = MappingProxyType({})
    visit: str | None = None
    width: float | None = None


def moment_of(now: int, context: Context, standings: Mapping[str, Standing]) -> Moment:
    """The moment of a decision at `context`, the same for an offer and for its ask."""
    return Moment(now, context.page, locale=context.locale, width=context.width, standings=standings)


class Asked(msgspec.Struct, frozen=True):
    """The ask is recorded. `live`, `known` and `event` are what its texts are filled from, in the words of `variant`;
    `again` says that it was recorded before, and is told to a retry."""

    ask_id: str
    asked_at: int
    live: LiveSurvey
    known: Known
    event: Mapping[str, str | int | float]
    variant: str | None = None
    again: bool = False


class NotNow(msgspec.Struct, frozen=True):
    """The ask is not recorded, and why. `known` is whom it was about, None where there is nobody."""

    refusals: tuple[Refusal, ...]
    known: Known | None = None


class Revision(msgspec.Struct, frozen=True):
    """One revision of a response. `response_id` is used if it is the first that arrives."""

    rev: int
    answers: Answers
    done: bool
    response_id: str


def _refused(code: str, known: Known | None) -> NotNow:
    return NotNow((Refusal(code),), known)


def _is_same_person(project_id: str, identity: Identity, known: Known) -> Script[bool]:
    """Tell whether whoever is at the page now, merges followed, is the person that `known` is about."""
    if not identity.aliases:
        return False
    found = yield one(FIND_ALIAS, project_id, identity.aliases[0])
    return found is not None and found["person_id"] == known.person_id


def _fresh(config: Config, known: Known) -> Script[Config]:
    """The configuration as this transaction sees it."""
    if known.config_version == config.version:
        return config
    fresh = yield from load_config(config.project_id)
    assert fresh is not None, "a locked person's project is gone"
    return fresh


def take_up(config: Config, offered: Offered, identity: Identity, context: Context) -> Script[Asked | NotNow]:
    """Record the ask that `offered` allows, or say why not. Raises `Guarded`."""
    project_id = config.project_id
    yield from guard_unlocked(project_id, identity, offered.person_id)
    known = yield from facts(project_id, offered.person_id, config.catalogue.horizon_ms)
    if known is not None:
        guard(identity, known.user_id)
    if known is None or not (yield from _is_same_person(project_id, identity, known)):
        return _refused("wrong_person", known)
    fresh = yield from _fresh(config, known)
    if fresh is not config:
        known = yield from facts(project_id, known.person_id, fresh.catalogue.horizon_ms)
        assert known is not None, "a locked person is gone"
    live = fresh.catalogue.surveys.get(offered.survey_key)
    if live is None or live.version != offered.version:
        return _refused("survey_changed", known)
    before = yield one(FIND_ASK, project_id, known.person_id, offered.offer_id)
    if before is not None:
        if not _may_tell_again(before, known, context):
            return _refused("offer_spent", known)
        at, variant = before["asked_at"], before["variant"]
        return Asked(offered.offer_id, at, live, known, context.event, variant, again=True)
    known = yield from _with_scopes(project_id, known, live)
    moment = moment_of(known.now, context, config.standings)
    refusals = decide(live, fresh.catalogue.policy, known.person, moment)
    if refusals:
        return NotNow(refusals, known)
    spent = yield from _spent(project_id, known, offered)
    if spent is not None:
        return _refused(spent, known)
    if offered.candidate_id is not None:
        yield from consume(project_id, known.person_id, offered.candidate_id)
    return (yield from _record(fresh, offered, live, known, context))


def _with_scopes(project_id: str, known: Known, live: LiveSurvey) -> Script[Known]:
    """Lock the scopes whose caps bind this ask, and read what was counted in them since."""
    scopes = () if known.person.test else locks_for(live.rules, known.person)
    locked = yield from lock_scopes(project_id, known, scopes)
    return (yield from complete(project_id, locked, (live,)))


def _spent(project_id: str, known: Known, offered: Offered) -> Script[str | None]:
    """Why this offer, though it may be asked now, is none any more: cancelled meanwhile, or asked for its `per`."""
    if offered.candidate_id is not None:
        waits = yield from is_waiting(project_id, known.person_id, offered.candidate_id, known.now)
        if not waits:
            return "cancelled"
    if offered.per is not None:
        done = yield from asked_for(project_id, known.person_id, offered.survey_key, offered.per)
        if done:
            if offered.candidate_id is not None:
                # A merge may bring one; left waiting, it would be offered in vain before everything else.
                yield from consume(project_id, known.person_id, offered.candidate_id)
            return "per"
    return None


def _may_tell_again(ask: Row, known: Known, context: Context) -> bool:
    """Tell whether an ask that was made before may still be drawn.

    Later than any retry, the same id can only come from a client that uses message ids again; it would be drawn a
    card each time, and none of them counted. And two tabs that are offered the same candidate would both draw it; a
    duplicated tab goes on with the visit of the first, so a card that somebody has met is not drawn again either.
    """
    if any(ask[name] is not None for name in ("seen_at", "responded_at", "dismissed_at")):
        return False
    same_tab = ask["visit"] is None or context.visit is None or ask["visit"] == context.visit
    is_retry = same_tab and known.now <= ask["asked_at"] + TOLD_AGAIN_MS
    return is_retry and ask["refunded_at"] is None and not known.person.opted_out


def show(
    config: Config, survey_key: str, ids: tuple[str, str], identity: Identity, context: Context
) -> Script[Asked | NotNow]:
    """Record the ask of somebody who asked to be asked: not throttled, but counted. `ids` are a new ask's and a new
    person's."""
    ask_id, new_person_id = ids
    row = yield from recognise(config.project_id, identity, new_person_id)
    known = yield from facts(config.project_id, row["person_id"], config.catalogue.horizon_ms)
    assert known is not None, "a recognised person is gone"
    fresh = yield from _fresh(config, known)
    live = fresh.catalogue.surveys.get(survey_key)
    if live is None:
        return _refused("not_live", known)
    moment = moment_of(known.now, context, {})._replace(asked_for=True)
    refusals = decide(live, fresh.catalogue.policy, known.person, moment)
    if refusals:
        return NotNow(refusals, known)
    wanted = Offered(known.person_id, ask_id, survey_key, live.version)
    return (yield from _record(fresh, wanted, live, known, context, by_person=1))


def _record(
    config: Config, offered: Offered, live: LiveSurvey, known: Known, context: Context, *, by_person: int = 0
) -> Script[Asked]:
    survey, project_id = live.survey, config.project_id
    variant = yield from _variant(project_id, live, known)
    yield run(
        INSERT_ASK, project_id, known.person_id, offered.offer_id, survey.key, live.version, survey.kind,
        orjson.dumps(sorted(survey.tags)).decode(), int(known.person.test), by_person,
        context.locale, context.page, orjson.dumps(dict(context.event)).decode(), offered.per,
        context.visit, variant, arm_of(survey, known.person.values(known.now)), known.now,
    )  # fmt: skip
    if not known.person.test:
        yield from mark(project_id, known, offered.offer_id, marks_of(config.catalogue.policy, known.person))
    if survey.throttle.reserve_ms is not None:
        yield from consume_firing(project_id, known.person_id, survey.key)
    return Asked(offered.offer_id, known.now, live, known, context.event, variant)


def _variant(project_id: str, live: LiveSurvey, known: Known) -> Script[str | None]:
    """The variant that this person is told: the one they were last asked with, else the one their share falls to."""
    if not live.survey.variants:
        return None
    last = yield one(LAST_VARIANT, project_id, known.person_id, live.survey.key)
    return variant_for(live.survey, known.person.sample_key, last and last["variant"])


def _lock_ask(project_id: str, person_id: str, ask_id: str) -> Script[tuple[Row, Row]]:
    """Lock the ask's person and read the ask. Raises `NotFound`."""
    person = yield from lock_person(project_id, person_id)
    if person is None:
        raise _no_such_ask()
    ask = None
    if person["person_id"] != person_id:
        # The merge gave this ask another id if the person it went to had one of the same id.
        ask = yield one(FIND_ASK, project_id, person["person_id"], merged_ask_id(ask_id, person_id))
    if ask is None:
        ask = yield one(FIND_ASK, project_id, person["person_id"], ask_id)
    if ask is None:
        raise _no_such_ask()
    return person, ask


def _no_such_ask() -> NotFound:
    return NotFound("no_such_ask", "There is no such ask any more.")


def respond(project_id: str, person_id: str, ask_id: str, revision: Revision) -> Script[None]:
    """Keep a revision of the response to an ask. The same or an older `rev` changes nothing; a done one is final."""
    person, ask = yield from _lock_ask(project_id, person_id, ask_id)
    if ask["refunded_at"] is not None:
        raise Conflict("ask_given_back", "This ask was given back as not rendered; it takes no response.")
    key = (project_id, person["person_id"], ask["ask_id"])
    kept = yield one(FIND_RESPONSE, *key)
    if kept is not None and revision.rev <= kept["rev"]:
        return
    if kept is not None and kept["done"]:
        raise Conflict("response_final", "This response is done; it cannot be changed any more.")
    now, answers = person["last_at"], revision.answers
    # A card that is still open says again what was agreed to: what was taken back meanwhile stays so.
    taken_back = orjson.loads(kept["withdrawn"]) if kept is not None else {}
    values = {name: value for name, value in answers.values.items() if name not in taken_back}
    yield run(
        INSERT_RESPONSE, *key, revision.response_id, ask["survey_key"], ask["version"], ask["test"], now,
        revision.rev, orjson.dumps(values).decode(), answers.score, answers.band, answers.comment,
        int(revision.done), now,
    )  # fmt: skip
    yield run(SET_RESPONDED, now, answers.score, answers.band, *key)


def click(project_id: str, person_id: str, ask_id: str, what: str) -> Script[None]:
    """Record that somebody did `what` with what the thanks offered them; again changes nothing. Raises `NotFound`."""
    person, ask = yield from _lock_ask(project_id, person_id, ask_id)
    key = (project_id, person["person_id"], ask["ask_id"])
    yield run(INSERT_CLICK, *key, what, ask["survey_key"], person["last_at"])


def close(project_id: str, person_id: str, ask_id: str, how: str) -> Script[None]:
    """Record how a card went: `seen`, `dismissed`, `opted_out`, or `not_rendered`, which may give the ask back."""
    person, ask = yield from _lock_ask(project_id, person_id, ask_id)
    key = (project_id, person["person_id"], ask["ask_id"])
    if how == "not_rendered":
        yield from _give_back(person, ask, key)
        return
    yield run(_CLOSINGS[how], person["last_at"], *key)
    if how == "opted_out":
        yield run(SET_OPTED_OUT, *key[:2])


_CLOSINGS = {"seen": SET_SEEN, "dismissed": SET_DISMISSED, "opted_out": SET_ASK_OPTED_OUT}


def _give_back(person: Row, ask: Row, key: tuple[str, str, str]) -> Script[None]:
    """Give the ask back if that may be: soon, nothing seen or said, and not twice in a day."""
    now = person["last_at"]
    touched = any(ask[name] is not None for name in ("seen_at", "responded_at", "dismissed_at", "refunded_at"))
    recent = person["refunded_at"] is not None and now < person["refunded_at"] + REFUND_EVERY_MS
    if touched or recent or now > ask["asked_at"] + REFUND_WITHIN_MS:
        return
    yield run(SET_REFUNDED, now, *key)
    yield run(SET_LAST_REFUND, now, *key[:2])
