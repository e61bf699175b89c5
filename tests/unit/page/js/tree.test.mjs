import assert from "node:assert/strict";
import { test } from "node:test";
import { above, below, buildTree, visible } from "../../../../otel_bridge/page/static/views/trace/tree.js";

const at = (ms) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString().replace("Z", "000Z");
const call = (id, parent, from, to) => ({ id, parent_id: parent, op_name: id, started_at: at(from), ended_at: to === null ? null : at(to), summary: {} });
const names = (nodes) => nodes.map((one) => one.id);

test("children stand below their parents in the order of time, whatever came first", () => {
  const { roots } = buildTree([call("b", "root", 50, 60), call("a1", "a", 20, 30), call("root", null, 0, 100), call("a", "root", 10, 40)]);
  assert.deepEqual(names(visible(roots, new Set())), ["root", "a", "a1", "b"]);
  assert.deepEqual(names(visible(roots, new Set(["a"]))), ["root", "a", "b"]);
  assert.equal(below(roots[0]), 3);
});

test("self time is what children do not cover, overlapping ones counted once", () => {
  const { nodes } = buildTree([call("root", null, 0, 100), call("a", "root", 10, 40), call("b", "root", 30, 50), call("late", "root", 90, 140)]);
  assert.equal(nodes.get("root").self, 10 + 40);
  assert.deepEqual(nodes.get("root").gaps.map(([from, to]) => to - from), [10, 40]);
  assert.equal(nodes.get("a").self, 30);
});

test("a call that runs has no duration yet and reaches to the end of the trace", () => {
  const tree = buildTree([call("root", null, 0, null), call("a", "root", 10, 40)]);
  assert.equal(tree.nodes.get("root").took, null);
  assert.equal(tree.nodes.get("root").self, null);
  assert.equal(tree.end - tree.start, 40);
});

test("a call whose parent is not here, and circles, are roots: nothing is left out", () => {
  const { roots, nodes } = buildTree([call("lost", "nobody", 5, 6), call("x", "y", 1, 2), call("y", "x", 1, 2), call("self", "self", 3, 4)]);
  assert.equal(visible(roots, new Set()).length, nodes.size);
  assert.ok(nodes.get("lost").orphan);
  assert.ok(roots.every((one) => above(one).length === 0));
});

test("ten thousand calls in one line are walked without recursion", () => {
  const calls = Array.from({ length: 10_000 }, (_, index) => call(`c${index}`, index ? `c${index - 1}` : null, index, 20_000));
  const { roots, nodes } = buildTree(calls);
  assert.equal(visible(roots, new Set()).length, 10_000);
  assert.equal(above(nodes.get("c9999")).length, 9_999);
});
