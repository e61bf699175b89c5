// The newest traces, or calls.
import { connection } from "../../lib/connection.js";
import { html, useEffect, useMemo, useRef, useState } from "../../lib/dom.js";
import { isFiltered, showsCalls } from "../../lib/filters.js";
import { count, plural } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { useLive } from "../../lib/live.js";
import { useReady } from "../../lib/ready.js";
import { useStore } from "../../lib/store.js";
import { Failure } from "../../parts/basics.js";
import { Expression } from "./expression.js";
import { MOST_COUNTED, openFeed } from "./feed.js";
import { FilterBar } from "./filters.js";
import { FirstTrace, NothingFound } from "./nothing.js";
import { Rows } from "./rows.js";
import { ScoreTools } from "./score.js";
import { ScoresButton } from "./scores.js";

export default function ListView({ query, project }) {
  const asked = JSON.stringify({ ...query, project: undefined, expr: undefined });
  const feed = useMemo(() => openFeed(project, query), [project, asked]);
  useEffect(() => feed.close, [feed]);
  const state = useStore(feed.store);
  const [live, setLive] = useState(true);
  const [picked, setPicked] = useState(null);
  const reading = useRef(() => false);
  useLive(async () => live && feed.poll(() => reading.current()), [feed, live]);
  useEffect(() => {
    if (state.error?.status !== 0) return undefined;
    return connection.subscribe((now) => now.state === "ok" && feed.more());
  }, [feed, state.error]);
  useReady(!state.loading);
  useKeys("List", [
    { keys: "n", does: "Show what is new", run: () => feed.show() },
    { keys: "/", does: "Search", run: () => document.getElementById("search")?.focus() },
  ]);
  const nothing = !state.rows.length && !state.loading && !state.error;
  return html`<div class="list">
    <${FilterBar} query=${query} rows=${state.rows} project=${project} />
    ${query.expr && html`<${Expression} query=${query} project=${project} leaveOut=${state.leaveOut} />`}
    <div class="list-head">
      <h1 class="list-title">${title(query, state, nothing)}</h1>
      <div role="status" class="list-new">
        ${
          state.waiting.length > 0 &&
          html`<button type="button" class="button primary"
          onClick=${() => showNew(feed)}>${count(state.waiting.length)}${state.gap && "+"} new</button>`
        }
      </div>
      ${!nothing && html`<${ScoreTools} picked=${picked} setPicked=${setPicked} state=${state} query=${query} project=${project} one=${word(query)} />`}
      <${ScoresButton} query=${query} project=${project} />
      ${!feed.sorted && html`<${Live} live=${live} setLive=${setLive} />`}
    </div>
    ${state.error && html`<${Failure} error=${state.error} retry=${feed.more} />`}
    ${nothing && (isFiltered(query) ? html`<${NothingFound} query=${query} />` : html`<${FirstTrace} project=${project} />`)}
    ${!nothing && html`<${Rows} feed=${feed} state=${state} query=${query} reading=${reading} picked=${picked} setPicked=${setPicked} />`}
  </div>`;
}

const Live = ({ live, setLive }) => html`<button type="button" class="button quiet live" aria-pressed=${String(live)}
  onClick=${() => setLive(!live)} title=${live ? "New rows come by themselves. Click to pause." : "Paused. Click to go on."}>
  <span class="dot" aria-hidden="true"></span>${live ? "Live" : "Paused"}
</button>`;

const word = (query) => (showsCalls(query) ? "call" : "trace");

function showNew(feed) {
  feed.show();
  document.querySelector(".rows")?.scrollTo({ top: 0 });
}

function title(query, { total, rows }, nothing) {
  const one = word(query);
  if (nothing) return isFiltered(query) ? `No ${one}s` : "";
  if (total === null) return rows.length ? `Newest ${one}s` : "";
  return total > MOST_COUNTED ? `More than ${plural(MOST_COUNTED, one)}` : plural(total, one);
}
