-- Values of one scorer over time, and which types of feedback there are, come from an index alone, as long as
-- payloads are small; the words are those of `annex_values.SMALL`.
CREATE INDEX feedback_by_type ON feedback (
    project, feedback_type, created_at,
    iif(octet_length(members -> '$.payload') <= 600, jsonb_extract(members, '$.payload'), NULL)
);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('feedback', 'feedback_by_type', '100000 10000 1000 2 1');
