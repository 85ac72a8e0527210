"""From the product's SQL to PostgreSQL's: what is written once for both databases and said a little differently here.

    ?                       -> $1, $2, ...
    JSONB (in migrations)   -> JSON: the texts are kept as they were written, in the order of their keys
    TEXT (in migrations)    -> TEXT COLLATE "C": searches by a beginning need the order of bytes, whatever the
    ->> 'name'              -> ->> 'name' COLLATE "C"      database was made with

and the *tag*: one more parameter that comes back as the last column of every row. Many executions of one statement are
sent together and their rows come back as one list (store/lockstep.py); the tag says which execution a row belongs to.
A statement that changes rows without returning any returns its tags, so their number is the number of rows changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Token", "numbered", "tagged", "to_postgres_ddl", "tokens"]

_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|[A-Za-z_][A-Za-z_0-9]*|\d+|->>|->|<=|>=|<>|\|\||\s+|.", re.DOTALL
)
_STATEMENTS_OF_ROWS = frozenset({"SELECT"})
_STATEMENTS_OF_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE"})


class Token(NamedTuple):
    """A piece of SQL: its text (words in lower case), how many parentheses are open, and, for `?`, its number."""

    text: str
    depth: int
    parameter: int | None = None


def tokens(sql: str) -> Iterator[Token]:
    """Divide a statement into words, signs, literals and placeholders; white space and comments are left out."""
    depth = parameters = 0
    for text in _TOKEN.findall(sql):
        if text.isspace() or text.startswith(("--", "/*")):
            continue
        if text == ")":
            depth -= 1
        yield Token(text if text[0] in "'\"" else text.lower(), depth, parameters if text == "?" else None)
        parameters += text == "?"
        if text == "(":
            depth += 1


@lru_cache(maxsize=2_048)
def numbered(sql: str) -> str:
    """The statement with numbered placeholders, and JSON texts that compare by their bytes."""
    pieces: list[str] = []
    parameters = 0
    named = False
    for text in _TOKEN.findall(sql):
        if text == "?":
            parameters += 1
            pieces.append(f"${parameters}")
        elif named and text.startswith("'"):
            pieces.append(f'{text} COLLATE "C"')
        else:
            pieces.append(text)
        named = text == "->>" or (named and text.isspace())
    return "".join(pieces).strip().removesuffix(";")


@lru_cache(maxsize=2_048)
def tagged(sql: str) -> str | None:
    """The numbered statement with a tag as its last parameter and its last column; None where it can have none."""
    found = list(tokens(sql))
    tag = f'${1 + sum(one.parameter is not None for one in found)}::int4 AS "#"'
    first = found[0].text.upper()
    if first in _STATEMENTS_OF_ROWS:
        return " ".join(("SELECT", f"t.*, {tag}", "FROM", f"({numbered(sql)}) t"))
    if first in _STATEMENTS_OF_CHANGES:
        returns = any(one.text == "returning" and one.depth == 0 for one in found)
        return f"{numbered(sql)}{',' if returns else ' RETURNING'} {tag}"
    return None


def to_postgres_ddl(sql: str) -> str:
    """A statement of a migration as PostgreSQL takes it."""
    pieces = [_COLUMN_TYPES.get(text, text) for text in _TOKEN.findall(numbered(sql))]
    return "".join(pieces)


_COLUMN_TYPES = {"JSONB": "JSON", "TEXT": 'TEXT COLLATE "C"'}
