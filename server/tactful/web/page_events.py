"""`POST /w/events`: what happens on a page, answered with an offer or with none.

Most events end here: what no live survey waits for is not even looked up. What only has to be decided costs one read;
only an event that is counted, that cancels or that makes somebody wait is written. An empty list of events asks for
what waits already.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from tactful.clock import new_id
from tactful.core.catalogue import Candidate, Decision, choose
from tactful.core.decide import free_again
from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.core.telling import tell_moment
from tactful.core.trigger import Event
from tactful.errors import Unauthorized
from tactful.identity import Identity, id_or_none
from tactful.store.asks import moment_of
from tactful.store.candidates import ready
from tactful.store.events import Message, Observed, met, observe
from tactful.store.people import Guarded, set_test
from tactful.store.projects import Config
from tactful.tokens import OFFER, TEST
from tactful.web.arrivals import Arrival, Outcome, name_of, outcome_of
from tactful.web.believed import account_told, traits_told
from tactful.web.bodies import decode, is_bounded
from tactful.web.browser import check_context, context_of, identity_of
from tactful.web.limits import Sender
from tactful.web.posts import Post, endpoint
from tactful.web.service import Service
from tactful.web.wire import ContextPart, EventPart, EventsBody

__all__ = ["events"]

_events_body = msgspec.json.Decoder(EventsBody)

_AFTER_AN_OFFER_MS = 5 * MINUTE_MS
_NO_OFFER = b'{"offer":null}'


@endpoint("anybody")
async def events(post: Post) -> bytes:
    """Take a page's events and answer with an offer, or with none."""
    service = post.service
    body = decode(post.body, _events_body)
    config = service.config_at_hand(body.passed) or await service.config_of_pass(body.passed)
    service.check_origin(config, post.origin)
    identity = identity_of(post, config, body.identity)
    sender = Sender(post.address, identity)
    service.limits.page(config.project_id, "events", sender, len(body.events) or 1)
    check_context(body.context)
    if isinstance(body.test, str) and identity.aliases:
        await _become_test(service, config, identity, body.test)
    messages = [message for event in body.events if (message := _heard(post, config, identity, event))]
    waits = not body.events and config.catalogue.keeps_candidates()
    if not (messages or waits) or not identity.aliases:
        return _told(service, config, identity, None)
    return _told(service, config, identity, await _offer(post, config, identity, messages, body.context))


def _told(service: Service, config: Config, identity: Identity, offer: dict[str, Any] | None) -> bytes:
    """The answer. An identified page of a project that hears its backend is told by which script to listen."""
    if identity.user_id is not None and config.live:
        return orjson.dumps({"offer": offer, "live": service.live_client})
    return _NO_OFFER if offer is None else orjson.dumps({"offer": offer})


async def _become_test(service: Service, config: Config, identity: Identity, token: str) -> None:
    """Make the person a test person if `token` says so. A bad one is no reason to refuse what the page reports:
    anybody can write anything into an address."""
    with contextlib.suppress(Unauthorized, Guarded):
        opened = service.tokens.read(TEST, token)
        if opened.payload[0] == config.project_id:
            await service.db.run(set_test, config.project_id, identity, new_id(service.clock))


def _heard(post: Post, config: Config, identity: Identity, event: Any) -> Message | None:
    """Read one event of a page, and let the install page show that it came. None: it concerns no live survey, or it is
    unreadable, which is counted."""
    service, message = post.service, None
    try:
        part = msgspec.convert(event, EventPart)
        name = part.event or part.type
        message = _READERS[part.type](config, identity, part, service.clock.now_ms())
        # Checked last: what concerns nobody goes nowhere, and most of what pages send concerns nobody.
        outcome: Outcome = outcome_of(message) if message is None or _in_bounds(event, identity) else "dropped"
    except msgspec.ValidationError:
        name, outcome = name_of(event), "dropped"
    if outcome == "dropped":
        service.dropped += 1
        message = None
    elif message is not None and message.event is not None:
        service.journal.came(config.project_id, message.event)
    who = identity.user_id or identity.anonymous_id
    service.arrivals.came(config.project_id, Arrival(name, "page", outcome, post.origin or "app", who))
    return message


def _in_bounds(event: Any, identity: Identity) -> bool:
    """Tell whether a message, and what a token says along with it, are within the bounds of one message."""
    return is_bounded(event) and (identity.vouched is None or is_bounded(identity.vouched_values))


def _track(config: Config, _identity: Identity, part: EventPart, now: int) -> Message | None:
    return _happened(config, part, part.event or "", now)


def _happened(config: Config, part: EventPart, name: str, now: int) -> Message | None:
    catalogue = config.catalogue
    if not catalogue.concerns(name):
        return None
    event = Event(name, part.properties or {})
    waiting, cancelling = catalogue.waiting_for(event, now), catalogue.cancelled_by(event)
    if not waiting and not cancelling:
        return None
    return Message(f"b:{part.message_id}", event, waiting, cancelling=cancelling)


def _identify(config: Config, identity: Identity, part: EventPart, _now: int) -> Message | None:
    return traits_told(f"b:{part.message_id}", config.identity, identity, part.traits or {})


def _group(config: Config, identity: Identity, part: EventPart, _now: int) -> Message | None:
    group_id = id_or_none(part.group_id)
    return account_told(f"b:{part.message_id}", config.identity, identity, group_id, part.traits or {})


def _page(config: Config, _identity: Identity, part: EventPart, now: int) -> Message | None:
    """A page view is an event named `page`, should a survey wait for it."""
    return _happened(config, part, "page", now)


_READERS = {"track": _track, "identify": _identify, "group": _group, "page": _page}


async def _observed(
    post: Post, config: Config, identity: Identity, messages: Sequence[Message], page: str
) -> Observed | None:
    """The person and what may be offered: by a read where nothing has to be written, else in one transaction.
    None: somebody nobody knows asks for what waits for them, or somebody who is known is not proved to be here."""
    service, catalogue = post.service, config.catalogue
    try:
        if not any(message.must_write for message in messages):
            found = await service.db.read(met, config.project_id, identity, messages, catalogue, service.clock.now_ms())
            if found is not None or not messages:
                return found
        placed = [msgspec.structs.replace(message, page=page) for message in messages]
        return await service.db.run(observe, config.project_id, identity, placed, new_id(service.clock), catalogue)
    except Guarded:
        service.proofs.guarded(config, post.origin)
        return None


async def _offer(
    post: Post, config: Config, identity: Identity, messages: Sequence[Message], at: ContextPart
) -> dict[str, Any] | None:
    """Observe, decide, and sign the offer if there is one."""
    service, context = post.service, context_of(post, at)
    observed = await _observed(post, config, identity, messages, context.page)
    if observed is None:
        return None
    known, at_once = observed.known, observed.at_once
    if identity.user_id is None and known.user_id is not None:
        service.proofs.guarded(config, post.origin)  # enforced, this would have been nobody
    if known.config_version > config.version:
        found = await service.person(config.project_id, known.person_id)
        if found is None:
            return None
        config, known = found
        at_once = tuple(again for one in at_once if (again := one.under(config.catalogue)) is not None)
    due = [*at_once, *ready(config.catalogue, observed.waiting, known.now)]
    moment = moment_of(known.now, context, config.standings)
    decision = choose(due, config.catalogue.policy, known.person, moment)
    service.journal.chosen(known, config.project_id, due, decision, context.page)
    if observed.waiting and (service.nodes or (config.project_id, known.person_id) in service.hub):
        _remind(service, config, observed, decision)
    if decision.offer is None:
        return None
    return _signed_offer(service, config, known.person_id, decision.offer)


def _remind(service: Service, config: Config, observed: Observed, decision: Decision) -> None:
    """Let the open tabs ask again when the next thing that waits is held or refused no longer."""
    now = observed.known.now
    again = [one.not_before for one in observed.waiting]
    again += [at for refused in decision.refusals.values() if (at := free_again(refused)) is not None]
    if decision.offer is not None:
        # Whatever else waits is decided anew when this one was asked or was not.
        again.append(now + _AFTER_AN_OFFER_MS)
    in_ms = min((at - now for at in again if at > now), default=None)
    if in_ms is not None and in_ms < DAY_MS:
        service.nudge(config.project_id, observed.known.person_id, after_ms=in_ms)


def _signed_offer(service: Service, config: Config, person_id: str, candidate: Candidate) -> dict[str, Any]:
    live = candidate.live
    payload = [
        config.project_id,
        person_id,
        candidate.offer_id(config.project_id),
        live.survey.key,
        live.version,
        candidate.event,
        candidate.id,
        candidate.per,
    ]
    return {
        "token": service.tokens.sign(OFFER, payload),
        "survey": live.survey.key,
        "delay_ms": candidate.delay_ms,
        **tell_moment(live.survey),
    }
