-- Schema 2: log records of spans, and translating calls again.
-- An OTLP `LogsData` message as a zstd frame: the log records of a call's span.
ALTER TABLE results ADD COLUMN logs BLOB;

-- Log records that wait for their span.
CREATE TABLE waiting_logs (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    id BLOB NOT NULL,
    trace_id BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    logs BLOB NOT NULL,
    UNIQUE (project, id, trace_id)
);

-- Runs of `retranslate` that are not at their end: by which version, over which arrivals (received since then,
-- behind `after`, up to `through`). An empty project is all of them.
CREATE TABLE retranslations (
    project TEXT NOT NULL,
    everything INTEGER NOT NULL,
    translator INTEGER NOT NULL,
    since INTEGER,
    after INTEGER NOT NULL,
    through INTEGER NOT NULL,
    PRIMARY KEY (project, everything)
) WITHOUT ROWID;
