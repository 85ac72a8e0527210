-- How many people of a project were erased: whoever keeps something in memory forgets it when that rises.
CREATE TABLE erasures (
    project_id TEXT NOT NULL PRIMARY KEY,
    times BIGINT NOT NULL
);
