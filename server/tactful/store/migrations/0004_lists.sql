-- What pages list and find: a response by its id, people by when they were last seen and by their e-mail address. The
-- second is written with every visit that writes anything, since without it a list of a million people is a scan.

CREATE UNIQUE INDEX responses_by_id ON responses (project_id, response_id);
CREATE INDEX people_by_last ON people (project_id, last_at, person_id) WHERE merged_into IS NULL;
CREATE INDEX people_by_email ON people (project_id, lower(traits ->> 'email'));
