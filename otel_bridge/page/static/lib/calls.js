// What a call says, wherever its lines keep it.
import { millis } from "./format.js";

/** `error`, `descendant_error`, `running` or `success`. */
export const status = (call) => call.summary?.weave?.status ?? (call.exception ? "error" : call.ended_at ? "success" : "running");

export const STATUS_WORDS = { error: "error", descendant_error: "error below", running: "running", success: "ok" };

/** When it arrived, where lists have it, and when it happened as far as one can tell. */
export const PLACES = ["received_at", "listed_at", "happened_at"];

/** What lists of calls ask of each: no bodies. */
export const COLUMNS = ["id", "trace_id", "parent_id", "op_name", "display_name", "started_at", "ended_at", "exception", "thread_id", "summary", ...PLACES];

/** The name a person knows the call by. */
export function name(call) {
  const op = call.op_name ?? "";
  const ref = op.startsWith("weave:///") ? /^weave:\/\/\/[^/]+\/[^/]+\/op\/([^:]+)/.exec(op) : null;
  return call.display_name || (ref ? ref[1] : op) || "(no name)";
}

/** Its duration in ms, with fractions; null while it runs. */
export function latency(call) {
  const end = millis(call.ended_at);
  return end === null ? null : end - millis(call.started_at);
}

const TOKENS_IN = ["prompt_tokens", "input_tokens"];
const TOKENS_OUT = ["completion_tokens", "output_tokens"];
const sum = (usage, names) => names.reduce((total, member) => total + (Number(usage[member]) || 0), 0);

/** Tokens of the call over its models: `{input, output, total, cacheRead, cacheWrite}`, or null for none. */
export function tokens(call) {
  const usages = Object.values(call.summary?.usage ?? {}).filter((usage) => usage && typeof usage === "object");
  if (!usages.length) return null;
  const all = { input: 0, output: 0, total: 0, cacheRead: 0, cacheWrite: 0 };
  for (const usage of usages) {
    const input = sum(usage, TOKENS_IN);
    const output = sum(usage, TOKENS_OUT);
    all.input += input;
    all.output += output;
    all.total += Number(usage.total_tokens) || input + output;
    all.cacheRead += sum(usage, ["cache_read_input_tokens"]);
    all.cacheWrite += sum(usage, ["cache_creation_input_tokens"]);
  }
  return all.total ? all : null;
}

/** Cost in US dollars over the call's models (`include_costs`), or null when there is no price. */
export function cost(call) {
  const priced = Object.values(call.summary?.weave?.costs ?? {});
  if (!priced.length) return null;
  return priced.reduce((total, one) => total + parts(one), 0);
}

function parts(one) {
  const named = [
    "prompt_tokens_total_cost",
    "completion_tokens_total_cost",
    "cache_read_input_tokens_total_cost",
    "cache_creation_input_tokens_total_cost",
  ];
  return sum(one, named);
}

const total = (usage) => Number(usage?.total_tokens) || sum(usage ?? {}, [...TOKENS_IN, ...TOKENS_OUT]);

/** The models a call used, as its usage names them, the most used first; else as its attributes do. */
export function models(call) {
  const usage = call.summary?.usage ?? {};
  const used = Object.keys(usage).sort((a, b) => total(usage[b]) - total(usage[a]));
  const said = call.attributes?.model;
  return used.length ? used : typeof said === "string" ? [said] : [];
}

/** Feedback on the call (`include_feedback`). */
export const feedback = (call) => call.summary?.weave?.feedback ?? [];

/** The ref under which feedback finds a call. */
export const callRef = (projectId, id) => `weave:///${projectId}/call/${id}`;
