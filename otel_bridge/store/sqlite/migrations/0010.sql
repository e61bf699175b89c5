-- Schema 10: sampled calls. From bit 16 on `calls.flags` has the threshold by which a call was sampled
-- (`store.trees.Flag.SAMPLED`); `weight` is how many calls the one stands for, NULL for itself alone.
ALTER TABLE usages ADD COLUMN weight REAL;
CREATE INDEX sampled_calls ON calls (project) WHERE flags >= 65536;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('calls', 'sampled_calls', '100000 10000');
