-- A person asked on their own page that everything of theirs be erased; somebody with the right to has yet to do it.
ALTER TABLE people ADD COLUMN erasure_asked_at BIGINT;
CREATE INDEX people_by_erasure ON people (project_id, erasure_asked_at) WHERE erasure_asked_at IS NOT NULL;

-- Consents that were given in a response and taken back since: question -> when.
ALTER TABLE responses ADD COLUMN withdrawn JSONB NOT NULL DEFAULT '{}';
