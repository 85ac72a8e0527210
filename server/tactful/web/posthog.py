"""`/batch`: PostHog's dialect, of its server SDKs, said in Segment's.

Measured against posthog (Python) and posthog-node: the key stands in the body (`api_key`), every message is an event
with a `distinct_id` and a `uuid`, and what is no event to us has a name that begins with `$`.

    $identify, $set                    identify: what is in `$set`, beside the properties or among them
    any event with `$set`              identify as well
    any event with `$groups`           group as well, once for each person of a batch
    $groupidentify                     group, of nobody: the account's traits
    $create_alias                      alias
    $pageview, $screen                 page, screen
    any other `$...`                   nothing: PostHog's own bookkeeping, such as every look at a feature flag

Properties whose names begin with `$` are PostHog's own too, and left out. `$set_once` is not understood: to keep what
was there before is nothing that traits can do. What was sent for nobody (`$process_person_profile: false`, with a
`distinct_id` made up on the way) is dropped; its neighbours are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import orjson

from tactful.web.bodies import MESSAGE_LIMIT, is_sound, mended

__all__ = ["as_segment"]

Fields = Mapping[str, Any]

#: Which kind of group is the account. One of another kind is an account where somebody has no other group; its kind
#: stands before its id, so that the team 7 is not the company 7.
ACCOUNT_GROUPS = ("account", "company", "organization", "organisation")
_VIEWS = {"$pageview": "page", "$screen": "screen"}
#: What only says that there was a message: read as one of no type, and counted as dropped.
_NOTHING: Fields = {}
#: Python's `alias(previous_id, distinct_id)` writes the two the other way round than all other libraries.
_TURNED_ROUND = "posthog-python"


class _Posted(msgspec.Struct, gc=False):
    batch: list[msgspec.Raw]
    api_key: Any = None
    token: Any = None
    sent_at: Any = None


_read = msgspec.json.Decoder(_Posted).decode


def as_segment(body: bytes) -> bytes:
    """Say a batch in Segment's dialect. What is no batch is returned as it is, for the reader to refuse."""
    try:
        posted = _opened(body)
    except (ValueError, RecursionError):
        return body
    said: list[Fields] = []
    members: dict[tuple[Any, str], Fields] = {}
    for written in posted.batch:
        for message in _said(_fields(written)):
            if message.get("type") == "group" and "userId" in message:
                members[repr(message["userId"]), message["groupId"]] = message
            else:
                said.append(message)
    key = posted.api_key if posted.api_key is not None else posted.token
    around = {"writeKey": _if_sound(key), "sentAt": _if_sound(posted.sent_at)}
    return orjson.dumps(around | {"batch": [*said, *members.values()]})


def _if_sound(value: object) -> object:
    """What stands around the messages, or nothing where it is out of bounds, as no key and no time is."""
    return value if is_sound(value) else None


def _opened(body: bytes) -> _Posted:
    try:
        return _read(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return _read(mended(body))


def _fields(written: bytes) -> Fields:
    """A message, or nothing where it is none or out of bounds."""
    try:
        fields = orjson.loads(memoryview(written)) if len(written) <= MESSAGE_LIMIT else None
    except orjson.JSONDecodeError:
        return _NOTHING
    return fields if isinstance(fields, dict) and is_sound(fields) else _NOTHING


def _said(fields: Fields) -> Iterator[Fields]:
    """The messages that one of PostHog's comes to: at least one, so that none is dropped without being counted."""
    name, properties = fields.get("event"), _object(fields.get("properties"))
    person = {"userId": fields.get("distinct_id", properties.get("distinct_id"))}
    if not isinstance(name, str) or properties.get("$process_person_profile") is False:
        yield _NOTHING
        return
    if name == "$create_alias":
        yield _base(fields, "alias") | _names(person["userId"], properties)
        return
    if name == "$groupidentify":
        yield _described(fields, properties)
        return
    traits = _own(_object(properties.get("$set")) | _object(fields.get("$set")))
    if name == "$identify" or traits:
        anonymous = {"anonymousId": properties.get("$anon_distinct_id")}
        yield _base(fields, "identify", apart=":set") | person | anonymous | {"traits": traits}
    group_id = _account(_object(properties.get("$groups")))
    if group_id is not None:
        yield _base(fields, "group", apart=":group") | person | {"groupId": group_id}
    if name in _VIEWS:
        yield _base(fields, _VIEWS[name]) | person | {"properties": _own(properties)}
    elif not name.startswith("$"):
        yield _base(fields, "track") | person | {"event": name, "properties": _own(properties)}
    elif name != "$identify" and not traits:
        yield _NOTHING


def _base(fields: Fields, kind: str, apart: str = "") -> dict[str, Any]:
    """What every message has; `apart` tells the ids of several that come of one."""
    uuid = fields.get("uuid")
    message_id = uuid + apart if isinstance(uuid, str) and uuid else None
    return {"type": kind, "messageId": message_id, "timestamp": fields.get("timestamp")}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _own(properties: Fields) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if not name.startswith("$")}


def _names(distinct_id: object, properties: Fields) -> dict[str, Any]:
    """The two names of one person."""
    alias = properties.get("alias")
    turned = properties.get("$lib") == _TURNED_ROUND
    return {"userId": alias, "previousId": distinct_id} if turned else {"userId": distinct_id, "previousId": alias}


def _account(groups: Fields) -> str | None:
    """The id of the group that is the person's account; a number counts as its digits."""
    kind = next((kind for kind in ACCOUNT_GROUPS if kind in groups), None)
    if kind is None and len(groups) == 1:
        [kind] = groups
    key = groups.get(kind) if kind is not None else None
    if not isinstance(key, str | int) or isinstance(key, bool) or key == "":
        return None
    return str(key) if kind in ACCOUNT_GROUPS else f"{kind}:{key}"


def _described(fields: Fields, properties: Fields) -> Fields:
    """An account's traits, of nobody in particular."""
    kind = properties.get("$group_type")
    group_id = _account({kind: properties.get("$group_key")}) if isinstance(kind, str) else None
    if group_id is None:
        return _NOTHING
    return _base(fields, "group") | {"groupId": group_id, "traits": _own(_object(properties.get("$group_set")))}
