-- Everything that belongs to a person has (project_id, person_id) leading its key, so that one person's rows lie
-- together, merge and erase are ranges, and a project never meets another's rows. Times are milliseconds, UTC.

CREATE TABLE projects (
    project_id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL UNIQUE,
    origins JSONB NOT NULL,
    identity_mode TEXT NOT NULL DEFAULT 'off',
    keep_events_ms BIGINT NOT NULL,
    policy JSONB NOT NULL,
    config_version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

-- Keys that are only ever compared are kept as SHA-256 of 192 random bits.
CREATE TABLE api_keys (
    key_hash TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (project_id),
    purpose TEXT NOT NULL,
    scopes JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- An HMAC is verified with the secret itself, so this one cannot be kept as a hash.
CREATE TABLE identity_secrets (
    project_id TEXT NOT NULL REFERENCES projects (project_id),
    secret_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, secret_id)
);

CREATE TABLE surveys (
    project_id TEXT NOT NULL REFERENCES projects (project_id),
    survey_key TEXT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, survey_key)
);

-- What a version says never changes; the state stands apart, so that pausing makes no new version.
CREATE TABLE survey_versions (
    project_id TEXT NOT NULL,
    survey_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    definition JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, survey_key, version),
    FOREIGN KEY (project_id, survey_key) REFERENCES surveys (project_id, survey_key)
);

CREATE TABLE people (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    user_id TEXT,
    anonymous_id TEXT,
    first_seen_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    created_at BIGINT,
    traits JSONB NOT NULL,
    account_id TEXT,
    opted_out_at BIGINT,
    refunded_at BIGINT,
    test INTEGER NOT NULL DEFAULT 0,
    merged_into TEXT,
    PRIMARY KEY (project_id, person_id)
);

CREATE TABLE aliases (
    project_id TEXT NOT NULL,
    alias TEXT NOT NULL,
    person_id TEXT NOT NULL,
    PRIMARY KEY (project_id, alias)
);
CREATE INDEX aliases_by_person ON aliases (project_id, person_id);

CREATE TABLE accounts (
    project_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    traits JSONB NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, account_id)
);

CREATE TABLE counters (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    counter TEXT NOT NULL,
    occurrences BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_id, counter)
);

-- Message ids seen in the last days: the same message sent again changes nothing.
CREATE TABLE messages (
    project_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, message_id)
);
CREATE INDEX messages_by_time ON messages (received_at);

CREATE TABLE events (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    name TEXT NOT NULL,
    properties JSONB NOT NULL,
    happened_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_id, event_id)
);
CREATE INDEX events_by_time ON events (received_at);

-- One row per ask: its id is the offer's id, so the same offer taken up again is the same ask.
CREATE TABLE asks (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    ask_id TEXT NOT NULL,
    survey_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    tags JSONB NOT NULL,
    test INTEGER NOT NULL,
    asked_for INTEGER NOT NULL,
    locale TEXT NOT NULL,
    page TEXT NOT NULL,
    event JSONB NOT NULL,
    asked_at BIGINT NOT NULL,
    seen_at BIGINT,
    responded_at BIGINT,
    dismissed_at BIGINT,
    opted_out_at BIGINT,
    refunded_at BIGINT,
    PRIMARY KEY (project_id, person_id, ask_id)
);
CREATE INDEX asks_by_survey ON asks (project_id, survey_key, asked_at);

CREATE TABLE responses (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    ask_id TEXT NOT NULL,
    response_id TEXT NOT NULL,
    survey_key TEXT NOT NULL,
    version BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    answers JSONB NOT NULL,
    score BIGINT,
    band TEXT,
    comment TEXT,
    done INTEGER NOT NULL,
    test INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_id, ask_id)
);
CREATE INDEX responses_by_survey ON responses (project_id, survey_key, created_at, response_id);
CREATE INDEX responses_by_time ON responses (project_id, created_at, response_id);
