// What is known of both calls in numbers and short words; on top, which calls they are.
import { cost, latency, models, name, status, tokens } from "../../lib/calls.js";
import { cx, html } from "../../lib/dom.js";
import { cost as money, count, duration } from "../../lib/format.js";
import { link } from "../../lib/router.js";
import { Status, Text, Time } from "../../parts/basics.js";

export function Figures({ a, b }) {
  const used = [tokens(a), tokens(b)];
  return html`<div class="figures" role="table" aria-label="Figures side by side">
    <div role="row" class="side-row side-names"><span role="columnheader"><span class="unseen">Figure</span></span>
      <${Name} side="A" call=${a} /><${Name} side="B" call=${b} /></div>
    <${Row} name="Status" differs=${status(a) !== status(b)} a=${html`<${Status} call=${a} />`} b=${html`<${Status} call=${b} />`} />
    <${Row} name="Started" a=${html`<${Time} iso=${a.started_at} />`} b=${html`<${Time} iso=${b.started_at} />`} />
    ${(names(a) || names(b)) && html`<${Row} name="Model" differs=${names(a) !== names(b)} a=${html`<${Text}>${names(a)}<//>`}
      b=${html`<${Text}>${names(b)}<//>`} />`}
    <${Figure} name="Latency" a=${latency(a)} b=${latency(b)} write=${duration} />
    <${Figure} name="Input tokens" a=${used[0]?.input} b=${used[1]?.input} write=${count} />
    <${Figure} name="Output tokens" a=${used[0]?.output} b=${used[1]?.output} write=${count} />
    <${Figure} name="Cached tokens" a=${used[0]?.cacheRead || null} b=${used[1]?.cacheRead || null} write=${count} />
    <${Figure} name="Cost" a=${cost(a)} b=${cost(b)} write=${money} />
  </div>`;
}

const Name = ({
  side,
  call,
}) => html`<span role="columnheader" class=${`side side-name-${side.toLowerCase()}`}><strong>${side}</strong>${" "}
  <a href=${link("trace", [call.trace_id], { call: call.id })}><${Text}>${name(call)}<//></a> <span
    class="mono soft">${call.id}</span></span>`;

const Row = ({ name: title, a, b, differs = false }) => html`<div role="row" class=${cx("side-row", differs && "differs")}>
  <span role="rowheader" class="side-figure">${title}</span>
  <span role="cell" class="side side-a num">${a}</span><span role="cell" class="side side-b num">${b}</span></div>`;

const names = (call) => models(call).join(", ");
const isNone = (value) => value === null || value === undefined;

function Figure({ name: title, a, b, write }) {
  if (isNone(a) && isNone(b)) return null;
  const change = changed(a, b, write);
  return html`<${Row} name=${title} differs=${a !== b} a=${write(a) || "–"} b=${html`${write(b) || "–"}${change && html` <span
    class="side-change">${change}</span>`}`} />`;
}

function changed(a, b, write) {
  if (isNone(a) || isNone(b) || a === b) return "";
  const sign = b > a ? "+" : "−";
  const by = `${sign}${write(Math.abs(b - a))}`;
  return a ? `${by}, ${sign}${percent(Math.abs((100 * (b - a)) / a))} %` : by;
}

const percent = (value) => (value < 10 ? Number(value.toPrecision(2)) : count(Math.round(value)));
