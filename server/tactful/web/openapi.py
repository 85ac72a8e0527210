"""The management API as OpenAPI 3.1, built from one table: a route there is an entry here (a test keeps them equal).

The document says what the code promises and no more: objects may carry further members, definitions are described
in /docs and checked with every fault named, so here they are open objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tactful import __version__

__all__ = ["OPERATIONS", "Operation", "document", "serve_document"]

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_MAYBE_TEXT: Schema = {"type": ["string", "null"]}
_TIME: Schema = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_NUMBER: Schema = {"type": "integer"}
_FLAG: Schema = {"type": "boolean"}
_OPEN: Schema = {"type": "object"}


def _object(**properties: Schema) -> Schema:
    """An object that has all of `properties`, and perhaps more."""
    return {"type": "object", "required": list(properties), "properties": properties}


_COMPARISON: Schema = {
    "type": ["object", "null"],
    "required": ["groups", "comparisons", "many"],
    "properties": {
        "groups": {
            "type": "array",
            "items": _object(
                name=_TEXT,
                asked=_NUMBER,
                n=_NUMBER,
                score={"type": ["object", "null"]},
                responded=_OPEN,
                difference={"type": ["object", "null"]},
                responded_difference={"type": ["object", "null"]},
            ),
        },
        "comparisons": _NUMBER,
        "many": _FLAG,
    },
}


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _page_of(name: str) -> Schema:
    return _object(data=_list_of(name), next={"type": ["string", "null"], "description": "Where the list goes on."})


SCHEMAS: dict[str, Schema] = {
    "Problem": _object(type=_TEXT, title=_TEXT, status=_NUMBER, detail=_TEXT, code=_TEXT, message=_TEXT),
    "Survey": _object(key=_TEXT, name=_TEXT, state=_TEXT, version=_NUMBER, kind=_TEXT, questions={"type": "array"}),
    "Surveys": _page_of("Survey"),
    "Version": _object(survey=_TEXT, version=_NUMBER, current=_FLAG, created_at=_TIME),
    "Versions": _page_of("Version"),
    "VersionWhole": _object(
        survey=_TEXT, version=_NUMBER, current=_FLAG, created_at=_TIME, definition=_OPEN, diff=_TEXT
    ),
    "Diff": _object(
        data={
            "type": "array",
            "items": _object(
                survey=_MAYBE_TEXT,
                change={"enum": ["created", "changed", "unchanged"]},
                version={"type": ["integer", "null"]},
                before={"type": ["integer", "null"]},
                state={"type": ["object", "null"]},
                diff=_TEXT,
                means={"type": "array", "items": _TEXT},
            ),
        },
        warnings={"type": "array", "items": _OPEN},
    ),
    "Policy": _object(rules={"type": "array", "items": _OPEN}, tenure=_TEXT, holdout={"type": "number"}),
    "Results": _object(n=_NUMBER, asked=_NUMBER, survey=_TEXT, rates=_OPEN, variants=_COMPARISON, arms=_COMPARISON),
    "Person": _object(
        id=_TEXT,
        user_id=_MAYBE_TEXT,
        anonymous_id=_MAYBE_TEXT,
        account_id=_MAYBE_TEXT,
        traits=_OPEN,
        first_seen_at=_TIME,
        last_at=_TIME,
        opted_out=_FLAG,
        test=_FLAG,
    ),
    "People": _page_of("Person"),
    "Export": _object(person=_TEXT, project=_TEXT, exported_at=_TIME, tables=_OPEN),
    "Erased": _object(erased=_OPEN),
    "Why": _object(
        person=_OPEN,
        now=_TIME,
        next=_object(free_at=_MAYBE_TIME),
        decisions={
            "type": "array",
            "items": _object(
                at=_TIME,
                first_at=_TIME,
                times=_NUMBER,
                survey=_TEXT,
                outcome=_TEXT,
                message=_TEXT,
                reasons={"type": "array", "items": _object(code=_TEXT, message=_TEXT)},
            ),
        },
        behind_ms=_NUMBER,
        surveys={
            "type": "array",
            "items": _object(
                survey=_TEXT,
                may_ask=_FLAG,
                depends_on={"type": "array", "items": _TEXT},
                refusals={"type": "array", "items": _object(code=_TEXT, message=_TEXT, free_at=_MAYBE_TIME)},
                rules={"type": "array", "items": _object(rule=_TEXT, counted=_NUMBER, cap=_NUMBER)},
                waits_for={"type": "array", "items": _object(event=_TEXT, counted=_NUMBER, message=_TEXT)},
                waiting={
                    "type": "array",
                    "items": _object(per=_MAYBE_TEXT, event=_OPEN, not_before=_TIME, in_ms=_NUMBER),
                },
            ),
        },
    ),
    "Refusals": _object(
        survey=_TEXT,
        until=_TIME,
        outcomes=_OPEN,
        reasons={"type": "array", "items": _object(code=_TEXT, rule=_MAYBE_TEXT, message=_TEXT, count=_NUMBER)},
        dropped=_NUMBER,
        hours={"type": "array", "items": _object(hour=_TIME, outcomes=_OPEN, reasons={"type": "array"})},
        behind_ms=_NUMBER,
    ),
    "Event": _object(
        name=_TEXT,
        source=_TEXT,
        count=_NUMBER,
        first_at=_TIME,
        last_at=_TIME,
        properties={
            "type": "array",
            "items": _object(name=_TEXT, types={"type": "array", "items": _TEXT}),
        },
        surveys={"type": "array", "items": _TEXT},
    ),
    "Events": _page_of("Event"),
    "Response": _object(
        id=_TEXT,
        survey=_TEXT,
        score={"type": ["integer", "null"]},
        band=_MAYBE_TEXT,
        comment=_MAYBE_TEXT,
        answers=_OPEN,
        event=_OPEN,
        variant=_MAYBE_TEXT,
        arm=_MAYBE_TEXT,
        done=_FLAG,
        created_at=_TIME,
        updated_at=_TIME,
        person=_object(id=_TEXT, user_id=_MAYBE_TEXT, anonymous_id=_MAYBE_TEXT, traits=_OPEN),
    ),
    "Responses": _page_of("Response"),
}

_ID: Schema = {"type": "string", "maxLength": 256}
QUERY: dict[str, tuple[Schema, str]] = {
    "limit": ({"type": "integer", "minimum": 1, "maximum": 100, "default": 50}, "How many at most."),
    "before": (_TEXT, "Continues a list of responses or versions: take it from `next`."),
    "against": ({"type": "integer", "minimum": 1}, "The version to compare with, instead of the one before."),
    "after": (_TEXT, "Continues a list of people: take it from `next`."),
    "survey": (_TEXT, "Only this survey's key."),
    "user_id": (_ID, "Only the person with this user id."),
    "from": ({"type": "string"}, "The first hour: a date or a time, by default seven days before `until`."),
    "until": ({"type": "string"}, "To before this time; now by default. Counts are kept for 90 days."),
    "anonymous_id": (_ID, "Only the person with this anonymous id."),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `answer` names a schema; a `body` is a definition, as JSON or as YAML."""

    method: str
    path: str
    name: str
    summary: str
    scope: str
    answer: str
    query: tuple[str, ...] = ()
    body: bool = False


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/api/v1/surveys", "get_surveys", "All surveys of the project.", "surveys:read", "Surveys"),
    Operation("GET", "/api/v1/surveys/{key}", "get_survey", "One survey as it is now.", "surveys:read", "Survey"),
    Operation(
        "PUT",
        "/api/v1/surveys/{key}",
        "put_survey",
        "Make the survey what the body says. Doing it again changes nothing.",
        "surveys:write",
        "Survey",
        body=True,
    ),
    Operation(
        "GET",
        "/api/v1/surveys/{key}/results",
        "get_results",
        "The survey's score with its interval, distribution and rates.",
        "results:read",
        "Results",
    ),
    Operation(
        "GET",
        "/api/v1/surveys/{key}/versions",
        "get_versions",
        "The survey's versions, the newest first.",
        "surveys:read",
        "Versions",
        query=("limit", "before"),
    ),
    Operation(
        "GET",
        "/api/v1/surveys/{key}/versions/{version}",
        "get_version",
        "One version of the survey, and how it differs from the one before it or from `against`.",
        "surveys:read",
        "VersionWhole",
        query=("against",),
    ),
    Operation(
        "POST",
        "/api/v1/diff",
        "post_diff",
        "What applying a file of `policy:` and `surveys:` would change, and what that means; nothing is changed.",
        "surveys:read",
        "Diff",
        body=True,
    ),
    Operation(
        "GET",
        "/api/v1/surveys/{key}/refusals",
        "get_refusals",
        "How often the survey was offered and was not, by reason, rule and hour.",
        "results:read",
        "Refusals",
        query=("from", "until"),
    ),
    Operation(
        "GET",
        "/api/v1/events",
        "get_events",
        "The names of events that came, with their properties and who waits for them.",
        "surveys:read",
        "Events",
    ),
    Operation("GET", "/api/v1/policy", "get_policy", "The project's throttle rules.", "policy:read", "Policy"),
    Operation(
        "PUT",
        "/api/v1/policy",
        "put_policy",
        "Make the policy what the body says; what it leaves out is the default.",
        "policy:write",
        "Policy",
        body=True,
    ),
    Operation(
        "GET",
        "/api/v1/people",
        "get_people",
        "The person with an id, or all people.",
        "people:read",
        "People",
        query=("user_id", "anonymous_id", "limit", "after"),
    ),
    Operation(
        "GET", "/api/v1/people/{person_id}", "get_person", "One person, merges followed.", "people:read", "Person"
    ),
    Operation(
        "DELETE",
        "/api/v1/people/{person_id}",
        "delete_person",
        "Erase a person: every row of theirs, for ever. Their opt-out holds on.",
        "people:write",
        "Erased",
    ),
    Operation(
        "GET",
        "/api/v1/people/{person_id}/export",
        "get_export",
        "Everything that is held of a person, by table.",
        "people:read",
        "Export",
    ),
    Operation(
        "GET",
        "/api/v1/people/{person_id}/why",
        "get_why",
        "For each survey: may this person be asked now, and if not, every reason and when it ends.",
        "people:read",
        "Why",
        query=("survey",),
    ),
    Operation(
        "GET",
        "/api/v1/responses",
        "get_responses",
        "Responses, newest first.",
        "responses:read",
        "Responses",
        query=("survey", "limit", "before"),
    ),
)


def _parameters(operation: Operation) -> Iterable[Schema]:
    for part in operation.path.split("/"):
        if part.startswith("{"):
            yield {"name": part.strip("{}"), "in": "path", "required": True, "schema": _TEXT}
    for name in operation.query:
        schema, description = QUERY[name]
        yield {"name": name, "in": "query", "schema": schema, "description": description}


def _answers(operation: Operation) -> dict[str, Schema]:
    good = {"application/json": {"schema": _ref(operation.answer)}}
    problem = {"application/problem+json": {"schema": _ref("Problem")}}
    refusals = [400, 401, 403, 404, 405, 503] + [409, 413, 422] * operation.body + [507] * (operation.method != "GET")
    return {
        str(status): {"description": HTTPStatus(status).phrase, "content": good if status < 300 else problem}
        for status in sorted([200] + [201] * (operation.method == "PUT") + refusals)
    }


def _operation(operation: Operation) -> Schema:
    told: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Scope: `{operation.scope}`.",
        "parameters": list(_parameters(operation)),
        "responses": _answers(operation),
    }
    if operation.body:
        types = ("application/json", "application/yaml")
        told["requestBody"] = {"required": True, "content": {one: {"schema": _OPEN} for one in types}}
    return told


def document(base_url: str) -> Schema:
    """Return the document of the service at `base_url`."""
    paths: dict[str, dict[str, Schema]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tactful",
            "version": __version__,
            "summary": "Surveys, policy, people and responses of one project.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base_url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The project's API token."}
            },
        },
    }


async def serve_document(request: Request) -> Response:
    """The document, for anybody: it names no project."""
    told = orjson.dumps(document(request.app.state.service.settings.base_url))
    return Response(told, headers={"Cache-Control": "public, max-age=300"}, media_type="application/json")
