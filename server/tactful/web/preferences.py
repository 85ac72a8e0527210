"""`/me/{token}`: where a person sees and changes what they agreed to, without logging in anywhere.

The link is what opens the page. It is signed, ends, and says what it proves (`store/choices.Level`): a page may have it
for the browser that it runs in, and shows what was said there; for somebody known it shows what they said only where
the project's backend vouched for them, by a signed identity or by fetching the link from the API. Whoever only claims
to be somebody sees whether they are asked and may stop that, as any page may; under `enforce` not even that. To be
asked again takes a proof, since an opt-out is final until the person themselves ends it.

Forms are plain, and a change goes by POST to the link itself, so it takes the link and a page of ours to send it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args
from urllib.parse import quote

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tactful.clock import new_id
from tactful.core.answers import other_key
from tactful.core.retelling import Retelling, retell
from tactful.core.surveys import OTHER, Question
from tactful.core.telling import lookup_in
from tactful.core.words import page_words
from tactful.errors import BadRequest, NotFound, TactfulError, Unauthorized
from tactful.store.audit import Act
from tactful.store.choices import (
    Choices,
    Holder,
    Level,
    allow_asking,
    keep_everything,
    opened,
    read_choices,
    stop_asking,
    want_erasure,
    withdraw,
)
from tactful.store.erasure import export
from tactful.store.people import Guarded, recognise
from tactful.store.projects import Config
from tactful.store.script import Row, Script
from tactful.tokens import ME, SENT_ME
from tactful.web.access import PAGE_HEADERS, error_response, page_response
from tactful.web.bodies import decode
from tactful.web.browser import identity_of, service_of
from tactful.web.forms import read_form
from tactful.web.limits import Sender
from tactful.web.links import LONGEST_LOCALE, level_of, link_now
from tactful.web.posts import Post, endpoint
from tactful.web.privacy import act, exported_json
from tactful.web.rendering import render
from tactful.web.service import Service
from tactful.web.times import iso_time
from tactful.web.wire import PreferencesBody

__all__ = ["download", "page", "preferences"]

_body = msgspec.json.Decoder(PreferencesBody)
_MOST_SAID = 100
#: What a text of ours leaves open; the template fills it in, each in its own element.
_PLACES = re.compile(r"(\{\w+\})")
#: Who did what is done here, in the record of acts.
_THEY = "the person"


@endpoint("anybody")
async def preferences(post: Post) -> bytes:
    """`POST /w/preferences`: a link to the page of whoever is here."""
    service, body = post.service, decode(post.body, _body)
    config = await service.config_of_pass(body.passed)
    service.check_origin(config, post.origin)
    identity = identity_of(post, config, body.identity)
    service.limits.page(config.project_id, "opt-outs", Sender(post.address, identity))
    if not identity.aliases:
        raise NotFound("no_such_person", "This browser keeps no id and nobody is logged in, so nothing is kept.")
    if identity.user_id is not None and not identity.proved:
        # To look at a page is no log-in: a claim joins no browser to anybody.
        identity = msgspec.structs.replace(identity, anonymous_id=None)
    try:
        row = await service.db.run(recognise, config.project_id, identity, new_id(service.clock))
    except Guarded as guarded:
        service.proofs.guarded(config, post.origin)
        raise Unauthorized(
            "identity_needed", "Somebody known uses this browser; prove with `user_hash` or `jwt` that it is them."
        ) from guarded
    level = level_of(row["user_id"], proved=identity.proved)
    holder = Holder(config.project_id, row["person_id"], level)
    return orjson.dumps({"url": link_now(service, holder, body.context.locale)})


class _Visit(NamedTuple):
    """Somebody with a link that is good."""

    request: Request
    service: Service
    config: Config
    holder: Holder

    @property
    def words(self) -> Mapping[str, str]:
        return page_words(_locale(self.request))

    @property
    def here(self) -> str:
        return f"/me/{self.request.path_params['token']}"


def _locale(request: Request) -> str:
    """The language of the page that the link was opened from, else the first that the browser prefers."""
    written = request.query_params.get("lang") or request.headers.get("accept-language", "")
    return written.partition(",")[0].partition(";")[0].strip()[:LONGEST_LOCALE]


async def _visit(request: Request) -> _Visit:
    """Read the link. Raises `Unauthorized`, `NotFound` and `TooOften`."""
    service = service_of(request)
    service.limits.knock(service.addresses.of(request.scope))
    token = request.path_params["token"]
    try:
        payload = service.tokens.read(ME, token).payload
    except Unauthorized as refused:
        if refused.code != "me_invalid":
            raise
        payload = service.tokens.read(SENT_ME, token).payload
    holder = Holder(*payload)
    assert holder.level in get_args(Level), "we signed it"
    config = await service.configs.get(holder.project_id)
    if holder.level == "claimed" and config.identity.mode == "enforce":
        raise Unauthorized("me_expired", "This project asks for a proof by now; open the page again.")
    return _Visit(request, service, config, holder)


def _refused(request: Request, error: TactfulError) -> Response:
    """A link that has ended is told in the person's language; what is left is for whoever looks into it."""
    if error.status not in (401, 404):
        return error_response(error)
    words = page_words(_locale(request))
    told = render("me_ended.html", words=words, title=words["ended_title"])
    return page_response(told, error.status)


Page = Callable[[Request], Any]


def _answered(visit: Callable[[_Visit], Any]) -> Page:
    """Make an endpoint of what answers a visit; its errors are pages too."""

    async def endpoint(request: Request) -> Response:
        try:
            response: Response = await visit(await _visit(request))
        except TactfulError as error:
            return _refused(request, error)
        response.headers.update(PAGE_HEADERS)
        return response

    endpoint.__doc__ = visit.__doc__
    return endpoint


@_answered
async def page(visit: _Visit) -> Response:
    """`/me/{token}`: GET shows what there is, POST changes one thing of it."""
    if visit.request.method == "POST":
        return await _change(visit)
    db, words = visit.service.db, visit.words
    choices = await db.read(read_choices, visit.holder, _MOST_SAID)
    consents, answers = await _said(visit, choices)
    told = render(
        "me.html",
        title=words["title"],
        project=visit.config.name,
        words=words,
        here=visit.here,
        query=f"?lang={quote(_locale(visit.request), safe='')}",
        done="done" in visit.request.query_params,
        whole=visit.holder.level != "claimed",
        choices=choices,
        consents=consents,
        answers=answers,
        most=_MOST_SAID,
        day_of=_day,
        parts=_PLACES.split,
    )
    return page_response(told)


# What is changed ------------------------------------------------------------------------------------------------------


class _Doing(NamedTuple):
    """One thing that may be done: the script that does it, and whether it takes more than a claim."""

    script: Callable[[Holder, Mapping[str, str], Act], Script[Any]]
    proof: bool = True


def _taken_back(holder: Holder, form: Mapping[str, str], by: Act) -> Script[bool]:
    return (yield from withdraw(holder, (form.get("response", ""), form.get("question", "")), by))


def _sure_of_erasure(holder: Holder, form: Mapping[str, str], by: Act) -> Script[None]:
    if form.get("sure") != "yes":
        raise BadRequest("not_sure", "Tick the box that says that this cannot be undone.")
    yield from want_erasure(holder, by)


#: What the forms of the page send as `do`.
_DOINGS: Mapping[str, _Doing] = {
    "stop": _Doing(lambda holder, _form, _by: stop_asking(holder), proof=False),
    "allow": _Doing(lambda holder, _form, by: allow_asking(holder, by)),
    "withdraw": _Doing(_taken_back),
    "erase": _Doing(_sure_of_erasure),
    "keep": _Doing(lambda holder, _form, by: keep_everything(holder, by)),
}


async def _change(visit: _Visit) -> Response:
    service, form = visit.service, await read_form(visit.request)
    doing = _DOINGS.get(form.get("do", ""))
    if doing is None:
        raise BadRequest("bad_form", "The page does not know what to do; load it again.")
    if doing.proof and visit.holder.level == "claimed":
        raise Unauthorized(
            "identity_needed", "This link proves nothing, so it changes nothing but that you are asked no more."
        )
    await service.db.run(doing.script, visit.holder, form, act(service.clock, _THEY))
    service.tell(visit.holder.project_id, "change")
    language = f"lang={quote(_locale(visit.request), safe='')}"
    return RedirectResponse(f"{visit.here}?{language}&done#said", 303)


@_answered
async def download(visit: _Visit) -> Response:
    """`GET /me/{token}/data`: everything that is held of them, as a file of JSON."""
    if visit.holder.level == "claimed":
        raise Unauthorized("identity_needed", "This link proves nothing, so it shows nothing that is held.")
    service, project_id = visit.service, visit.holder.project_id
    row = await service.db.read(opened, visit.holder)
    tables = await service.db.scan(export, project_id, row["person_id"])
    told = exported_json(visit.config.name, row["person_id"], tables, service.clock.now_ms())
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(orjson.dumps(told, option=orjson.OPT_INDENT_2), headers=headers, media_type="application/json")


# What they said -------------------------------------------------------------------------------------------------------


async def _said(visit: _Visit, choices: Choices) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What was agreed to, taken back or not, and everything else that was answered, a response each."""
    consents, answers = [], []
    for row in choices.said:
        told = await _response(visit, row)
        consents += [line | {"response": row["response_id"], "at": told["at"]} for line in told["consents"]]
        if told["lines"]:
            answers.append(told)
    return consents, answers


async def _response(visit: _Visit, row: Row) -> dict[str, Any]:
    """One response as its questions and what was said to them, in the words in which they were asked."""
    given, withdrawn = orjson.loads(row["answers"]), orjson.loads(row["withdrawn"])
    survey = await visit.service.configs.survey_version(visit.holder.project_id, row["survey_key"], row["version"])
    lookup, own = lookup_in({"project": {"name": visit.config.name}}), visit.config.words
    say = retell(survey, row["locale"], row["variant"], lookup, band=row["band"], own=own)
    consents, lines = [], []
    for question in say.questions:
        value, taken_back = given.get(question.id), withdrawn.get(question.id)
        if value is True or taken_back is not None:
            until = None if value is True else _day(taken_back)
            label = say(question.label) if question.label else ""
            consents.append({"question": question.id, "ask": say(question.ask), "label": label, "until": until})
        elif value is not None:
            lines.append({"ask": say(question.ask), "said": _in_words(question, given, say)})
    return {"at": _day(row["created_at"]), "consents": consents, "lines": lines}


def _in_words(question: Question, given: Mapping[str, Any], say: Retelling) -> str:
    """What somebody answered: numbers and texts as they are, what was chosen by its label or by what they wrote."""
    value, written = given[question.id], given.get(other_key(question))
    said = [str(one) for one in (value if isinstance(value, list) else [value])]
    return ", ".join(written if one == OTHER and written else say.option(question, one) for one in said)


def _day(at_ms: int) -> str:
    return iso_time(at_ms)[:10]
