// The figures of a call: when, how long, what it used and cost.
import { cost as costOf, latency, models, tokens } from "../../lib/calls.js";
import { html } from "../../lib/dom.js";
import { cost as money, count, duration } from "../../lib/format.js";
import { link } from "../../lib/router.js";
import { Copy, Status, Text, Time } from "../../parts/basics.js";

/** `below` is what the call used with all below it, where it has any. */
export function Facts({ call, node, below }) {
  const used = tokens(call);
  const cost = costOf(call);
  const { kind, provider } = call.attributes ?? {};
  return html`<dl class="call-facts">
    <${Fact} name="Status"><${Status} call=${call} /><//>
    <${Fact} name="Started"><${Time} iso=${call.started_at} /><//>
    <${Fact} name="Took" class="num">${duration(latency(call)) || "running"}${node?.children.length > 0 && node.self !== null && html` <span class="soft">(${duration(node.self)} self)</span>`}<//>
    ${typeof kind === "string" && html`<${Fact} name="Kind"><${Text}>${kind.toLowerCase()}<//><//>`}
    ${models(call).length > 0 && html`<${Fact} name="Model"><${Text}>${models(call).join(", ")}<//>${typeof provider === "string" && html` <span class="soft"><${Text}>${provider}<//></span>`}<//>`}
    ${used && html`<${Fact} name="Tokens" class="num">${count(used.input)} in, ${count(used.output)} out<//>`}
    ${cost !== null && html`<${Fact} name="Cost" class="num">${money(cost)}<//>`}
    ${below?.tokens && below.tokens.total !== used?.total && html`<${Fact} name="With all below" class="num">${count(below.tokens.input)} in, ${count(below.tokens.output)} out${below.cost !== null && `, ${money(below.cost)}`}<//>`}
    ${call.thread_id && html`<${Fact} name="Thread"><a href=${link("threads", [call.thread_id])}><${Text}>${call.thread_id}<//></a><//>`}
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
    <thead><tr><th scope="col">Model</th>${COLUMNS.map(([word]) => html`<th key=${word} scope="col">${word}</th>`)}<th scope="col">Total</th><th scope="col">Cost</th></tr></thead>
    <tbody>${usage.map(([model, used]) => html`<${UsageRow} key=${model} model=${model} used=${used ?? {}} priced=${costs[model]} />`)}</tbody>
  </table></div>
  ${!Object.keys(costs).length && html`<p class="hint">No price is known for this model. Prices of a project are set with <code>POST /cost/create</code>.</p>`}`;
}

function UsageRow({ model, used, priced }) {
  const all = tokens({ summary: { usage: { [model]: used } } });
  const figures = { prompt_tokens: all?.input, completion_tokens: all?.output, cache_read_input_tokens: all?.cacheRead, cache_creation_input_tokens: all?.cacheWrite };
  const sum = priced ? costOf({ summary: { weave: { costs: { [model]: priced } } } }) : null;
  return html`<tr><th scope="row"><${Text}>${model}<//></th>
    ${COLUMNS.map(([word, tokensName, costName]) => html`<td key=${word}>${count(figures[tokensName] || null)}${priced?.[costName] ? html`<span class="soft">${money(priced[costName])}</span>` : null}</td>`)}
    <td>${count(all?.total)}</td><td>${money(sum)}</td></tr>`;
}
