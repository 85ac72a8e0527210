-- The variant of the survey that was told, and the value of the trait that its answers are compared by, both as they
-- were at the ask. Their indexes hold nothing of surveys that have neither.
ALTER TABLE asks ADD COLUMN variant TEXT;
ALTER TABLE asks ADD COLUMN arm TEXT;
CREATE INDEX asks_by_variant ON asks (project_id, survey_key, asked_at, variant) WHERE variant IS NOT NULL;
CREATE INDEX asks_by_arm ON asks (project_id, survey_key, asked_at, arm) WHERE arm IS NOT NULL;
