-- Written behind, a few seconds late: nothing is ever decided by these tables, they only tell why.

-- Decisions by hour (numbered from 1970). A row without a reason counts decisions of this outcome, one with a reason
-- those among them that had it: a decision may have several. Test people are not counted. Without a survey: what was
-- too much to be noted.
CREATE TABLE decision_counts (
    project_id TEXT NOT NULL,
    survey_key TEXT NOT NULL,
    hour BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    rule TEXT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (project_id, survey_key, hour, outcome, reason, rule)
);
CREATE INDEX decision_counts_by_hour ON decision_counts (hour);

-- The last 20 decisions about a person, the newest first.
CREATE TABLE decisions (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    recent JSONB NOT NULL,
    PRIMARY KEY (project_id, person_id)
);

-- The names of events that came, and of their properties with the types of their values.
CREATE TABLE event_names (
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    times BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    properties JSONB NOT NULL,
    PRIMARY KEY (project_id, name, source)
);
CREATE INDEX event_names_by_last ON event_names (last_at);
