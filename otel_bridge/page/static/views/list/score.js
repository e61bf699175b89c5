// Choosing calls of the list to be scored.
import { list } from "../../lib/api.js";
import { html, useState } from "../../lib/dom.js";
import { NEWEST } from "../../lib/filters.js";
import { plural } from "../../lib/format.js";
import { hasRuns, MOST_SCORED, scores } from "../../lib/scoring.js";
import { useStore } from "../../lib/store.js";
import { ScoreDialog } from "../../parts/scoring.js";
import { question } from "./feed.js";

/** `picked` is a Set of ids while calls are picked, else null. */
export function ScoreTools({ picked, setPicked, state, query, project, one }) {
  const [asking, setAsking] = useState(null);
  if (!useStore(scores)) return null;
  if (!picked) return html`<button type="button" class="button quiet" onClick=${() => setPicked(new Set())}>Score ${one}s…</button>`;
  const all = state.total === null ? `All ${one}s` : `All ${plural(Math.min(state.total, MOST_SCORED), one)}`;
  const done = () => setPicked(null);
  return html`<span class="picking" role="group" aria-label="Choose what is scored">
    <button type="button" class="button" onClick=${() => setAsking("all")} disabled=${!state.rows.length}>${all}…</button>
    <button type="button" class="button primary" disabled=${!picked.size} onClick=${() => setAsking("picked")}>${
      picked.size ? `${plural(picked.size, "chosen", "chosen")}…` : "None chosen"
    }</button>
    <button type="button" class="button quiet" onClick=${done}>Cancel</button>
    ${
      asking &&
      html`<${ScoreDialog} project=${project} onClose=${() => (setAsking(null), done())}
      what=${asking === "picked" ? plural(picked.size, `${one} of the list`, `${one}s of the list`) : said(state.total, one)}
      load=${async () => (asking === "picked" ? [...picked] : matching(project, query))} />`
    }
  </span>`;
}

const said = (total, one) => (total > MOST_SCORED ? `The newest ${plural(MOST_SCORED, one)} that match` : `${plural(total ?? 0, one)}: all that match`);

async function matching(project, query) {
  const asked = question(query, await hasRuns(project));
  const ask = { project_id: project, ...asked, columns: ["id"], sort_by: NEWEST, limit: MOST_SCORED };
  return (await list("/calls/stream_query", ask)).map((call) => call.id);
}
