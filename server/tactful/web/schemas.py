"""The shapes of what the management API answers, as JSON Schema; web/openapi.py says which call answers which."""

from __future__ import annotations

from typing import Any

__all__ = ["MAYBE_TIME", "OPEN", "SCHEMAS", "TEXT", "Schema", "ref"]

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
TIME: Schema = {"type": "string", "format": "date-time"}
MAYBE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
OPEN: Schema = {"type": "object"}


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
                name=TEXT,
                asked=NUMBER,
                n=NUMBER,
                score={"type": ["object", "null"]},
                responded=OPEN,
                difference={"type": ["object", "null"]},
                responded_difference={"type": ["object", "null"]},
            ),
        },
        "comparisons": NUMBER,
        "many": FLAG,
    },
}


_CLICKS: Schema = {
    "type": "array",
    "items": _object(
        band=MAYBE_TEXT, what=TEXT, count=NUMBER, of=NUMBER, share={"type": ["number", "null"]}, low={}, high={}
    ),
}


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": ref(name)}


def ref(name: str) -> Schema:
    """A reference to a schema of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def _page_of(name: str) -> Schema:
    return _object(data=_list_of(name), next={"type": ["string", "null"], "description": "Where the list goes on."})


SCHEMAS: dict[str, Schema] = {
    "Problem": _object(type=TEXT, title=TEXT, status=NUMBER, detail=TEXT, code=TEXT, message=TEXT),
    "Survey": _object(key=TEXT, name=TEXT, state=TEXT, version=NUMBER, kind=TEXT, questions={"type": "array"}),
    "Surveys": _page_of("Survey"),
    "Version": _object(survey=TEXT, version=NUMBER, current=FLAG, created_at=TIME),
    "Versions": _page_of("Version"),
    "VersionWhole": _object(survey=TEXT, version=NUMBER, current=FLAG, created_at=TIME, definition=OPEN, diff=TEXT),
    "Diff": _object(
        data={
            "type": "array",
            "items": _object(
                survey=MAYBE_TEXT,
                receiver=MAYBE_TEXT,
                change={"enum": ["created", "changed", "unchanged"]},
                version={"type": ["integer", "null"]},
                before={"type": ["integer", "null"]},
                state={"type": ["object", "null"]},
                diff=TEXT,
                means={"type": "array", "items": TEXT},
            ),
        },
        warnings={"type": "array", "items": OPEN},
    ),
    "Receiver": _object(
        key=TEXT,
        name=TEXT,
        auth=_object(kind=TEXT),
        event={"type": ["string", "array"]},
        address=MAYBE_TEXT,
        secrets=NUMBER,
        secret_at=MAYBE_TIME,
        created_at=TIME,
        updated_at=TIME,
        received_at=MAYBE_TIME,
        outcomes={"type": "object", "additionalProperties": _object(times=NUMBER, last_at=TIME)},
    ),
    "Receivers": _page_of("Receiver"),
    "Deleted": _object(deleted=TEXT),
    "Policy": _object(rules={"type": "array", "items": OPEN}, tenure=TEXT, holdout={"type": "number"}),
    "Words": _object(words={"type": "object", "additionalProperties": OPEN}),
    "Results": _object(
        n=NUMBER,
        asked=NUMBER,
        survey=TEXT,
        rates=OPEN,
        questions={
            "type": "array",
            "items": _object(id=TEXT, kind=TEXT, n=NUMBER, set_aside=NUMBER, reliability=TEXT, answered=OPEN),
        },
        variants=_COMPARISON,
        arms=_COMPARISON,
        clicks=_CLICKS,
    ),
    "Identity": _object(
        mode={"enum": ["off", "warn", "enforce"]},
        longest=TEXT,
        secrets={
            "type": "array",
            "items": _object(id=TEXT, ends=TEXT, accepts=TEXT, created_at=TIME, last_used_at=MAYBE_TIME),
        },
        report=_object(
            signed_share={"type": ["number", "null"]},
            identified=NUMBER,
            outcomes={
                "type": "array",
                "items": _object(outcome=TEXT, message=TEXT, count=NUMBER, last_at=TIME, last_origin=TEXT),
            },
            days={"type": "array", "items": _object(day=TEXT, outcomes=OPEN)},
        ),
    ),
    "Person": _object(
        id=TEXT,
        user_id=MAYBE_TEXT,
        anonymous_id=MAYBE_TEXT,
        account_id=MAYBE_TEXT,
        traits=OPEN,
        first_seen_at=TIME,
        last_at=TIME,
        opted_out=FLAG,
        test=FLAG,
    ),
    "People": _page_of("Person"),
    "Export": _object(person=TEXT, project=TEXT, exported_at=TIME, tables=OPEN),
    "PreferencesLink": _object(url=TEXT, expires_at=TIME),
    "Erased": _object(erased=OPEN),
    "Why": _object(
        person=OPEN,
        now=TIME,
        next=_object(free_at=MAYBE_TIME),
        decisions={
            "type": "array",
            "items": _object(
                at=TIME,
                first_at=TIME,
                times=NUMBER,
                survey=TEXT,
                outcome=TEXT,
                message=TEXT,
                reasons={"type": "array", "items": _object(code=TEXT, message=TEXT)},
            ),
        },
        behind_ms=NUMBER,
        surveys={
            "type": "array",
            "items": _object(
                survey=TEXT,
                may_ask=FLAG,
                depends_on={"type": "array", "items": TEXT},
                refusals={"type": "array", "items": _object(code=TEXT, message=TEXT, free_at=MAYBE_TIME)},
                rules={"type": "array", "items": _object(rule=TEXT, counted=NUMBER, cap=NUMBER)},
                waits_for={"type": "array", "items": _object(event=TEXT, counted=NUMBER, message=TEXT)},
                waiting={
                    "type": "array",
                    "items": _object(per=MAYBE_TEXT, event=OPEN, not_before=TIME, in_ms=NUMBER),
                },
            ),
        },
    ),
    "Refusals": _object(
        survey=TEXT,
        until=TIME,
        outcomes=OPEN,
        reasons={"type": "array", "items": _object(code=TEXT, rule=MAYBE_TEXT, message=TEXT, count=NUMBER)},
        dropped=NUMBER,
        hours={"type": "array", "items": _object(hour=TIME, outcomes=OPEN, reasons={"type": "array"})},
        behind_ms=NUMBER,
    ),
    "Event": _object(
        name=TEXT,
        source=TEXT,
        count=NUMBER,
        first_at=TIME,
        last_at=TIME,
        properties={
            "type": "array",
            "items": _object(name=TEXT, types={"type": "array", "items": TEXT}),
        },
        surveys={"type": "array", "items": TEXT},
    ),
    "Events": _page_of("Event"),
    "Response": _object(
        id=TEXT,
        survey=TEXT,
        score={"type": ["integer", "null"]},
        band=MAYBE_TEXT,
        comment=MAYBE_TEXT,
        answers=OPEN,
        event=OPEN,
        variant=MAYBE_TEXT,
        arm=MAYBE_TEXT,
        clicks={"type": "array", "items": TEXT},
        done=FLAG,
        created_at=TIME,
        updated_at=TIME,
        person=_object(id=TEXT, user_id=MAYBE_TEXT, anonymous_id=MAYBE_TEXT, traits=OPEN),
    ),
    "Responses": _page_of("Response"),
}
