// Scores over time, from /feedback/stats: averages and percentiles of numbers, and how often true was said.
import { post } from "../../lib/api.js";
import { html, useMemo } from "../../lib/dom.js";
import { count } from "../../lib/format.js";
import { useLoad } from "../../lib/live.js";
import { scoreId, scoreOf, shown } from "../../lib/scores.js";
import { knownScores } from "../../lib/scoring.js";
import { Failure } from "../../parts/basics.js";
import { onAxis } from "./axis.js";
import { Card } from "./card.js";
import { overTime, widthOf } from "./range.js";

const MOST_TYPES = 12;
const MOST_METRICS = 4;
const PERCENTILES = [50, 95];
const NUMBERS = { aggregations: ["avg", "count"], percentiles: PERCENTILES };
const TRUTHS = { aggregations: ["avg", "count"] };

/** Cards below the others; nothing where no scorer said anything, or the server does not count it. */
export function ScoreCards({ project, range, hovered, behind, onZoom, onPick }) {
  const { data, error, reload } = useLoad((signal) => ask(project, range, signal), [project, range.from, range.to]);
  const charts = useMemo(() => (data ?? []).flatMap(chartsOf), [data]);
  if (error) return html`<${Failure} error=${error} retry=${reload} />`;
  if (!charts.length) return null;
  return html`<h2 class="scores-title">Scores, by when they were given</h2>
    <div class="cards">${charts.map(
      ({ grid, ...chart }) => html`<${Card} key=${chart.key} chart=${chart} grid=${grid} hovered=${hovered} behind=${behind}
      onZoom=${onZoom} onPick=${onPick} />`,
    )}</div>`;
}

/** For each type of feedback its places, and how they went. */
async function ask(project, range, signal) {
  const known = (await knownScores(project, range, signal)) ?? [];
  const asked = known
    .map(({ type, paths }) => ({ type, metrics: paths.filter(({ value_type: kind }) => kind !== "categorical").slice(0, MOST_METRICS) }))
    .filter(({ metrics }) => metrics.length)
    .slice(0, MOST_TYPES);
  const body = overTime(project, range);
  return Promise.all(
    asked.map(async ({ type, metrics }) => {
      const specs = metrics.map((one) => ({ ...one, ...(one.value_type === "boolean" ? TRUTHS : NUMBERS) }));
      return { type, metrics, answer: await post("/feedback/stats", { ...body, feedback_type: type, metrics: specs }, { signal }), range };
    }),
  );
}

function chartsOf({ type, metrics, answer, range }) {
  const starts = answer.buckets.map((bucket) => Date.parse(bucket.timestamp) / 1000);
  const grid = { starts, end: (starts.at(-1) ?? 0) + widthOf(range) };
  return metrics.map((metric) => {
    const slug = slugOf(metric.json_path);
    const whole = answer.window_stats?.[slug] ?? {};
    const column = (part) =>
      answer.buckets.map((bucket) => (bucket[`count_${slug}`] > 0 ? bucket[`${part}_${slug}`] : null));
    const id = scoreId(type, metric.json_path);
    const common = { key: `score-${type}-${metric.json_path}`, title: scoreOf(id).label, stacked: false, grid, score: id };
    return metric.value_type === "boolean" ? truths(common, column, whole) : figures(common, column, whole);
  });
}

/** As the API names a place in its columns. */
const slugOf = (path) => path.replaceAll(/[^\p{L}\p{N}]/gu, "_");

const percent = (share) => (share === null || share === undefined ? "" : `${Number((100 * share).toPrecision(3))} %`);

function truths(common, column, whole) {
  return {
    ...common,
    write: percent,
    axis: (ticks) => ticks.map(percent),
    most: 1,
    total: `${percent(whole.avg)} true of ${count(whole.count)}`,
    series: [{ label: "true", values: column("avg"), colour: "--series-3", total: whole.avg }],
  };
}

function figures(common, column, whole) {
  const lines = [
    ["avg", "average", "--series-1"],
    ["p50", "p50", "--series-3"],
    ["p95", "p95", "--series-2"],
  ];
  return {
    ...common,
    write: shown,
    axis: onAxis.count,
    total: `${shown(whole.avg)} on average of ${count(whole.count)}`,
    series: lines.map(([part, label, colour]) => ({ label, values: column(part), colour, total: whole[part] })),
  };
}
