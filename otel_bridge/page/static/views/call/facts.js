// The figures of a call: when, how long, what it used and cost.
import { cost as costOf, latency, models, tokens } from "../../lib/calls.js";
import { html } from "../../lib/dom.js";
import { cost as money, count, duration, inAndOut } from "../../lib/format.js";
import { link } from "../../lib/router.js";
import { idIn, runOf } from "../../lib/scoring.js";
import { Copy, Status, Text, Time } from "../../parts/basics.js";
import { OffClock, offClock } from "../../parts/clock.js";

/** `below` is what the call used with all below it, where it has any. */
export function Facts({ call, node, below }) {
  const used = tokens(call);
  const off = offClock(call);
  const scored = idIn(runOf(call)?.scored_call);
  const cost = costOf(call);
  const { kind, provider } = call.attributes ?? {};
  const self = node?.children.length > 0 ? node.self : null;
  const model = models(call).join(", ");
  const maker = typeof provider === "string" ? provider : "";
  const more = below?.tokens && below.tokens.total !== used?.total ? below : null;
  return html`<dl class="call-facts">
    <${Fact} name="Status"><${Status} call=${call} /><//>
    <${Fact} name="Started"><${Time} iso=${call.started_at} /><//>
    ${off && html`<${Fact} name="Arrived"><${Time} iso=${call.received_at} /> <${OffClock} call=${call} /><//>`}
    <${Fact} name="Took" class="num">
      ${duration(latency(call)) || "running"}${self !== null && html` <span class="soft">(${duration(self)} self)</span>`}
    <//>
    ${typeof kind === "string" && html`<${Fact} name="Kind"><${Text}>${kind.toLowerCase()}<//><//>`}
    ${model && html`<${Fact} name="Model"><${Text}>${model}<//> <span class="soft"><${Text}>${maker}<//></span><//>`}
    ${used && html`<${Fact} name="Tokens" class="num">${inAndOut(used)}<//>`}
    ${cost !== null && html`<${Fact} name="Cost" class="num">${money(cost)}<//>`}
    ${more && html`<${Fact} name="With all below" class="num">${[inAndOut(more.tokens), money(more.cost)].filter(Boolean).join(", ")}<//>`}
    ${call.thread_id && html`<${Fact} name="Thread"><a href=${link("threads", [call.thread_id])}><${Text}>${call.thread_id}<//></a><//>`}
    ${scored && html`<${Fact} name="Scores the call"><a href=${link("call", [scored])}><code>${scored}</code></a><//>`}
    <${Fact} name="Id"><code>${call.id}</code> <${Copy} text=${call.id} /><//>
  </dl>`;
}

const Fact = ({ name, children, class: look }) => html`<div><dt>${name}</dt><dd class=${look}>${children}</dd></div>`;

const COLUMNS = [
  ["Input", "prompt_tokens", "prompt_tokens_total_cost"],
  ["Cache read", "cache_read_input_tokens", "cache_read_input_tokens_total_cost"],
  ["Cache write", "cache_creation_input_tokens", "cache_creation_input_tokens_total_cost"],
  ["Output", "completion_tokens", "completion_tokens_total_cost"],
];

/** Tokens and cost by model, as a table. */
export function Usage({ call }) {
  const usage = Object.entries(call.summary?.usage ?? {});
  if (!usage.length) return null;
  const costs = call.summary?.weave?.costs ?? {};
  return html`<div class="table-scroll"><table class="usage">
    <thead><tr>${["Model", ...COLUMNS.map(([word]) => word), "Total", "Cost"].map((word) => html`<th key=${word} scope="col">${word}</th>`)}</tr></thead>
    <tbody>
      ${usage.map(([model, used]) => html`<${UsageRow} key=${model} model=${model} used=${used ?? {}} priced=${costs[model]} />`)}
    </tbody>
  </table></div>
  ${!Object.keys(costs).length && html`<${NoPrice} />`}`;
}

const NoPrice = () => html`<p class="hint">
  No price is known for this model. Prices of a project are set with <code>POST /cost/create</code>.
</p>`;

function UsageRow({ model, used, priced }) {
  const all = tokens({ summary: { usage: { [model]: used } } });
  const figures = {
    prompt_tokens: all?.input,
    completion_tokens: all?.output,
    cache_read_input_tokens: all?.cacheRead,
    cache_creation_input_tokens: all?.cacheWrite,
  };
  const sum = priced ? costOf({ summary: { weave: { costs: { [model]: priced } } } }) : null;
  return html`<tr><th scope="row"><${Text}>${model}<//></th>
    ${COLUMNS.map(([word, tokensName, costName]) => html`<${Cell} key=${word} tokens=${figures[tokensName]} cost=${priced?.[costName]} />`)}
    <td>${count(all?.total)}</td><td>${money(sum)}</td></tr>`;
}

const Cell = ({ tokens: number, cost }) => html`<td>
  ${count(number || null)}${cost ? html`<span class="soft">${money(cost)}</span>` : null}
</td>`;
