// A trace as a tree: who called whom, when, and how long each was busy itself.
import { name, status } from "../../lib/calls.js";
import { millis } from "../../lib/format.js";

/**
 * Build the tree of a trace's calls. Returns `{nodes, roots, start, end}`; a node is `{call, id, children,
 * parent, depth, at, end, took, self, gaps, name, status, orphan}` with times in ms. A call whose parent is
 * not here, or that is in a circle of parents, is a root (`orphan`).
 */
export function buildTree(calls) {
  const nodes = new Map(calls.map((call) => [call.id, node(call)]));
  const roots = [];
  for (const one of nodes.values()) {
    const parent = nodes.get(one.call.parent_id);
    if (parent && parent !== one) parent.children.push(one);
    else roots.push(Object.assign(one, { orphan: Boolean(one.call.parent_id) }));
  }
  const placed = place(roots);
  for (const one of nodes.values()) {
    if (placed.has(one)) continue;
    one.orphan = true;
    one.call = { ...one.call };
    const parent = nodes.get(one.call.parent_id);
    parent.children = parent.children.filter((child) => child !== one);
    roots.push(one);
    for (const found of place([one])) placed.add(found);
  }
  roots.sort(byStart);
  const all = [...nodes.values()];
  const start = least(all.map((one) => one.at));
  const end = most(all.map((one) => one.end ?? one.at));
  for (const one of all) measure(one, end);
  return { nodes, roots, start, end };
}

function node(call) {
  const at = millis(call.started_at);
  const end = millis(call.ended_at);
  return {
    call,
    id: call.id,
    children: [],
    parent: null,
    depth: 0,
    orphan: false,
    at,
    end,
    took: end === null ? null : end - at,
    self: null,
    gaps: [],
    name: name(call),
    status: status(call),
  };
}

const byStart = (a, b) => a.at - b.at || (a.id < b.id ? -1 : 1);

/** Give depth and parent to all below these; return what was reached. */
function place(roots) {
  const reached = new Set();
  const todo = roots.map((one) => [one, null, 0]);
  while (todo.length) {
    const [one, parent, depth] = todo.pop();
    if (reached.has(one)) continue;
    reached.add(one);
    Object.assign(one, { parent, depth });
    one.children.sort(byStart);
    for (const child of one.children) todo.push([child, one, depth + 1]);
  }
  return reached;
}

/** Find the time in which a call was busy itself: its own, less that of its children. */
function measure(one, traceEnd) {
  const end = one.end ?? traceEnd;
  let covered = one.at;
  const gaps = [];
  for (const child of one.children) {
    const from = Math.max(one.at, Math.min(end, child.at));
    if (from > covered) gaps.push([covered, from]);
    covered = Math.max(covered, Math.min(end, child.end ?? traceEnd));
  }
  if (end > covered) gaps.push([covered, end]);
  one.gaps = gaps;
  one.self = one.took === null ? null : gaps.reduce((total, [from, to]) => total + to - from, 0);
}

const least = (numbers) => numbers.reduce((a, b) => Math.min(a, b), Infinity);
const most = (numbers) => numbers.reduce((a, b) => Math.max(a, b), -Infinity);

/** List the nodes that show, in order: all but those below folded ones. */
export function visible(roots, folded) {
  const shown = [];
  const todo = roots.toReversed();
  while (todo.length) {
    const one = todo.pop();
    shown.push(one);
    if (folded.has(one.id)) continue;
    for (let index = one.children.length - 1; index >= 0; index -= 1) todo.push(one.children[index]);
  }
  return shown;
}

/** Count all below a node. */
export function below(one) {
  let found = 0;
  const todo = [...one.children];
  while (todo.length) {
    const next = todo.pop();
    found += 1;
    todo.push(...next.children);
  }
  return found;
}

/** The ids of a node's parents, the nearest first. */
export function above(one) {
  const ids = [];
  for (let parent = one?.parent; parent; parent = parent.parent) ids.push(parent.id);
  return ids;
}
