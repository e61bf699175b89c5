// One turn of a thread.
import { latency, name } from "../../lib/calls.js";
import { html, useState } from "../../lib/dom.js";
import { cost as money, duration, inAndOut, plural, short } from "../../lib/format.js";
import { link } from "../../lib/router.js";
import { Status, Text, Time } from "../../parts/basics.js";
import { Conversation } from "../../parts/messages.js";

export function Turn({ turn, number, spent }) {
  const { call, messages, earlier } = turn;
  const [all, setAll] = useState(false);
  return html`<li class="turn" data-id=${call.id}>
    <header class="turn-head">
      <a class="turn-link" href=${link("trace", [call.trace_id], call.parent_id ? { call: call.id } : {})}><span
        class="turn-number">${number}</span> <${Text}>${name(call)}<//></a>
      <${Status} call=${call} bare />
      <span class="turn-figures soft"><${Time} iso=${call.started_at} /><span class="num">${duration(latency(call))}</span>
        <span class="num" title=${spent?.tokens && inAndOut(spent.tokens)}>
          ${spent?.tokens && `${short(spent.tokens.total)} tokens`}</span>
        <span class="num">${spent && money(spent.cost)}</span></span>
    </header>
    ${earlier.length > 0 && !all && html`<button type="button" class="copy turn-earlier"
      onClick=${() => setAll(true)}>${plural(earlier.length, "message")} from before</button>`}
    <${Conversation} read=${{ messages: all ? [...earlier, ...messages] : messages, recorded: true }} marks=${false} />
    ${call.exception && html`<p class="turn-error bad"><${Text}>${call.exception.split("\n", 1)[0]}<//></p>`}
    ${!messages.length && !call.exception && html`<p class="soft">Nothing was said here that can be read. The trace has its calls.</p>`}
  </li>`;
}
