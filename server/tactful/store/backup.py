"""A backup: everything, as it was at one moment, as lines of JSON in a gzip'ed file that any database can be made from.

    {"tactful": "backup", "format": 1, "version": ..., "created_at": ..., "migrations": [...], "counts": {table: rows}}
    {"table": "projects", "columns": [...]}
    [...]                                       a row, in the order of the columns
    ...
    {"rows": 1234, "sha256": "..."}             of every byte before this line

It is written under another name, synced and renamed, so a file with the name that was asked for is whole. It is read
twice: once to its end, before anything is touched, since a file that is cut off shows only there.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tactful import __version__
from tactful.errors import CannotStart
from tactful.store.journal import NOW
from tactful.store.migrate import APPLIED, load
from tactful.store.script import Script, one, rows
from tactful.store.tables import TABLES, Table

__all__ = ["BackupFile", "Header", "Progress", "dump", "no_progress", "open_backup", "writing"]

FORMAT = 1
#: Rows read at a time: some hundred kilobytes.
_CHUNK = 500
_TOLD_EVERY = 1_000

#: How many rows are done, of how many.
Progress = Callable[[int, int], None]


def dump(write: Callable[[bytes], object], progress: Progress) -> Script[int]:
    """Write every row of one moment to `write`; return how many. To be run where its statements see one moment."""
    # Taken first: whatever is committed later than this may be missing.
    created_at = (yield one(NOW))["now"]
    applied = [row["name"] for row in (yield rows(APPLIED))]
    counts = {}
    for table in TABLES:
        counts[table.name] = (yield one(table.count))["found"]
    digest = hashlib.sha256()

    def line(value: Any) -> None:
        written = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        digest.update(written)
        write(written)

    line({"tactful": "backup", "format": FORMAT, "version": __version__, "created_at": created_at,
          "migrations": applied, "counts": counts})  # fmt: skip
    done, total = 0, sum(counts.values())
    for table in TABLES:
        line({"table": table.name, "columns": table.columns})
        done = yield from _dump_rows(table, line, lambda at: progress(at, total), done)
    write(orjson.dumps({"rows": done, "sha256": digest.hexdigest()}, option=orjson.OPT_APPEND_NEWLINE))
    progress(done, total)
    return done


def _dump_rows(table: Table, line: Callable[[Any], None], told: Callable[[int], None], done: int) -> Script[int]:
    after = table.first
    while True:
        chunk = yield rows(table.chunk, *after, _CHUNK)
        for row in chunk:
            line([row[name] for name in table.columns])
        done += len(chunk)
        told(done)
        if len(chunk) < _CHUNK:
            return done
        after = tuple(chunk[-1][name] for name in table.keys)


@contextmanager
def writing(path: Path) -> Iterator[gzip.GzipFile]:
    """Write a new gzip'ed file that only its owner may read. It is at `path` once all of it is on disk."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6) as packed:
                yield packed
            raw.flush()
            os.fsync(raw.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass(frozen=True, slots=True)
class Header:
    """A backup's first line."""

    version: str
    created_at: int
    migrations: tuple[str, ...]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A backup that was read to its end and is whole, and the projects in it."""

    path: Path
    header: Header
    project_ids: frozenset[str]

    @property
    def total(self) -> int:
        return sum(self.header.counts.values())

    def rows(self) -> Iterator[tuple[Table, list[Any]]]:
        """Every row with its table, in the order of `TABLES`."""
        return _rows(self.path)


def _damaged(path: Path, what: str) -> CannotStart:
    return CannotStart("backup_damaged", f"{path} is no whole backup: {what}. Nothing was changed; take another one.")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as packed:
            yield from packed
    except (EOFError, gzip.BadGzipFile, zlib.error) as broken:
        raise _damaged(path, str(broken) or "it cannot be unpacked") from broken


def _rows(path: Path) -> Iterator[tuple[Table, list[Any]]]:
    by_name = {table.name: table for table in TABLES}
    table: Table | None = None
    for line in _lines(path):
        value = orjson.loads(line)
        if isinstance(value, list):
            assert table is not None, "a whole backup names the table before its rows"
            yield table, value
        elif "table" in value:
            table = by_name[value["table"]]
            assert value["columns"] == list(table.columns), "the same migrations make the same columns"


def open_backup(path: Path, progress: Progress) -> BackupFile:
    """Read the backup at `path` to its end. Raises `CannotStart` for one that is not whole or of another version."""
    first = last = b""
    digest, total = hashlib.sha256(), 0
    for number, line in enumerate(_lines(path)):
        digest.update(last)
        last = line
        if number == 0:
            first, total = line, _total(path, line)
        elif number % _TOLD_EVERY == 0:
            progress(number, total)
    end = _value(path, last)
    if end.get("sha256") != digest.hexdigest():
        raise _damaged(path, "its end is missing" if "sha256" not in end else "its content is not what was written")
    header = _header(path, _value(path, first))
    return BackupFile(path, header, _project_ids(path))


def _value(path: Path, line: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as broken:
        raise _damaged(path, "a line of it is not JSON") from broken
    return value if isinstance(value, dict) else {}


def _total(path: Path, line: bytes) -> int:
    value = _value(path, line)
    if value.get("tactful") != "backup":
        raise _damaged(path, "it is something else")
    return int(sum(value["counts"].values())) + len(value["counts"])


def _project_ids(path: Path) -> frozenset[str]:
    found = set()
    for table, row in _rows(path):
        if table.name == "projects":
            found.add(str(row[0]))
        elif found:
            break
    return frozenset(found)


def _header(path: Path, value: Any) -> Header:
    known = [step.name for step in load()]
    if value["format"] != FORMAT or value["migrations"] != known:
        raise CannotStart(
            "backup_of_other_version",
            f"{path} was made by Tactful {value['version']} with other migrations than this version's. Install that "
            "version, restore with it, and upgrade then.",
        )
    return Header(value["version"], value["created_at"], tuple(value["migrations"]), value["counts"])


def no_progress(_done: int, _total: int) -> None:
    """Tell nobody."""
