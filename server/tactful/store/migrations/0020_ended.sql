-- What ended of receivers, so that no backup brings it back: hashes of their secrets, or an empty one for an address
-- that was deleted.
CREATE TABLE ended_receivers (
    project_id TEXT NOT NULL REFERENCES projects (project_id),
    receiver_id TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, receiver_id, secret_hash)
);
