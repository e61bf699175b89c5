// Charts of answers of /calls/stats.
import assert from "node:assert/strict";
import { test } from "node:test";
import { estimated } from "../../../../otel_bridge/page/static/views/charts/sampled.js";

test("a sum of calls that were sampled says that it is an estimate", () => {
  assert.deepEqual(estimated({ key: "calls", total: "30", note: "" }), { key: "calls", total: "≈ 30", note: "(sampled)" });
  assert.equal(estimated({ total: "", note: "all calls" }).note, "all calls (sampled)");
  assert.equal(estimated({ total: "", note: "" }).total, "");
});
