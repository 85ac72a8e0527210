"""How a row of a backup is put back, table by table, in the order of its columns.

Where a restore leaves rows in place that bind us (`store/restore.py`), a row of the backup gives way to them, or adds
what it knows: an opt-out is never taken away, a time that never falls does not fall.
"""

from __future__ import annotations

LOAD_HASH_KEYS = """
INSERT INTO hash_keys (hash_key, created_at)
VALUES (?, ?)
ON CONFLICT (hash_key) DO NOTHING
"""
LOAD_KEPT_OPT_OUTS = """
INSERT INTO kept_opt_outs (project_id, alias_hash, kept_at)
VALUES (?, ?, ?)
ON CONFLICT (project_id, alias_hash) DO NOTHING
"""
LOAD_ERASED_PEOPLE = """
INSERT INTO erased_people (project_id, person_hash, erased_at)
VALUES (?, ?, ?)
ON CONFLICT (project_id, person_hash) DO NOTHING
"""
LOAD_PROJECTS = """
INSERT INTO projects (project_id, name, public_key, origins, identity_mode, keep_events_ms, policy,
    config_version, created_at, hears_backend, quiet_since, identity_longest_ms, words)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id) DO UPDATE SET name = excluded.name, public_key = excluded.public_key, origins =
    excluded.origins, identity_mode = excluded.identity_mode, keep_events_ms = excluded.keep_events_ms, policy =
    excluded.policy, config_version = greatest(projects.config_version, excluded.config_version) + 1, created_at
    = excluded.created_at, hears_backend = excluded.hears_backend, quiet_since = greatest(projects.quiet_since,
    excluded.quiet_since), identity_longest_ms = excluded.identity_longest_ms, words = excluded.words
"""
LOAD_API_KEYS = """
INSERT INTO api_keys (key_hash, project_id, purpose, scopes, created_at, revoked_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key_hash) DO NOTHING
"""
LOAD_IDENTITY_SECRETS = """
INSERT INTO identity_secrets (project_id, secret_id, secret, created_at, accepts, last_used_at, revoked_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, secret_id) DO NOTHING
"""
LOAD_RECEIVERS = """
INSERT INTO receivers (project_id, receiver_key, receiver_id, definition, secret, previous_secret, created_at,
    updated_at, secret_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LOAD_RECEIVER_TALLIES = """
INSERT INTO receiver_tallies (project_id, receiver_key, outcome, times, last_at)
VALUES (?, ?, ?, ?, ?)
"""
LOAD_ENDED_RECEIVERS = """
INSERT INTO ended_receivers (project_id, receiver_id, secret_hash, ended_at)
VALUES (?, ?, ?, ?)
ON CONFLICT (project_id, receiver_id, secret_hash) DO NOTHING
"""
LOAD_MEMBERS = """
INSERT INTO members (member_id, email, role, password_hash, created_at)
VALUES (?, ?, ?, ?, ?)
"""
LOAD_AUDIT = """
INSERT INTO audit (audit_id, project_id, done_at, who, what, about)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (audit_id) DO NOTHING
"""
LOAD_SURVEYS = """
INSERT INTO surveys (project_id, survey_key, state, version, updated_at, live_at)
VALUES (?, ?, ?, ?, ?, ?)
"""
LOAD_SURVEY_VERSIONS = """
INSERT INTO survey_versions (project_id, survey_key, version, definition, created_at)
VALUES (?, ?, ?, ?, ?)
"""
LOAD_ACCOUNTS = """
INSERT INTO accounts (project_id, account_id, traits, updated_at)
VALUES (?, ?, ?, ?)
"""
LOAD_PEOPLE = """
INSERT INTO people (project_id, person_id, user_id, anonymous_id, first_seen_at, last_at, created_at, traits,
    account_id, opted_out_at, refunded_at, test, merged_into, erasure_asked_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, person_id) DO UPDATE SET user_id = coalesce(people.user_id, excluded.user_id),
    anonymous_id = excluded.anonymous_id, first_seen_at = excluded.first_seen_at, last_at =
    greatest(people.last_at, excluded.last_at), created_at = excluded.created_at, traits = excluded.traits,
    account_id = excluded.account_id, opted_out_at = coalesce(people.opted_out_at, excluded.opted_out_at),
    refunded_at = greatest(people.refunded_at, excluded.refunded_at), test = people.test, merged_into =
    coalesce(people.merged_into, excluded.merged_into), erasure_asked_at = coalesce(people.erasure_asked_at,
    excluded.erasure_asked_at)
"""
LOAD_ALIASES = """
INSERT INTO aliases (project_id, alias, person_id)
VALUES (?, ?, ?)
ON CONFLICT (project_id, alias) DO NOTHING
"""
LOAD_SCOPES = """
INSERT INTO scopes (project_id, scope, last_at)
VALUES (?, ?, ?)
ON CONFLICT (project_id, scope) DO UPDATE SET last_at = greatest(scopes.last_at, excluded.last_at)
"""
LOAD_ASKS = """
INSERT INTO asks (project_id, person_id, ask_id, survey_key, version, kind, tags, test, asked_for, locale, page,
    event, asked_at, seen_at, responded_at, dismissed_at, opted_out_at, refunded_at, per, visit,
    variant, arm, score, band)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, person_id, ask_id) DO NOTHING
"""
LOAD_ASK_SCOPES = """
INSERT INTO ask_scopes (project_id, person_id, ask_id, scope, asked_at)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (project_id, person_id, ask_id, scope) DO NOTHING
"""
LOAD_RESPONSES = """
INSERT INTO responses (project_id, person_id, ask_id, response_id, survey_key, version, rev, answers, score,
    band, comment, done, test, created_at, updated_at, withdrawn)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LOAD_CLICKS = """
INSERT INTO clicks (project_id, person_id, ask_id, what, survey_key, clicked_at)
VALUES (?, ?, ?, ?, ?, ?)
"""
LOAD_FIRINGS = """
INSERT INTO firings (project_id, person_id, survey_key, fired_at, expires_at)
VALUES (?, ?, ?, ?, ?)
"""
LOAD_CANDIDATES = """
INSERT INTO candidates (project_id, person_id, candidate_id, survey_key, message_id, per, event, same, delay_ms,
    not_before, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LOAD_COUNTERS = """
INSERT INTO counters (project_id, person_id, counter, occurrences)
VALUES (?, ?, ?, ?)
"""
LOAD_MESSAGES = """
INSERT INTO messages (project_id, message_id, received_at)
VALUES (?, ?, ?)
"""
LOAD_DECISIONS = """
INSERT INTO decisions (project_id, person_id, recent)
VALUES (?, ?, ?)
"""
LOAD_DECISION_COUNTS = """
INSERT INTO decision_counts (project_id, survey_key, hour, outcome, reason, rule, times)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
LOAD_EVENT_NAMES = """
INSERT INTO event_names (project_id, name, source, times, first_at, last_at, properties)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
LOAD_IDENTITY_COUNTS = """
INSERT INTO identity_counts (project_id, day, outcome, times, last_at, last_origin)
VALUES (?, ?, ?, ?, ?, ?)
"""
