// What is shown in the charts: the range of time, what splits and narrows it.
import { html } from "../../lib/dom.js";
import { useKeys } from "../../lib/keys.js";
import { setQuery } from "../../lib/router.js";
import { Time } from "../../parts/basics.js";
import { PERCENTILES } from "./ask.js";
import { changed, DEFAULT_LAST, LASTS } from "./range.js";

const SPLITS = { "": "nothing", op: "op", model: "model" };
const change = (changes) => setQuery(changes, { replace: false });

export function Tools({ range, query, ops }) {
  const move = (how) => change(changed(range, how));
  useKeys("Charts", [
    { keys: "h", does: "Earlier", run: () => move({ shift: -0.5 }) },
    { keys: "l", does: "Later", run: () => move({ shift: 0.5 }) },
    { keys: ["+", "="], does: "Closer", run: () => move({ zoom: 0.5 }) },
    { keys: "-", does: "Farther", run: () => move({ zoom: 2 }) },
    { keys: "0", does: "The last day", run: () => change({ from: null, to: null, last: null }) },
  ]);
  return html`<div class="tools">
    <div class="tools-range" role="group" aria-label="Time range">
      ${Object.keys(LASTS).map(
        (last) => html`<button key=${last} type="button" class="button" aria-pressed=${String(range.last === last)}
        onClick=${() => change({ from: null, to: null, last: last === DEFAULT_LAST ? null : last })}>${last}</button>`,
      )}
    </div>
    <div class="tools-move" role="group" aria-label="Move and zoom">
      <${Move} name="Earlier" sign="‹" run=${() => move({ shift: -0.5 })} />
      <${Move} name="Zoom out" sign="−" run=${() => move({ zoom: 2 })} />
      <${Move} name="Zoom in" sign="+" run=${() => move({ zoom: 0.5 })} />
      <${Move} name="Later" sign="›" run=${() => move({ shift: 0.5 })} />
    </div>
    <span class="tools-shown soft"><${Time} ms=${range.from * 1000} /> – ${range.fixed ? html`<${Time}
      ms=${range.to * 1000} />` : "now"}</span>
    <${Narrow} query=${query} ops=${ops} />
  </div>`;
}

const Move = ({ name, sign, run }) =>
  html`<button type="button" class="button" aria-label=${name} title=${name} onClick=${run}>${sign}</button>`;

function Narrow({ query, ops }) {
  const known = query.op && !ops.includes(query.op) ? [query.op, ...ops] : ops;
  return html`<div class="tools-narrow">
    <label>Split by <select value=${query.split ?? ""} onChange=${(event) => change({ split: event.target.value })}>
      ${Object.entries(SPLITS).map(([value, word]) => html`<option key=${value} value=${value}>${word}</option>`)}</select></label>
    ${
      query.split === "op" &&
      !query.op &&
      html`<label>Latency <select value=${query.p ?? "95"} onChange=${(event) => change({ p: event.target.value })}>
      ${PERCENTILES.map((percent) => html`<option key=${percent} value=${percent}>p${percent}</option>`)}</select></label>`
    }
    <label>Op <select class="tools-op" value=${query.op ?? ""} onChange=${(event) => change({ op: event.target.value })}>
      <option value="">all</option>${known.map((op) => html`<option key=${op} value=${op}>${op}</option>`)}</select></label>
    <label class="tools-roots"><input type="checkbox" checked=${Boolean(query.roots)}
      onChange=${(event) => change({ roots: event.target.checked ? "1" : null })} /> Only roots</label>
  </div>`;
}
