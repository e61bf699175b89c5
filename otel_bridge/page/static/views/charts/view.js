// Charts over time: calls, errors, latency, tokens and cost, from /calls/stats.
import { html, useMemo, useState } from "../../lib/dom.js";
import { useLive, useLoad } from "../../lib/live.js";
import { go, setQuery } from "../../lib/router.js";
import { useReady } from "../../lib/ready.js";
import { createStore } from "../../lib/store.js";
import { Empty, Failure, Time, Waiting } from "../../parts/basics.js";
import { ask, PERCENTILES } from "./ask.js";
import { callsBehind } from "./behind.js";
import { Card } from "./card.js";
import { Models } from "./models.js";
import { narrowed } from "./narrowed.js";
import { changed, fixedRange, rangeOf, widthOf } from "./range.js";
import { ScoreCards } from "./scores.js";
import { chartsOf, gridOf } from "./series.js";
import { bounds } from "./table.js";
import { Tools } from "./tools.js";

const AGAIN_MS = 15_000;
const nowSeconds = () => Date.now() / 1000;

export default function Charts({ project, query }) {
  const [now, setNow] = useState(nowSeconds);
  const range = rangeOf(query, now);
  const asked = { project, range, split: query.split, op: query.op, roots: Boolean(query.roots) };
  const { data, error, loading, reload } = useLoad(
    async (signal) => ({ asked, answer: await ask(asked, signal) }),
    [JSON.stringify(asked)],
  );
  useLive(async () => range.fixed || setNow(nowSeconds()), [range.fixed], AGAIN_MS);
  useReady(!loading);
  return html`<div class="charts">
    <h1 class="unseen">Charts</h1>
    <${Tools} range=${range} query=${query} ops=${data?.answer.ops ?? []} />
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${data ? html`<${Shown} ...${data} query=${query} />` : loading && html`<${Waiting} />`}
  </div>`;
}

function Shown({ asked, answer, query }) {
  const hovered = useMemo(() => createStore(null), []);
  const { range, op, roots, split } = asked;
  const percent = PERCENTILES.includes(Number(query.p)) ? Number(query.p) : 95;
  const [grid, charts] = useMemo(() => [gridOf(answer.all, widthOf(range)), chartsOf(answer, { split, percent })], [answer, percent]);
  if (!answer.whole.call_buckets[0]?.sum_call_count) return html`<${Nothing} range=${range} op=${op} />`;
  const behind = { from: range.from, to: range.to, op, roots };
  const pick = (chart, bucket, series) => go(callsBehind({ ...behind, ...bounds(grid, bucket), ...narrowed(chart, series) }));
  const zoom = (from, to) => setQuery(fixedRange(from, to), { replace: false });
  return html`<div class="cards">
    ${charts.map((chart) => html`<${Card} key=${chart.key} chart=${chart} grid=${grid} hovered=${hovered} behind=${behind}
      onZoom=${zoom} onPick=${pick} />`)}
    <${Models} rows=${answer.whole.usage_buckets} behind=${behind} />
  </div>
  <${ScoreCards} project=${asked.project} range=${range} hovered=${hovered} behind=${behind} onZoom=${zoom} onPick=${pick} />
  <p class="hint">Drag in a chart to zoom. Click to see the calls behind a point.</p>`;
}

function Nothing({ range, op }) {
  const back = () => setQuery(changed(range, { zoom: 7 }), { replace: false });
  return html`<${Empty} title="No calls in this time">
    <p>Nothing started between <${Time} ms=${range.from * 1000} /> and <${Time}
      ms=${range.to * 1000} />${op && html` under the name <code>${op}</code>`}.</p>
    <p><button type="button" class="button" onClick=${back}>Look farther</button></p>
  <//>`;
}
