-- What is left to do in steps of upkeep, also after a crash: a name for each.
CREATE TABLE marks (name TEXT PRIMARY KEY) WITHOUT ROWID;
