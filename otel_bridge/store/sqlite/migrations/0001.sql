-- Schema 1. `calls` holds visible calls only, narrow; what is large lies in `bodies`.
-- `seq` counts arrivals, is never used twice, and is the order in which calls expire.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE projects (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE dictionaries (
    number INTEGER PRIMARY KEY,     -- the id that zstd writes into each frame
    content BLOB NOT NULL
);

-- Ids of 16 or 32 hex digits are stored as 8 or 16 bytes, others as text (store.sqlite.ids). Times are
-- microseconds since the epoch. `flags` is store.trees.Flag. `plain_id` is the span's own id where another span
-- has it and `id` is derived from the span.
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    id BLOB NOT NULL,
    trace_id BLOB NOT NULL,
    parent_id BLOB,
    op_name TEXT NOT NULL,
    display_name TEXT,
    thread_id TEXT,
    turn_id TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    wb_user_id TEXT,
    wb_run_id TEXT,
    wb_run_step INTEGER,
    wb_run_step_end INTEGER,
    plain_id BLOB,
    flags INTEGER NOT NULL,
    received_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX calls_by_id ON calls (project, id);
CREATE INDEX calls_by_start ON calls (project, started_at, id);
CREATE INDEX calls_by_trace ON calls (project, trace_id);
CREATE INDEX calls_by_op ON calls (project, op_name, started_at, id);
CREATE INDEX calls_by_parent ON calls (project, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX calls_by_thread ON calls (project, thread_id) WHERE thread_id IS NOT NULL;
CREATE INDEX root_calls_by_start ON calls (project, started_at, id) WHERE parent_id IS NULL;
CREATE INDEX derived_calls ON calls (project, plain_id) WHERE plain_id IS NOT NULL;

-- The large members lie in two tables, because shorter rows fill pages better. `ranks` says who gave which
-- field (store.merge), `dump` is a zstd frame, `dump_kind` a store.merge.DumpKind.
CREATE TABLE bodies (
    seq INTEGER PRIMARY KEY,
    inputs TEXT,
    attributes TEXT,
    summary TEXT,
    exception TEXT,
    ranks INTEGER NOT NULL,
    span_start_ns INTEGER
);
CREATE TABLE results (
    seq INTEGER PRIMARY KEY,
    output TEXT,
    translator INTEGER,
    dump_kind INTEGER,
    dump BLOB
);

-- Whole-string refs inside inputs (side 0) and output (side 1).
CREATE TABLE refs (
    project INTEGER NOT NULL,
    side INTEGER NOT NULL,
    ref TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (project, side, ref, seq)
) WITHOUT ROWID;
CREATE INDEX refs_by_call ON refs (seq);

-- Ends and names that wait for the start of their call.
CREATE TABLE pending (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    id BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    ended_at INTEGER,
    summary TEXT,
    output TEXT,
    exception TEXT,
    wb_run_step_end INTEGER,
    display_name TEXT,
    ranks INTEGER NOT NULL,
    UNIQUE (project, id)
);

-- Deleted ids, and which span they were.
CREATE TABLE tombstones (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    id BLOB NOT NULL,
    whole INTEGER NOT NULL,
    trace_id BLOB,
    span_start_ns INTEGER,
    UNIQUE (project, id)
);

-- What a grown store looks like, told to the planner once: without it, or with the counts of a store that is
-- still small, it would walk through a whole project to find one trace.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'calls_by_id', '1000000 100000 1'),
    ('calls', 'calls_by_start', '1000000 100000 2 1'),
    ('calls', 'calls_by_trace', '1000000 100000 8'),
    ('calls', 'calls_by_op', '1000000 100000 5000 2 1'),
    ('calls', 'calls_by_parent', '800000 100000 4'),
    ('calls', 'calls_by_thread', '500000 100000 50'),
    ('calls', 'root_calls_by_start', '100000 20000 2 1'),
    ('calls', 'derived_calls', '10 10 1'),
    ('refs', 'refs', '100000 50000 25000 5 1'),
    ('refs', 'refs_by_call', '100000 2');
