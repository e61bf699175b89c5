// What people filter by, as the address has it, and as Weave's API is asked: `{filter, query}`.
import { STATUS_WORDS } from "./calls.js";
import { conditionOf, expressionOf, fieldOf, scoreOf } from "./scores.js";

/** Members of the address's query that filter. */
export const FILTERS = ["text", "status", "op", "model", "range", "from", "to", "min", "thread", "score"];

/** What clears all of them, and what goes with them. */
export const NO_FILTERS = Object.fromEntries([...FILTERS, "show"].map((member) => [member, null]));

/** Ranges up to now, in ms. */
export const RANGES = { "15m": 900_000, "1h": 3_600_000, "24h": 86_400_000, "7d": 604_800_000 };
export const RANGE_WORDS = { "15m": "Last 15 minutes", "1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days" };

const literal = (value) => ({ $literal: value });
const field = (name) => ({ $getField: name });
const contains = (name, substr) => ({ $contains: { input: field(name), substr: literal(substr), case_insensitive: true } });
const compare = (operator, name, value) => ({ [operator]: [field(name), literal(value)] });

/** Whether any filter is set. */
export const isFiltered = (query) => FILTERS.some((name) => query[name]);

/** Whether calls below roots are shown: asked for, or because a filter speaks of what only they have. */
export const showsCalls = (query) => (query.show ? query.show === "calls" : Boolean(query.text || query.model));

/** The order of lists that are asked for no other. */
export const NEWEST = ["listed_at", "started_at"].map((name) => ({ field: name, direction: "desc" }));

/** The order that is asked for: by a score, `-runnable.quality|output` for the highest first, else the newest first. */
export function sorted(query) {
  const score = query.sort && scoreOf(query.sort.replace(/^-/, ""));
  if (!score) return { score: null, keys: NEWEST };
  return { score, keys: [{ field: fieldOf(score), direction: query.sort.startsWith("-") ? "desc" : "asc" }] };
}

/** Turn the address's query into members of a `/calls/stream_query` body. `now` in ms since the epoch. */
export function asked(query, now = Date.now()) {
  const filter = {};
  const all = [];
  if (!showsCalls(query)) filter.trace_roots_only = true;
  if (query.thread) filter.thread_ids = [query.thread];
  if (query.op?.startsWith("=")) filter.op_names = [query.op.slice(1)];
  else if (query.op) all.push(contains("op_name", query.op));
  if (query.status in STATUS_WORDS) all.push(compare("$eq", "summary.weave.status", query.status));
  if (query.model) all.push(ofModel(query.model));
  const least = milliseconds(query.min);
  if (least !== null) all.push(compare("$gte", "summary.weave.latency_ms", least));
  all.push(...within(query, now));
  const condition = conditionOf(query.score);
  if (condition) all.push(expressionOf(condition));
  if (query.text) all.push(withText(query.text));
  const body = {};
  if (Object.keys(filter).length) body.filter = filter;
  if (all.length) body.query = { $expr: all.length === 1 ? all[0] : { $and: all } };
  return body;
}

/** The same question with one more condition. */
export function also(body, condition) {
  const before = body.query?.$expr;
  return { ...body, query: { $expr: before ? { $and: [...(before.$and ?? [before]), condition] } : condition } };
}

export const listedUntil = (iso) => compare("$lte", "listed_at", iso);
export const listedSince = (iso) => compare("$gte", "listed_at", iso);
const since = (iso) => compare("$gte", "happened_at", iso);

function ofModel(model) {
  const used = `summary.usage.${model.replaceAll(".", "\\.")}`;
  return { $or: [compare("$eq", "attributes.model", model), { $eq: [{ $convert: { input: field(used), to: "exists" } }, literal(true)] }] };
}

function within(query, now) {
  const found = [];
  const range = RANGES[query.range];
  if (range) found.push(since(new Date(Math.floor((now - range) / 1000) * 1000).toISOString()));
  if (instant(query.from)) found.push(since(instant(query.from)));
  if (instant(query.to)) found.push(compare("$lt", "happened_at", instant(query.to)));
  return found;
}

function instant(text) {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** Inputs and outputs are searched as JSON text, in which quotes and line ends are written with a backslash. */
function withText(text) {
  const written = JSON.stringify(text).slice(1, -1);
  const found = [contains("inputs", written), contains("output", written), contains("exception", text), contains("op_name", text)];
  return { $or: found };
}

const UNITS = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** Read `500ms`, `2s`, `1.5 m` or a bare number of ms; null for anything else. */
export function milliseconds(text) {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?\s*$/.exec(text ?? "");
  return found ? Math.round(Number(found[1]) * UNITS[found[2] ?? "ms"]) : null;
}
