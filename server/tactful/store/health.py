"""What a health report reads: sums, and whether the file is whole."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tactful.clock import Clock
from tactful.store.connections import connect_reader, connect_writer
from tactful.store.script import Row, Script, one
from tactful.store.stops import quiet_projects, read_clock

__all__ = ["Health", "compact", "is_whole", "read_health"]

COUNT_WHOLE = """
SELECT (SELECT count(*) FROM projects) AS projects,
    (SELECT count(*) FROM people WHERE merged_into IS NULL) AS people,
    (SELECT count(*) FROM people WHERE merged_into IS NULL AND opted_out_at IS NOT NULL) AS opted_out,
    (SELECT count(*) FROM people WHERE merged_into IS NULL AND test = 1) AS test,
    (SELECT count(*) FROM kept_opt_outs) AS kept_opt_outs,
    (SELECT count(*) FROM erased_people) AS erased
"""


@dataclass(frozen=True, slots=True)
class Health:
    """The clock's row (`read_clock`), counts, and the quiet projects."""

    clock: Row
    counts: Row
    quiet: list[Row]


def read_health() -> Script[Health]:
    """Read it all; for an installation of millions that takes a second."""
    clock = yield from read_clock()
    counts = yield one(COUNT_WHOLE)
    quiet = yield from quiet_projects()
    return Health(clock, counts, quiet)


def is_whole(path: Path, clock: Clock) -> str | None:
    """Let SQLite look through every page of the file. None: it is whole; else what is wrong first."""
    with closing(connect_reader(path, clock)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return None if found == "ok" else str(found)


def compact(path: Path, clock: Clock) -> None:
    """Write the file anew, without the space that deleted rows left. The service must be stopped."""
    with closing(connect_writer(path, clock)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
