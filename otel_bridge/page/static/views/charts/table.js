// What a chart shows, in rows: for those who read, and for the keyboard.
import { html } from "../../lib/dom.js";
import { Text, Time } from "../../parts/basics.js";
import { callsBehind } from "./behind.js";
import { narrowed } from "./narrowed.js";

export function Table({ chart, grid, behind, id }) {
  const filled = grid.starts.map((_, bucket) => bucket).filter((bucket) => chart.series.some((one) => one.values[bucket]));
  if (!filled.length) return html`<p class="soft" id=${id}>Nothing but zeros.</p>`;
  return html`<div class="chart-rows" id=${id} tabindex="0" role="region" aria-label=${`${chart.title} in rows`}><table>
    <thead><tr><th scope="col">From</th>${chart.series.map((one) => html`<th key=${one.label}
      scope="col"><${Text}>${one.label}<//></th>`)}</tr></thead>
    <tbody>${filled.toReversed().map(
      (bucket) => html`<tr key=${bucket}>
      <th scope="row"><a href=${callsBehind({ ...behind, ...bounds(grid, bucket), ...narrowed(chart, null) })}>
        <${Time} ms=${grid.starts[bucket] * 1000} /></a></th>
      ${chart.series.map((one) => html`<td key=${one.label} class="num">${chart.write(one.values[bucket])}</td>`)}
    </tr>`,
    )}</tbody>
  </table></div>`;
}

/** When a bucket begins and ends, in seconds. */
export const bounds = (grid, bucket) => ({ from: grid.starts[bucket], to: grid.starts[bucket + 1] ?? grid.end });
