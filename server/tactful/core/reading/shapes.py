"""Readers of what holds others: mappings, as tables of fields, and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tactful.core.reading.notes import MOST_NOTES, closest, listed, nearest, quoted
from tactful.core.reading.places import At, Reader

__all__ = ["Field", "Shape", "later", "list_of", "read_fields", "record", "refuse_twice", "set_of"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: how it is read, the attribute `to` that keeps it and, if it must be given, what it `needs`."""

    read: Reader[Any]
    to: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one mapping. Those `refused` are faults, since ignoring a limit would ask too often."""

    what: str
    fields: Mapping[str, Field]
    refused: Mapping[str, str] = field(default_factory=dict)


def later(*words: str, instead: str = "remove it") -> dict[str, str]:
    """Say of each of `words` that only a later version understands it, and what to do about that."""
    return dict.fromkeys(words, f"is not applied by this version; {instead}")


def read_fields(at: At, shape: Shape) -> dict[str, Any] | None:
    """Read every field of a mapping into attributes; None, with each fault noted, if one of them has no value."""
    if not isinstance(at.value, dict):
        at.expected(f"{shape.what} (a mapping)", f"write its fields: {listed(shape.fields)}")
        return None
    strangers = [key for key in at.value if key not in shape.fields]
    for key in strangers:
        _read_stranger(at.within(key), key, shape)
    found: dict[str, Any] = {}
    for key, one in shape.fields.items():
        if key in at.value:
            found[one.to] = one.read(at.within(key))
        elif one.needs:
            near = closest(key, strangers[:MOST_NOTES])
            advice = f"rename {quoted(near)}" if near else f"give {one.needs}"
            at.notes.fault((*at.steps, key), f"is missing; {advice}")
            found[one.to] = None
    return None if any(value is None for value in found.values()) else found


def _read_stranger(at: At, key: str, shape: Shape) -> None:
    if key in shape.refused:
        at.fault(f"{quoted(key)} {shape.refused[key]}")
    elif not at.notes.warned_enough:
        near = nearest(key, shape.fields)
        at.notes.warn(at.steps, f"{quoted(key)} is not a field of {shape.what} and is ignored{near or '; remove it'}")


def record(build: Callable[..., T], shape: Shape) -> Reader[T]:
    """Read a mapping into the frozen value that `build` makes; an absent field keeps its default there."""

    def read(at: At) -> T | None:
        found = read_fields(at, shape)
        return None if found is None else build(**found)

    return read


def list_of(read_one: Reader[T], most: int, *, least: int = 0) -> Reader[tuple[T, ...]]:
    """A list of `least` to `most`, each read by `read_one`."""

    def read(at: At) -> tuple[T, ...] | None:
        if not isinstance(at.value, list) or not least <= len(at.value) <= most:
            at.expected(f"a list of {least} to {most}", "write `[...]`, or one entry a line after `- `")
            return None
        found = [read_one(at.within(index)) for index in range(len(at.value))]
        whole = tuple(one for one in found if one is not None)
        return whole if len(whole) == len(found) else None

    return read


def refuse_twice(at: At, field: str, what: str) -> None:
    """Note a fault where two mappings of a list have the same text in `field`."""
    seen: set[str] = set()
    for index, entry in enumerate(at.value if isinstance(at.value, list) else ()):
        written = entry.get(field) if isinstance(entry, dict) else None
        if isinstance(written, str) and written in seen:
            at.within(index).within(field).fault(f"{quoted(written)} is {what}; choose another")
        elif isinstance(written, str):
            seen.add(written)


def set_of(read_one: Reader[str], most: int) -> Reader[frozenset[str]]:
    """A list of at most `most` names whose order means nothing."""
    read_all = list_of(read_one, most)

    def read(at: At) -> frozenset[str] | None:
        found = read_all(at)
        return None if found is None else frozenset(found)

    return read
