-- One row, to be locked by whoever decides by what the whole installation holds: whether there is a member, an admin, a
-- key of hashes. There is nothing in it.
CREATE TABLE installation (
    one INTEGER PRIMARY KEY
);
INSERT INTO installation (one) VALUES (1);
