-- The visit, one tab's own, that an offer was taken up in: its retries are told the ask again, another tab is not.
ALTER TABLE asks ADD COLUMN visit TEXT;
