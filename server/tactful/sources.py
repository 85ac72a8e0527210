"""Bytes of YAML or JSON become plain data in which every value keeps its line and column.

YAML is read from its events with our own conversion, because a survey is no place for surprises:
- only `null`, `true`, `false` and numbers as JSON writes them are typed; `no`, `on`, `08:00`, `010` and dates stay
  texts, and names of fields are always texts (the language `no` is Norwegian);
- tags, anchors and aliases are faults (nothing is built and nothing can expand), and so are second documents and
  names given twice;
- what is deeper or larger than any definition is given up before it is read on.

JSON is read strictly by orjson; a small scanner then finds the positions in what is known to be well-formed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
import yaml

from tactful.core.reading import Step, Steps
from tactful.core.reading.clean import DEEPEST, MOST_VALUES
from tactful.core.reading.notes import MOST_NOTES

__all__ = ["Position", "Source", "SourceFault", "read_json", "read_yaml", "write_yaml"]


class Position(NamedTuple):
    """A line and a column, both from 1; columns count characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SourceFault:
    """What is wrong with how a file is written, as opposed to what it says."""

    position: Position
    steps: Steps
    message: str


@dataclass(slots=True)
class Source:
    """The data of a file and where each of its values begins: an entry of a mapping at its name."""

    data: Any = None
    positions: dict[Steps, Position] = field(default_factory=dict)
    faults: list[SourceFault] = field(default_factory=list)
    _twice: set[Steps] = field(default_factory=set)

    def place(self, steps: Steps, position: Position) -> None:
        """Note where the value at `steps` begins. Raises `_GiveUp` when there are more than can be meant."""
        self.positions.setdefault(steps, position)
        if len(self.positions) > MOST_VALUES:
            raise _GiveUp(position, (), f"the file holds more than {MOST_VALUES} values; divide it")
        if len(steps) > DEEPEST:
            raise _GiveUp(position, steps, f"is nested more than {DEEPEST} deep; write it flatter")

    def name(self, steps: Steps, position: Position) -> None:
        """Note where the entry at `steps` of a mapping begins; a name given twice is one fault."""
        if steps in self.positions and not any(steps[:length] in self._twice for length in range(len(steps) + 1)):
            self._twice.add(steps)
            self.fault(position, steps, "is given twice; keep one")
        self.place(steps, position)

    def fault(self, position: Position, steps: Steps, message: str) -> None:
        self.faults.append(SourceFault(position, steps, message))
        if len(self.faults) >= MOST_NOTES:
            raise _GiveUp(position, (), "and more of that kind; mend these first")


class _GiveUp(Exception):
    """Reading on would be of no use; carries the fault."""

    def __init__(self, position: Position, steps: Steps, message: str) -> None:
        super().__init__(message)
        self.fault = SourceFault(position, steps, message)


# The fast parser where PyYAML was built with it; both give the same events.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_IN_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_YAML_ADVICE = "indent with spaces, and put texts that hold `: `, ` #`, `{` or `[` in quotes"
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMBER = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(\.[0-9]+)?|(\.[0-9]+))([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 30
_LONGEST_IN_A_LINE = 100


def read_yaml(text: str) -> Source:
    """Read one document of YAML. Total: what is wrong stands in `faults`."""
    source = Source()
    unfit = _NOT_IN_YAML.search(text)
    if unfit:
        source.fault(_position_in(text, unfit.start()), (), f"holds the character {unfit[0]!a}; remove it")
        return source
    try:
        _YamlReader(source, text).read()
    except _GiveUp as given_up:
        source.faults.append(given_up.fault)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f" {error.context}" if error.context else ""
        source.fault(_position_at(mark), (), f"is not YAML: {error.problem}{context}; {_YAML_ADVICE}")
    return source


def _position_at(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)


class _YamlReader:
    """Walks the events of one document; as deep as `DEEPEST` lets it go."""

    def __init__(self, source: Source, text: str) -> None:
        self._source = source
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def read(self) -> None:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if self._source.positions:
                    raise _GiveUp(_position_at(event.start_mark), (), "begins a second document; keep one per file")
                self._source.data = self._value(next(self._events), ())

    def _value(self, event: Any, steps: Steps) -> Any:
        position = _position_at(event.start_mark)
        self._source.place(steps, position)
        self._refuse_magic(event, position, steps)
        match event:
            case yaml.SequenceStartEvent():
                return list(self._items(steps))
            case yaml.MappingStartEvent():
                return dict(self._entries(steps))
            case yaml.ScalarEvent():
                return self._typed(event, position, steps)
            case _:
                return None  # an alias, which is a fault already

    def _refuse_magic(self, event: Any, position: Position, steps: Steps) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._source.fault(position, steps, f"is the alias `*{event.anchor}`; write the value itself")
        elif event.anchor is not None:
            self._source.fault(position, steps, f"has the anchor `&{event.anchor}`; remove it")
        elif event.tag is not None:
            self._source.fault(position, steps, f"has the tag `{event.tag}`; remove it")

    def _items(self, steps: Steps) -> Iterator[Any]:
        for index, event in enumerate(iter(self._events.__next__, None)):
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self._value(event, (*steps, index))

    def _entries(self, steps: Steps) -> Iterator[tuple[str, Any]]:
        for event in iter(self._events.__next__, None):
            if isinstance(event, yaml.MappingEndEvent):
                return
            position = _position_at(event.start_mark)
            if not isinstance(event, yaml.ScalarEvent):
                raise _GiveUp(position, steps, "has a name that is not a text; write `name: value`")
            inner = (*steps, event.value)
            self._refuse_magic(event, position, inner)
            self._source.name(inner, position)
            yield event.value, self._value(next(self._events), inner)

    def _typed(self, event: Any, position: Position, steps: Steps) -> Any:
        written: str = event.value
        is_plain = event.implicit[0]
        if not is_plain:
            return written
        if written in _CONSTANTS:
            return _CONSTANTS[written]
        match = _NUMBER.fullmatch(written)
        if match is None:
            return written
        if len(written) > _LONGEST_NUMBER:
            self._source.fault(position, steps, "is a number too long to keep; put it in quotes")
            return None
        return float(written) if any(match.groups()) else int(written)


class _YamlWriter(yaml.SafeDumper):
    """Writes what `read_yaml` reads as the same: quotes all that would be typed here or in older YAML."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True

    def represent_text(self, text: str) -> yaml.Node:
        is_typed = text in _CONSTANTS or _NUMBER.fullmatch(text) is not None
        is_odd = not text.isprintable()  # YAML folds some of these; in double quotes all are escaped
        return self.represent_scalar("tag:yaml.org,2002:str", text, style='"' if is_typed or is_odd else None)

    def represent_items(self, items: list[Any]) -> yaml.Node:
        # A condition or a short list of words is read at one glance on one line.
        is_short = not any(isinstance(inner, dict) for inner in items) and len(repr(items)) <= _LONGEST_IN_A_LINE
        return self.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_short)


_YamlWriter.add_representer(str, _YamlWriter.represent_text)
_YamlWriter.add_representer(list, _YamlWriter.represent_items)


def write_yaml(data: Any) -> str:
    """Write plain data (of JSON) as YAML that `read_yaml` reads as the same, in the order given."""
    return yaml.dump(data, Dumper=_YamlWriter, sort_keys=False, allow_unicode=True, width=2**31)


_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def read_json(text: str) -> Source:
    """Read one value of JSON. Total: what is wrong stands in `faults`."""
    source = Source()
    try:
        source.data = orjson.loads(text)
        _place_json(source, text)
    except orjson.JSONDecodeError as error:
        source.fault(Position(error.lineno, error.colno), (), f"is not JSON: {error.msg}")
    except _GiveUp as given_up:
        source.faults.append(given_up.fault)
    return source


def _place_json(source: Source, text: str) -> None:
    """Find where each value of well-formed JSON begins, and names given twice (the last would win unseen)."""
    starts = _line_starts(text)
    path: list[Step | None] = []  # the step taken in each open list or mapping; None: its name comes next
    for token in _JSON_TOKEN.finditer(text):
        position = _position_among(starts, token.start())
        match token[0]:
            case "]" | "}":
                path.pop()
            case ",":
                path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
            case ":":
                pass
            case written if path and path[-1] is None:
                path[-1] = orjson.loads(written)
                source.name(_steps(path), position)
            case written:
                source.place(_steps(path), position)
                if written in "[{":
                    path.append(0 if written == "[" else None)


def _steps(path: list[Step | None]) -> Steps:
    return tuple(step for step in path if step is not None)


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _position_among(starts: list[int], offset: int) -> Position:
    line = bisect_right(starts, offset)
    return Position(line, offset - starts[line - 1] + 1)


def _position_in(text: str, offset: int) -> Position:
    return _position_among(_line_starts(text), offset)
