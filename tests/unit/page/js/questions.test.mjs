import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, milliseconds, showsCalls } from "../../../../otel_bridge/page/static/lib/filters.js";
import { batches } from "../../../../otel_bridge/page/static/lib/lines.js";

const NOW = Date.UTC(2026, 0, 2, 12);

test("no filter asks for roots alone", () => {
  assert.deepEqual(asked({}), { filter: { trace_roots_only: true } });
});

test("one filter is an expression of its own, more are joined", () => {
  const status = { $eq: [{ $getField: "summary.weave.status" }, { $literal: "error" }] };
  assert.deepEqual(asked({ status: "error" }).query, { $expr: status });
  const both = asked({ status: "error", range: "1h" }, NOW);
  assert.deepEqual(both.query.$expr.$and, [status, { $gte: [{ $getField: "happened_at" }, { $literal: "2026-01-02T11:00:00.000Z" }] }]);
});

test("a name after = is exact, any other is part of the name", () => {
  assert.deepEqual(asked({ op: "=chat" }).filter.op_names, ["chat"]);
  assert.equal(asked({ op: "chat" }).query.$expr.$contains.substr.$literal, "chat");
});

test("text and models are looked for in all calls, unless traces are asked for", () => {
  assert.equal(showsCalls({ text: "x" }), true);
  assert.equal(showsCalls({ model: "x" }), true);
  assert.equal(showsCalls({ text: "x", show: "traces" }), false);
  assert.equal(showsCalls({ status: "error" }), false);
});

test("text is looked for as JSON writes it", () => {
  const [inputs, , exception] = asked({ text: 'say "hi"\n' }).query.$expr.$or;
  assert.equal(inputs.$contains.substr.$literal, 'say \\"hi\\"\\n');
  assert.equal(exception.$contains.substr.$literal, 'say "hi"\n');
});

test("dots in the name of a model are no levels", () => {
  assert.equal(asked({ model: "gpt-4.1" }).query.$expr.$or[1].$eq[0].$convert.input.$getField, "summary.usage.gpt-4\\.1");
});

test("what cannot be understood in an address filters nothing", () => {
  assert.deepEqual(asked({ status: "odd", range: "9y", from: "then", min: "long", show: "calls" }), {});
});

test("latencies have units", () => {
  assert.deepEqual(["500ms", "2s", "1.5 m", "250", "fast", ""].map(milliseconds), [500, 2000, 90_000, 250, null, null]);
});

test("lines are whole, however the bytes come", async () => {
  const bytes = new TextEncoder().encode('{"a":"é"}\n{"a":2}\n{"a":3}');
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const found = [];
  for await (const some of batches({ body })) found.push(...some);
  assert.deepEqual(found, [{ a: "é" }, { a: 2 }, { a: 3 }]);
});
