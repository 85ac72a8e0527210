"""`/api/v1/...`: what the owner of a project and their programs call.

A Bearer token belongs to one project, so no path names one, and what another project owns looks like what does not
exist. Writes are PUTs of the whole thing and so idempotent by themselves.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from tactful.core.by_question import by_question_json
from tactful.core.changes import Change, content_of
from tactful.core.clicks import clicks_in
from tactful.core.differences import differences, unified
from tactful.core.reading import read_file, read_policy, read_survey, read_words, write_policy, write_survey
from tactful.core.results import as_json
from tactful.definitions import change_json, written_text
from tactful.errors import BadRequest, NotFound
from tactful.identity import normal_id
from tactful.store.applying import plan_file
from tactful.store.erasure import erase, export, find_by_id
from tactful.store.groups import EVERYTHING, groups_of
from tactful.store.people import Known
from tactful.store.projects import Config, apply_definitions
from tactful.store.results import Window, find_people, list_responses, person_row, survey_sums
from tactful.store.script import Row
from tactful.store.versions import NEWEST, Version, find_version, list_versions
from tactful.store.why import why_of
from tactful.store.words import apply_words
from tactful.web.by_question import answered_by_question
from tactful.web.calls import Call, answer, authorised, definition_of, limit_of, page_of
from tactful.web.links import link_to_send
from tactful.web.privacy import act, exported_json
from tactful.web.summary import after_json, after_of, compared_json, results_of
from tactful.web.times import iso_time
from tactful.web.why import explanation_json

__all__ = [
    "delete_person",
    "get_export",
    "get_people",
    "get_person",
    "get_policy",
    "get_preferences_link",
    "get_responses",
    "get_results",
    "get_survey",
    "get_surveys",
    "get_version",
    "get_versions",
    "get_why",
    "get_words",
    "post_diff",
    "put_policy",
    "put_survey",
    "put_words",
]


async def _applied(call: Call, change: tuple[Change, ...]) -> Change:
    await call.service.configs.refresh()
    return change[0]


@authorised("surveys:read")
async def get_surveys(call: Call) -> Response:
    """All surveys of the project."""
    surveys = sorted(call.config.catalogue.surveys.items())
    return answer({"data": [_survey_json(call.config, key) for key, _ in surveys], "next": None})


def _survey_json(config: Config, key: str) -> dict[str, Any]:
    live = config.catalogue.surveys.get(key)
    if live is None:
        raise NotFound("no_such_survey", "There is no such survey.")
    return write_survey(live.survey) | {"version": live.version, "kind": live.survey.kind}


@authorised("surveys:read")
async def get_survey(call: Call) -> Response:
    """One survey as it is now."""
    return answer(_survey_json(call.config, call.request.path_params["key"]))


@authorised("surveys:write")
async def put_survey(call: Call) -> Response:
    """Make the survey what the body says; the key in the path is the survey's."""
    data, take = await definition_of(call)
    key = call.request.path_params["key"]
    survey, warnings = take(read_survey({"key": key} | data if isinstance(data, dict) else data))
    if survey.key != key:
        raise BadRequest("key_mismatch", "The survey's `key` is not the one in the path.", path="key")
    change = await _applied(call, await call.service.db.run(apply_definitions, call.project_id, None, (survey,)))
    config = await call.service.configs.get(call.project_id)
    told = _survey_json(config, key) | {"change": change.how, "warnings": warnings}
    return answer(told, 201 if change.how == "created" else 200)


@authorised("surveys:read")
async def get_versions(call: Call) -> Response:
    """The survey's versions, the newest first; `before` continues."""
    limit, key = limit_of(call), call.request.path_params["key"]
    before = _number(call.query("before"), "before") or NEWEST
    _survey_json(call.config, key)  # an unknown survey has no list, not an empty one
    found = await call.service.db.read(list_versions, call.project_id, key, before, limit)
    following = {"before": str(found[-1].version)} if len(found) == limit else None
    return page_of(call, [_version_json(one) for one in found], following)


@authorised("surveys:read")
async def get_version(call: Call) -> Response:
    """One version of the survey, and how it differs from the one before it or from version `against`."""
    key, written = call.request.path_params["key"], call.request.path_params["version"]
    number = int(written) if _is_number(written) else 0
    against = _number(call.query("against"), "against")
    found = await _version(call, key, number)
    before = number - 1 if against is None else against
    other = None if before == 0 and against is None else await _version(call, key, before)
    return answer(_version_json(found) | {"definition": content_of(found.survey), "diff": _diff(other, found)})


def _number(written: str | None, name: str) -> int | None:
    if written is None:
        return None
    if not _is_number(written):
        raise BadRequest("bad_query", f"`{name}` is the number of a version.")
    return int(written)


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdecimal() and len(written) < 16


async def _version(call: Call, key: str, number: int) -> Version:
    if "\0" not in key:
        found = await call.service.db.read(find_version, call.project_id, key, number)
        if found is not None:
            return found
    raise NotFound("no_such_version", "There is no such version of a survey.")


def _version_json(one: Version) -> dict[str, Any]:
    return {
        "survey": one.survey.key,
        "version": one.version,
        "current": one.current,
        "created_at": iso_time(one.created_at),
    }


def _diff(other: Version | None, found: Version) -> str:
    was = written_text(content_of(other.survey)) if other else ""
    older, newer = (f"{found.survey.key}, version {one.version}" if one else "nothing" for one in (other, found))
    return unified(older, newer, differences(was, written_text(content_of(found.survey))))


@authorised("surveys:read")
async def post_diff(call: Call) -> Response:
    """What applying the body, a file of definitions, would change, and what that means; nothing is changed."""
    data, take = await definition_of(call)
    wanted, warnings = take(read_file(data))
    if wanted.policy is not None:
        call.need("policy:read")
    if wanted.receivers:
        call.need("receivers:read")
    if wanted.words is not None:
        call.need("words:read")
    changes = await call.service.db.scan(plan_file, call.project_id, wanted)
    return answer({"data": [change_json(one) for one in changes], "warnings": warnings})


@authorised("policy:read")
async def get_policy(call: Call) -> Response:
    """The project's policy."""
    return answer(write_policy(call.config.catalogue.policy))


@authorised("policy:write")
async def put_policy(call: Call) -> Response:
    """Make the project's policy what the body says."""
    data, take = await definition_of(call)
    policy, warnings = take(read_policy(data))
    change = await _applied(call, await call.service.db.run(apply_definitions, call.project_id, policy, ()))
    return answer(write_policy(policy) | {"change": change.how, "warnings": warnings})


@authorised("words:read")
async def get_words(call: Call) -> Response:
    """What the project says in place of our own words."""
    return answer({"words": call.config.words})


@authorised("words:write")
async def put_words(call: Call) -> Response:
    """Make the project's own words what the body says."""
    data, take = await definition_of(call)
    words, warnings = take(read_words(data))
    change = await _applied(call, (await call.service.db.run(apply_words, call.project_id, words),))
    return answer({"words": words, "change": change.how, "warnings": warnings})


@authorised("results:read")
async def get_results(call: Call) -> Response:
    """The survey's score with its interval, distribution and rates."""
    key = call.request.path_params["key"]
    live = call.config.catalogue.surveys.get(key)
    if live is None:
        raise NotFound("no_such_survey", "There is no such survey.")
    sums = await call.service.db.scan(survey_sums, call.project_id, key, Window())
    names = [one.name for one in live.survey.variants]
    groups = await call.service.db.scan(groups_of, call.project_id, key, EVERYTHING, names)
    asked = [question for question in live.survey.questions if question.kind.answer != "nothing"]
    found = await answered_by_question(call.service, call.project_id, live.survey, EVERYTHING, asked)
    told = {
        "questions": [by_question_json(one.sums) for one in found],
        "variants": compared_json(live.survey, groups.variants),
        "arms": compared_json(live.survey, groups.arms),
        "clicks": after_json(await after_of(call.service, call.project_id, live.survey, Window())),
    }
    return answer({"survey": key} | as_json(results_of(live.survey, sums)) | told)


@authorised("responses:read")
async def get_responses(call: Call) -> Response:
    """Responses, newest first; `survey` narrows them, `before` continues."""
    limit = limit_of(call)
    before = _read_cursor(call.query("before"))
    rows = await call.service.db.read(list_responses, call.project_id, call.query("survey"), before, limit)
    last = rows[-1] if len(rows) == limit else None
    following = {"before": f"{last['created_at']}.{last['response_id']}"} if last else None
    return page_of(call, [_response_json(row) for row in rows], following)


def _read_cursor(written: str | None) -> tuple[int, str] | None:
    if written is None:
        return None
    at, _, response_id = written.partition(".")
    if not (at.isascii() and at.isdecimal() and len(at) < 17 and response_id):
        raise BadRequest("bad_query", "`before` is what a list's `next` says.")
    return int(at), response_id


def _response_json(row: Row) -> dict[str, Any]:
    return {
        "id": row["response_id"],
        "survey": row["survey_key"],
        "version": row["version"],
        "score": row["score"],
        "band": row["band"],
        "comment": row["comment"],
        "answers": orjson.loads(row["answers"]),
        "event": orjson.loads(row["event"]),
        "variant": row["variant"],
        "arm": row["arm"],
        "clicks": clicks_in(row["clicks"] or 0),
        "done": bool(row["done"]),
        "test": bool(row["test"]),
        "created_at": iso_time(row["created_at"]),
        "updated_at": iso_time(row["updated_at"]),
        "person": {
            "id": row["person_id"],
            "user_id": row["user_id"],
            "anonymous_id": row["anonymous_id"],
            "traits": orjson.loads(row["traits"]),
        },
    }


@authorised("people:read")
async def get_people(call: Call) -> Response:
    """The person with `user_id` or `anonymous_id`, or all people, by id."""
    limit, after, alias = limit_of(call), call.query("after") or "", _alias(call)
    rows = await call.service.db.read(find_people, call.project_id, alias, after, limit)
    following = {"after": str(rows[-1]["person_id"])} if alias is None and len(rows) == limit else None
    return page_of(call, [_person_json(row) for row in rows], following)


def _alias(call: Call) -> str | None:
    for prefix, name in (("u:", "user_id"), ("a:", "anonymous_id")):
        written = call.query(name)
        if written is not None:  # an empty id is nobody's, not everybody's
            return prefix + (normal_id(written) or "")
    return None


def _person_json(row: Row) -> dict[str, Any]:
    return {
        "id": row["person_id"],
        "user_id": row["user_id"],
        "anonymous_id": row["anonymous_id"],
        "account_id": row["account_id"],
        "traits": orjson.loads(row["traits"]),
        "first_seen_at": iso_time(row["first_seen_at"]),
        "last_at": iso_time(row["last_at"]),
        "opted_out": row["opted_out_at"] is not None,
        "test": bool(row["test"]),
    }


@authorised("people:read")
async def get_person(call: Call) -> Response:
    """One person, merges followed."""
    _, known = await _known(call)
    return answer(_person_json(await call.service.db.read(person_row, call.project_id, known.person_id)))


def _no_such_person() -> NotFound:
    return NotFound("no_such_person", "There is no such person.")


async def _known(call: Call) -> tuple[Config, Known]:
    person_id = call.request.path_params["person_id"]
    found = None if "\0" in person_id else await call.service.person(call.project_id, person_id)
    if found is None:
        raise _no_such_person()
    return found


@authorised("people:read")
async def get_why(call: Call) -> Response:
    """For each survey, or for `survey`: may this person be asked, and if not, every reason with its numbers."""
    config, known = await _known(call)
    now = call.service.clock.now_ms()
    found = await call.service.db.read(why_of, call.project_id, known.person_id, config.catalogue, now)
    if found is None:
        raise _no_such_person()
    return answer(explanation_json(config, found, call.query("survey")))


@authorised("people:read")
async def get_export(call: Call) -> Response:
    """Everything that is held of a person, as they may ask for it."""
    db, wanted = call.service.db, call.request.path_params["person_id"]
    person_id = await db.read(find_by_id, call.project_id, wanted)
    tables = await db.scan(export, call.project_id, person_id)
    return answer(exported_json(call.config.name, person_id, tables, call.service.clock.now_ms()))


@authorised("people:write")
async def get_preferences_link(call: Call) -> Response:
    """A link by which this person sees and changes what they agreed to, to be given to them alone."""
    person_id = await call.service.db.read(find_by_id, call.project_id, call.request.path_params["person_id"])
    url, expires_at = link_to_send(call.service, call.project_id, person_id)
    return answer({"url": url, "expires_at": iso_time(expires_at)})


@authorised("people:write")
async def delete_person(call: Call) -> Response:
    """Erase a person; how many rows of each table that removed."""
    wanted = call.request.path_params["person_id"]
    removed = await call.service.db.run(erase, call.project_id, wanted, act(call.service.clock, "API"))
    await call.service.forget_erased(call.project_id)
    call.service.updates.tell_all("change")
    return answer({"erased": removed})
