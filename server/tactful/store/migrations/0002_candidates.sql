-- A candidate waits for its person's tab, or for its hold to end. `same` holds the values by which a later event may
-- cancel it; `event` what its survey's texts and pages say of the event.

CREATE TABLE candidates (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    candidate_id TEXT NOT NULL,
    survey_key TEXT NOT NULL,
    message_id TEXT NOT NULL,
    per TEXT,
    event JSONB NOT NULL,
    same JSONB NOT NULL,
    delay_ms BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_id, candidate_id)
);
CREATE INDEX candidates_by_expiry ON candidates (expires_at);

-- One ask per value of a trigger's `per`: the value that this ask was for.
ALTER TABLE asks ADD COLUMN per TEXT;

-- Set by the first event of a backend that a survey waits for: tabs of this project then listen for nudges.
ALTER TABLE projects ADD COLUMN hears_backend INTEGER NOT NULL DEFAULT 0;
