-- compatible: nothing ran before it
CREATE TABLE calls (
  id INTEGER PRIMARY KEY,
  caller TEXT NOT NULL,
  at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO calls (caller) VALUES ('+49 30 901820'), ('+49 40 428280'), ('+49 89 233396');
