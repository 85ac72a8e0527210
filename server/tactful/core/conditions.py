"""Conditions on values that somebody else wrote: `[traits.plan, is, pro]`.

Total by construction: whatever the value's type, a condition answers true or false and never raises. A missing
value passes only the operators that say so (`is_not`, `not_in`, `missing`). Numbers compare with numbers and
texts with texts; a number never equals a text, and true is not 1. There are no regular expressions from users.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["OPERATORS", "Condition", "Operator", "holds", "look_up", "same"]

Operand = Literal["value", "list", "number", "pair", "text", "none"]


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator compares with (`operand`) and how (`test`, on the found and the written value)."""

    operand: Operand
    test: Callable[[object, object], bool]
    passes_missing: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """`path` leads to a value, `op` is a key of `OPERATORS`, `value` fits the operator's operand."""

    path: str
    op: str
    value: object


def same(found: object, written: object) -> bool:
    """Equality as JSON means it: 1 equals 1.0, true equals nothing but true."""
    if isinstance(found, bool) or isinstance(written, bool):
        return found is written
    return found == written


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[object, object], bool]:
    def test(found: object, written: object) -> bool:
        if not (_is_number(found) and _is_number(written)):
            return False
        assert isinstance(found, int | float)
        assert isinstance(written, int | float)
        return compare(found, written)

    return test


def _is_in(found: object, written: object) -> bool:
    assert isinstance(written, tuple)
    return any(same(found, one) for one in written)


def _between(found: object, written: object) -> bool:
    assert isinstance(written, tuple)
    low, high = written
    return bool(_is_number(found) and low <= found <= high)


def _contains(found: object, written: object) -> bool:
    if isinstance(found, list):
        return any(same(one, written) for one in found)
    return isinstance(found, str) and isinstance(written, str) and written in found


def _starts_with(found: object, written: object) -> bool:
    return isinstance(found, str) and isinstance(written, str) and found.startswith(written)


OPERATORS: dict[str, Operator] = {
    "is": Operator("value", same),
    "is_not": Operator("value", lambda found, written: not same(found, written), passes_missing=True),
    "in": Operator("list", _is_in),
    "not_in": Operator("list", lambda found, written: not _is_in(found, written), passes_missing=True),
    "gt": Operator("number", _ordered(lambda found, written: found > written)),
    "gte": Operator("number", _ordered(lambda found, written: found >= written)),
    "lt": Operator("number", _ordered(lambda found, written: found < written)),
    "lte": Operator("number", _ordered(lambda found, written: found <= written)),
    "between": Operator("pair", _between),
    "contains": Operator("text", _contains),
    "starts_with": Operator("text", _starts_with),
    "exists": Operator("none", lambda _found, _written: True),
    "missing": Operator("none", lambda _found, _written: False, passes_missing=True),
}


def look_up(values: Mapping[str, object], path: str) -> object:
    """Follow `path` through nested mappings; None where it leads nowhere.

    A key that itself contains dots is found before its parts are followed.
    """
    head, _, rest = path.partition(".")
    if path in values:
        return values[path]
    inner = values.get(head)
    return look_up(inner, rest) if rest and isinstance(inner, Mapping) else None


def holds(condition: Condition, values: Mapping[str, object]) -> bool:
    """Tell whether `condition` is true of `values`. A null counts as missing."""
    operator = OPERATORS[condition.op]
    found = look_up(values, condition.path)
    if found is None:
        return operator.passes_missing
    return operator.test(found, condition.value)
