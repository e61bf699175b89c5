-- Runs of scorers are calls of their own, which lists leave out: which they are is `store.trees.Flag.SCORES`, and
-- comes from the index.
UPDATE calls SET flags = flags | 32
WHERE seq IN (
    SELECT seq FROM bodies
    WHERE instr(attributes, '"scored_call"')
        AND coalesce(attributes ->> '$.otel_bridge.scoring.scored_call', '') NOT IN ('', 'null')
);

DROP INDEX root_calls_by_start;
CREATE INDEX root_calls_by_start ON calls (project, started_at, id, flags) WHERE parent_id IS NULL;

DELETE FROM sqlite_stat1 WHERE idx = 'root_calls_by_start';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'root_calls_by_start', '100000 20000 2 1 1');
