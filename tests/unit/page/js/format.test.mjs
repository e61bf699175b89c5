import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, bytes, cost, duration, millis, short, utc } from "../../../../otel_bridge/page/static/lib/format.js";

test("durations have the unit that people would say", () => {
  const said = [null, 0, 0.004, 0.64, 1.25, 12.4, 999, 4200, 31_000, 185_000, 7_800_000, 200_000_000].map(duration);
  assert.deepEqual(said, ["", "0 ms", "4 µs", "640 µs", "1.3 ms", "12 ms", "999 ms", "4.20 s", "31.0 s", "3 m 05 s", "2 h 10 m", "2 d 7 h"]);
});

test("costs show as many digits as say something", () => {
  assert.deepEqual([null, 0, 1e-7, 0.0000123, 0.00034, 0.034, 0.000997, 1.25, 1204.4].map(cost), ["", "$0", "<$0.000001", "$0.000012", "$0.00034", "$0.034", "$0.0010", "$1.25", "$1,204"]);
});

test("counts and sizes are short", () => {
  assert.deepEqual([999, 1200, 120_400, 3_400_000].map(short), ["999", "1.2k", "120k", "3.4M"]);
  assert.deepEqual([812, 4200, 1_300_000].map(bytes), ["812 B", "4.2 KB", "1.3 MB"]);
});

test("times keep their microseconds", () => {
  assert.equal(millis("2026-01-02T03:04:05.006007Z"), Date.parse("2026-01-02T03:04:05Z") + 6.007);
  assert.equal(millis("2026-01-02T03:04:05Z"), Date.parse("2026-01-02T03:04:05Z"));
  assert.equal(millis("2026-01-02T03:04:05.5+01:00"), Date.parse("2026-01-02T02:04:05Z") + 500);
  assert.equal(millis(null), null);
  assert.equal(utc(Date.parse("2026-01-02T03:04:05.006Z")), "2026-01-02 03:04:05.006 UTC");
  assert.equal(ago(0, 125_000), "2 min ago");
});
