-- What outlives a person who is erased: hashes, under keys that are kept here alone, and never an id. There is one key
-- but where a restore brought a second.
CREATE TABLE hash_keys (
    hash_key TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL
);

-- Somebody who opted out and was erased stays opted out: each id that they were known by, hashed.
CREATE TABLE kept_opt_outs (
    project_id TEXT NOT NULL,
    alias_hash TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, alias_hash)
);

-- Somebody who was erased does not come back with a backup made before: the ids that their histories had here, hashed.
CREATE TABLE erased_people (
    project_id TEXT NOT NULL,
    person_hash TEXT NOT NULL,
    erased_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_hash)
);

-- Who did what, where that must be known later. `about` is the hash of the person's id.
CREATE TABLE audit (
    audit_id TEXT PRIMARY KEY,
    project_id TEXT,
    done_at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT
);

-- The histories that were merged into a person are found by whom they became.
CREATE INDEX people_by_merge ON people (project_id, merged_into) WHERE merged_into IS NOT NULL;
