"""What the owners of simulated products write: surveys and policies, and the edits that they make to them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

from tests.sim.oracle import Plan

__all__ = ["EVENTS", "PAGES", "RULE_KINDS", "ZONES", "Edit", "applied", "edited", "first_plan", "rule_kind"]

#: A policy and surveys as they are written; what is not mentioned stays.
Edit = tuple[dict[str, Any] | None, tuple[dict[str, Any], ...]]

#: Events that a page may report; `Elsewhere` nobody waits for.
EVENTS = (*["Done"] * 9, "Other", "Other", "Other", "Streak", "Streak", "Draft Saved", "Elsewhere")
PAGES = ("https://site.test/app/lesson", "https://site.test/app/lesson", "https://site.test/shop")

SCOPES = ("person", "account", "project", "same(traits.region)")
SELECTIONS = ("all", "this", "kind:nps", "kind:csat", "tag:short", "tag:relationship")
COUNTS = ("asked", "dismissed", "responded")
WINDOWS = ("30s", "5m", "30m", "1h", "6h", "1d")
#: Time zones whose clocks never jump, in minutes: what jumps do, the schedule's own tests show.
ZONES = {"UTC": 0, "Asia/Kolkata": 330}
REPEATS = ("1ms", "1ms", "30s", "10m", "2h", "3d")


def rule_kind(rule: dict[str, Any]) -> str:
    """What kind of rule this is: scope x selection x count, whichever kind of survey or tag is selected."""
    return " ".join((rule.get("scope", "person").partition("(")[0], rule["surveys"].partition(":")[0], rule["count"]))


RULE_KINDS = sorted(
    {rule_kind({"scope": scope, "surveys": which, "count": count})
     for scope, which, count in product(SCOPES, SELECTIONS, COUNTS)}
)  # fmt: skip


def _survey(key: str, kind: str, *events: dict[str, Any], **fields: Any) -> dict[str, Any]:
    trigger = {"any": list(events)} | ({"page": fields.pop("page")} if "page" in fields else {})
    return {
        "key": key,
        "state": "live",
        "tags": [],
        "priority": 0,
        "trigger": trigger,
        "audience": {"where": [], "sample": 1.0},
        "throttle": {"repeat": "1ms"},
        "questions": [{"id": "score", "kind": kind, "ask": "How was it? (0)"}],
    } | fields


def _surveys() -> list[dict[str, Any]]:
    cancel = [{"event": "Ticket Reopened", "same": "properties.ticket"}]
    closed = {"event": "Ticket Closed", "source": "server", "per": "properties.ticket", "hold": "5m", "within": "1h"}
    streak = {"event": "Streak", "nth": {"every": 2}}
    draft = {"event": "Draft Saved", "hold": "1s", "within": "5m", "cancel_on": [{"event": "Other"}]}
    about = {"event": "Other", "per": "properties.about"}
    return [
        _survey("nps", "nps", {"event": "Done"}, streak, tags=["relationship"]),
        _survey("csat", "csat", {"event": "Done"}, {"event": "Other"}, tags=["short"], priority=5),
        _survey("ces", "ces", closed | {"cancel_on": cancel}, tags=["short"], priority=8),
        _survey("pulse", "csat", {"event": "Done"}, draft, page="/app/*", tags=["relationship", "short"], priority=2),
        _survey("words", "text", about, about | {"event": "Streak"}, tags=[]),
    ]


def _throttle(draw: Random, policy: dict[str, Any]) -> dict[str, Any]:
    throttle: dict[str, Any] = {"repeat": draw.choice(REPEATS)}
    if draw.random() < 0.3:
        throttle["tenure"] = draw.choice(("0s", "10m", "1d"))
    if draw.random() < 0.15:
        throttle["reserve"] = draw.choice(("5m", "1h", "1d"))
    if draw.random() < 0.15:
        throttle["spread"] = draw.choice(("1h", "1d", "7d"))
    if draw.random() < 0.3 and policy["rules"]:
        throttle["ignores"] = sorted({draw.choice(policy["rules"])["id"] for _ in range(2)})
    return throttle


def _audience(draw: Random) -> dict[str, Any]:
    wheres: tuple[Any, ...] = (
        [["traits.plan", "is", "pro"]], [["account.size", "gte", 10]], [["person.known", "is", True]], *[[]] * 12
    )  # fmt: skip
    where = draw.choice(wheres)
    return {"where": where, "sample": draw.choice((1.0, 1.0, 1.0, 1.0, 0.5, 0.8))}


#: How many a rule allows: more where more people share it, and more asks than endings.
_CAPS = {
    (scope, asked): (caps if asked else caps[:2])
    for scope, caps in zip(SCOPES, ((1, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (1, 2, 3, 4)), strict=True)
    for asked in (False, True)
}


def _drawn_kind(draw: Random) -> tuple[str, str, str]:
    """A kind of rule: those that seldom bind more often, so that all of them do. Most people of a small world lack the
    trait that a `same` rule goes by, and such a rule refuses them all."""
    scope = draw.choices(SCOPES, (2, 3.5, 2, 1.5))[0]
    selection = draw.choices(SELECTIONS, (1, 3, 1, 1, 0.9, 0.9))[0]
    return scope, selection, draw.choices(COUNTS, (2, 5, 3))[0]


def _limits(draw: Random, survey: dict[str, Any]) -> dict[str, Any]:
    """A quota, what is enough, or a schedule, for few."""
    chance = draw.random()
    if chance < 0.08:
        return {"quota": {"responses": draw.randrange(1, 6)}}
    if chance > 0.9:
        return {"schedule": {"hours": draw.choice(("08:00-20:00", "22:00-06:00")), "tz": draw.choice(tuple(ZONES))}}
    if chance < 0.28 and survey["questions"][0]["kind"] != "text":
        return {"enough": {"margin": draw.choice((20, 50, 90)), "per": "7d"}}
    return {}


def _policy(draw: Random) -> dict[str, Any]:
    chosen = {_drawn_kind(draw) for _ in range(draw.randrange(2, 7))}
    rules = [
        {
            "id": f"r{number}",
            "scope": scope,
            "surveys": which,
            "count": count,
            "cap": draw.choice(_CAPS[scope, count == "asked"]),
            "window": draw.choice(WINDOWS if count != "asked" or scope == "person" else WINDOWS[:4]),
        }
        for number, (scope, which, count) in enumerate(sorted(chosen))
    ]
    return {
        "rules": rules,
        "tenure": draw.choice(("0s", "0s", "0s", "10m")),
        "holdout": draw.choice((0, 0, 0, 0, 0.1)),
    }


def first_plan(draw: Random) -> Plan:
    """What a project begins with."""
    policy = _policy(draw)
    surveys = {
        survey["key"]: survey
        | {"throttle": _throttle(draw, policy), "audience": _audience(draw)}
        | _limits(draw, survey)
        for survey in _surveys()
    }
    return Plan(policy, surveys, dict.fromkeys(surveys, 1))


def edited(draw: Random, plan: Plan) -> Edit:
    """Write something else: the policy, a survey's texts or limits, or its state."""
    survey = plan.surveys[draw.choice(sorted(plan.surveys))]
    what = draw.random()
    if what < 0.45:
        return _policy(draw), ()
    if what < 0.6:
        return None, (survey | {"throttle": _throttle(draw, plan.policy)},)
    if what < 0.75:
        return None, (survey | {"audience": _audience(draw)},)
    if what < 0.85:
        asked = f"How was it? ({draw.randrange(10**6)})"
        return None, (survey | {"questions": [survey["questions"][0] | {"ask": asked}]},)
    # `nps` stays, so that there is always something to ask; what was taken away mostly comes back.
    stays = survey["key"] == "nps" or survey["state"] != "live"
    return None, (survey | {"state": "live" if stays else draw.choice(("paused", "ended", "draft"))},)


def applied(plan: Plan, edit: Edit) -> Plan:
    """What is in force after `edit`: a survey whose content changed, its state apart, has a new version."""
    policy, written = edit
    surveys, versions = dict(plan.surveys), dict(plan.versions)
    for survey in written:
        key = survey["key"]
        if {**surveys[key], "state": ""} != {**survey, "state": ""}:
            versions[key] += 1
        surveys[key] = survey
    return replace(plan, policy=plan.policy if policy is None else policy, surveys=surveys, versions=versions)
