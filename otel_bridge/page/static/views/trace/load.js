// What the tree needs of a trace, and no more: bodies are read when a call is opened, the rest comes after.
import { list, post, stream } from "../../lib/api.js";
import { COLUMNS, feedback } from "../../lib/calls.js";
import { spentBelow } from "../../lib/usage.js";

const OLDEST = [{ field: "started_at", direction: "asc" }];
const MOST_ASKED = 500;

/** Load all calls of a trace; `some(calls)` is told of them while they come. */
export async function loadTrace(project, traceId, signal, some = () => {}) {
  const body = { project_id: project, filter: { trace_ids: [traceId] }, columns: COLUMNS, sort_by: OLDEST };
  const calls = [];
  for await (const piece of stream("/calls/stream_query", body, { signal })) {
    for (const call of piece) calls.push(call);
    some(calls);
  }
  return calls;
}

/** Tell whether a trace has become another than these calls: more or fewer of them, or one that ran has ended. */
export async function hasChanged(project, traceId, calls, signal) {
  const { count } = await post("/calls/query_stats", { project_id: project, filter: { trace_ids: [traceId] } }, { signal });
  if (count !== calls.length) return true;
  const running = calls
    .filter((call) => !call.ended_at)
    .map((call) => call.id)
    .slice(0, MOST_ASKED);
  if (!running.length) return false;
  const ask = { project_id: project, filter: { call_ids: running }, columns: ["id", "ended_at"] };
  return (await list("/calls/stream_query", ask, { signal })).some((call) => call.ended_at);
}

/**
 * Load what is drawn into a tree that stands already: `{kinds, notes, used}`. `kinds` says which calls are
 * tools and which are agents, `notes` how much feedback a call has, both by id; `used` is `{tokens, cost}` of
 * the whole trace. What a server does not answer stays empty.
 */
export async function loadExtras(project, traceId, roots, signal) {
  const [tools, agents, notes, used] = await Promise.all([
    ofKind(project, traceId, ["tool", "TOOL"], signal),
    ofKind(project, traceId, ["agent", "AGENT"], signal),
    noted(project, traceId, signal),
    usedBy(project, roots, signal),
  ]);
  const kinds = new Map([...tools.map((call) => [call.id, "tool"]), ...agents.map((call) => [call.id, "agent"])]);
  return { kinds, notes, used };
}

const literal = (value) => ({ $literal: value });

function ofKind(project, traceId, written, signal) {
  const query = { $expr: { $in: [{ $getField: "attributes.kind" }, written.map(literal)] } };
  return list("/calls/stream_query", { project_id: project, filter: { trace_ids: [traceId] }, query, columns: ["id"] }, { signal }).catch(
    () => [],
  );
}

async function noted(project, traceId, signal) {
  const body = { project_id: project, filter: { trace_ids: [traceId] }, columns: ["id"], include_feedback: true };
  const calls = await list("/calls/stream_query", body, { signal }).catch(() => []);
  return new Map(calls.filter((call) => feedback(call).length).map((call) => [call.id, feedback(call)]));
}

/** Sum what roots used with all below them. */
async function usedBy(project, roots, signal) {
  const found = await spentBelow(project, roots, signal).catch(() => null);
  if (!found) return null;
  const sums = { tokens: 0, cost: null };
  for (const { tokens, cost } of found.values()) {
    sums.tokens += tokens?.total ?? 0;
    if (cost !== null) sums.cost = (sums.cost ?? 0) + cost;
  }
  return sums;
}
