-- The slowest roots, first; the words are those of `readings.LATENCY`.
CREATE INDEX slowest_roots ON calls (
    project, ((ended_at - started_at + 1000000000000000000) / 1000 - 1000000000000000), id
) WHERE parent_id IS NULL;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('calls', 'slowest_roots', '100000 20000 5 1');
