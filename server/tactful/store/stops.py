"""What stops asking whatever the rules say: an alarm about the clock, and the quiet time after a restore.

Both are part of every project's configuration, and raising or ending one raises its version. A transaction that asks
somebody reads that number under its lock, so no node asks on after one has raised the alarm, and nothing is read for it
on the way.
"""

from __future__ import annotations

from tactful.core.clockwatch import Jump
from tactful.store.audit import Act, record
from tactful.store.script import Row, Script, one, rows, run

__all__ = [
    "accept_clock",
    "all_projects",
    "lift_quiet",
    "mark_clock",
    "pull_back",
    "quiet_projects",
    "raise_alarm",
    "read_clock",
]

READ_CLOCK = "SELECT now_ms() AS now, mark, alarm, alarm_by, alarm_at FROM clock_watch WHERE one = 1"
MARK_CLOCK = "UPDATE clock_watch SET mark = greatest(mark, now_ms()) WHERE one = 1 AND alarm IS NULL"
RAISE_ALARM = """
UPDATE clock_watch SET alarm = ?, alarm_by = ?, alarm_at = now_ms() WHERE one = 1 AND alarm IS NULL
"""
ACCEPT_CLOCK = """
UPDATE clock_watch SET mark = now_ms(), alarm = NULL, alarm_by = NULL, alarm_at = NULL
WHERE one = 1 AND (alarm IS NOT NULL OR mark > now_ms())
"""
ALL_CHANGED = "UPDATE projects SET config_version = config_version + 1"
QUIET_PROJECTS = "SELECT project_id, name, quiet_since FROM projects WHERE quiet_since IS NOT NULL ORDER BY name"
LIFT_QUIET = """
UPDATE projects SET quiet_since = NULL, config_version = config_version + 1
WHERE quiet_since IS NOT NULL AND project_id = ?
"""
ALL_PROJECTS = "SELECT project_id FROM projects ORDER BY project_id"
PEOPLE_AHEAD = """
SELECT person_id FROM people WHERE project_id = ? AND merged_into IS NULL AND last_at > ? LIMIT ?
"""
#: Locks the person too, and tells the time after the lock.
PULL_BACK_PERSON = """
UPDATE people SET last_at = now_ms() WHERE project_id = ? AND person_id = ? AND last_at > now_ms() RETURNING last_at
"""
PULL_BACK_FIRST_SEEN = (
    "UPDATE people SET first_seen_at = ? WHERE project_id = ? AND person_id = ? AND first_seen_at > ?"
)
PULL_BACK_ASKS = """
UPDATE asks SET asked_at = CASE WHEN asked_at > ? THEN ? ELSE asked_at END,
    seen_at = CASE WHEN seen_at > ? THEN ? ELSE seen_at END,
    responded_at = CASE WHEN responded_at > ? THEN ? ELSE responded_at END,
    dismissed_at = CASE WHEN dismissed_at > ? THEN ? ELSE dismissed_at END
WHERE project_id = ? AND person_id = ?
"""
PULL_BACK_MARKS = """
UPDATE ask_scopes SET asked_at = ? WHERE project_id = ? AND person_id = ? AND asked_at > ?
"""
PULL_BACK_SCOPES = "UPDATE scopes SET last_at = now_ms() WHERE project_id = ? AND last_at > now_ms()"
PULL_BACK_RESPONSES = """
UPDATE responses SET created_at = CASE WHEN created_at > ? THEN ? ELSE created_at END,
    updated_at = CASE WHEN updated_at > ? THEN ? ELSE updated_at END
WHERE project_id = ? AND person_id = ?
"""

#: They last as long as they were to last.
PULL_BACK_FIRINGS = """
UPDATE firings SET expires_at = expires_at - (fired_at - ?), fired_at = ?
WHERE project_id = ? AND person_id = ? AND fired_at > ?
"""

#: A chunk of `pull_back`: some 10 ms.
_AT_ONCE = 100


def read_clock() -> Script[Row]:
    """The database's time, the mark, and the alarm: now, mark, alarm (None: none), alarm_by, alarm_at."""
    row: Row = yield one(READ_CLOCK)
    return row


def mark_clock() -> Script[None]:
    """Write down what time it is; it never falls, and stands still while there is an alarm."""
    yield run(MARK_CLOCK)


def raise_alarm(jump: Jump) -> Script[bool]:
    """Stop asking everywhere. False where there is an alarm already."""
    raised: int = yield run(RAISE_ALARM, jump.way, jump.by_ms)
    if raised:
        yield run(ALL_CHANGED)
    return bool(raised)


def accept_clock(act: Act, *, reset: bool = False) -> Script[bool]:
    """Take the clock's time for right and end the alarm. False where nothing was wrong."""
    accepted: int = yield run(ACCEPT_CLOCK)
    if accepted:
        yield run(ALL_CHANGED)
        yield from record(act, "clock_reset" if reset else "clock_accepted")
    return bool(accepted)


def pull_back(project_id: str) -> Script[int]:
    """Date what lies ahead of the clock to the present, for a chunk of people; return how many, 0 when all are done.

    All of it happened by now, so a window that counts it from now never ends too early.
    """
    now = (yield one(READ_CLOCK))["now"]
    ahead = yield rows(PEOPLE_AHEAD, project_id, now, _AT_ONCE)
    for row in ahead:
        key = (project_id, row["person_id"])
        locked = yield one(PULL_BACK_PERSON, *key)
        if locked is None:  # somebody else's command was here first, or they were erased
            continue
        now = locked["last_at"]
        yield run(PULL_BACK_FIRST_SEEN, now, *key, now)
        yield run(PULL_BACK_ASKS, *([now] * 8), *key)
        yield run(PULL_BACK_MARKS, now, *key, now)
        yield run(PULL_BACK_RESPONSES, *([now] * 4), *key)
        yield run(PULL_BACK_FIRINGS, now, now, *key, now)
    yield run(PULL_BACK_SCOPES, project_id)
    return len(ahead)


def all_projects() -> Script[list[str]]:
    """The ids of all projects."""
    return [row["project_id"] for row in (yield rows(ALL_PROJECTS))]


def quiet_projects() -> Script[list[Row]]:
    """The projects that are quiet: project_id, name, quiet_since."""
    found: list[Row] = yield rows(QUIET_PROJECTS)
    return found


def lift_quiet(act: Act, project_id: str) -> Script[bool]:
    """Let the project ask again. False where it is not quiet."""
    lifted: int = yield run(LIFT_QUIET, project_id)
    if lifted:
        yield from record(act, "quiet_lifted", project_id)
    return bool(lifted)
