-- Kept events are forgotten project by project, each after its own time.
DROP INDEX events_by_time;
CREATE INDEX events_by_time ON events (project_id, received_at);
