"""Files of definitions, from bytes to a policy, words, surveys and receivers, with the line and column of every fault.

`load` is for whoever has a file. Whoever has parsed JSON already (a management route) reads it with `core.reading`
and turns the faults into an error with `invalid`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tactful.core.changes import Change
from tactful.core.differences import Line, differences, unified
from tactful.core.reading import Definitions, Fault, Steps, read_file, write_policy, write_receiver, write_survey
from tactful.core.reading.notes import path_of
from tactful.errors import Invalid, TooLarge
from tactful.sources import Position, read_json, read_yaml, write_yaml

__all__ = [
    "LARGEST",
    "Loaded",
    "Located",
    "Parsed",
    "as_yaml",
    "change_json",
    "change_lines",
    "invalid",
    "load",
    "parse",
    "written_text",
]

LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Located:
    """A fault or warning with its place in a file."""

    filename: str
    position: Position
    path: str
    message: str

    def __str__(self) -> str:
        path = f" {self.path}" if self.path else ""
        return f"{self.filename}:{self.position.line}:{self.position.column}{path}: {self.message}"

    def for_wire(self) -> dict[str, Any]:
        """Say it as data: `{path, message, file, line, column}`."""
        line, column = self.position
        return {"path": self.path, "message": self.message, "file": self.filename, "line": line, "column": column}


@dataclass(frozen=True, slots=True)
class Parsed:
    """The plain data of a file, and where each of its values begins."""

    filename: str
    data: Any
    positions: Mapping[Steps, Position] = field(repr=False)

    def line_of(self, steps: Steps) -> Position:
        """Where the value at `steps` begins; if it is absent, the nearest value around it."""
        while steps and steps not in self.positions:
            steps = steps[:-1]
        return self.positions.get(steps, Position(1, 1))

    def locate(self, fault: Fault) -> Located:
        return Located(self.filename, self.line_of(fault.steps), fault.path, fault.message)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file says, and what is doubtful in it."""

    definitions: Definitions
    warnings: tuple[Located, ...] = ()


def parse(source: bytes, filename: str) -> Parsed:
    """Parse a file as JSON if its name ends in `.json`, else as YAML.

    At most 1 MiB of strict UTF-8 (a byte order mark is allowed). Raises `TooLarge`, or `Invalid` with every fault in
    how the file is written.
    """
    if len(source) > LARGEST:
        raise TooLarge("too_large", f"{filename} has {len(source)} bytes; at most {LARGEST} are read: divide it")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise _invalid([Located(filename, Position(line, 1), "", "is not UTF-8; save the file as UTF-8")]) from None
    read = (read_json if filename.lower().endswith(".json") else read_yaml)(text)
    if read.faults:
        raise _invalid([Located(filename, one.position, path_of(one.steps), one.message) for one in read.faults])
    return Parsed(filename, read.data, read.positions)


def load(source: bytes, filename: str) -> Loaded:
    """Read a file of definitions. Raises `TooLarge`, or `Invalid` with every fault and its line."""
    parsed = parse(source, filename)
    reading = read_file(parsed.data)
    if reading.value is None:
        raise invalid(reading.faults, parsed)
    return Loaded(reading.value, tuple(parsed.locate(warning) for warning in reading.warnings))


def as_yaml(definitions: Definitions) -> str:
    """Write definitions as a file in their canonical form; `load` of it gives the same."""
    policy = {} if definitions.policy is None else {"policy": write_policy(definitions.policy)}
    surveys = {"surveys": [write_survey(survey) for survey in definitions.surveys]}
    receivers = {"receivers": [write_receiver(one) for one in definitions.receivers]} if definitions.receivers else {}
    words = {"words": definitions.words} if definitions.words is not None else {}
    return write_yaml({**policy, **words, **surveys, **receivers})


def change_lines(change: Change) -> tuple[Line, ...]:
    """What a change does to the canonical form, line by line; nothing where the content stays."""
    return differences(written_text(change.was), written_text(change.written))


def written_text(content: Mapping[str, Any]) -> str:
    """Write the content of a definition as YAML; nothing where there is none."""
    return write_yaml(dict(content)) if content else ""


def change_json(change: Change) -> dict[str, Any]:
    """Say a change as data, as the management API does."""
    if change.survey is None:
        what = change.what if change.receiver is None else f"receiver {change.what}"
        names = (f"{what}, as it is", f"{what}, as applied")
    else:
        old = "nothing" if change.before is None else f"{change.what}, version {change.before}"
        names = (old, f"{change.what}, version {change.version}")
    return {
        "survey": change.survey,
        "receiver": change.receiver,
        "change": change.how,
        "version": change.version,
        "before": change.before,
        "state": change.state and {"from": change.state[0], "to": change.state[1]},
        "diff": unified(*names, change_lines(change)),
        "means": list(change.means),
    }


def invalid(faults: Sequence[Fault], parsed: Parsed | None = None) -> Invalid:
    """Turn faults into the error that the wire and the terminal tell: `faults` has `{path, message}` each.

    For a file also `file`, `line` and `column`, and the faults stand in the order of its lines.
    """
    if parsed is not None:
        return _invalid([parsed.locate(fault) for fault in faults])
    return _error([{"path": fault.path, "message": fault.message} for fault in faults], str(faults[0]))


def _invalid(located: list[Located]) -> Invalid:
    located.sort(key=lambda one: one.position)
    return _error([one.for_wire() for one in located], str(located[0]))


def _error(faults: list[dict[str, Any]], first: str) -> Invalid:
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Invalid("invalid_definition", f"{first}{more}", faults)
