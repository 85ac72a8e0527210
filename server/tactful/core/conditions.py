"""Conditions on values that somebody else wrote: `[traits.plan, is, pro]`, and groups of them.

Total by construction: whatever the value's type, a condition answers and never raises, in time bounded by the sizes of
what was written and found. A missing value passes only the operators that say so (`is_not`, `not_in`,
`not_contains`, `missing`).
Numbers compare with numbers and texts with texts; a number never equals a text, and true is not 1. There are no regular
expressions from users.

An answer is true, false, or None: not known, where the facts themselves say that nobody knows (which device, apart from
any page). A group knows its answer as soon as its parts leave no choice. Whoever decides takes only true for a yes.

Conditions are values; `compiled` makes of them, once per configuration, a function that judges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from tactful.core.instants import as_instant, parse_instants
from tactful.core.people import PastAsk
from tactful.core.spans import FOREVER

__all__ = [
    "OPERATORS",
    "TIMED",
    "Condition",
    "Entry",
    "Facts",
    "Group",
    "Judge",
    "Operator",
    "Responded",
    "compiled",
    "look_up",
    "paths_of",
    "reach_ms",
    "same",
]

Operand = Literal["value", "list", "number", "pair", "text", "time", "span", "none"]


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator compares with (`operand`) and how (`test`, on the found and the written value, and now)."""

    operand: Operand
    test: Callable[[object, object, int], bool]
    passes_missing: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """`path` leads to a value, `op` is a key of `OPERATORS`, `value` fits the operator's operand: a time is kept as it
    was written, a span in milliseconds."""

    path: str
    op: str
    value: object


@dataclass(frozen=True, slots=True)
class Group:
    """`all` of these entries hold, `any` of them does, or it is `not` so that all of them do."""

    how: Literal["all", "any", "not"]
    of: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Responded:
    """The person responded to an ask of `survey`: with a `score` that passes an operator, in a `band`, less than
    `within_ms` ago. What is None may be anything."""

    survey: str
    score: tuple[str, object] | None = None
    band: str | None = None
    within_ms: int | None = None


Entry: TypeAlias = "Condition | Group | Responded"


class Facts(NamedTuple):
    """What conditions look at: nested values, the time in milliseconds, and earlier asks. Of a path in `unknown` nobody
    knows whether it leads to a value."""

    values: Mapping[str, object]
    now: int
    unknown: frozenset[str] = frozenset()
    asks: tuple[PastAsk, ...] = ()


#: Judges facts: true, false, or None for not known.
Judge = Callable[[Facts], "bool | None"]


def same(found: object, written: object) -> bool:
    """Equality as JSON means it: 1 equals 1.0, true equals nothing but true."""
    if isinstance(found, bool) or isinstance(written, bool):
        return found is written
    return found == written


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[object, object, int], bool]:
    def test(found: object, written: object, _now: int) -> bool:
        if not (_is_number(found) and _is_number(written)):
            return False
        assert isinstance(found, int | float)
        assert isinstance(written, int | float)
        return compare(found, written)

    return test


def _is(found: object, written: object, _now: int) -> bool:
    return same(found, written)


def _is_not(found: object, written: object, _now: int) -> bool:
    return not same(found, written)


def _is_in(found: object, written: object, _now: int) -> bool:
    assert isinstance(written, tuple)
    return any(same(found, one) for one in written)


def _not_in(found: object, written: object, now: int) -> bool:
    return not _is_in(found, written, now)


def _between(found: object, written: object, _now: int) -> bool:
    assert isinstance(written, tuple)
    low, high = written
    return bool(_is_number(found) and low <= found <= high)


def _contains(found: object, written: object, _now: int) -> bool:
    if isinstance(found, list):
        return any(same(one, written) for one in found)
    return isinstance(found, str) and isinstance(written, str) and written in found


def _not_contains(found: object, written: object, now: int) -> bool:
    return not _contains(found, written, now)


def _starts_with(found: object, written: object, _now: int) -> bool:
    return isinstance(found, str) and isinstance(written, str) and found.startswith(written)


def _at(compare: Callable[[float, int, int], bool]) -> Callable[[object, object, int], bool]:
    """Compare a found time with a written span and now."""

    def test(found: object, written: object, now: int) -> bool:
        at = as_instant(found)
        assert isinstance(written, int)
        return at is not None and compare(at, written, now)

    return test


def _before(found: object, written: object, _now: int) -> bool:
    at = as_instant(found)
    return at is not None and at < _written_instants(written)[0]


def _after(found: object, written: object, _now: int) -> bool:
    at = as_instant(found)
    return at is not None and at >= _written_instants(written)[1]


def _written_instants(written: object) -> tuple[int, int]:
    instants = parse_instants(written) if isinstance(written, str) else written
    assert isinstance(instants, tuple)
    return instants


OPERATORS: dict[str, Operator] = {
    "is": Operator("value", _is),
    "is_not": Operator("value", _is_not, passes_missing=True),
    "in": Operator("list", _is_in),
    "not_in": Operator("list", _not_in, passes_missing=True),
    "gt": Operator("number", _ordered(lambda found, written: found > written)),
    "gte": Operator("number", _ordered(lambda found, written: found >= written)),
    "lt": Operator("number", _ordered(lambda found, written: found < written)),
    "lte": Operator("number", _ordered(lambda found, written: found <= written)),
    "between": Operator("pair", _between),
    "contains": Operator("text", _contains),
    "not_contains": Operator("text", _not_contains, passes_missing=True),
    "starts_with": Operator("text", _starts_with),
    "before": Operator("time", _before),
    "after": Operator("time", _after),
    "older_than": Operator("span", _at(lambda at, span_ms, now: at < now - span_ms)),
    "within": Operator("span", _at(lambda at, span_ms, now: now - span_ms <= at <= now)),
    "exists": Operator("none", lambda _found, _written, _now: True),
    "missing": Operator("none", lambda _found, _written, _now: False, passes_missing=True),
}

#: The operators that compare times.
TIMED = tuple(op for op, operator in OPERATORS.items() if operator.operand in ("time", "span"))


def look_up(values: Mapping[str, object], path: str) -> object:
    """Follow `path` through nested mappings; None where it leads nowhere.

    A key that itself contains dots is found before its parts are followed.
    """
    if path in values:
        return values[path]
    head, _, rest = path.partition(".")
    inner = values.get(head) if rest else None
    # A dict is what it nearly always is, and that is told sooner.
    return look_up(inner, rest) if type(inner) is dict or isinstance(inner, Mapping) else None


def compiled(entries: tuple[Entry, ...]) -> Judge | None:
    """What judges whether all of `entries` hold; None where there are none, which everything passes."""
    if not entries:
        return None
    judges = [_judge(entry) for entry in entries]
    return judges[0] if len(judges) == 1 else _all(judges)


def paths_of(entries: tuple[Entry, ...]) -> frozenset[str]:
    """Every path that `entries` look at."""
    found: set[str] = set()
    for entry in entries:
        if isinstance(entry, Group):
            found |= paths_of(entry.of)
        elif isinstance(entry, Condition):
            found.add(entry.path)
    return frozenset(found)


def reach_ms(entries: tuple[Entry, ...]) -> int:
    """How far back a response can matter to `entries`."""
    reaches = [0]
    for entry in entries:
        if isinstance(entry, Group):
            reaches.append(reach_ms(entry.of))
        elif isinstance(entry, Responded):
            reaches.append(FOREVER if entry.within_ms is None else entry.within_ms)
    return max(reaches)


def _judge(entry: Entry) -> Judge:
    if isinstance(entry, Condition):
        return _of_condition(entry)
    if isinstance(entry, Responded):
        return _of_responded(entry)
    judges = [_judge(inner) for inner in entry.of]
    if entry.how == "all":
        return _all(judges)
    if entry.how == "any":
        # One of them holds unless all of them fail.
        return _not(_all([_not(judge) for judge in judges]))
    return _not(_all(judges))


def _of_condition(condition: Condition) -> Judge:
    operator, path, value = OPERATORS[condition.op], condition.path, condition.value
    test, passes_missing = operator.test, operator.passes_missing
    if operator.operand == "time":
        value = _written_instants(value)

    def judge(facts: Facts) -> bool | None:
        found = look_up(facts.values, path)
        if found is None:
            return None if path in facts.unknown else passes_missing
        return test(found, value, facts.now)

    return judge


def _of_responded(responded: Responded) -> Judge:
    survey, band = responded.survey, responded.band
    within_ms = FOREVER if responded.within_ms is None else responded.within_ms
    passes = _score_test(responded.score) if responded.score else None

    def judge(facts: Facts) -> bool:
        # As windows count: what is exactly so long ago is out of it, and what time itself cannot explain is in.
        since = facts.now - within_ms
        return any(
            ask.responded_at is not None
            and ask.responded_at > since
            and (band is None or ask.band == band)
            and (passes is None or passes(ask.score))
            for ask in facts.asks
            if ask.survey == survey
        )

    return judge


def _score_test(score: tuple[str, object]) -> Callable[[int | None], bool]:
    operator, value = OPERATORS[score[0]], score[1]
    return lambda found: operator.passes_missing if found is None else operator.test(found, value, 0)


def _not(judge: Judge) -> Judge:
    def opposite(facts: Facts) -> bool | None:
        verdict = judge(facts)
        return None if verdict is None else not verdict

    return opposite


def _all(judges: list[Judge]) -> Judge:
    def together(facts: Facts) -> bool | None:
        known = True
        for judge in judges:
            verdict = judge(facts)
            if verdict is False:
                return False
            if verdict is None:
                known = False
        return True if known else None

    return together
