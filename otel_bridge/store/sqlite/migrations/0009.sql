-- Schema 9: clocks of senders. Which calls are listed or counted where they arrived is `store.trees.Flag.MISDATED`
-- and `LATE`; the bounds are those of `store.clocks`.
UPDATE calls SET flags = flags | iif(started_at < received_at AND started_at >= 1420070400000000, 128, 64)
WHERE received_at >= 1420070400000000 AND (
    started_at > received_at + 300000000 OR started_at < received_at - 86400000000
    OR started_at < 1420070400000000
);
CREATE INDEX misplaced_calls ON calls (project, received_at, started_at, id, ended_at, flags)
WHERE (flags & 192) <> 0;

-- Usage lies where its call is counted.
UPDATE usages SET started_at = (SELECT received_at FROM calls WHERE calls.seq = usages.seq)
WHERE seq IN (SELECT seq FROM calls WHERE (flags & 192) <> 0 AND (flags & 64) <> 0);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'misplaced_calls', '10000 1000 2 1 1 1 1');
