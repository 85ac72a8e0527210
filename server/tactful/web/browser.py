"""`/w/...`: what pages call.

Every body names its project by a token, never by an id. The page's origin must be listed by that project. Replies tell
a page what it must draw and nothing of why somebody is not asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson
from starlette.requests import Request

from tactful.clock import new_id
from tactful.core.answers import read_answers
from tactful.core.catalogue import Candidate, candidates, choose
from tactful.core.conditions import look_up
from tactful.core.decide import Moment
from tactful.core.telling import lookup_in, tell
from tactful.core.trigger import Event
from tactful.errors import BadRequest, Conflict, Invalid
from tactful.identity import Claim, Identity, believe, id_or_none
from tactful.store.asks import Asked, Context, NotNow, Offered, Revision, close, respond, show, take_up
from tactful.store.events import Message, observe
from tactful.store.people import Known, peek, set_opted_out
from tactful.store.projects import Config
from tactful.tokens import ASK, OFFER
from tactful.web.bodies import MESSAGE_LIMIT, decode, is_sound
from tactful.web.posts import Endpoint, Post
from tactful.web.service import Service
from tactful.web.wire import AsksBody, ClosingsBody, ContextPart, EventPart, EventsBody, IdentityPart, ResponsesBody

__all__ = ["asks", "closings", "events", "responses"]

_events_body = msgspec.json.Decoder(EventsBody)
_asks_body = msgspec.json.Decoder(AsksBody)
_responses_body = msgspec.json.Decoder(ResponsesBody)
_closings_body = msgspec.json.Decoder(ClosingsBody)

_LONGEST_PAGE = 2_000
_LONGEST_LOCALE = 35
_LONGEST_VALUE = 200
_MOST_EVENT_VALUES = 10

_NO_OFFER = b'{"offer":null}'
_DONE = b"{}"


def service_of(request: Request) -> Service:
    """The service that this application was made with."""
    service: Service = request.app.state.service
    return service


def _check_text(*texts: str) -> None:
    if any("\0" in text for text in texts):
        raise BadRequest("bad_text", "U+0000 is not a character of any text.")


def _identity(config: Config, part: IdentityPart) -> Identity:
    claim = Claim(part.anonymous_id, part.user_id, part.user_hash, part.jwt)
    return believe(claim, config.identity_mode, config.identity_secrets)


def _context(part: ContextPart, event: Mapping[str, str | int | float] | None = None) -> Context:
    _check_text(part.page, part.locale)
    return Context(part.page[:_LONGEST_PAGE], part.locale[:_LONGEST_LOCALE], event or {})


@Endpoint
async def events(post: Post) -> bytes:
    """Take a page's events and answer with an offer, or with none."""
    service = post.service
    body = decode(post.body, _events_body)
    config = await service.config_of_pass(body.passed)
    service.check_origin(config, post.origin)
    identity = _identity(config, body.identity)
    _check_text(body.context.page)
    messages = [message for event in body.events if (message := _message(service, config, identity, event))]
    if not messages or not identity.aliases:
        return _NO_OFFER
    known, counts = await _meet(service, config, identity, messages)
    config = await service.configs.at_least(config.project_id, known.config_version)
    return _offer(service, config, body.context, _Met(known, messages, counts))


def _message(service: Service, config: Config, identity: Identity, event: Any) -> Message | None:
    """Read one event of a page. None: it concerns no live survey, or it is unreadable, which is counted."""
    try:
        part = msgspec.convert(event, EventPart)
    except msgspec.ValidationError:
        service.dropped += 1
        return None
    message = _READERS[part.type](config, identity, part)
    # Checked last: what concerns nobody goes nowhere, and most of what pages send concerns nobody.
    if message is not None and (not is_sound(event) or len(orjson.dumps(event)) > MESSAGE_LIMIT):
        service.dropped += 1
        return None
    return message


def _track(config: Config, _identity: Identity, part: EventPart) -> Message | None:
    event = Event(part.event or "", part.properties or {})
    waiting = config.catalogue.waiting_for(event)
    return Message(f"b:{part.message_id}", event, waiting) if waiting else None


def _identify(config: Config, identity: Identity, part: EventPart) -> Message | None:
    """Traits from a page; under `enforce` an unsigned page may not write any."""
    believed = config.identity_mode != "enforce" or identity.proved
    return Message(f"b:{part.message_id}", traits=part.traits or {}) if believed and identity.aliases else None


def _group(config: Config, identity: Identity, part: EventPart) -> Message | None:
    believed = config.identity_mode != "enforce" or identity.proved
    group_id = id_or_none(part.group_id)
    if not believed or group_id is None:
        return None
    return Message(f"b:{part.message_id}", account_id=group_id, account_traits=part.traits or {})


def _page(config: Config, identity: Identity, part: EventPart) -> Message | None:
    """A page view is an event named `page`, should a survey wait for it."""
    return _track(config, identity, msgspec.structs.replace(part, event="page"))


_READERS = {"track": _track, "identify": _identify, "group": _group, "page": _page}


def _must_write(messages: Sequence[Message]) -> bool:
    return any(message.traits is not None or message.account_id or message.counters for message in messages)


async def _meet(
    service: Service, config: Config, identity: Identity, messages: Sequence[Message]
) -> tuple[Known, Sequence[Mapping[str, int]]]:
    """The person and the counts: by a read where nothing has to be written, else in one transaction."""
    horizon = config.catalogue.horizon_ms
    if not _must_write(messages):
        known = await service.db.read(peek, config.project_id, identity, horizon, service.clock.now_ms())
        if known is not None:
            return known, [{} for _ in messages]
    observed = await service.db.run(observe, config.project_id, identity, messages, new_id(service.clock), horizon)
    return observed.known, observed.counts


class _Met(msgspec.Struct, frozen=True):
    """Who came with which messages, and how often each has happened to them."""

    known: Known
    messages: Sequence[Message]
    counts: Sequence[Mapping[str, int]]


def _offer(service: Service, config: Config, context: ContextPart, met: _Met) -> bytes:
    """Decide, and sign the offer if there is one."""
    due: list[tuple[Candidate, Message]] = []
    for message, counts in zip(met.messages, met.counts, strict=True):
        if message.event is not None:
            waiting = config.catalogue.waiting_for(message.event)
            due += [(candidate, message) for candidate in candidates(waiting, counts)]
    if not due:
        return _NO_OFFER
    due.sort(key=lambda pair: -pair[0].live.survey.priority)
    moment = Moment(met.known.now, context.page[:_LONGEST_PAGE])
    decision = choose([candidate for candidate, _ in due], config.catalogue.policy, met.known.person, moment)
    if decision.offer is None:
        return _NO_OFFER
    message = next(message for candidate, message in due if candidate is decision.offer)
    return orjson.dumps({"offer": _signed_offer(service, config, met.known, decision.offer, message)})


def _offer_id(project_id: str, message_id: str, candidate: Candidate) -> str:
    """The same message, survey and version always make the same offer, and so at most one ask."""
    live = candidate.live
    named = "\x1f".join((project_id, message_id, live.survey.key, str(live.version)))
    return hashlib.blake2b(named.encode(), digest_size=15).hexdigest()


def _signed_offer(
    service: Service, config: Config, known: Known, candidate: Candidate, message: Message
) -> dict[str, Any]:
    survey = candidate.live.survey
    assert message.event is not None, "only an event makes an offer"
    payload = [
        config.project_id,
        known.person_id,
        _offer_id(config.project_id, message.message_id, candidate),
        survey.key,
        candidate.live.version,
        _mentioned(config.catalogue.mentions[survey.key], message.event.properties),
    ]
    return {"token": service.tokens.sign(OFFER, payload), "survey": survey.key, "delay_ms": candidate.delay_ms}


def _mentioned(paths: frozenset[str], properties: Mapping[str, object]) -> dict[str, str | int | float]:
    """The values of the event that the survey's texts mention, short ones only."""
    found: dict[str, str | int | float] = {}
    for path in sorted(paths)[:_MOST_EVENT_VALUES]:
        value = look_up(properties, path)
        if isinstance(value, str) and value:
            found[path] = value[:_LONGEST_VALUE]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[path] = value
    return found


@Endpoint
async def asks(post: Post) -> bytes:
    """Take up an offer, or ask for a survey: 200 with the ask and what to draw, or 409 and no reason."""
    service = post.service
    body = decode(post.body, _asks_body)
    if isinstance(body.offer, str):
        config, outcome = await _take_up(post, body, body.offer)
    elif isinstance(body.show, str) and isinstance(body.passed, str):
        config, outcome = await _show(post, body, (body.show, body.passed))
    else:
        raise BadRequest("bad_field", "Send `offer`, or `show` with `pass`.")
    if isinstance(outcome, NotNow):
        raise Conflict("not_now", "Not now.")
    return orjson.dumps(_told(service, config, outcome, body.context))


async def _take_up(post: Post, body: AsksBody, offer: str) -> tuple[Config, Asked | NotNow]:
    service = post.service
    project_id, person_id, offer_id, survey_key, version, event = service.tokens.read(OFFER, offer).payload
    config = await service.configs.get(project_id)
    service.check_origin(config, post.origin)
    identity = _identity(config, body.identity)
    offered = Offered(person_id, offer_id, survey_key, version)
    return config, await service.db.run(take_up, config, offered, identity, _context(body.context, event))


async def _show(post: Post, body: AsksBody, asked_for: tuple[str, str]) -> tuple[Config, Asked | NotNow]:
    service = post.service
    survey_key, passed = asked_for
    config = await service.config_of_pass(passed)
    service.check_origin(config, post.origin)
    identity = _identity(config, body.identity)
    if not identity.aliases:
        return config, NotNow(())
    ids = (new_id(service.clock), new_id(service.clock))
    return config, await service.db.run(show, config, survey_key, ids, identity, _context(body.context))


def _told(service: Service, config: Config, asked: Asked, context: ContextPart) -> dict[str, Any]:
    """The ask's token and the survey in the person's language."""
    live, known = asked.live, asked.known
    payload = [config.project_id, known.person_id, asked.ask_id, live.survey.key, live.version]
    # Its life begins with the ask, however late it is told again: rules look no further back than an ask can matter.
    token = service.tokens.sign(ASK, payload, at_ms=asked.asked_at)
    values = known.person.values(known.now) | {"project": {"name": config.name}, "event": asked.event}
    return {"ask": token, "survey": tell(live, context.locale[:_LONGEST_LOCALE], lookup_in(values))}


async def _opened_ask(post: Post, token: str) -> list[Any]:
    """What an ask's token says, on a page of its project."""
    service = post.service
    payload = service.tokens.read(ASK, token).payload
    config = await service.configs.get(payload[0])
    service.check_origin(config, post.origin)
    return payload


@Endpoint
async def responses(post: Post) -> bytes:
    """Keep one revision of a response."""
    service = post.service
    body = decode(post.body, _responses_body)
    project_id, person_id, ask_id, survey_key, version = await _opened_ask(post, body.ask)
    survey = await service.configs.survey_version(project_id, survey_key, version)
    answers = read_answers(survey, body.answers)
    if isinstance(answers, tuple):
        faults = [{"path": misfit.path, "message": misfit.message} for misfit in answers]
        raise Invalid("bad_answers", "Some answers do not fit their questions.", faults)
    if not answers.values:
        raise BadRequest("no_answer", "A response holds at least one answer.")
    revision = Revision(body.rev, answers, body.done, new_id(service.clock))
    await service.db.run(respond, project_id, person_id, ask_id, revision)
    return _DONE


@Endpoint
async def closings(post: Post) -> bytes:
    """Record how a card went, or that somebody wants never to be asked again."""
    service = post.service
    body = decode(post.body, _closings_body)
    if isinstance(body.ask, str):
        project_id, person_id, ask_id, *_ = await _opened_ask(post, body.ask)
        await service.db.run(close, project_id, person_id, ask_id, body.how)
    elif isinstance(body.passed, str) and body.how == "opted_out":
        config = await service.config_of_pass(body.passed)
        service.check_origin(config, post.origin)
        identity = _identity(config, body.identity)
        if identity.aliases:
            await service.db.run(set_opted_out, config.project_id, identity, new_id(service.clock))
    else:
        raise BadRequest("bad_field", "Send `ask`, or `pass` and `identity` with `how: opted_out`.")
    return _DONE
