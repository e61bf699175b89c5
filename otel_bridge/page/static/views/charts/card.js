// One chart with its title, its legend that is also the readout, and its table.
import { html, useState } from "../../lib/dom.js";
import { time, utc } from "../../lib/format.js";
import { useStore } from "../../lib/store.js";
import { Text } from "../../parts/basics.js";
import { callsBehind } from "./behind.js";
import { narrowed } from "./narrowed.js";
import { Plot } from "./plot.js";
import { Table } from "./table.js";

export function Card({ chart, grid, hovered, behind, onZoom, onPick }) {
  const [open, setOpen] = useState(false);
  const rows = `rows-${chart.key}`;
  return html`<section class="card" aria-labelledby=${`chart-${chart.key}`} data-chart=${chart.key}>
    <header class="card-head">
      <h2 id=${`chart-${chart.key}`}>${chart.title}</h2>
      ${chart.note && html`<span class="soft">${chart.note}</span>`}
      <span class="card-total num">${chart.total}</span>
      <button type="button" class="copy" aria-expanded=${String(open)} aria-controls=${open ? rows : null}
        aria-label=${`${chart.title} as a table`}
        onClick=${() => setOpen(!open)}>Table</button>
    </header>
    <${Plot} chart=${chart} grid=${grid} hovered=${hovered} label=${`${chart.title} over time. ${spoken(chart)}`}
      onZoom=${onZoom} onPick=${(bucket, series) => onPick(chart, bucket, series)} />
    <${Legend} chart=${chart} grid=${grid} hovered=${hovered} behind=${behind} />
    ${open && html`<${Table} chart=${chart} grid=${grid} behind=${behind} id=${rows} />`}
  </section>`;
}

const spoken = (chart) => chart.series.map((one) => `${one.label}: ${chart.write(one.total) || "no value"}`).join(", ");

/** The series with their sums; while the pointer is in a chart, with their values there. */
function Legend({ chart, grid, hovered, behind }) {
  const bucket = useStore(hovered);
  const there = bucket !== null && bucket < grid.starts.length;
  return html`<div class="legend">
    <ul>${chart.series.map(
      (one) => html`<li key=${one.label}>
      <span class="swatch" style=${{ background: `var(${one.colour})` }} aria-hidden="true"></span>
      <a href=${callsBehind({ ...behind, ...narrowed(chart, one) })} title=${one.label}><${Text}>${one.label}<//></a>
      <span class="num">${chart.write(there ? one.values[bucket] : one.total) || (there ? "–" : "")}</span>
    </li>`,
    )}</ul>
    ${there && html`<span class="legend-time num" title=${utc(grid.starts[bucket] * 1000)}>${time(grid.starts[bucket] * 1000)}</span>`}
  </div>`;
}
