"""Whether somebody may be asked, worked out as plainly as can be: rules as they are written, over everybody's asks.

What the product reads from indexes, newest first and no further than a cap, is counted here from the list of all asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.sim.oracle import DAY_MS, MINUTE_MS, Ask, Human, Oracle, Sticky, kind_of, span_ms
from tests.sim.plans import ZONES

__all__ = ["Expected", "Refused", "Where", "marks", "refusals", "scopes_of"]

#: Why not: code, rule, count (at most the cap), cap, when it is free again.
Refused = tuple[str, str | None, int | None, int | None, int | None]


class Where(NamedTuple):
    """A moment, a page (None: any), what the node knew of quotas, and whether the person is in the holdout."""

    now: int
    page: str | None
    standings: Mapping[str, Any]
    holdout: bool = False


class Expected(NamedTuple):
    """Every reason not to ask, samples and spreads apart; `reserved` is None where nobody can tell yet."""

    certain: set[Refused]
    reserved: frozenset[Refused] | None = frozenset()


def _plain(code: str) -> Refused:
    return (code, None, None, None, None)


def selected(rule: dict[str, Any], this: str, survey: str, kind: str, tags: frozenset[str]) -> bool:
    """Whether a rule that is about `this` survey selects another one."""
    group, _, name = rule["surveys"].partition(":")
    return {"all": True, "this": survey == this, "kind": kind == name, "tag": name in tags}[group]


def free_at(times: list[int], cap: int, window_ms: int, now: int) -> int | None:
    """The first moment from `now` on at which fewer than `cap` of `times` lie in the window that ends then."""
    if sum(at > now - window_ms for at in times) < cap:
        return None
    return min(end for end in (at + window_ms for at in times) if sum(at > end - window_ms for at in times) < cap)


def value_of(oracle: Oracle, human: Human, path: str) -> Any:
    """What a path leads to."""
    group, _, name = path.partition(".")
    about = human.traits if group == "traits" else oracle.accounts.get(human.account or "", {})
    return about.get(name)


def _scope(oracle: Oracle, human: Human, rule: dict[str, Any]) -> tuple[str, str] | None:
    """Which scope a rule counts over for this person; None: they belong to none."""
    scope = rule.get("scope", "person")
    if scope == "project":
        return ("project", "")
    if scope == "account":
        return None if human.account is None else ("account", human.account)
    path = scope.removeprefix("same(").removesuffix(")")
    value = value_of(oracle, human, path)
    return None if value is None else (path, str(value))


def marks(oracle: Oracle, human: Human) -> frozenset[tuple[str, str]]:
    """What an ask made now is to be found under."""
    if human.test:
        return frozenset()
    same = [rule for rule in oracle.plan.policy["rules"] if rule.get("scope", "person").startswith("same")]
    found = {_scope(oracle, human, rule) for rule in same} | {_scope(oracle, human, {"scope": "account"})}
    return frozenset(scope for scope in found if scope is not None)


def _rules(oracle: Oracle, survey: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rules that a survey must pass."""
    kind, tags, key = kind_of(survey), frozenset(survey["tags"]), survey["key"]
    for rule in oracle.plan.policy["rules"]:
        if selected(rule, key, key, kind, tags) and rule["id"] not in survey["throttle"].get("ignores", ()):
            yield rule


def scopes_of(oracle: Oracle, human: Human, key: str) -> set[tuple[str, str]]:
    """The scopes that asking this survey locks."""
    if human.test:
        return set()
    wide = [rule for rule in _rules(oracle, oracle.plan.surveys[key]) if rule.get("scope", "person") != "person"]
    return {scope for rule in wide if (scope := _scope(oracle, human, rule)) is not None}


def refusals(oracle: Oracle, human: Human, key: str, where: Where) -> Expected:
    """Every reason not to ask, samples and spreads apart."""
    survey = oracle.plan.surveys[key]
    certain = _about(oracle, human, survey, where)
    if human.test:
        return Expected(certain)
    certain.update(_throttled(oracle, human, survey, where))
    return Expected(certain, _reserved(oracle, human, survey, where))


def _about(oracle: Oracle, human: Human, survey: dict[str, Any], where: Where) -> set[Refused]:
    """What binds test people too."""
    found = set()
    if survey["state"] != "live":
        found.add(_plain("not_live"))
    if oracle.plan.alarm:
        found.add(_plain("clock"))
    if human.opted_out_at is not None:
        found.add(_plain("opted_out"))
    if not all(_meets(oracle, human, one, where.now) for one in survey["audience"]["where"]):
        found.add(_plain("audience"))
    glob = survey["trigger"].get("page")
    if where.page is not None and glob is not None and not where.page.startswith("https://site.test" + glob[:-1]):
        found.add(_plain("page"))
    return found


def _since(human: Human) -> int:
    return human.first_seen_at if human.created_at is None else min(human.first_seen_at, human.created_at)


def _meets(oracle: Oracle, human: Human, condition: list[Any], now: int) -> bool:
    path, op, value = condition
    if path.startswith("person."):
        days = max(0, now - _since(human)) // DAY_MS
        found = {"known": human.user_id is not None, "age_days": days}[path.removeprefix("person.")]
    else:
        found = value_of(oracle, human, path)
    if found is None:
        return False
    return bool({"is": found == value, "gte": op == "gte" and found >= value}[op])


def _throttled(oracle: Oracle, human: Human, survey: dict[str, Any], where: Where) -> Iterator[Refused]:
    throttle, now = survey["throttle"], where.now
    tenure_ms = span_ms(throttle.get("tenure", oracle.plan.policy["tenure"]))
    if now < _since(human) + tenure_ms:
        yield ("tenure", None, None, None, _since(human) + tenure_ms)
    standing, quota = where.standings.get(survey["key"]), survey.get("quota", {}).get("responses")
    if standing is not None and quota is not None and standing.responses >= quota:
        yield ("quota", None, quota, quota, None)
    margin = None if standing is None else standing.margin
    if margin is not None and "enough" in survey and margin <= survey["enough"]["margin"]:
        yield _plain("enough")
    repeat_ms = span_ms(throttle["repeat"])
    times = [ask.asked_at for ask in human.asks if ask.survey == survey["key"] and ask.refunded_at is None]
    again = free_at(times, 1, repeat_ms, now)
    if again is not None:
        yield ("repeat", None, 1, 1, again)
    again = _opens_at(survey.get("schedule"), now)
    if again is not None:
        yield ("schedule", None, None, None, again)
    for rule in _rules(oracle, survey):
        yield from _full(oracle, human, survey["key"], rule, now)


def _opens_at(schedule: dict[str, str] | None, now: int) -> int | None:
    """When a schedule of hours opens again; None: it is open."""
    if schedule is None:
        return None
    minute = (now // MINUTE_MS + ZONES[schedule["tz"]]) % 1_440
    opens, closes = (60 * int(one[:2]) + int(one[3:]) for one in schedule["hours"].split("-"))
    if (minute - opens) % 1_440 < (closes - opens) % 1_440:
        return None
    return now // MINUTE_MS * MINUTE_MS + (opens - minute) % 1_440 * MINUTE_MS


def _full(oracle: Oracle, human: Human, key: str, rule: dict[str, Any], now: int) -> Iterator[Refused]:
    """The refusal of one rule, if it refuses."""
    kind = rule.get("scope", "person").partition("(")[0]
    asks: list[Ask] = human.asks
    if kind != "person":
        scope = _scope(oracle, human, rule)
        if scope is None:
            if kind == "same":
                yield ("same_missing", rule["id"], None, None, None)
            return
        asks = [ask for ask in oracle.recorded if not ask.test and (kind == "project" or scope in ask.marks)]
    name, window_ms, cap = f"{rule['count']}_at", span_ms(rule["window"]), rule["cap"]
    times = [
        at
        for ask in asks
        if ask.refunded_at is None
        and (at := getattr(ask, name)) is not None
        and at > now - window_ms
        and selected(rule, key, ask.survey, ask.kind, ask.tags)
    ]
    again = free_at(times, cap, window_ms, now)
    if again is not None:
        yield ("rule", rule["id"], cap, cap, again)


def _reserved(oracle: Oracle, human: Human, survey: dict[str, Any], where: Where) -> frozenset[Refused] | None:
    """Which surveys of higher priority, whose triggers have fired, keep the person for themselves."""
    found = set()
    for other in oracle.plan.live():
        reserve = other["throttle"].get("reserve")
        fired_at, _ = human.fired.get(other["key"], (None, None))
        if reserve is None or fired_at is None or other["priority"] <= survey["priority"]:
            continue
        until = fired_at + span_ms(reserve)
        if where.now >= until:
            continue
        free = _free_by(oracle, human, other, where, until)
        if free is None:
            return None
        if free:
            found.add(("reserved", None, None, None, until))
    return frozenset(found)


def _free_by(oracle: Oracle, human: Human, other: dict[str, Any], where: Where, until: int) -> bool | None:
    """Whether time alone frees the other survey soon enough; None: that hangs on a sample nobody knows."""
    anywhere = where._replace(page=None)
    found = _about(oracle, human, other, anywhere) | set(_throttled(oracle, human, other, anywhere))
    times = [again for *_, again in found]
    if where.holdout or any(again is None or again > until for again in times):
        return False
    share = other["audience"]["sample"]
    sampled = oracle.sticky.get((f"sample {other['key']}", human.sample_key), Sticky()).inside(share)
    if share < 1 and sampled is not True:
        return sampled
    if "spread" in other["throttle"]:
        return _spread_within(oracle, human, other, until)
    return True


def _spread_within(oracle: Oracle, human: Human, other: dict[str, Any], until: int) -> bool | None:
    spread_ms = span_ms(other["throttle"]["spread"])
    place = oracle.sticky.get((f"spread {other['key']}", human.sample_key), Sticky())
    passed = (until - oracle.live_at) / spread_ms
    return True if place.high <= passed else False if place.low > passed else None
