// One thread: its turns in order, each with what was said in it.
import { list } from "../../lib/api.js";
import { latency } from "../../lib/calls.js";
import { html, useMemo } from "../../lib/dom.js";
import { cost as money, count, duration, plural, short } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { useLive, useLoad } from "../../lib/live.js";
import { useReady } from "../../lib/ready.js";
import { go, link } from "../../lib/router.js";
import { spentBelow } from "../../lib/usage.js";
import { Empty, Failure, Text, Time, Waiting } from "../../parts/basics.js";
import { turnsOf } from "./said.js";
import { Turn } from "./turn.js";

const MOST_TURNS = 500;
const AGAIN_MS = 4000;

export function Thread({ id, project }) {
  const { data, error, loading, reload } = useLoad((signal) => load(id, project, signal), [id, project]);
  useLive(async () => reload(), [id, project], AGAIN_MS);
  useReady(data || !loading);
  useKeys("Thread", [
    { keys: ["j", "ArrowDown"], does: "Next turn", run: () => step(1) },
    { keys: ["k", "ArrowUp"], does: "Turn before", run: () => step(-1) },
    { keys: "Escape", does: "All threads", run: () => go(link("threads")) },
  ]);
  const turns = useMemo(() => turnsOf(data?.calls ?? []), [data]);
  if (!data) return error ? html`<${Failure} error=${error} retry=${reload} />` : html`<${Waiting} />`;
  return html`<div class="thread-view">
    <header class="thread-head">
      <a href=${link("threads")} class="thread-back">Threads</a>
      <h1><${Text}>${id}<//></h1>
      ${data.calls.length > 0 && html`<${Sums} calls=${data.calls} usage=${data.usage} />`}
      <a class="thread-calls" href=${link("traces", [], { thread: id, show: "calls" })}>All its calls</a>
    </header>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!data.calls.length && html`<${Empty} title="No turns"><p>No call in this project begins a turn of this thread. It may have been deleted.</p><//>`}
    <ol class="turns">${turns.map((turn, index) => html`<${Turn} key=${turn.call.id} turn=${turn} number=${index + 1}
      spent=${data.usage.get(turn.call.id)} />`)}</ol>
    ${data.calls.length === MOST_TURNS && html`<p class="hint">These are the first ${count(MOST_TURNS)} turns.</p>`}
  </div>`;
}

function Sums({ calls, usage }) {
  const spent = [...usage.values()];
  const total = (read) => spent.reduce((sum, one) => sum + (read(one) ?? 0), 0);
  const priced = spent.some((one) => one.cost !== null);
  const used = total((one) => one.tokens?.total);
  return html`<p class="thread-sums soft">
    <span>${plural(calls.length, "turn")}</span>
    <span><${Time} iso=${calls[0].started_at} /></span>
    <span title="All turns together">${duration(calls.reduce((sum, call) => sum + (latency(call) ?? 0), 0))}</span>
    ${used > 0 && html`<span>${short(used)} tokens</span>`}${priced && html`<span>${money(total((one) => one.cost))}</span>`}
  </p>`;
}

/** The turns, oldest first, and what each spent with all its calls: `{calls, usage}`. */
async function load(id, project, signal) {
  const isTurn = { $eq: [{ $getField: "id" }, { $getField: "turn_id" }] };
  const body = {
    project_id: project,
    filter: { thread_ids: [id] },
    query: { $expr: isTurn },
    sort_by: [{ field: "started_at", direction: "asc" }],
    limit: MOST_TURNS,
  };
  const columns = ["op_name", "display_name", "started_at", "ended_at", "exception", "inputs", "output", "attributes", "summary"];
  const calls = await list("/calls/stream_query", { ...body, columns }, { signal });
  const usage = await spentBelow(
    project,
    calls.map((call) => call.id),
    signal,
  ).catch(() => new Map());
  return { calls, usage };
}

function step(by) {
  const turns = [...document.querySelectorAll(".turn-link")];
  const at = turns.indexOf(document.activeElement);
  turns[Math.max(0, Math.min(turns.length - 1, at + by))]?.focus();
}
