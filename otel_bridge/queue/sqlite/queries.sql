-- name: make_state
INSERT OR IGNORE INTO state VALUES (1, ?, 0, 0, 0, ?, 0, 0, 0);

-- name: load_state
SELECT queue_id, max(seq, (SELECT coalesce(max(seq), 0) FROM records)), last_lane, clock, wall, damaged,
  records, bytes
FROM state;

-- name: keep_state
UPDATE state SET seq = ?, last_lane = ?, clock = ?, wall = ?, damaged = ?, records = ?, bytes = ?;

-- name: keep_clock
UPDATE state SET clock = ?, wall = ? WHERE EXISTS (SELECT 1 FROM records);

-- name: load_destinations
SELECT name, put, delivered, dead, lost FROM destinations;

-- name: keep_destination
INSERT INTO destinations VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET
  put = excluded.put, delivered = excluded.delivered, dead = excluded.dead, lost = excluded.lost;

-- name: load_lanes
SELECT lane, project_id, shard, coalesce((SELECT max(seq) FROM records WHERE records.lane = lanes.lane), 0)
FROM lanes ORDER BY lane;

-- name: load_cursors
SELECT lane, destination, seq, records, calls, bytes FROM cursors;

-- name: add_lane
INSERT INTO lanes VALUES (?, ?, ?);

-- name: drop_lane
DELETE FROM lanes WHERE lane = ?;

-- name: drop_cursors
DELETE FROM cursors WHERE lane = ?;

-- name: keep_cursor
INSERT INTO cursors VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (lane, destination) DO UPDATE SET
  seq = excluded.seq, records = excluded.records, calls = excluded.calls, bytes = excluded.bytes;

-- name: add_record
INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: measure
SELECT count(*), coalesce(sum(calls), 0), coalesce(sum(bytes), 0) FROM records
WHERE lane = ? AND seq > ? AND seq <= ?;

-- name: oldest
SELECT came_at FROM records WHERE lane = ? AND seq > ? ORDER BY seq LIMIT 1;

-- name: drop_records
DELETE FROM records WHERE lane = ? AND seq > ? AND seq <= ?;

-- name: one_record
SELECT seq, lane, kind, barrier, calls, received_ns, wb_run_id, checksum, frame FROM records WHERE seq = ?;

-- name: next_heads
SELECT seq, calls, size, barrier FROM records WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?;

-- name: some_records
SELECT seq, lane, kind, barrier, calls, received_ns, wb_run_id, checksum, frame FROM records
WHERE lane = ? AND seq > ? AND seq <= ? ORDER BY seq;

-- name: is_blocked
SELECT EXISTS (
  SELECT 1 FROM lanes AS mine
  JOIN lanes ON lanes.project_id = mine.project_id AND lanes.lane <> :lane
  JOIN cursors ON cursors.lane = lanes.lane AND cursors.destination = :destination
  WHERE mine.lane = :lane AND EXISTS (
    SELECT 1 FROM records
    WHERE records.lane = cursors.lane AND records.seq > cursors.seq AND records.seq < :seq
  )
);

-- name: is_behind
SELECT EXISTS (
  SELECT 1 FROM lanes AS mine
  JOIN lanes ON lanes.project_id = mine.project_id AND lanes.shard = mine.shard AND lanes.lane < :lane
  JOIN cursors ON cursors.lane = lanes.lane AND cursors.destination = :destination
  WHERE mine.lane = :lane AND EXISTS (
    SELECT 1 FROM records
    WHERE records.lane = cursors.lane AND records.seq > cursors.seq AND records.seq < :seq
  )
);

-- name: cursor_of
SELECT seq FROM cursors WHERE lane = ? AND destination = ?;

-- name: find_dictionary
SELECT content FROM dictionaries WHERE number = ?;

-- name: dictionary_in_use
SELECT content FROM dictionaries ORDER BY rowid DESC LIMIT 1;

-- name: add_dictionary
INSERT OR IGNORE INTO dictionaries VALUES (?, ?);

-- name: came_before
SELECT seq, came_at FROM records WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?;

-- name: waiting
SELECT cursors.lane, destination, project_id, shard, cursors.seq, cursors.records, cursors.calls, cursors.bytes,
  (SELECT received_ns FROM records WHERE records.lane = cursors.lane AND records.seq > cursors.seq ORDER BY seq LIMIT 1)
FROM cursors JOIN lanes USING (lane) WHERE cursors.records > 0 ORDER BY destination, cursors.lane;

-- name: some_of_all
SELECT seq, lane, kind, barrier, calls, received_ns, wb_run_id, checksum, frame FROM records
WHERE seq > ? ORDER BY seq LIMIT ?;

-- name: replace_record
UPDATE records SET calls = ?1, size = ?2, bytes = ?3, checksum = ?4, frame = ?5 WHERE seq = ?6;

-- name: repack_record
UPDATE records SET checksum = ?, frame = ? WHERE seq = ?;

-- name: erase_record
DELETE FROM records WHERE seq = ?;

-- name: drop_dictionaries
DELETE FROM dictionaries;

-- name: mark
INSERT OR IGNORE INTO marks VALUES (?);

-- name: unmark
DELETE FROM marks WHERE name = ?;

-- name: marked
SELECT 1 FROM marks WHERE name = ?;
