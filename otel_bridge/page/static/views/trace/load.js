// What the tree needs of a trace, and no more: bodies are read when a call is opened.
import { list, post, stream } from "../../lib/api.js";

const COLUMNS = ["id", "trace_id", "parent_id", "op_name", "display_name", "started_at", "ended_at", "exception", "thread_id", "summary"];
const OLDEST = [{ field: "started_at", direction: "asc" }];

/** Load all calls of a trace; `some(calls)` is told of them while they come. */
export async function loadTrace(project, traceId, signal, some = () => {}) {
  const body = { project_id: project, filter: { trace_ids: [traceId] }, columns: COLUMNS, sort_by: OLDEST, include_costs: true, include_feedback: true };
  const calls = [];
  for await (const piece of stream("/calls/stream_query", body, { signal })) {
    for (const call of piece) calls.push(call);
    some(calls);
  }
  return calls;
}

/** Count the calls of a trace. */
export async function countCalls(project, traceId, signal) {
  const answer = await post("/calls/query_stats", { project_id: project, filter: { trace_ids: [traceId] } }, { signal });
  return answer.count;
}

const KINDS = { tool: ["tool", "TOOL"], agent: ["agent", "AGENT"] };

/** Load which calls are tools and which are agents, by id; without an answer nobody is. */
export async function loadKinds(project, traceId, signal) {
  const found = new Map();
  const ask = async ([kind, written]) => {
    const query = { $expr: { $in: [{ $getField: "attributes.kind" }, written.map((one) => ({ $literal: one }))] } };
    const calls = await list("/calls/stream_query", { project_id: project, filter: { trace_ids: [traceId] }, query, columns: ["id"] }, { signal });
    for (const call of calls) found.set(call.id, kind);
  };
  await Promise.all(Object.entries(KINDS).map(ask)).catch(() => {});
  return found;
}
