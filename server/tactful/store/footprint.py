"""Which rows a statement touches, as far as its text and parameters tell: what keeps scripts of one batch apart.

Scripts that share a PostgreSQL transaction share its locks too: none of them waits for another's rows. So the runner
has to know what each statement touches *before* it is sent (store/lockstep.py). Rows are named by the beginning of
their table's primary key, as a *range*:

    UPDATE people ... WHERE project_id = ? AND person_id = ?       writes ("people", "p1", "ann")
    INSERT INTO asks (project_id, person_id, ask_id, ...) VALUES   writes ("asks", "p1", "ann", "o7")
    SELECT ... FROM asks WHERE project_id = ? AND person_id = ?    reads  ("asks", "p1", "ann")
    DELETE FROM messages WHERE received_at < ?                     writes ("messages",)

Two ranges overlap where one is the beginning of the other. Only what is certain narrows a range: a condition
`column = ?` that must hold, a single row of values, a table that is mentioned once. Whatever is not understood (a
joined table, a changed key, an OR) widens it to the table, and a statement that is not understood at all touches
everything, `()`. So a new statement is never too narrow; at worst its script keeps the others of its batch waiting.

Foreign keys and unique indexes beside the primary key also read rows that no range names. That is harmless: they tell
one bit about a row, a script that fails takes the whole batch back, and `ON CONFLICT` on any other key than the
primary one widens to the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tactful.store.translate import Token, tokens

__all__ = ["Footprints", "Keys", "Range", "Touch", "touches"]

#: The primary key of each table, its columns in order.
Keys = Mapping[str, Sequence[str]]

#: A table and the first values of its key; () is everything.
Range = tuple[Any, ...]

#: Longer beginnings would be narrower and cost more to compare.
_MOST_COLUMNS = 3

_OPENING = frozenset({"from", "join", "into"})


class Touch(NamedTuple):
    """A range to be: the table and the numbers of the parameters that are its key's first values."""

    table: str
    pins: tuple[int, ...]
    writes: bool

    def of(self, params: Sequence[Any]) -> Range:
        """The range that the statement touches with these parameters."""
        return (self.table, *[params[pin] for pin in self.pins]) if self.table else ()


#: What a statement touches that is not understood.
EVERYTHING = (Touch("", (), writes=True),)


class Footprints:
    """What each statement touches, worked out once for each text."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._found: dict[str, tuple[Touch, ...]] = {}

    def learn(self, keys: Keys) -> None:
        """Go by these keys from now on."""
        self._keys = keys
        self._found.clear()

    def of(self, sql: str) -> tuple[Touch, ...]:
        """What `sql` touches."""
        found = self._found.get(sql)
        if found is None:
            found = self._found[sql] = touches(sql, self._keys)
        return found


def touches(sql: str, keys: Keys) -> tuple[Touch, ...]:
    """What `sql` touches, the rows it writes first."""
    found = list(tokens(sql))
    mentioned = _mentioned(found, keys)
    if mentioned is None:
        return EVERYTHING
    kind = found[0].text
    if kind == "select":
        alone = len(mentioned) == 1 and sum(one.text == "select" for one in found) == 1
        return tuple(Touch(table, _pinned(found, keys[table]) if alone else (), writes=False) for table in mentioned)
    if kind == "insert":
        target = Touch(mentioned[0], _inserted(found, keys[mentioned[0]]), writes=True)
    elif kind in {"update", "delete"}:
        target = Touch(mentioned[0], _pinned(found, _unchanged(found, keys[mentioned[0]])), writes=True)
    else:
        return EVERYTHING
    return (target, *(Touch(table, (), writes=False) for table in mentioned[1:]))


def _mentioned(found: Sequence[Token], keys: Keys) -> list[str] | None:
    """The tables in the order in which they stand, the one that is written first; None if one is not known."""
    tables: list[str] = []
    for at, token in enumerate(found[:-1]):
        if token.text in _OPENING or (token.text == "update" and at == 0):
            name = found[at + 1].text
            if name == "(":
                continue
            if name not in keys or _goes_on(found, at + 2):
                return None
            tables.append(name)
    # A statement without any table, like SELECT 1, touches nothing; one that writes has a table.
    return tables if tables or found[0].text == "select" else None


def _goes_on(found: Sequence[Token], at: int) -> bool:
    """Tell whether a list of tables goes on after the name that ends before `at`."""
    following = [one.text for one in found[at : at + 3]]
    if following[:1] == [")"]:
        return False
    return "," in following[: 3 if following[:1] == ["as"] else 2]


def _pinned(found: Sequence[Token], key: Sequence[str]) -> tuple[int, ...]:
    """The parameters that the outermost WHERE makes the first columns of `key` equal to."""
    where = next((at for at, one in enumerate(found) if one.text == "where" and one.depth == 0), None)
    if where is None:
        return ()
    outer = [one for one in found[where:] if one.depth == 0]
    if any(one.text == "or" for one in outer):
        return ()
    equal: dict[str, int] = {}
    for at, token in enumerate(outer):
        if token.parameter is None or at < 3 or outer[at - 1].text != "=":
            continue
        column, before = outer[at - 2].text, outer[at - 3].text
        # `a.project_id = ?` too; between the name and the AND there is nothing else.
        if before == "." and at >= 5:
            before = outer[at - 5].text
        after = outer[at + 1].text if at + 1 < len(outer) else "and"
        if before in {"where", "and"} and after in {"and", "returning", "group", "order", "limit"}:
            equal[column] = token.parameter
    return _first(key, equal)


def _unchanged(found: Sequence[Token], key: Sequence[str]) -> Sequence[str]:
    """The first columns of `key`, up to one that the statement sets."""
    until = next((at for at, one in enumerate(found) if one.text == "where" and one.depth == 0), len(found))
    outer = [one.text for one in found[:until] if one.depth == 0]
    changed = {outer[at - 1] for at, text in enumerate(outer) if text == "=" and outer[at - 2] in {"set", ","}}
    kept = []
    for column in key:
        if column in changed:
            break
        kept.append(column)
    return kept


def _inserted(found: Sequence[Token], key: Sequence[str]) -> tuple[int, ...]:
    """The parameters that a single inserted row has as the first columns of `key`."""
    values = next((at for at, one in enumerate(found) if one.text == "values" and one.depth == 0), None)
    if values is None:
        return ()
    end = next(at for at in range(values + 1, len(found)) if found[at].text == ")" and found[at].depth == 0)
    if end + 1 < len(found) and found[end + 1].text == ",":
        return ()
    conflict = next((at for at, one in enumerate(found) if one.text == "conflict" and one.depth == 0), None)
    if conflict is not None and not _conflicts_on(found[conflict + 1 :], key):
        return ()
    columns = [one.text for one in found[:values] if one.depth == 1 and one.text != ","]
    parts = _divided([one for one in found[values + 2 : end] if one.depth >= 1])
    equal = {
        column: part[0].parameter
        for column, part in zip(columns, parts, strict=False)
        if len(part) == 1 and part[0].parameter is not None
    }
    return _first(key, equal)


def _conflicts_on(after: Sequence[Token], key: Sequence[str]) -> bool:
    """Tell whether a conflict that changes the row it met can only be one of the primary key."""
    if [one.text for one in after if one.depth == 0 and one.text in {"nothing", "update"}][:1] == ["nothing"]:
        return True
    return {one.text for one in after[: 2 * len(key)] if one.depth == 1 and one.text != ","} == set(key)


def _divided(values: Sequence[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for one in values:
        if one.text == "," and one.depth == 1:
            parts.append([])
        else:
            parts[-1].append(one)
    return parts


def _first(key: Sequence[str], equal: Mapping[str, int]) -> tuple[int, ...]:
    pins = []
    for column in key[:_MOST_COLUMNS]:
        if column not in equal:
            break
        pins.append(equal[column])
    return tuple(pins)
