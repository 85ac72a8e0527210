"""What every transaction must come to: the oracle's side of each thing that pages and backends can ask.

Each function is told one request and what the product answered, in the order of commits, changes the oracle's people
and raises a `Violation` where the answer is not what it must be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.sim import limits
from tests.sim.limits import Refused, Where
from tests.sim.oracle import (
    GIVEN_BACK_EVERY_MS,
    GIVEN_BACK_MS,
    TOLD_AGAIN_MS,
    Ask,
    Human,
    Oracle,
    Sticky,
    kind_of,
    require,
    span_ms,
)

__all__ = ["asked_for", "close", "decided", "end_opt_out", "erase", "opt_out", "respond", "show", "take_up", "test"]

Ids = tuple[str | None, str | None]
_LEARNED = frozenset({"sample", "holdout", "spread"})


def _key(refusal: Any) -> Refused:
    """A refusal in the oracle's form. Beyond one person nobody counts further than the cap, so neither do we."""
    counted = refusal.counted if refusal.cap is None else min(refusal.counted, refusal.cap)
    rule = refusal.rule if refusal.code in ("rule", "same_missing") else None
    return (refusal.code, rule, counted, refusal.cap, refusal.free_at)


def _learn(oracle: Oracle, human: Human, key: str, told: dict[str, Refused], now: int) -> None:
    """Learn where the person stands in samples and spreads; a test person is past them."""
    codes, survey, holdout = told.keys(), oracle.plan.surveys[key], oracle.plan.policy["holdout"]
    share, throttle = survey["audience"]["sample"], survey["throttle"]
    if human.test:
        require(not codes & _LEARNED, "1 cap", "a test person was sampled")
        return
    require("sample" not in codes or share < 1, "15 sticky sample", key, "has no sample")
    require("holdout" not in codes or holdout > 0, "15 sticky sample", "there is no holdout")
    require("spread" not in codes or "spread" in throttle, "15 sticky sample", key, "has no spread")
    if share < 1:
        place = oracle.sticky.setdefault((f"sample {key}", human.sample_key), Sticky())
        place.learn(share, (key, human.sample_key), inside="sample" not in codes)
    if holdout > 0:
        place = oracle.sticky.setdefault(("holdout", human.sample_key), Sticky())
        place.learn(holdout, human.sample_key, inside="holdout" in codes)
    if "spread" in throttle:
        place = oracle.sticky.setdefault((f"spread {key}", human.sample_key), Sticky())
        spread_ms, begins_at = span_ms(throttle["spread"]), told["spread"][4] if "spread" in told else None
        require(begins_at is None or begins_at > now, "16 liveness", key, "is spread until", begins_at, "at", now)
        passed = (now if begins_at is None else begins_at) - oracle.live_at
        place.narrow(0.0 if begins_at is None else passed / spread_ms, (passed + 1) / spread_ms, (key, "spread"))


def decided(oracle: Oracle, human: Human, key: str, where: Where, refusals: Iterable[Any]) -> None:
    """Compare what the product decided at a moment with every reason that there is."""
    told = {_key(refusal) for refusal in refusals}
    by_code = {one[0]: one for one in told}
    where = where._replace(holdout="holdout" in by_code)
    expected = limits.refusals(oracle, human, key, where)
    _learn(oracle, human, key, by_code, where.now)
    plain = {one for one in told if one[0] not in _LEARNED}
    must = set(expected.certain)
    if expected.reserved is None:
        plain = {one for one in plain if one[0] != "reserved"}
    else:
        must |= expected.reserved
    if plain == must:
        return
    over = {code for code, *_ in must - plain}
    invariant = "6 opt-out final" if "opted_out" in over else "1 cap" if over else "16 liveness"
    missing, surplus = sorted(map(str, must - plain)), sorted(map(str, plain - must))
    require(False, invariant, f"{key} for {human.id} at {where.now}: not told {missing}, told {surplus}")


# Asks ---------------------------------------------------------------------------------------------------------------


def _record(oracle: Oracle, human: Human, key: str, asked: Any, **fields: Any) -> Ask:
    survey = oracle.plan.surveys[key]
    require(asked.asked_at == human.last_at, "11 clock", "asked at", asked.asked_at, "and it was", human.last_at)
    ask = Ask(
        asked.ask_id, key, oracle.plan.versions[key], kind_of(survey), frozenset(survey["tags"]), human.test,
        asked.asked_at, marks=limits.marks(oracle, human), **fields,
    )  # fmt: skip
    human.asks.append(ask)
    oracle.recorded.append(ask)
    if "reserve" in survey["throttle"]:
        human.fired.pop(key, None)
    require((human.id, ask.id) not in oracle.asks, "5 one ask", "this ask was recorded before:", ask.id)
    human.by_offer[ask.id] = oracle.asks[human.id, ask.id] = ask
    return ask


def _only(result: Any, code: str) -> None:
    codes = [one.code for one in getattr(result, "refusals", ())]
    require(codes == [code], "5 eligible", f"answered {codes or 'asked'}, must be refused as {code}")


def take_up(oracle: Oracle, offered: Any, ids: Ids, where: tuple[Any, Any], told: tuple[int, Any]) -> Ask | None:
    """An offer was taken up, at a context and by what the node knew of quotas; return the ask that is recorded now."""
    (now, result), (context, _) = told, where
    human = oracle.person(offered.person_id)
    if human is None:
        _only(result, "wrong_person")
        return None
    human.lock(now)
    alias = f"u:{ids[0]}" if ids[0] is not None else f"a:{ids[1]}"
    if oracle.humans.get(alias) is not human:
        _only(result, "wrong_person")
        return None
    key = offered.survey_key
    if oracle.plan.versions.get(key) != offered.version:
        _only(result, "survey_changed")
        return None
    before = human.by_offer.get(offered.offer_id)
    if before is not None:
        _told_again(before, human, context, result)
        return None
    return _taken_up(oracle, human, offered, where, told)


def _told_again(ask: Ask, human: Human, context: Any, result: Any) -> None:
    same_tab = ask.visit is None or context.visit is None or ask.visit == context.visit
    soon = human.last_at <= ask.asked_at + TOLD_AGAIN_MS
    again = same_tab and soon and not ask.touched and ask.refunded_at is None and human.opted_out_at is None
    if not again:
        _only(result, "offer_spent")
        return
    told = getattr(result, "ask_id", None), getattr(result, "asked_at", None)
    require(told == (ask.id, ask.asked_at), "4 once", "told", told, "and it was", ask.asked_at)


def _taken_up(oracle: Oracle, human: Human, offered: Any, where: tuple[Any, Any], told: tuple[int, Any]) -> Ask | None:
    (now, result), (context, standings) = told, where
    refusals = getattr(result, "refusals", ())
    late = [one.code for one in refusals if one.code in ("cancelled", "per")]
    key = offered.survey_key
    for scope in limits.scopes_of(oracle, human, key):
        oracle.scopes[scope] = max(oracle.scopes.get(scope, 0), now)
        human.lock(oracle.scopes[scope])
    decided(oracle, human, key, Where(human.last_at, context.page, standings), () if late else refusals)
    if refusals and not late:
        return None
    waits = human.waits.get(offered.candidate_id)
    if offered.candidate_id is not None:
        ready = waits is not None and waits.not_before <= human.last_at < waits.expires_at
        if not ready:
            _only(result, "cancelled")
            return None
        del human.waits[offered.candidate_id]
    if offered.per is not None and asked_for(human, key, offered.per):
        _only(result, "per")
        return None
    require(not late, "16 liveness", "refused as", late)
    require(result.ask_id == offered.offer_id, "4 once", "recorded as", result.ask_id, "not", offered.offer_id)
    return _record(oracle, human, key, result, per=offered.per, visit=context.visit)


def asked_for(human: Human, key: str, per: str) -> bool:
    return any(ask.survey == key and ask.per == per and ask.refunded_at is None for ask in human.asks)


def show(oracle: Oracle, key: str, new: tuple[str, Ids], context: Any, told: tuple[int, Any]) -> Ask | None:
    """Somebody asked to be asked: not throttled, but counted."""
    now, result = told
    human = oracle.recognise(new[1], new[0], now)
    if oracle.plan.surveys[key]["state"] != "live":
        codes = {one.code for one in getattr(result, "refusals", ())}
        require(codes - {"clock"} == {"not_live"}, "5 eligible", "shown what is not live:", result)
        return None
    if oracle.plan.alarm:
        _only(result, "clock")
        return None
    require(not getattr(result, "refusals", ()), "16 liveness", "was shown nothing:", result)
    return _record(oracle, human, key, result, by_person=True, visit=context.visit)


def _asked(oracle: Oracle, person_id: str, ask_id: str) -> tuple[Human, Ask] | None:
    """The ask that a token names, whoever its person is by now."""
    human = oracle.person(person_id)
    if human is None:
        return None
    ask = oracle.asks.get((person_id, ask_id)) if human.id != person_id else None
    ask = ask or human.by_offer.get(ask_id)
    return None if ask is None else (human, ask)


def _failed(error: Exception | None, code: str | None) -> None:
    """Compare an error with the code that it must have, None for none."""
    found = None if error is None else getattr(error, "code", repr(error))
    require(found == code, "3 acknowledged", f"answered {found}, must be {code}")


def respond(oracle: Oracle, token: tuple[str, str], said: tuple[int, int, bool], told: tuple[int, Any]) -> bool:
    """A revision of a response came; tell whether it is kept now."""
    now, error = told
    found = _asked(oracle, *token)
    if found is None:
        _failed(error, "no_such_ask")
        return False
    human, ask = found
    rev, score, done = said
    if ask.refunded_at is not None or (rev > ask.rev and ask.done):
        _failed(error, "ask_given_back" if ask.refunded_at is not None else "response_final")
        return False
    _failed(error, None)
    human.lock(now)
    if rev <= ask.rev:
        return False
    ask.rev, ask.score, ask.done = rev, score, done
    ask.responded_at = human.last_at if ask.responded_at is None else ask.responded_at
    return True


def close(oracle: Oracle, token: tuple[str, str], how: str, told: tuple[int, Any]) -> None:
    """A card ended, or was seen."""
    now, error = told
    found = _asked(oracle, *token)
    _failed(error, None if found is not None else "no_such_ask")
    if found is None:
        return
    human, ask = found
    human.lock(now)
    if how == "not_rendered":
        rested = human.refunded_at is None or human.last_at >= human.refunded_at + GIVEN_BACK_EVERY_MS
        if rested and not ask.touched and ask.refunded_at is None and human.last_at <= ask.asked_at + GIVEN_BACK_MS:
            ask.refunded_at = human.refunded_at = human.last_at
    elif how == "opted_out":
        ask.opted_out_at = human.last_at if ask.opted_out_at is None else ask.opted_out_at
        human.opted_out_at = human.last_at if human.opted_out_at is None else human.opted_out_at
    elif how != "dismissed" or ask.responded_at is None:
        name = f"{how}_at"
        setattr(ask, name, human.last_at if getattr(ask, name) is None else getattr(ask, name))
        ask.refunded_at = None  # somebody met the card, so it was drawn


def opt_out(oracle: Oracle, new_id: str, ids: Ids, now: int) -> None:
    human = oracle.recognise(ids, new_id, now)
    human.opted_out_at = human.last_at if human.opted_out_at is None else human.opted_out_at


def test(oracle: Oracle, new_id: str, ids: Ids, now: int) -> None:
    oracle.recognise(ids, new_id, now).test = True


def _aliases(oracle: Oracle, human: Human) -> set[str]:
    return {alias for alias, found in oracle.humans.items() if found is human}


def erase(oracle: Oracle, person_id: str, outcome: Any) -> bool:
    """Everything of a person is gone, and was in the export; tell whether there was anybody."""
    human = oracle.person(person_id)
    _failed(outcome.error, None if human is not None else "no_such_person")
    if human is None:
        return False
    exported, removed = outcome.result
    require({table: len(rows) for table, rows in exported.items()} == removed, "8 export = registry", removed)
    names = _aliases(oracle, human)
    histories = [one for one in oracle.people.values() if one.now_is() is human]
    must = {
        "people": len(histories), "aliases": len(names), "asks": len(human.asks),
        "responses": sum(ask.rev > 0 for ask in human.asks), "counters": len(human.counters),
        "candidates": len(human.waits),
    }  # fmt: skip
    require(must.items() <= removed.items(), "8 export = registry", f"removed {removed}, must be {must}")
    if human.opted_out_at is not None:
        oracle.kept_opt_outs |= names
    oracle.recorded = [ask for ask in oracle.recorded if ask not in human.asks]
    for alias in names:
        del oracle.humans[alias]
    for one in histories:
        del oracle.people[one.id]
    return True


def end_opt_out(oracle: Oracle, person_id: str, outcome: Any) -> None:
    """An admin ended somebody's opt-out, which only that may."""
    human = oracle.person(person_id)
    _failed(outcome.error, None if human is not None else "no_such_person")
    if human is None:
        return
    human.lock(outcome.call.now)
    require(outcome.result == (human.opted_out_at is not None), "6 opt-out final", "ended what was not there")
    if human.opted_out_at is not None:
        human.opted_out_at = None
        oracle.kept_opt_outs -= _aliases(oracle, human)
