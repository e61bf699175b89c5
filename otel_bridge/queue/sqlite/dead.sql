-- name: schema
CREATE TABLE letters (
  letter INTEGER PRIMARY KEY AUTOINCREMENT,
  queue_id TEXT NOT NULL,
  destination TEXT NOT NULL,
  seq INTEGER NOT NULL,
  item INTEGER NOT NULL,
  project_id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  reason TEXT NOT NULL,
  status INTEGER,
  answer BLOB NOT NULL,
  calls INTEGER NOT NULL,
  received_ns INTEGER NOT NULL,
  died_ns INTEGER NOT NULL,
  wb_run_id TEXT,
  bytes INTEGER NOT NULL,
  frame BLOB NOT NULL,
  UNIQUE (queue_id, destination, seq, item)
);

-- name: add
INSERT OR IGNORE INTO letters (
  queue_id, destination, seq, item, project_id, kind, reason, status, answer, calls, received_ns, died_ns,
  wb_run_id, bytes, frame
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: sizes
SELECT coalesce(sum(bytes), 0), coalesce(sum(calls), 0) FROM letters;

-- name: oldest
SELECT letter, destination, calls, bytes FROM letters ORDER BY letter LIMIT ?;

-- name: drop
DELETE FROM letters WHERE letter = ?;

-- name: some
SELECT letter, destination, project_id, kind, reason, status, answer, calls, received_ns, died_ns, wb_run_id, frame
FROM letters WHERE letter > ? ORDER BY letter LIMIT ?;

-- name: by_reason
SELECT destination, reason, count(*), sum(calls), sum(bytes), min(died_ns), max(died_ns) FROM letters
GROUP BY destination, reason ORDER BY destination, reason;

-- name: replace
UPDATE letters SET calls = ?1, bytes = ?2, frame = ?3, answer = x'' WHERE letter = ?4;
