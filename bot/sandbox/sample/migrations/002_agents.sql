-- compatible: older releases do not look at the column
ALTER TABLE calls ADD COLUMN agent TEXT;
CREATE INDEX calls_by_agent ON calls (agent);
