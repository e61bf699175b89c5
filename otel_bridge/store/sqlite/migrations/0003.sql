-- What is kept beside calls (store.annex). `number` is the order in which things came; times are microseconds
-- since the epoch.
-- `call_id` is the id of the call of its own project that feedback is about, as in `calls`; `members` is the
-- JSON object of everything but `created_at`.
CREATE TABLE feedback (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    id TEXT NOT NULL,
    weave_ref TEXT NOT NULL,
    call_id BLOB,
    feedback_type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    members TEXT NOT NULL
);
CREATE UNIQUE INDEX feedback_by_id ON feedback (project, id);
CREATE INDEX feedback_by_ref ON feedback (project, weave_ref);
CREATE INDEX feedback_by_call ON feedback (project, call_id, feedback_type) WHERE call_id IS NOT NULL;
CREATE INDEX feedback_by_time ON feedback (project, created_at);
CREATE INDEX feedback_by_age ON feedback (created_at) WHERE call_id IS NOT NULL;

CREATE TABLE prices (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    id TEXT NOT NULL,
    content TEXT NOT NULL           -- a model.annex.Price as JSON
);
CREATE UNIQUE INDEX prices_by_id ON prices (project, id);

CREATE TABLE objects (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    object_id TEXT NOT NULL,
    is_op INTEGER NOT NULL,
    digest TEXT NOT NULL,
    version INTEGER NOT NULL,
    base_class TEXT,
    leaf_class TEXT,
    wb_user_id TEXT,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    size INTEGER NOT NULL,
    val TEXT                        -- gone when the version is deleted
);
CREATE UNIQUE INDEX objects_by_digest ON objects (project, object_id, is_op, digest);

CREATE TABLE files (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    content BLOB NOT NULL
);
CREATE UNIQUE INDEX files_by_digest ON files (project, digest);

CREATE TABLE table_rows (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    val TEXT NOT NULL
);
CREATE UNIQUE INDEX table_rows_by_digest ON table_rows (project, digest);
CREATE INDEX table_rows_by_size ON table_rows (project, size);

CREATE TABLE tables (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    digest TEXT NOT NULL,
    rows INTEGER NOT NULL
);
CREATE UNIQUE INDEX tables_by_digest ON tables (project, digest);

-- Which row (`table_rows.number`) lies at which place of which table.
CREATE TABLE table_places (
    in_table INTEGER NOT NULL,
    place INTEGER NOT NULL,
    row INTEGER NOT NULL,
    PRIMARY KEY (in_table, place)
) WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('feedback', 'feedback_by_id', '100000 10000 1'),
    ('feedback', 'feedback_by_ref', '100000 10000 2'),
    ('feedback', 'feedback_by_call', '100000 10000 2 1'),
    ('feedback', 'feedback_by_time', '100000 10000 2'),
    ('feedback', 'feedback_by_age', '100000 1'),
    ('objects', 'objects_by_digest', '10000 1000 10 5 1'),
    ('files', 'files_by_digest', '10000 1000 1'),
    ('table_rows', 'table_rows_by_digest', '1000000 100000 1'),
    ('table_rows', 'table_rows_by_size', '1000000 100000 10'),
    ('tables', 'tables_by_digest', '1000 100 1');
