-- What somebody did with what the thanks offered them: once each for an ask. Whom it counts for, and in which band, says
-- the response.
CREATE TABLE clicks (
    project_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    ask_id TEXT NOT NULL,
    what TEXT NOT NULL,
    survey_key TEXT NOT NULL,
    clicked_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, person_id, ask_id, what)
);
CREATE INDEX clicks_by_survey ON clicks (project_id, survey_key);
