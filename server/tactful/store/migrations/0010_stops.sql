-- What stops asking whatever the rules say. The clock's one row: `mark` is the latest time that a server wrote down, once
-- a minute; while there is an alarm (`ahead` or `behind`, by how much) no survey is asked in any project.
CREATE TABLE clock_watch (
    one INTEGER PRIMARY KEY,
    mark BIGINT NOT NULL,
    alarm TEXT,
    alarm_by BIGINT,
    alarm_at BIGINT
);
INSERT INTO clock_watch (one, mark) VALUES (1, 0);

-- When a backup was restored without anybody knowing what had been asked since it was made.
ALTER TABLE projects ADD COLUMN quiet_since BIGINT;
