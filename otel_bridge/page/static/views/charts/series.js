// Answers of /calls/stats as what the charts draw: a list of charts, each with its series over the same buckets.
import { cost, count, duration } from "../../lib/format.js";
import { PERCENTILES } from "./ask.js";
import { onAxis } from "./axis.js";
import { estimated } from "./sampled.js";

const COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6", "--series-8"];
const OTHER = "--soft";
const MOST_MODELS = 6;

/** The starts of buckets in seconds since the epoch, and where the last one ends. */
export function gridOf(answer, width) {
  const starts = answer.call_buckets.map((bucket) => Date.parse(bucket.timestamp) / 1000);
  return { starts, end: (starts.at(-1) ?? 0) + width };
}

/**
 * The charts: `{key, title, note, stacked, write, axis, total, series}`; a series is `{label, values, colour,
 * total, op?, model?}`. `percent` is the percentile of latencies that is shown for each op.
 */
export function chartsOf({ all, whole, parts }, { split, percent }) {
  const once = whole.call_buckets[0] ?? {};
  const by = parts.length ? byOp(all, parts) : split === "model" ? byModel(all) : plain(all);
  const errors = by.errors ?? plain(all).errors;
  const latency = parts.length ? latencyByOp(parts, percent) : latencyOf(all, once);
  const calls = once.sum_call_count ?? 0;
  const perModel = split === "model" && !parts.length;
  const charts = [
    chart("calls", "Calls", by.calls, count, {
      axis: onAxis.count,
      total: perModel ? undefined : count(calls),
      whole: true,
      note: perModel ? "of models" : "",
    }),
    chart("errors", "Errors", errors, count, {
      axis: onAxis.count,
      total: errorsOf(once, calls),
      whole: true,
      note: perModel ? OVER_ALL : "",
    }),
    chart("latency", "Latency", latency, duration, {
      axis: onAxis.duration,
      total: latencyTotal(once),
      stacked: false,
      note: perModel ? OVER_ALL : "",
    }),
    chart("tokens", "Tokens", by.tokens, count, { axis: onAxis.count }),
    chart("cost", "Cost", by.cost, cost, { axis: onAxis.cost }),
  ];
  return whole.sampled ? charts.map(estimated) : charts;
}

const OVER_ALL = "all calls";

function chart(key, title, series, write, { axis, total, note = "", stacked = true, whole = false }) {
  const added = series.map((one) => ({ total: sum(one.values), ...one }));
  return { key, title, note, stacked, write, axis, whole, series: added, total: total ?? write(sum(added.map((one) => one.total))) };
}

function plain(all) {
  const used = perBucket(all);
  return {
    calls: [{ label: "calls", values: column(all, "sum_call_count"), colour: "--series-1" }],
    errors: [{ label: "errors", values: column(all, "sum_error_count"), colour: "--bad", failed: true }],
    tokens: [
      { label: "input", values: used.map((rows) => summed(rows, "sum_input_tokens")), colour: "--series-1" },
      { label: "output", values: used.map((rows) => summed(rows, "sum_output_tokens")), colour: "--series-2" },
    ],
    cost: [{ label: "cost", values: used.map((rows) => summed(rows, "sum_total_cost")), colour: "--series-1" }],
  };
}

function byModel(all) {
  const used = perBucket(all);
  const models = mostUsed(all);
  const each = (value) => {
    const shown = models.slice(0, MOST_MODELS).map((model, index) => ({
      label: model,
      model,
      colour: COLOURS[index],
      values: used.map((rows) => sum(rows.filter((row) => row.model === model).map(value))),
    }));
    return withOthers(
      shown,
      used.map((rows) => sum(rows.map(value))),
      "other models",
    );
  };
  return {
    calls: each((row) => row.count),
    tokens: each((row) => row.sum_input_tokens + row.sum_output_tokens),
    cost: each((row) => row.sum_total_cost),
  };
}

function mostUsed(all) {
  const rows = Map.groupBy(all.usage_buckets, (row) => row.model);
  const uses = (model) => summed(rows.get(model), "count");
  return [...rows.keys()].sort((a, b) => uses(b) - uses(a) || (a < b ? -1 : 1));
}

function byOp(all, parts) {
  const each = (values, extra) => {
    const shown = parts.map((part, index) => ({ label: part.op, op: part.op, colour: COLOURS[index], values: values(part), ...extra }));
    return withOthers(shown, values(all), "other ops");
  };
  const usage =
    (...names) =>
    (answer) =>
      perBucket(answer).map((rows) => names.reduce((total, name) => total + summed(rows, name), 0));
  return {
    calls: each((answer) => column(answer, "sum_call_count")),
    errors: each((answer) => column(answer, "sum_error_count"), { failed: true }),
    tokens: each(usage("sum_input_tokens", "sum_output_tokens")),
    cost: each(usage("sum_total_cost")),
  };
}

/** What the shown series leave of the whole, when that is something. */
function withOthers(shown, whole, label) {
  const rest = whole.map((value, at) => Math.max(0, value - sum(shown.map((one) => one.values[at]))));
  const isMore = sum(rest) > sum(whole) * 1e-9;
  const some = shown.filter((one) => sum(one.values) > 0);
  return isMore || !some.length ? [...some, { label, values: rest, colour: OTHER }] : some;
}

function latencyOf(all, once) {
  return PERCENTILES.map((percent, index) => ({
    label: `p${percent}`,
    values: column(all, `p${percent}_latency_ms`),
    colour: ["--series-3", "--series-1", "--series-2"][index],
    total: once[`p${percent}_latency_ms`],
  }));
}

function latencyByOp(parts, percent) {
  return parts.map((part, index) => ({
    label: part.op,
    op: part.op,
    colour: COLOURS[index],
    values: column(part, `p${percent}_latency_ms`),
    total: null,
  }));
}

const latencyTotal = (once) =>
  once.p50_latency_ms === undefined || once.p50_latency_ms === null ? "" : `${duration(once.p50_latency_ms)} median`;

function errorsOf(once, calls) {
  const errors = once.sum_error_count ?? 0;
  const share = calls && errors ? ` (${Number(((100 * errors) / calls).toPrecision(2))} %)` : "";
  return count(errors) + share;
}

/** The rows of usage in each bucket. */
function perBucket(answer) {
  const rows = Map.groupBy(answer.usage_buckets, (row) => row.timestamp);
  return answer.call_buckets.map(({ timestamp }) => rows.get(timestamp) ?? []);
}

const column = (answer, name) => answer.call_buckets.map((bucket) => bucket[name] ?? null);
const summed = (rows, name) => sum(rows.map((row) => row[name] ?? 0));
const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);
