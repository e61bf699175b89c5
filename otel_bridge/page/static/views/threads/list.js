// All threads, the last updated first.
import { list } from "../../lib/api.js";
import { html, useMemo, useState } from "../../lib/dom.js";
import { duration, plural } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { useLive, useLoad } from "../../lib/live.js";
import { useReady } from "../../lib/ready.js";
import { link } from "../../lib/router.js";
import { Empty, Failure, Text, Time, Waiting } from "../../parts/basics.js";
import { opening } from "./said.js";

const PAGE_THREADS = 100;
const AGAIN_MS = 5000;

export function ThreadList({ project }) {
  const [most, setMost] = useState(PAGE_THREADS);
  const [wanted, setWanted] = useState("");
  const { data, error, loading, reload } = useLoad((signal) => load(project, most, signal), [project, most]);
  useLive(async () => reload(), [project, most], AGAIN_MS);
  useReady(data || !loading);
  useKeys("Threads", [
    { keys: ["j", "ArrowDown"], does: "Next thread", run: () => step(1) },
    { keys: ["k", "ArrowUp"], does: "Thread before", run: () => step(-1) },
    { keys: "/", does: "Find", run: () => document.getElementById("find-thread")?.focus() },
  ]);
  const shown = useMemo(() => found(data ?? [], wanted), [data, wanted]);
  if (!data) return error ? html`<${Failure} error=${error} retry=${reload} />` : html`<${Waiting} />`;
  if (!data.length) return html`<${NoThreads} />`;
  return html`<div class="threads">
    <header class="threads-head"><h1>Threads</h1>
      <input id="find-thread" type="search" dir="auto" aria-label="Find among these threads" placeholder="Find" value=${wanted}
        onInput=${(event) => setWanted(event.target.value)} />
      <span class="soft" role="status">${wanted ? `${shown.length} of ${plural(data.length, "thread")}` : ""}</span></header>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    <div class="thread-rows" role="table" aria-label="Threads">
      <div role="row" class="thread-row thread-row-head"><span role="columnheader">Begins with</span><span role="columnheader">Thread</span>
        <span role="columnheader" class="num">Turns</span><span role="columnheader" class="num">Median turn</span><span
          role="columnheader">Last active</span></div>
      ${shown.map((thread) => html`<${Row} key=${thread.thread_id} thread=${thread} />`)}
    </div>
    ${data.length >= most && html`<p><button type="button" class="button"
      onClick=${() => setMost(most + PAGE_THREADS)}>More threads</button></p>`}
  </div>`;
}

const Row = ({ thread }) => html`<div role="row" class="thread-row" data-id=${thread.thread_id}>
  <span role="cell" class="thread-opening"><a href=${link("threads", [thread.thread_id])}><${Text}>${thread.opening || "(no text)"}<//></a></span>
  <span role="cell" class="thread-id soft"><${Text}>${thread.thread_id}<//></span>
  <span role="cell" class="num thread-turns">${thread.turn_count}<span
    class="thread-word"> ${thread.turn_count === 1 ? "turn" : "turns"}</span></span>
  <span role="cell" class="num thread-took">${duration(thread.p50_turn_duration_ms)}</span>
  <span role="cell" class="thread-when"><${Time} iso=${thread.last_updated} /></span>
</div>`;

const NoThreads = () => html`<${Empty} title="No threads yet">
  <p>A thread is a conversation over several traces. Calls belong to one when their spans carry a conversation or session id:</p>
  <div class="code"><pre tabindex="0" dir="ltr">span.set_attribute("gen_ai.conversation.id", "conversation-42")</pre></div>
<//>`;

/** Threads with the words that each begins with. */
async function load(project, most, signal) {
  const threads = await list("/threads/stream_query", { project_id: project, limit: most }, { signal });
  const first = threads.map((thread) => thread.first_turn_id).filter(Boolean);
  if (!first.length) return threads;
  const body = { project_id: project, filter: { call_ids: first }, columns: ["inputs", "output", "attributes"] };
  const calls = new Map((await list("/calls/stream_query", body, { signal })).map((call) => [call.id, call]));
  return threads.map((thread) => ({ ...thread, opening: opening(calls.get(thread.first_turn_id)) }));
}

function found(threads, wanted) {
  const text = wanted.trim().toLocaleLowerCase();
  return text ? threads.filter((thread) => `${thread.thread_id}\n${thread.opening}`.toLocaleLowerCase().includes(text)) : threads;
}

function step(by) {
  const links = [...document.querySelectorAll(".thread-opening a")];
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
}
