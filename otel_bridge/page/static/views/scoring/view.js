// How scoring goes: what waits, what is done, and why calls were not scored.
import { html, useMemo } from "../../lib/dom.js";
import { count, plural } from "../../lib/format.js";
import { useLive, useLoad } from "../../lib/live.js";
import { useReady } from "../../lib/ready.js";
import { link } from "../../lib/router.js";
import { scorersOf, scoringOf, sumOf, versionIn } from "../../lib/scoring.js";
import { Empty, Failure, Text, Time, Waiting } from "../../parts/basics.js";

const AGAIN_MS = 2000;
const STATES = { queued: "Waiting", leased: "Being scored", done: "Done", failed: "Failed" };

export default function Scoring({ project }) {
  const { data, error, loading, reload } = useLoad(async (signal) => ({ now: await scoringOf(project, { signal }) }), [project]);
  const { data: known } = useLoad((signal) => scorersOf(project, signal).catch((problem) => (problem.status ? [] : Promise.reject(problem))), [project]);
  useLive(async () => reload(), [project], AGAIN_MS);
  useReady(data || !loading);
  if (!data) return error ? html`<${Failure} error=${error} retry=${reload} />` : html`<${Waiting} />`;
  if (!data.now) return html`<${Empty} title="This server does not score"><p>Ask it through a bridge that keeps calls itself.</p><//>`;
  const { counts, scorers, jobs, errors } = data.now;
  return html`<div class="scoring">
    <header class="scoring-head"><h1>Scores</h1>
      <div role="status"><dl class="scoring-sums">${Object.entries(STATES).map(
        ([state, word]) => html`<div key=${state}><dt>${word}</dt><dd class="num">${count(counts[state])}</dd></div>`,
      )}</dl></div></header>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!sumOf(counts) && html`<${Nothing} />`}
    ${scorers.length > 0 && html`<${Scorers} scorers=${scorers} />`}
    ${jobs.length > 0 && html`<${Jobs} jobs=${jobs} />`}
    ${errors.length > 0 && html`<${Errors} errors=${errors} />`}
    ${known && html`<${Known} known=${known} />`}
  </div>`;
}

const Nothing = () => html`<${Empty} title="Nothing was scored yet">
  <p>Open <a href=${link("traces")}>the newest traces</a>, choose <strong>Score traces…</strong> there
    or <strong>Score…</strong> in a call, and choose scorers. A monitor in the configuration scores calls as they end.</p>
<//>`;

const Card = ({ id, title, children }) => html`<section class="card" aria-labelledby=${id}><h2 id=${id}>${title}</h2>
  <div class="table-scroll" tabindex="0" role="region" aria-labelledby=${id}><table>${children}</table></div></section>`;
const isCount = (word) => word === "Scores" || Object.values(STATES).includes(word);
const Heads = ({ words }) => html`<thead><tr>${words.map(
  (word) => html`<th key=${word} scope="col" class=${isCount(word) ? "num" : ""}>${word}</th>`,
)}</tr></thead>`;
const Counts = ({ counts }) => Object.keys(STATES).map((state) => html`<td key=${state} class="num">${count(counts[state])}</td>`);

function Scorers({ scorers }) {
  const sorted = useMemo(() => scorers.toSorted((a, b) => (a.name < b.name ? -1 : 1)), [scorers]);
  return html`<${Card} id="by-scorer" title="By scorer">
    <${Heads} words=${["Scorer", ...Object.values(STATES), "Last error"]} />
    <tbody>${sorted.map(
      (one) => html`<tr key=${one.scorer_ref} data-scorer=${one.name}>
      <th scope="row"><${Text}>${one.name}<//> <code class="soft" title=${one.scorer_ref}>${versionIn(one.scorer_ref)?.version}</code></th>
      <${Counts} counts=${one.counts} />
      <td>${one.last_error && html`<${Text} class="bad">${one.last_error.error.slice(0, 300)}<//>`}</td></tr>`,
    )}</tbody>
  <//>`;
}

const Jobs = ({ jobs }) => html`<${Card} id="jobs" title="Newest requests">
  <${Heads} words=${["Request", "Asked", "Scores"]} />
  <tbody>${jobs.map(
    (one) => html`<tr key=${one.job_id}><th scope="row"><code>${one.job_id}</code></th><td><${Time} iso=${one.asked_at} /></td>
      <td class="num">${count(one.tasks)}</td></tr>`,
  )}</tbody>
<//>`;

const Errors = ({ errors }) => html`<${Card} id="errors" title="Newest errors">
  <${Heads} words=${["Call", "Scorer", "When", "Error"]} />
  <tbody>${errors.map(
    (one) => html`<tr key=${one.call_id + one.scorer_ref + one.at}>
    <th scope="row"><a href=${link("call", [one.call_id])}><code>${one.call_id}</code></a></th>
    <td><${Text}>${versionIn(one.scorer_ref)?.name ?? one.scorer_ref}<//></td>
    <td class="soft"><${Time} iso=${one.at} /></td>
    <td><${Text}>${one.error}<//></td></tr>`,
  )}</tbody>
<//>`;

const Known = ({ known }) => html`<${Card} id="known" title=${plural(known.filter((one) => one.usable).length, "scorer can be used", "scorers can be used")}>
  <${Heads} words=${["Scorer", "Kind", "What it does, or why it cannot be used"]} />
  <tbody>${known.map(
    (one) => html`<tr key=${one.ref ?? one.name}>
    <th scope="row"><${Text}>${one.name}<//> ${one.ref && html`<code class="soft" title=${one.ref}>${versionIn(one.ref)?.version}</code>`}</th>
    <td>${one.kind}</td><td>${one.usable ? html`<${Text}>${one.description}<//>` : html`<${Text} class="scorer-why">${one.why_not}<//>`}</td></tr>`,
  )}</tbody>
<//>`;
