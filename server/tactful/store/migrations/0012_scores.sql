-- What was scored stands with the ask as well: an audience may depend on it, and every decision reads the asks.
ALTER TABLE asks ADD COLUMN score BIGINT;
ALTER TABLE asks ADD COLUMN band TEXT;
UPDATE asks SET
    score = (SELECT r.score FROM responses r
        WHERE r.project_id = asks.project_id AND r.person_id = asks.person_id AND r.ask_id = asks.ask_id),
    band = (SELECT r.band FROM responses r
        WHERE r.project_id = asks.project_id AND r.person_id = asks.person_id AND r.ask_id = asks.ask_id)
WHERE responded_at IS NOT NULL;
