// The other call to compare with: one of the same op, or any whose id is known.
import { list } from "../../lib/api.js";
import { cost, latency, name, tokens } from "../../lib/calls.js";
import { html, useState } from "../../lib/dom.js";
import { NEWEST } from "../../lib/filters.js";
import { cost as money, duration, plural, short } from "../../lib/format.js";
import { useLoad } from "../../lib/live.js";
import { useReady } from "../../lib/ready.js";
import { go, link } from "../../lib/router.js";
import { Empty, Failure, Status, Text, Time, Waiting } from "../../parts/basics.js";

const OFFERED_CALLS = 50;

export function Pick({ call, project }) {
  const { data, error, loading, reload } = useLoad((signal) => offers(call, project, signal), [call.id]);
  useReady(!loading);
  return html`<div class="compare">
    <header class="compare-head"><h1>Compare <${Text}>${name(call)}<//> with…</h1><${ById} first=${call.id} /></header>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!data ? loading && html`<${Waiting} />` : data.length ? html`<${Offers} calls=${data} first=${call.id} />` : html`<${Empty}
      title="No other call has this name"><p>Enter the id of any call above.</p><//>`}
  </div>`;
}

const offers = (call, project, signal) =>
  list(
    "/calls/stream_query",
    {
      project_id: project,
      filter: { op_names: [call.op_name] },
      query: { $expr: { $not: [{ $eq: [{ $getField: "id" }, { $literal: call.id }] }] } },
      columns: ["op_name", "started_at", "ended_at", "summary", "exception", "display_name"],
      sort_by: NEWEST,
      limit: OFFERED_CALLS,
      include_costs: true,
    },
    { signal },
  );

export function ById({ first = "" }) {
  const [id, setId] = useState("");
  const compare = (event) => {
    event.preventDefault();
    if (id.trim()) go(link("compare", first ? [first, id.trim()] : [id.trim()]));
  };
  return html`<form class="compare-id" onSubmit=${compare}><label>Call id <input value=${id} spellcheck=${false} autocomplete="off"
    onInput=${(event) => setId(event.target.value)} /></label>
    <button class="button" type="submit">Compare</button></form>`;
}

const Offers = ({ calls, first }) => html`<p class="soft">The newest ${plural(calls.length, "other call")} of the same name:</p>
<ul class="offers">${calls.map(
  (one) => html`<li key=${one.id} data-id=${one.id}><a href=${link("compare", [first, one.id])}>
  <${Status} call=${one} bare /><${Time} iso=${one.started_at} /><span class="num">${duration(latency(one))}</span>
  <span class="num">${tokens(one) && `${short(tokens(one).total)} tokens`}</span><span class="num">${money(cost(one))}</span><span
    class="mono soft">${one.id}</span></a></li>`,
)}</ul>`;
