-- Those who log in, as opposed to people, who are asked. What opens something (a session, a link) is kept as SHA-256 of
-- 192 random bits, so a copy of the database logs nobody in.

CREATE TABLE members (
    member_id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    session_hash TEXT PRIMARY KEY,
    session_id TEXT NOT NULL UNIQUE,
    member_id TEXT NOT NULL REFERENCES members (member_id),
    device TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_member ON sessions (member_id);

-- One-time links. Without a member: for the first admin, who is made by using it.
CREATE TABLE member_links (
    link_hash TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    member_id TEXT REFERENCES members (member_id),
    expires_at BIGINT NOT NULL
);
CREATE INDEX member_links_by_member ON member_links (member_id);
