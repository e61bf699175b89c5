// Two calls side by side: #/compare/ID/ID, or #/compare?a=ID&b=ID.
import { list } from "../../lib/api.js";
import { html, useMemo } from "../../lib/dom.js";
import { useLoad } from "../../lib/live.js";
import { useReady } from "../../lib/ready.js";
import { go, link, setQuery } from "../../lib/router.js";
import { Empty, Failure, Waiting } from "../../parts/basics.js";
import { Figures } from "./figures.js";
import { pairs } from "./flat.js";
import { ById, Pick } from "./pick.js";
import { Sides } from "./sides.js";
import { talkPairs } from "./talk.js";

export default function Compare({ parts, query, project }) {
  const ids = (parts.length ? parts : [query.a, query.b]).filter(Boolean).slice(0, 2);
  const { data, error, loading, reload } = useLoad((signal) => (ids.length ? load(ids, project, signal) : []), [ids.join()]);
  const [a, b] = ids.map((id) => data?.find((call) => call.id === id));
  if (a && ids.length === 1) return html`<${Pick} key=${a.id} call=${a} project=${project} />`;
  return html`<${Both} ids=${ids} a=${a} b=${b} query=${query} loading=${loading} error=${error} reload=${reload} />`;
}

const load = (ids, project, signal) =>
  list("/calls/stream_query", { project_id: project, filter: { call_ids: ids }, include_costs: true }, { signal });

function Both({ ids, a, b, query, loading, error, reload }) {
  useReady(!loading);
  if (error) return html`<${Failure} error=${error} retry=${reload} />`;
  if (!ids.length)
    return html`<${Empty} title="Compare two calls"><p>Open a call and choose “Compare”, or enter the id of one.</p><${ById} /><//>`;
  const missing = ids.filter((_, index) => ![a, b][index]);
  if (loading && missing.length) return html`<${Waiting} />`;
  if (missing.length)
    return html`<${Empty} title="Not found">
      <p>There is no call with the id ${missing.map((id, index) => html`${index > 0 && " or "}<code>${id}</code>`)} in this project.
        It may have been deleted.</p>
    <//>`;
  const all = query.rows === "all";
  const show = (event) => setQuery({ rows: event.target.checked ? "all" : null });
  return html`<div class="compare">
    <header class="compare-head"><h1>Compare</h1>
      <button type="button" class="button" onClick=${() => go(link("compare", [b.id, a.id], { rows: query.rows }))}>Swap</button>
      <label class="compare-all"><input type="checkbox" checked=${all} onChange=${show} /> Also what is the same</label>
    </header>
    <${Figures} a=${a} b=${b} />
    <${Trees} a=${a} b=${b} all=${all} />
  </div>`;
}

function Trees({ a, b, all }) {
  const sections = useMemo(() => sectionsOf(a, b), [a, b]);
  return sections.map((section) => html`<${Sides} key=${section.title} ...${section} all=${all} />`);
}

function sectionsOf(a, b) {
  const talk = talkPairs(a, b);
  const tree = (title, read, open) => ({ title, rows: pairs(read(a) ?? null, read(b) ?? null), open });
  return [
    { title: "Messages", rows: talk, open: true },
    tree("Inputs", (call) => call.inputs, !talk.length),
    tree("Output", (call) => call.output, !talk.length),
    tree("Exception", (call) => call.exception, true),
    tree("Attributes", (call) => own(call.attributes), true),
    tree("Usage", (call) => call.summary?.usage, false),
    tree("Original span", (call) => call.attributes?.otel_span, false),
  ].filter(({ title, rows }) => !(OPTIONAL.has(title) && rows.every((row) => !row.a && !row.b)));
}

const OPTIONAL = new Set(["Messages", "Exception", "Usage", "Original span"]);

/** Attributes without the span, which has a section of its own. */
function own({ otel_span: _, ...attributes } = {}) {
  return attributes;
}
