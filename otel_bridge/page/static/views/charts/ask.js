// What the charts ask of /calls/stats.
import { list, post } from "../../lib/api.js";
import { NEWEST } from "../../lib/filters.js";
import { overTime, wholeWidth, widthOf } from "./range.js";

export const PERCENTILES = [50, 95, 99];
const MOST_OPS = 5;
const MOST_FAILING = 2;
const SAMPLE_CALLS = 1000;
const SAMPLE_ERRORS = 200;

const CALL_METRICS = [
  { metric: "call_count" },
  { metric: "error_count" },
  { metric: "latency_ms", aggregations: [], percentiles: PERCENTILES },
];
const USAGE_METRICS = ["input_tokens", "output_tokens", "total_cost"].map((metric) => ({ metric }));

/**
 * Everything the charts show: `{ops, all, whole, parts}`. `all` and each of `parts` (`{op, ...answer}`, only
 * when split by op) are answers over time; `whole` has one bucket for the range. `roots` narrows what is
 * counted and timed; tokens and costs are those of all calls, since roots have none of their own.
 */
export async function ask({ project, range, split, op, roots }, signal) {
  const asking = { project, range, roots, signal, width: widthOf(range) };
  const [all, whole, ops, failing] = await Promise.all([
    answer({ ...asking, op }),
    answer({ ...asking, op, width: wholeWidth(range) }),
    opsIn(asking, SAMPLE_CALLS),
    split === "op" ? opsIn(asking, SAMPLE_ERRORS, FAILED) : [],
  ]);
  const shown = split === "op" && !op ? worthShowing(ops, failing) : [];
  const parts = await Promise.all(shown.map(async (name) => ({ op: name, ...(await answer({ ...asking, op: name })) })));
  return { ops, all, whole, parts };
}

async function answer({ project, range, width, op, roots, signal }) {
  const body = { ...overTime(project, range, width), filter: op ? { op_names: [op] } : {} };
  if (!roots) return post("/calls/stats", { ...body, call_metrics: CALL_METRICS, usage_metrics: USAGE_METRICS }, { signal });
  const onlyRoots = { ...body.filter, trace_roots_only: true };
  const [calls, usage] = await Promise.all([
    post("/calls/stats", { ...body, filter: onlyRoots, call_metrics: CALL_METRICS }, { signal }),
    post("/calls/stats", { ...body, usage_metrics: USAGE_METRICS }, { signal }),
  ]);
  return { ...calls, usage_buckets: usage.usage_buckets, sampled: calls.sampled || usage.sampled };
}

const FAILED = { $eq: [{ $getField: "summary.weave.status" }, { $literal: "error" }] };

/** The names of ops among the newest calls of a range for which `also` holds, the most frequent first. */
async function opsIn({ project, range, signal }, limit, ...also) {
  const at = { $getField: "happened_at" };
  const during = [{ $gte: [at, { $literal: range.from }] }, { $lt: [at, { $literal: range.to }] }];
  const body = {
    project_id: project,
    columns: ["op_name"],
    limit,
    sort_by: NEWEST,
    query: { $expr: { $and: [...during, ...also] } },
  };
  const times = Map.groupBy(await list("/calls/stream_query", body, { signal }), (call) => call.op_name);
  return [...times.keys()].sort((a, b) => times.get(b).length - times.get(a).length || (a < b ? -1 : 1));
}

/** The most frequent ops, and those that fail most. */
function worthShowing(ops, failing) {
  const frequent = ops.slice(0, MOST_OPS);
  return [...frequent, ...failing.filter((op) => !frequent.includes(op)).slice(0, MOST_FAILING)];
}
