-- Rules over more than one person. An ask leaves a mark under each scope that its person belonged to then (their account,
-- a trait's value), so that nobody takes a count along by changing accounts.
CREATE TABLE ask_scopes (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    ask_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_id, ask_id, scope)
);
CREATE INDEX ask_scopes_by_scope ON ask_scopes (project_id, scope, asked_at);

INSERT INTO ask_scopes (project_id, person_id, ask_id, scope, asked_at)
SELECT a.project_id, a.person_id, a.ask_id, 'account:' || p.account_id, a.asked_at
FROM asks a JOIN people p ON p.project_id = a.project_id AND p.person_id = a.person_id
WHERE p.account_id IS NOT NULL AND a.test = 0;

-- What an ask locks besides its person, so that two people cannot both take a scope's last place.
CREATE TABLE scopes (
    project_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, scope)
);

-- The project's own marks are all of its asks.
CREATE INDEX asks_by_time ON asks (project_id, asked_at) WHERE test = 0;

-- When the trigger of a survey with a reserve last fired for somebody.
CREATE TABLE firings (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    survey_key TEXT NOT NULL,
    fired_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_id, survey_key)
);
CREATE INDEX firings_by_expiry ON firings (expires_at);

-- When a survey first went live: from then on it meets its people one by one.
ALTER TABLE surveys ADD COLUMN live_at BIGINT;
UPDATE surveys SET live_at = (
    SELECT min(v.created_at) FROM survey_versions v
    WHERE v.project_id = surveys.project_id AND v.survey_key = surveys.survey_key)
WHERE state <> 'draft';
