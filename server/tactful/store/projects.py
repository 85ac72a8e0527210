"""Projects, their keys, surveys and policy: what the owner of a product decides.

Every change raises the project's `config_version` in the same transaction. A transaction that asks somebody reads
that number under its lock, so a cached configuration can be old but never obeyed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from tactful.core.catalogue import Catalogue, compile_catalogue
from tactful.core.changes import Change, Kept, policy_change, survey_change, unlike
from tactful.core.policy import DEFAULT_POLICY, Policy, Stops
from tactful.core.reading import read_policy, read_survey, write_policy
from tactful.core.spans import DAY_MS
from tactful.core.standing import Standing
from tactful.core.surveys import State, Survey
from tactful.core.words import OwnWords
from tactful.errors import Conflict
from tactful.identity import Secret, Terms
from tactful.store.script import Row, Script, one, rows, run

__all__ = [
    "Config",
    "Key",
    "NewProject",
    "apply_definitions",
    "config_versions",
    "create_project",
    "find_key",
    "find_project",
    "hash_key",
    "load_config",
    "load_version",
    "plan_definitions",
]

INSERT_PROJECT = """
INSERT INTO projects (project_id, name, public_key, origins, keep_events_ms, policy, created_at)
VALUES (?, ?, ?, ?, ?, ?, now_ms())
ON CONFLICT (name) DO NOTHING
"""
INSERT_KEY = "INSERT INTO api_keys (key_hash, project_id, purpose, scopes, created_at) VALUES (?, ?, ?, ?, now_ms())"
ADD_IDENTITY_KEY = """
INSERT INTO identity_secrets (project_id, secret_id, secret, accepts, created_at) VALUES (?, ?, ?, ?, now_ms())
"""
FIND_KEY = "SELECT project_id, purpose, scopes FROM api_keys WHERE key_hash = ? AND revoked_at IS NULL"
FIND_PROJECT = "SELECT project_id FROM projects WHERE name = ?"
FIND_BY_PUBLIC_KEY = "SELECT project_id FROM projects WHERE public_key = ?"
READ_PROJECT = """
SELECT project_id, name, public_key, origins, identity_mode, identity_longest_ms, keep_events_ms, policy,
    words, config_version, hears_backend, quiet_since, (SELECT alarm FROM clock_watch WHERE one = 1) AS clock_alarm
FROM projects WHERE project_id = ?
"""
READ_SECRETS = """
SELECT secret_id, secret, accepts, created_at, last_used_at FROM identity_secrets
WHERE project_id = ? AND revoked_at IS NULL ORDER BY created_at DESC, secret_id DESC
"""
READ_SURVEYS = """
SELECT s.survey_key, s.state, s.version, v.definition, s.updated_at, v.created_at, s.live_at
FROM surveys s
JOIN survey_versions v ON v.project_id = s.project_id AND v.survey_key = s.survey_key AND v.version = s.version
WHERE s.project_id = ? ORDER BY s.survey_key
"""
READ_VERSION = "SELECT definition FROM survey_versions WHERE project_id = ? AND survey_key = ? AND version = ?"
CONFIG_VERSIONS = "SELECT project_id, config_version FROM projects"
LOCK_PROJECT = "UPDATE projects SET config_version = config_version + 1 WHERE project_id = ? RETURNING policy"
#: Locks as well, for whoever may find that there is nothing to change.
HOLD_PROJECT = "UPDATE projects SET config_version = config_version WHERE project_id = ?"
READ_POLICY = "SELECT policy FROM projects WHERE project_id = ?"
UPDATE_POLICY = "UPDATE projects SET policy = ? WHERE project_id = ?"
INSERT_SURVEY = """
INSERT INTO surveys (project_id, survey_key, state, version, updated_at, live_at)
VALUES (?, ?, ?, ?, now_ms(), CASE WHEN CAST(? AS TEXT) = 'live' THEN now_ms() END)
ON CONFLICT (project_id, survey_key) DO UPDATE
SET state = excluded.state, version = excluded.version, updated_at = excluded.updated_at,
    live_at = coalesce(surveys.live_at, excluded.live_at)
"""
INSERT_VERSION = """
INSERT INTO survey_versions (project_id, survey_key, version, definition, created_at) VALUES (?, ?, ?, ?, now_ms())
"""


@dataclass(frozen=True, slots=True)
class NewProject:
    """What a project starts with. Write key and API token are shown once and kept as hashes."""

    project_id: str
    name: str
    origins: tuple[str, ...]
    public_key: str
    write_key: str
    api_token: str
    identity_secret: str


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was found: which project it belongs to and what it may do."""

    project_id: str
    purpose: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Config:
    """One version of a project's configuration, compiled. `live` says that its tabs listen for nudges; `standings` are
    as of some seconds ago (store/standings.py)."""

    project_id: str
    name: str
    public_key: str
    origins: frozenset[str]
    identity: Terms
    keep_events_ms: int
    catalogue: Catalogue
    version: int
    live: bool = False
    words: OwnWords = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)


def hash_key(key: str) -> str:
    """The form in which a key is kept. Keys have 192 random bits, so a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_project(new: NewProject) -> Script[None]:
    """Create the project and its keys. Raises `Conflict` when the name is taken."""
    policy = orjson.dumps(write_policy(DEFAULT_POLICY)).decode()
    origins = orjson.dumps(list(new.origins)).decode()
    created = yield run(INSERT_PROJECT, new.project_id, new.name, new.public_key, origins, 90 * DAY_MS, policy)
    if not created:
        raise Conflict("project_exists", f"There is a project named {new.name!r} already; choose another name.")
    yield run(INSERT_KEY, hash_key(new.write_key), new.project_id, "write", "[]")
    yield run(INSERT_KEY, hash_key(new.api_token), new.project_id, "api", '["*"]')
    yield run(ADD_IDENTITY_KEY, new.project_id, "first", new.identity_secret, "any")


def find_key(key: str) -> Script[Key | None]:
    """Find what `key` opens, by its hash."""
    row = yield one(FIND_KEY, hash_key(key))
    return row and Key(row["project_id"], row["purpose"], frozenset(orjson.loads(row["scopes"])))


def find_project(name: str) -> Script[str | None]:
    """Find the id of the project with this name."""
    row = yield one(FIND_PROJECT, name)
    return row and str(row["project_id"])


def find_by_public_key(public_key: str) -> Script[str | None]:
    """Find the id of the project with this public key."""
    row = yield one(FIND_BY_PUBLIC_KEY, public_key)
    return row and str(row["project_id"])


def config_versions() -> Script[dict[str, int]]:
    """The version of every project's configuration, by project id."""
    found = yield rows(CONFIG_VERSIONS)
    return {row["project_id"]: row["config_version"] for row in found}


def read_definition(row: Row, state: State) -> Survey:
    """Read a stored definition, which was valid when it was stored."""
    reading = read_survey(orjson.loads(row["definition"]) | {"state": state})
    assert reading.value is not None, f"a stored survey does not read: {reading.faults}"
    return reading.value


def _stored_policy(text: str) -> Policy:
    reading = read_policy(orjson.loads(text))
    assert reading.value is not None, f"a stored policy does not read: {reading.faults}"
    return reading.value


def load_config(project_id: str) -> Script[Config | None]:
    """Load and compile the project's configuration as it is now."""
    project = yield one(READ_PROJECT, project_id)
    if project is None:
        return None
    secrets = yield rows(READ_SECRETS, project_id)
    surveys = yield rows(READ_SURVEYS, project_id)
    stops = Stops(project["clock_alarm"] is not None, project["quiet_since"])
    compiled = compile_catalogue(
        replace(_stored_policy(project["policy"]), stops=stops),
        [(read_definition(row, row["state"]), row["version"]) for row in surveys],
        {row["survey_key"]: row["live_at"] for row in surveys if row["live_at"] is not None},
    )
    return Config(
        project_id=project_id,
        name=project["name"],
        public_key=project["public_key"],
        origins=frozenset(orjson.loads(project["origins"])),
        identity=_terms(project, secrets),
        keep_events_ms=project["keep_events_ms"],
        catalogue=compiled,
        version=project["config_version"],
        words=orjson.loads(project["words"]),
        live=compiled.needs_backends() or (bool(project["hears_backend"]) and compiled.hears_backends()),
    )


def _terms(project: Row, secrets: Sequence[Row]) -> Terms:
    """By what the project believes who a page says it is for."""
    return Terms(
        project["identity_mode"],
        tuple(Secret(row["secret_id"], row["secret"], row["accepts"]) for row in secrets),
        frozenset({project["public_key"], project["project_id"]}),
        project["identity_longest_ms"],
    )


def load_version(project_id: str, survey_key: str, version: int) -> Script[Survey | None]:
    """Load one version of a survey, as responses to it need it for as long as they may come."""
    row = yield one(READ_VERSION, project_id, survey_key, version)
    return row and read_definition(row, "live")


def plan_definitions(project_id: str, policy: Policy | None, surveys: Sequence[Survey]) -> Script[tuple[Change, ...]]:
    """Say what `apply_definitions` would change, and change nothing. Raises `Conflict` as it does."""
    project = yield one(READ_POLICY, project_id)
    stored = {row["survey_key"]: row for row in (yield rows(READ_SURVEYS, project_id))}
    kept = _stored_policy(project["policy"])
    changes = [] if policy is None else [policy_change(kept, policy)]
    for survey in surveys:
        row = stored.get(survey.key)
        before = row and Kept(read_definition(row, row["state"]), row["version"])
        _refuse_another_scale(before, survey)
        changes.append(survey_change(before, survey, kept if policy is None else policy))
    return tuple(changes)


def _refuse_another_scale(kept: Kept | None, survey: Survey) -> None:
    refused = kept and unlike(kept.survey, survey)
    if refused:
        raise Conflict(*refused)


def apply_definitions(project_id: str, policy: Policy | None, surveys: Sequence[Survey]) -> Script[tuple[Change, ...]]:
    """Make the project's policy and surveys what is written; what is not mentioned stays. Applying again changes
    nothing. A new version is made only where the content changed."""
    yield run(HOLD_PROJECT, project_id)
    changes = yield from plan_definitions(project_id, policy, surveys)
    states = {survey.key: survey.state for survey in surveys}
    for change in changes:
        if change.how == "unchanged":
            continue
        written = orjson.dumps(change.written).decode()
        if change.version is None:
            yield run(UPDATE_POLICY, written, project_id)
            continue
        state = states[change.what]
        yield run(INSERT_SURVEY, project_id, change.what, state, change.version, state)
        if change.makes_version:
            yield run(INSERT_VERSION, project_id, change.what, change.version, written)
    if any(change.how != "unchanged" for change in changes):
        yield run(LOCK_PROJECT, project_id)
    return changes
