-- One row. `seq`: the last sequence number given; `clock`: queue time in seconds, `wall` beside it the Unix time;
-- `records`, `bytes`: what there is; `damaged`: records that were put aside.
CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  queue_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  last_lane INTEGER NOT NULL,
  clock INTEGER NOT NULL,
  wall INTEGER NOT NULL,
  damaged INTEGER NOT NULL,
  records INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);

-- Calls of a destination since the queue was made.
CREATE TABLE destinations (
  name TEXT PRIMARY KEY,
  put INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0,
  dead INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE lanes (
  lane INTEGER PRIMARY KEY,
  project_id TEXT NOT NULL,
  shard INTEGER NOT NULL
);

CREATE INDEX lanes_by_project ON lanes (project_id, shard);

-- The destination has everything of the lane up to `seq`; the other columns are what waits for it.
CREATE TABLE cursors (
  lane INTEGER NOT NULL,
  destination TEXT NOT NULL,
  seq INTEGER NOT NULL,
  records INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (lane, destination)
) WITHOUT ROWID;

-- `came_at` is queue time, `received_ns` Unix time; `size` the payload's bytes, `bytes` what the record takes.
CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  barrier INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  size INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  came_at INTEGER NOT NULL,
  received_ns INTEGER NOT NULL,
  wb_run_id TEXT,
  checksum INTEGER NOT NULL,
  frame BLOB NOT NULL
);

CREATE INDEX records_by_lane ON records (lane, seq, calls, bytes, size, barrier, came_at);

CREATE TABLE dictionaries (
  number INTEGER PRIMARY KEY,
  content BLOB NOT NULL
);
