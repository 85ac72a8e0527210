"""Reading receivers, and by them the payloads of other products."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.reading import Reading, read_file, read_receiver, write_receiver
from tactful.core.receivers import OUTCOMES, PRESETS, Hmac, Mapped, Part, Receiver, follow, parse_path, read
from tactful.core.spans import DAY_MS
from tests.core.receivers import CHATWOOT, INTERCOM, STANDARD, STRIPE, receivers
from tests.core.strategies import JSON

NOW = 1_795_285_826_000
SMALLEST: dict[str, Any] = {
    "key": "a",
    "name": "A",
    "auth": {"kind": "none"},
    "event": "Ticket Closed",
    "user_id": "$.user",
}
SIGNED: dict[str, Any] = {"kind": "hmac", "signature": "X-Sig", "content": "{timestamp}{body}", "timestamp": "X-Time"}


def receiver(**fields: Any) -> Receiver:
    reading = read_receiver({**SMALLEST, **fields})
    assert reading.faults == ()
    assert reading.value is not None
    return reading.value


def preset(which: str, **fields: Any) -> Receiver:
    reading = read_receiver({"key": "a", "preset": which, **fields})
    assert reading.faults == ()
    assert reading.value is not None
    return reading.value


def faults(**fields: Any) -> dict[str, str]:
    return {fault.path: fault.message for fault in read_receiver({**SMALLEST, **fields}).faults}


# Paths


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", {"a": {"b": [1, {"c": 2}], "x y": 3, "": 4, "$": 5}}),
        ("$.a.b[0]", 1),
        ("$.a.b[1].c", 2),
        ("$.a['x y']", 3),
        ('$["a"]["x y"]', 3),
        ("$['a']['$']", 5),
        ("$.a.b[2]", None),
        ("$.a[0]", None),
        ("$.a.b.c", None),
        ("$.none.at.all", None),
        ("a.b", None),
        ("$.a..b", None),
        ("$.a.*", None),
        ("$.a.b[-1]", None),
        ("$.a[?(@.b)]", None),
        ("$.a ", None),
        ("", None),
        ("$" + ".a" * 21, None),
        ("$." + "a" * 200, None),
    ],
)
def test_a_path_leads_to_one_place_or_nowhere(path: str, found: object) -> None:
    assert follow({"a": {"b": [1, {"c": 2}], "x y": 3, "": 4, "$": 5}}, path) == found


@given(JSON, st.text(max_size=30) | st.from_regex(r"\$(\.[a-c]|\[[0-2]\]){0,4}", fullmatch=True))
def test_following_is_total(payload: object, path: str) -> None:
    found = follow(payload, path)
    assert found is None or parse_path(path) is not None


# Definitions


def test_the_smallest_receiver_has_the_defaults() -> None:
    value = receiver()
    assert value == Receiver("a", "A", "Ticket Closed", user_id=("$.user",))


def test_presets_read_without_a_word_against_them() -> None:
    for name in PRESETS:
        reading = read_receiver({"key": name, "preset": name})
        assert (reading.faults, reading.warnings) == ((), ())
        assert reading.value is not None
        assert read_receiver(write_receiver(reading.value)).value == reading.value


def test_one_s_own_fields_take_the_place_of_the_preset_s() -> None:
    value = preset("chatwoot", name="Support", event="Ticket Closed", where=[])
    assert (value.name, value.event, value.where) == ("Support", "Ticket Closed", ())
    assert value.user_id == ("$.meta.sender.identifier",)


@pytest.mark.parametrize(
    ("fields", "path", "told"),
    [
        ({"preset": "chatwot"}, "preset", "did you mean `chatwoot`"),
        ({"preset": 3}, "preset", "a preset"),
        ({"user_id": "user"}, "user_id", "`$.a.b[0].c`"),
        ({"user_id": ["$.a", "b"]}, "user_id[1]", "a path"),
        ({"user_id": []}, "user_id", "a list of 1"),
        ({"event": "$.type[*]"}, "event", "a path"),
        ({"event": " "}, "event", "not blank"),
        ({"properties": {"a": 1}}, "properties.a", "a path"),
        ({"properties": {" ": "$.a"}}, "properties[` `]", "no name"),
        ({"properties": {str(n): "$.a" for n in range(51)}}, "properties", "at most 50"),
        ({"properties": 1}, "properties", "a path"),
        ({"where": [["status", "is", "x"]]}, "where[0][0]", "`$.ticket.status`"),
        ({"where": [["$.a", "equals", "x"]]}, "where[0][1]", "operator"),
        ({"where": [{"responded": "a"}]}, "where[0]", "an event has not"),
        ({"auth": "bearer"}, "auth", "write `kind:`"),
        ({"auth": {}}, "auth.kind", "is missing"),
        ({"auth": {"kind": "hmack"}}, "auth.kind", "did you mean `hmac`"),
        ({"auth": {"kind": "basic"}}, "auth.user", "is missing"),
        ({"auth": {"kind": "header", "header": "X Y"}}, "auth.header", "the name of a header"),
        ({"auth": {"kind": "hmac"}}, "auth.signature", "is missing"),
        ({"auth": {"kind": "hmac", "signature": 1}}, "auth.signature", "the name of a header"),
        ({"auth": {"kind": "hmac", "signature": {}}}, "auth.signature.header", "is missing"),
        ({"auth": SIGNED | {"content": "{timestamp}"}}, "auth.content", "`{body}` once"),
        ({"auth": SIGNED | {"content": "{body}{body}{timestamp}"}}, "auth.content", "`{body}` once"),
        ({"auth": SIGNED | {"content": "{timestamp}{method}{body}"}}, "auth.content", "`{method}` is not known"),
        ({"auth": SIGNED | {"content": "{body}"}}, "auth.timestamp", "is not signed"),
        ({"auth": SIGNED | {"message_id": "X-Id"}}, "auth.message_id", "is not signed"),
        ({"auth": SIGNED | {"content": "{id}{timestamp}{body}"}}, "auth.message_id", "is missing"),
        ({"auth": SIGNED | {"tolerance": "2d"}}, "auth.tolerance", "a span of time"),
        ({"auth": SIGNED | {"algorithm": "md5"}}, "auth.algorithm", "`sha1`"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(fields: dict[str, Any], path: str, told: str) -> None:
    found = faults(**fields)
    assert path in found, found
    assert told in found[path]


def test_a_receiver_says_whom_it_concerns() -> None:
    reading = read_receiver({name: one for name, one in SMALLEST.items() if name != "user_id"})
    assert "`email`" in reading.faults[0].message
    assert "a mapping" in read_receiver([]).faults[0].message


def test_a_file_may_hold_receivers_each_under_its_own_key() -> None:
    both = [SMALLEST, SMALLEST | {"key": "b"}]
    reading = read_file({"receivers": both})
    assert reading.value is not None
    assert [one.key for one in reading.value.receivers] == ["a", "b"]
    [twice] = read_file({"receivers": [*both, SMALLEST]}).faults
    assert (twice.path, "an earlier receiver" in twice.message) == ("receivers[2].key", True)


@given(receivers())
def test_a_written_receiver_reads_as_itself(value: Receiver) -> None:
    reading = read_receiver(orjson.loads(orjson.dumps(write_receiver(value))))
    assert reading.faults == ()
    assert reading.value == value


NAMES = st.sampled_from(["key", "name", "auth", "kind", "signature", "header", "content", "event", "where", "preset"])
SHAPED = st.recursive(
    JSON | st.sampled_from(["hmac", "$.a", "chatwoot", "{body}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@given(JSON | SHAPED)
def test_reading_any_json_gives_a_receiver_or_faults(data: object) -> None:
    reading: Reading[Any] = read_receiver(data)
    assert (reading.value is None) == bool(reading.faults)


# Payloads


def test_chatwoot_s_resolved_conversation_is_read() -> None:
    mapped = read(preset("chatwoot"), CHATWOOT, NOW)
    assert (mapped.ok, mapped.event, mapped.user_id) == (True, "Conversation Resolved", "user-42")
    assert (mapped.email, mapped.happened_at) == ("mia@example.com", 1_795_285_820_250)
    assert mapped.properties == {
        "conversation_id": 17, "inbox_id": 3, "channel": "Channel::WebWidget", "labels": ["billing"],
        "assignee": "Ann",
    }  # fmt: skip
    for status in ("open", "pending", None):
        assert read(preset("chatwoot"), CHATWOOT | {"status": status}, NOW).code == "filtered"


def test_intercom_s_closed_conversation_is_read_and_its_ping_left_out() -> None:
    mapped = read(preset("intercom"), INTERCOM, NOW)
    assert (mapped.ok, mapped.event, mapped.user_id) == (True, "Conversation Closed", "user-42")
    assert (mapped.message_id, mapped.properties["conversation_id"]) == ("notif_1", "134")
    ping = {"type": "notification_event", "topic": "ping", "data": {"item": {"type": "ping", "message": "hi"}}}
    assert read(preset("intercom"), ping, NOW).code == "filtered"


def test_stripe_s_events_keep_their_names() -> None:
    mapped = read(preset("stripe"), STRIPE, NOW)
    assert (mapped.ok, mapped.event, mapped.user_id) == (True, "customer.subscription.deleted", "user-42")
    assert (mapped.message_id, mapped.happened_at) == ("evt_1", 1_795_285_800_000)
    assert mapped.properties["reason"] == "cancellation_requested"


def test_standard_webhooks_take_what_is_under_data() -> None:
    mapped = read(preset("standard-webhooks"), STANDARD, NOW)
    assert (mapped.ok, mapped.event, mapped.user_id) == (True, "lesson.completed", "42")
    assert mapped.properties == {"user_id": 42, "course": "algebra", "tags": ["a", "b"]}


def test_one_s_own_body_is_read_by_the_plain_presets() -> None:
    body = {"event": "Ticket Closed", "email": "mia@example.com", "message_id": 7, "properties": {"id": "t-1"}}
    for name in ("bearer", "basic"):
        mapped = read(preset(name), body, NOW)
        assert (mapped.ok, mapped.event, mapped.email, mapped.message_id) == (
            True, "Ticket Closed", "mia@example.com", "7",
        )  # fmt: skip
        assert mapped.properties == {"id": "t-1"}


def test_the_first_path_with_something_usable_counts() -> None:
    value = receiver(user_id=["$.a", "$.b", "$.c"])
    assert read(value, {"a": None, "b": " ", "c": 12}, NOW).user_id == "12"
    mapped = read(value, {"b": {}}, NOW)
    assert mapped.code == "no_person"
    step = next(step for step in mapped.steps if step.what == "user_id")
    assert (step.ok, step.path, step.value) == (False, "$.b", {})


@pytest.mark.parametrize("unusable", [True, 1.5, 2**53 + 1, "", "x" * 257, "a\0b", "\ud800", [], {}])
def test_an_id_is_a_text_or_a_whole_number(unusable: object) -> None:
    assert read(receiver(), {"user": unusable}, NOW).user_id is None


@pytest.mark.parametrize("unusable", ["mia", "@", "a@", "@b", "x" * 250 + "@b.cd", 7])
def test_an_address_has_an_at(unusable: object) -> None:
    assert read(receiver(user_id="$.a", email="$.b"), {"b": unusable}, NOW).code == "no_person"


@pytest.mark.parametrize(
    ("written", "at"), [(0, 0), ("2026-11-21", 1_795_219_200_000), ("soon", None), (-1, None), (9e15, None)]
)
def test_times_are_read_or_left_out(written: object, at: int | None) -> None:
    assert read(receiver(time="$.at"), {"user": "u", "at": written}, NOW).happened_at == at


def test_an_event_needs_a_name() -> None:
    value = receiver(event=["$.type", "$.topic"])
    assert read(value, {"user": "u", "topic": "closed"}, NOW).event == "closed"
    for payload in ({"user": "u"}, {"user": "u", "type": "x" * 201}, {"user": "u", "type": 7}):
        assert read(value, payload, NOW).code == "no_event"


def test_the_filter_is_told_condition_by_condition() -> None:
    value = receiver(
        where=[
            ["$.ticket.tags[0]", "is", "vip"],
            {"any": [["$.n", "gt", 3], ["$.m", "exists"]]},
            ["$.at", "within", "1d"],
            {"not": ["$.m", "exists"]},
        ]
    )
    mapped = read(value, {"user": "u", "ticket": {"tags": ["vip"]}, "n": 2, "at": NOW - 5}, NOW)
    assert mapped.code == "filtered"
    steps = [step for step in mapped.steps if step.what.startswith("where")]
    assert [(step.what, step.ok) for step in steps] == [
        ("where[0]", True), ("where[1]", False), ("where[2]", True), ("where[3]", True),
    ]  # fmt: skip
    assert (steps[0].path, steps[0].value) == ("$.ticket.tags[0]", "vip")
    assert steps[1].value == {"$.m": None, "$.n": 2}


def test_what_is_too_old_to_be_remembered_may_be_a_replay() -> None:
    without = receiver(auth={"kind": "hmac", "signature": "X-Sig"}, time="$.at")
    assert isinstance(without.auth, Hmac)
    for value, code in (
        (without, "too_old"),
        (receiver(time="$.at", auth=SIGNED), "read"),
        (receiver(time="$.at"), "read"),
    ):
        assert read(value, {"user": "u", "at": NOW - 7 * DAY_MS - 1}, NOW).code == code
    assert read(without, {"user": "u", "at": NOW - 7 * DAY_MS}, NOW).code == "read"
    assert read(without, {"user": "u"}, NOW).code == "read"


def properties(payload: Any, **fields: Any) -> tuple[dict[str, object], Mapped]:
    mapped = read(receiver(**fields), {"user": "u", **payload}, NOW)
    return dict(mapped.properties), mapped


def test_properties_are_flat() -> None:
    data = {"text": "a", "n": 1, "x": 1.5, "yes": True, "none": None, "list": ["a", 1, None], "deep": {}, "lists": [[]]}
    found, mapped = properties({"data": data}, properties="$.data")
    assert found == {"text": "a", "n": 1, "x": 1.5, "yes": True, "list": ["a", 1, None]}
    assert {step.what for step in mapped.steps if not step.ok} == {"properties.deep", "properties.lists"}


@pytest.mark.parametrize(
    "unusable",
    ["x" * 2_001, "a\0b", 2**53 + 1, 1e300 * 1e10, float("nan"), ["x"] * 101, ["a\0b"], {"a": 1}],
)
def test_a_property_that_is_too_much_is_left_out_alone(unusable: object) -> None:
    found, _ = properties({"a": unusable, "b": 1}, properties={"a": "$.a", "b": "$.b"})
    assert found == {"b": 1}


def test_what_is_nested_as_deep_as_json_goes_is_left_out_like_anything_nested() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    found, mapped = properties({"a": deep, "b": 1}, properties={"a": "$.a", "b": "$.b"}, where=[["$.a", "is", "x"]])
    assert (found, mapped.code) == ({"b": 1}, "filtered")


def test_properties_are_few_and_short_together() -> None:
    many, _ = properties({"data": {f"p{n}": n for n in range(1_000)}}, properties="$.data")
    assert len(many) == 50
    long, _ = properties({"data": {f"p{n}": "x" * 2_000 for n in range(20)}}, properties="$.data")
    assert len(long) == 7
    named, mapped = properties({"data": {"": 1, "x" * 201: 2, "a": 3}}, properties="$.data")
    assert named == {"a": 3}
    assert sum(not step.ok for step in mapped.steps) == 2


def test_properties_come_from_the_first_path_that_leads_somewhere() -> None:
    assert properties({"b": {"c": 1}}, properties=["$.a", "$.b"])[0] == {"c": 1}
    assert properties({"b": 1}, properties=["$.a", "$.b"])[0] == {}
    assert properties({"b": 1}, properties={"p": ["$.a", "$.b"], "q": "$.a"})[0] == {"p": 1}


@given(receivers(), JSON)
def test_any_payload_under_any_receiver_is_read_or_said_why_not(value: Receiver, payload: object) -> None:
    mapped = read(value, payload, NOW)
    assert mapped.message == OUTCOMES[mapped.code]
    assert mapped.ok == (mapped.code == "read")
    if mapped.ok:
        assert mapped.event
        assert mapped.user_id or mapped.anonymous_id or mapped.email
    orjson.dumps(dict(mapped.properties))


def test_a_part_may_be_a_header_s_name() -> None:
    auth = receiver(auth={"kind": "hmac", "signature": "X-Sig"}).auth
    assert auth == Hmac(Part("X-Sig"))
