"""What events must come to: counted once, kept as candidates that wait, or cancelling them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.sim.judge import Ids, asked_for
from tests.sim.oracle import WEEK_MS, Human, Oracle, Plan, Waits, span_ms

__all__ = ["Happening", "cancels", "forget", "observe", "offer_id", "triggers"]


class Happening:
    """One message, as the node that took it understood it: under the configuration that the node had."""

    __slots__ = ("account", "created_at", "event", "id", "plan", "properties", "server", "traits")

    def __init__(self, message_id: str, plan: Plan, *, server: bool) -> None:
        self.id = message_id
        self.plan = plan
        self.server = server
        self.event: str | None = None
        self.properties: dict[str, Any] = {}
        self.traits: dict[str, Any] | None = None
        self.created_at: int | None = None
        self.account: tuple[str, dict[str, Any]] | None = None


def offer_id(project: str, message_id: str, key: str, version: int) -> str:
    """The same message, survey and version are the same offer, for ever and on every node."""
    parts = "\x1f".join((project, message_id, key, str(version)))
    return hashlib.blake2b(parts.encode(), digest_size=15).hexdigest()


def observe(oracle: Oracle, new_id: str, ids: Ids, messages: Sequence[Happening], now: int) -> Human:
    """Messages of one person came, each of which changes something once."""
    human = oracle.recognise(ids, new_id, now)
    for message in messages:
        if message.id in oracle.messages:
            continue
        oracle.messages[message.id] = human.last_at
        if message.traits is not None:
            _laid(human.traits, message.traits)
            human.created_at = human.created_at if message.created_at is None else message.created_at
        if message.account is not None:
            account, traits = message.account
            _laid(oracle.accounts.setdefault(account, {}), traits)
            human.account = account
        if message.event is not None:
            _happened(oracle, human, message)
    return human


def _laid(stored: dict[str, Any], over: dict[str, Any]) -> None:
    stored.update(over)
    for name in [name for name, value in stored.items() if value is None]:
        del stored[name]


def triggers(message: Happening) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The surveys and triggers that wait for the message's event, its count apart."""
    source = "server" if message.server else "browser"
    return [
        (survey, trigger)
        for survey in message.plan.live()
        for trigger in survey["trigger"]["any"]
        if trigger["event"] == message.event and trigger.get("source", "any") in ("any", source)
    ]


def cancels(message: Happening) -> list[tuple[str, str | None]]:
    """The surveys whose waiting candidates the message's event cancels, and by which property."""
    return [
        (survey["key"], cancel.get("same"))
        for survey in message.plan.live()
        for trigger in survey["trigger"]["any"]
        for cancel in trigger.get("cancel_on", ())
        if cancel["event"] == message.event
    ]


def _counter(trigger: dict[str, Any]) -> tuple[Any, ...]:
    return (trigger["event"], trigger.get("source", "any"))


def _happened(oracle: Oracle, human: Human, message: Happening) -> None:
    now = human.last_at
    for survey, same in cancels(message):
        value = None if same is None else message.properties.get(same.removeprefix("properties."))
        for one in list(human.waits.values()):
            hit = same is None or (value is not None and one.same == value)
            if one.survey == survey and one.expires_at > now and hit:
                del human.waits[one.id]
    due = triggers(message)
    for counter in {_counter(trigger) for _, trigger in due if "nth" in trigger}:
        human.counters[counter] = human.counters.get(counter, 0) + 1
    waiting: set[str] = set()
    for survey, trigger in due:
        every = trigger.get("nth", {}).get("every", 1)
        if human.counters.get(_counter(trigger), every) % every == 0 and survey["key"] not in waiting:
            done = _is_done(human, message, (survey, trigger))
            made = _waits(oracle.project, human, message, (survey, trigger))
            waiting |= made
            if made and not done and "reserve" in survey["throttle"]:
                human.fired[survey["key"]] = (now, now + span_ms(survey["throttle"]["reserve"]))
    if message.server and due and not oracle.plan.hears:
        plan = oracle.plan
        oracle.version += 1
        oracle.plans[oracle.version] = replace(plan, hears=True)


def _must_wait(message: Happening, trigger: dict[str, Any]) -> bool:
    return bool(message.server or "hold" in trigger or trigger.get("cancel_on"))


def _is_done(human: Human, message: Happening, found: tuple[dict[str, Any], dict[str, Any]]) -> bool:
    """Whether it was asked for the event's `per` before, so that it is offered no more and waits for nothing."""
    survey, trigger = found
    value = message.properties.get(trigger["per"].removeprefix("properties.")) if "per" in trigger else None
    return value is not None and asked_for(human, survey["key"], str(value))


def _waits(project: str, human: Human, message: Happening, found: tuple[dict[str, Any], dict[str, Any]]) -> set[str]:
    """Let a candidate wait that has to; return its survey's key once it is a candidate."""
    survey, trigger = found
    key = survey["key"]
    per = None
    if "per" in trigger:
        value = message.properties.get(trigger["per"].removeprefix("properties."))
        if value is None:
            return set()
        per = str(value)
    if not _must_wait(message, trigger):
        return {key}
    if per is not None:
        if asked_for(human, key, per):
            return {key}
        human.waits = {name: one for name, one in human.waits.items() if (one.survey, one.per) != (key, per)}
    id_ = offer_id(project, message.id, key, message.plan.versions[key])
    not_before = human.last_at + span_ms(trigger.get("hold", "0s"))
    within = span_ms(trigger.get("within", "3d"))
    same = next((cancel["same"] for cancel in trigger.get("cancel_on", ()) if "same" in cancel), None)
    value = None if same is None else message.properties.get(same.removeprefix("properties."))
    human.waits.setdefault(id_, Waits(id_, key, per, value, not_before, not_before + within))
    return {key}


def forget(oracle: Oracle, now: int) -> None:
    """Message ids are remembered for a week, and candidates for as long as they wait."""
    oracle.messages = {name: at for name, at in oracle.messages.items() if at >= now - WEEK_MS}
    for human in oracle.people.values():
        human.waits = {name: one for name, one in human.waits.items() if one.expires_at >= now}
        human.fired = {key: one for key, one in human.fired.items() if one[1] >= now}
