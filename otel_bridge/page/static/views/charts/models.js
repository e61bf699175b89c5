// What each model came to in the whole range.
import { html } from "../../lib/dom.js";
import { cost, count, short } from "../../lib/format.js";
import { Text } from "../../parts/basics.js";
import { callsBehind } from "./behind.js";

export function Models({ rows, behind }) {
  const used = rows.toSorted((a, b) => b.sum_total_cost - a.sum_total_cost || b.count - a.count);
  return html`<section class="card" aria-labelledby="chart-models" data-chart="models">
    <header class="card-head"><h2 id="chart-models">Models</h2><span class="card-total num">${count(used.length)}</span></header>
    ${used.length ? html`<${Rows} used=${used} behind=${behind} />` : html`<p
      class="soft">No call in this time used tokens of a model.</p>`}
  </section>`;
}

const Rows = ({ used, behind }) => html`<div class="chart-rows" tabindex="0" role="region" aria-label="Models in rows"><table>
  <thead><tr><th scope="col">Model</th><th scope="col">Calls</th><th scope="col">Input</th><th scope="col">Output</th><th
    scope="col">Cost</th></tr></thead>
  <tbody>${used.map(
    (row) => html`<tr key=${row.model}>
    <th scope="row"><a href=${callsBehind({ ...behind, model: row.model })} title=${row.model}><${Text}>${row.model}<//></a></th>
    <td class="num">${count(row.count)}</td><td class="num">${short(row.sum_input_tokens)}</td>
    <td class="num">${short(row.sum_output_tokens)}</td><td class="num">${cost(row.sum_total_cost)}</td>
  </tr>`,
  )}</tbody>
</table></div>`;
