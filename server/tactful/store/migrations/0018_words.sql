-- What a project says in place of our own words, by language and name.
ALTER TABLE projects ADD COLUMN words JSONB NOT NULL DEFAULT '{}';
