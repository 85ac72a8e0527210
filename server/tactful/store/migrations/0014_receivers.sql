-- Addresses that take the signed webhooks of other products. A signature is verified with the secret itself, so secrets
-- cannot be kept as hashes; the previous one holds on while the sender changes to the newest.
CREATE TABLE receivers (
    project_id TEXT NOT NULL REFERENCES projects (project_id),
    receiver_key TEXT NOT NULL,
    receiver_id TEXT NOT NULL UNIQUE,
    definition JSONB NOT NULL,
    secret TEXT,
    previous_secret TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    secret_at BIGINT,
    PRIMARY KEY (project_id, receiver_key)
);

-- What became of what came, written behind. Nothing is decided by it.
CREATE TABLE receiver_tallies (
    project_id TEXT NOT NULL,
    receiver_key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    times BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, receiver_key, outcome)
);
