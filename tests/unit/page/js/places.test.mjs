// Fields of the bridge's own, and servers that have none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { listedAt, mayAskAgain, written } from "../../../../otel_bridge/page/static/lib/places.js";

const body = { columns: ["id", "listed_at"], sort_by: [{ field: "listed_at", direction: "desc" }] };

test("a call is where it is listed, or where it started if the server does not say", () => {
  assert.equal(listedAt({ started_at: "2099", listed_at: "2026" }), "2026");
  assert.equal(listedAt({ started_at: "2026" }), "2026");
});

test("a server that refuses own fields is asked by the start from then on, and once more at most", () => {
  assert.equal(written(body), JSON.stringify(body));
  assert.equal(mayAskAgain("Field x is not allowed"), false);
  assert.equal(mayAskAgain("Field listed_at is not allowed"), true);
  assert.deepEqual(JSON.parse(written(body)), { columns: ["id", "started_at"], sort_by: [{ field: "started_at", direction: "desc" }] });
  assert.equal(mayAskAgain("Field listed_at is not allowed"), false);
});
