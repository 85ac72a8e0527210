"""The management API as OpenAPI 3.1, built from one table: a route there is an entry here (a test keeps them equal).

The document says what the code promises and no more: objects may carry further members, definitions are described
in /docs and checked with every fault named, so here they are open objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tactful import __version__
from tactful.web.schemas import OPEN, SCHEMAS, TEXT, Schema, ref

__all__ = ["OPERATIONS", "Operation", "document", "serve_document"]

_ID: Schema = {"type": "string", "maxLength": 256}
QUERY: dict[str, tuple[Schema, str]] = {
    "limit": ({"type": "integer", "minimum": 1, "maximum": 100, "default": 50}, "How many at most."),
    "before": (TEXT, "Continues a list of responses or versions: take it from `next`."),
    "against": ({"type": "integer", "minimum": 1}, "The version to compare with, instead of the one before."),
    "after": (TEXT, "Continues a list of people: take it from `next`."),
    "survey": (TEXT, "Only this survey's key."),
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
        "What applying a file of definitions would change, and what that means; nothing is changed.",
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
        "/api/v1/words",
        "get_words",
        "What the project says in place of our own words, by language and name.",
        "words:read",
        "Words",
    ),
    Operation(
        "PUT",
        "/api/v1/words",
        "put_words",
        "Make the project's own words what the body says; what it leaves out is ours.",
        "words:write",
        "Words",
        body=True,
    ),
    Operation(
        "GET", "/api/v1/receivers", "get_receivers", "All receivers of the project.", "receivers:read", "Receivers"
    ),
    Operation("GET", "/api/v1/receivers/{key}", "get_receiver", "One receiver.", "receivers:read", "Receiver"),
    Operation(
        "PUT",
        "/api/v1/receivers/{key}",
        "put_receiver",
        "Make the receiver what the body says. A secret that we make for a new one is told this once, as `secret`.",
        "receivers:write",
        "Receiver",
        body=True,
    ),
    Operation(
        "DELETE",
        "/api/v1/receivers/{key}",
        "delete_receiver",
        "Delete a receiver; its address leads nowhere from now on.",
        "receivers:write",
        "Deleted",
    ),
    Operation(
        "POST",
        "/api/v1/receivers/{key}/secret",
        "post_secret",
        "Change to a new secret, `secret` or one of ours; the one before stays good unless `keep_previous` is false.",
        "receivers:write",
        "Receiver",
        body=True,
    ),
    Operation(
        "DELETE",
        "/api/v1/receivers/{key}/secret/previous",
        "delete_previous_secret",
        "Let only the newest secret be good from now on.",
        "receivers:write",
        "Receiver",
    ),
    Operation(
        "GET",
        "/api/v1/identity",
        "get_identity",
        "How the project's users are proved, and what came of it in the last 90 days.",
        "identity:read",
        "Identity",
    ),
    Operation(
        "PUT",
        "/api/v1/identity",
        "put_identity",
        "Change the mode, how long a token may be valid, or both; what is left out stays.",
        "identity:write",
        "Identity",
        body=True,
    ),
    Operation(
        "POST",
        "/api/v1/identity/secrets",
        "post_identity_secret",
        "Add a secret: that of the body, or a new one, which is told this once.",
        "identity:write",
        "Identity",
        body=True,
    ),
    Operation(
        "DELETE",
        "/api/v1/identity/secrets/{secret_id}",
        "delete_identity_secret",
        "Revoke a secret: what it made proves nothing from now on.",
        "identity:write",
        "Identity",
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
        "/api/v1/people/{person_id}/preferences-link",
        "get_preferences_link",
        "A link by which the person sees and changes what they agreed to; give it to them alone.",
        "people:write",
        "PreferencesLink",
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
            yield {"name": part.strip("{}"), "in": "path", "required": True, "schema": TEXT}
    for name in operation.query:
        schema, description = QUERY[name]
        yield {"name": name, "in": "query", "schema": schema, "description": description}


def _answers(operation: Operation) -> dict[str, Schema]:
    good = {"application/json": {"schema": ref(operation.answer)}}
    problem = {"application/problem+json": {"schema": ref("Problem")}}
    refusals = [400, 401, 403, 404, 405, 503] + [413, 422] * operation.body
    refusals += [409] * (operation.body or operation.method == "DELETE") + [507] * (operation.method != "GET")
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
        told["requestBody"] = {"required": True, "content": {one: {"schema": OPEN} for one in types}}
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
