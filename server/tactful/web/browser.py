"""`/w/...`: what pages call once somebody may be asked (their events are in `web/page_events`).

Every body names its project by a token, never by an id. The page's origin must be listed by that project. Replies tell
a page what it must draw and nothing of why somebody is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
from starlette.requests import Request

from tactful.clock import new_id
from tactful.core.answers import read_answers
from tactful.core.clicks import offers
from tactful.errors import BadRequest, Conflict, Invalid, Unauthorized
from tactful.identity import Identity
from tactful.store.asks import Asked, Context, NotNow, Offered, Revision, click, close, respond, show, take_up
from tactful.store.choices import Holder
from tactful.store.people import Guarded, set_opted_out
from tactful.store.projects import Config
from tactful.tokens import ASK, OFFER
from tactful.web.bodies import decode
from tactful.web.limits import Sender
from tactful.web.links import level_of, link_now
from tactful.web.posts import Post, endpoint
from tactful.web.service import Service
from tactful.web.wire import AsksBody, ClicksBody, ClosingsBody, ContextPart, IdentityPart, ResponsesBody

__all__ = ["asks", "clicks", "closings", "context_of", "identity_of", "responses", "service_of"]

_asks_body = msgspec.json.Decoder(AsksBody)
_responses_body = msgspec.json.Decoder(ResponsesBody)
_clicks_body = msgspec.json.Decoder(ClicksBody)
_closings_body = msgspec.json.Decoder(ClosingsBody)

_LONGEST_PAGE = 2_000
_LONGEST_LOCALE = 35
_LONGEST_VISIT = 100

_DONE = b"{}"


def service_of(request: Request) -> Service:
    """The service that this application was made with."""
    service: Service = request.app.state.service
    return service


def check_text(*texts: str) -> None:
    """Raise `BadRequest` where a text holds what no database keeps."""
    for text in texts:
        if "\0" in text:
            raise BadRequest("bad_text", "U+0000 is not a character of any text.")


def identity_of(post: Post, config: Config, part: IdentityPart) -> Identity:
    """Who the page is about, as far as the project believes it. Raises `Refused` for a proof that is not good."""
    return post.service.proofs.judge(config, part, post.origin).identity


def check_context(part: ContextPart) -> None:
    """Raise `BadRequest` where what a page says of where it is holds what no database keeps."""
    check_text(part.page, part.visit or "", part.locale)


def context_of(post: Post, part: ContextPart, event: Mapping[str, str | int | float] | None = None) -> Context:
    """Where the page says that it is, within bounds. Raises `BadRequest`."""
    check_context(part)
    visit = part.visit and part.visit[:_LONGEST_VISIT]
    return Context(part.page[:_LONGEST_PAGE], _locale(post, part), event or {}, visit, part.width)


def _locale(post: Post, part: ContextPart) -> str:
    """The page's language; where it says none, the one that its user prefers."""
    locale = part.locale or post.languages.partition(",")[0].partition(";")[0].strip()
    check_text(locale)
    return locale[:_LONGEST_LOCALE]


@endpoint("anybody")
async def asks(post: Post) -> bytes:
    """Take up an offer, or ask for a survey: 200 with the ask and what to draw, or 409 and no reason."""
    service = post.service
    body = decode(post.body, _asks_body)
    if service.watch.jumped():
        await service.look_at_clock()
    if isinstance(body.offer, str):
        config, identity, outcome = await _take_up(post, body, body.offer)
    elif isinstance(body.show, str) and isinstance(body.passed, str):
        config, identity, outcome = await _show(post, body, (body.show, body.passed))
    else:
        raise BadRequest("bad_field", "Send `offer`, or `show` with `pass`.")
    if isinstance(outcome, NotNow):
        raise Conflict("not_now", "Not now.")
    service.tell(config.project_id, "ask", outcome.live.survey.key)
    locale = _locale(post, body.context)
    holder = Holder(config.project_id, outcome.known.person_id, level_of(outcome.known.user_id, proved=identity.proved))
    told = _told(service, config, outcome, locale)
    if holder.level != "claimed":  # a link that proves nothing cannot end an opt-out, so the card offers none
        told["preferences"] = link_now(service, holder, locale)
    return orjson.dumps(told)


async def _take_up(post: Post, body: AsksBody, offer: str) -> tuple[Config, Identity, Asked | NotNow]:
    service = post.service
    project_id, person_id, offer_id, survey_key, version, event, *waited = service.tokens.read(OFFER, offer).payload
    config = await service.configs.get(project_id)
    service.check_origin(config, post.origin)
    identity = identity_of(post, config, body.identity)
    service.limits.page(project_id, "asks", Sender(post.address, identity))
    offered = Offered(person_id, offer_id, survey_key, version, *waited)
    outcome = await service.db.run(take_up, config, offered, identity, context_of(post, body.context, event))
    service.journal.taken(project_id, (survey_key, version), outcome, body.context.page)
    return config, identity, outcome


async def _show(post: Post, body: AsksBody, asked_for: tuple[str, str]) -> tuple[Config, Identity, Asked | NotNow]:
    service = post.service
    survey_key, passed = asked_for
    config = await service.config_of_pass(passed)
    service.check_origin(config, post.origin)
    identity = identity_of(post, config, body.identity)
    # Nothing was offered, so this is no better than an event.
    service.limits.page(config.project_id, "events", Sender(post.address, identity))
    if not identity.aliases:
        return config, identity, NotNow(())
    ids = (new_id(service.clock), new_id(service.clock))
    outcome = await service.db.run(show, config, survey_key, ids, identity, context_of(post, body.context))
    live = config.catalogue.surveys.get(survey_key)
    if live is not None:  # any other key is whatever a page made up
        service.journal.shown(config.project_id, (survey_key, live.version), outcome, body.context.page)
    return config, identity, outcome


def _told(service: Service, config: Config, asked: Asked, locale: str) -> dict[str, Any]:
    """The ask's token and the survey in the person's language."""
    live, known = asked.live, asked.known
    payload = [config.project_id, known.person_id, asked.ask_id, live.survey.key, live.version]
    # Its life begins with the ask, however late it is told again: rules look no further back than an ask can matter.
    token = service.tokens.sign(ASK, payload, at_ms=asked.asked_at)
    survey = orjson.Fragment(service.tellings.told(config, asked, locale))
    return {"ask": token, "survey": survey}


async def _opened_ask(post: Post, token: str) -> list[Any]:
    """What an ask's token says, on a page of its project; so often for each ask."""
    service = post.service
    payload = service.tokens.read(ASK, token).payload
    service.limits.ask(payload[0], payload[2])
    config = await service.configs.get(payload[0])
    service.check_origin(config, post.origin)
    return payload


@endpoint("holder")
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
    if not answers.values and not (body.done and survey.only_tells):
        raise BadRequest("no_answer", "A response holds at least one answer.")
    revision = Revision(body.rev, answers, body.done, new_id(service.clock))
    await service.db.run_first(respond, project_id, person_id, ask_id, revision)
    service.tell(project_id, "response", survey_key)
    return orjson.dumps({"left_out": answers.left_out}) if answers.left_out else _DONE


@endpoint("holder")
async def clicks(post: Post) -> bytes:
    """Record what somebody did with what the thanks offered, once each."""
    service = post.service
    body = decode(post.body, _clicks_body)
    project_id, person_id, ask_id, survey_key, version = await _opened_ask(post, body.ask)
    survey = await service.configs.survey_version(project_id, survey_key, version)
    if body.what not in offers(survey):
        raise Conflict("not_offered", "The thanks of this survey offer no such thing.")
    await service.db.run_first(click, project_id, person_id, ask_id, body.what)
    service.tell(project_id, "click", survey_key)
    return _DONE


@endpoint("holder")
async def closings(post: Post) -> bytes:
    """Record how a card went, or that somebody wants never to be asked again."""
    service = post.service
    body = decode(post.body, _closings_body)
    if isinstance(body.ask, str):
        project_id, person_id, ask_id, survey_key, _ = await _opened_ask(post, body.ask)
        await service.db.run_first(close, project_id, person_id, ask_id, body.how)
        service.tell(project_id, "closing", survey_key)
    elif isinstance(body.passed, str) and body.how == "opted_out":
        service.limits.knock(post.address)
        config = await service.config_of_pass(body.passed)
        service.check_origin(config, post.origin)
        identity = identity_of(post, config, body.identity)
        service.limits.page(config.project_id, "opt-outs", Sender(post.address, identity))
        if identity.aliases:
            await _opt_out(post, config, identity)
    else:
        raise BadRequest("bad_field", "Send `ask`, or `pass` and `identity` with `how: opted_out`.")
    return _DONE


async def _opt_out(post: Post, config: Config, identity: Identity) -> None:
    """Never ask them again. Where that takes a proof which is missing, say so: nothing was kept."""
    service = post.service
    try:
        await service.db.run(set_opted_out, config.project_id, identity, new_id(service.clock))
    except Guarded as guarded:
        service.proofs.guarded(config, post.origin)
        raise Unauthorized(
            "identity_needed", "Somebody known uses this browser; prove with `user_hash` or `jwt` that it is them."
        ) from guarded
