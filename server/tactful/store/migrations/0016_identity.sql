-- What a secret verifies (any, hash, token), and when it last did. A revoked one is empty and stays, so that no backup
-- brings it back.
ALTER TABLE identity_secrets ADD COLUMN accepts TEXT NOT NULL DEFAULT 'any';
ALTER TABLE identity_secrets ADD COLUMN last_used_at BIGINT;
ALTER TABLE identity_secrets ADD COLUMN revoked_at BIGINT;

-- A token may be valid for so long.
ALTER TABLE projects ADD COLUMN identity_longest_ms BIGINT NOT NULL DEFAULT 86400000;

-- Written behind: how requests of pages said who they are for, by day (numbered from 1970) and what came of it. Nothing
-- in it tells of anybody. `last_origin` is that of the page, one that the project lists.
CREATE TABLE identity_counts (
    project_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    times BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    last_origin TEXT NOT NULL,
    PRIMARY KEY (project_id, day, outcome)
);
CREATE INDEX identity_counts_by_day ON identity_counts (day);
