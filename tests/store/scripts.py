"""Small scripts for the tests of a runner, in SQL that both databases take."""

from __future__ import annotations

from tactful.store.script import Script, one, rows, run


class Refused(Exception):
    """What a script raises on purpose."""


def create_tables() -> Script[None]:
    yield run("CREATE TABLE owners (owner_id BIGINT PRIMARY KEY)")
    yield run(
        "CREATE TABLE items (item_id BIGINT PRIMARY KEY, note TEXT NOT NULL, facts JSONB,"
        " owner_id BIGINT REFERENCES owners (owner_id) DEFERRABLE INITIALLY DEFERRED)"
    )
    yield run("CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)")


def put(item_id: int, note: str = "") -> Script[int]:
    yield run("INSERT INTO items (item_id, note) VALUES (?, ?)", item_id, note)
    return item_id


def put_then_refuse(item_id: int) -> Script[int]:
    yield from put(item_id)
    raise Refused(item_id)


def put_orphan(item_id: int) -> Script[int]:
    """Insert a row that refers to nothing, which only the commit finds out."""
    yield run("INSERT INTO items (item_id, note, owner_id) VALUES (?, '', 404)", item_id)
    return item_id


def add(name: str, amount: int = 1) -> Script[int]:
    """Read, then write: two of these at once lose an addition unless transactions keep them apart."""
    row = yield one("SELECT value FROM counters WHERE name = ?", name)
    value = amount if row is None else row["value"] + amount
    yield run(
        "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )
    return value


def item_ids() -> Script[list[int]]:
    found = yield rows("SELECT item_id FROM items ORDER BY item_id")
    return [row["item_id"] for row in found]


def take_one_of(name: str, cap: int, item_id: int) -> Script[bool]:
    """Lock the row of `name`, then insert an item unless `cap` of them are there: right only if the lock keeps all
    others out until the end."""
    yield one(
        "INSERT INTO counters (name, value) VALUES (?, 0)"
        " ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value",
        name,
    )
    taken = yield one("SELECT count(*) AS number FROM items WHERE note = ?", name)
    if taken["number"] >= cap:
        return False
    yield run("INSERT INTO items (item_id, note) VALUES (?, ?)", item_id, name)
    return True


def move(source: str, target: str) -> Script[None]:
    """Take one from `source` and give it to `target`, each locked when it is written."""
    yield run("UPDATE counters SET value = value - 1 WHERE name = ?", source)
    yield run("UPDATE counters SET value = value + 1 WHERE name = ?", target)
