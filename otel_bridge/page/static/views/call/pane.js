// The chosen call, in full.
import { key } from "../../lib/api.js";
import { feedback, name } from "../../lib/calls.js";
import { html, useEffect, useMemo, useRef, useState } from "../../lib/dom.js";
import { plural } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { useLoad } from "../../lib/live.js";
import { link } from "../../lib/router.js";
import { passing } from "../../lib/saved.js";
import { Copy, Failure, Text, Waiting } from "../../parts/basics.js";
import { curl } from "../../parts/curl.js";
import { Icon } from "../../parts/icon.js";
import { sizeOf, written } from "../../parts/json.js";
import { Conversation, Value, readConversation } from "../../parts/messages.js";
import { Exception } from "./exception.js";
import { Facts, Usage } from "./facts.js";
import { Feedback } from "./feedback.js";
import { loadBelow, loadCall } from "./load.js";
import { isScore, Scores } from "./scores.js";

export function CallPane({ id, node, project, stacked, onBack, onChange }) {
  const running = node.call.ended_at;
  const { data: call, error, loading, reload } = useLoad((signal) => loadCall(project, id, signal), [project, id, running]);
  const parent = node.children.length > 0;
  const { data: below } = useLoad(async (signal) => parent && loadBelow(project, id, signal), [project, id, parent]);
  const pane = useRef(null);
  useKeys("Call", [
    { keys: "f", does: "Say something about it", run: () => pane.current?.querySelector(".feedback button, .feedback input")?.focus() },
    { keys: "c", does: "Compare with another call", run: () => pane.current?.querySelector("[data-compare]")?.click() },
  ]);
  return html`<section class="call" id="call" tabindex="-1" ref=${pane} aria-label=${`Call ${node.name}`} data-call=${id}
    aria-busy=${loading}>
    <header class="call-head">
      ${
        stacked &&
        html`<button type="button" class="button quiet icon" onClick=${onBack} aria-label="Back to the tree"><${Icon}
        name="back" /></button>`
      }
      <h2><${Text}>${call ? name(call) : node.name}<//></h2>
      ${call && html`<${Compare} id=${id} />`}
    </header>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${!call && loading && html`<${Waiting} what="Loading the call" />`}
    ${!call && !loading && !error && html`<p class="waiting">This call is not here any more.</p>`}
    ${
      call &&
      html`<${Body} call=${call} node=${node} below=${below || null} project=${project}
      onChange=${async () => (reload(), onChange())} />`
    }
  </section>`;
}

/** Compare with the call that was chosen before, else choose one. */
function Compare({ id }) {
  const first = passing.get("compare");
  const other = first && first !== id ? first : null;
  const keep = () => passing.set("compare", other ? null : id);
  const where = other ? link("compare", [], { a: other, b: id }) : link("compare", [id]);
  return html`<a class="button quiet" data-compare href=${where} onClick=${keep}
    title=${other ? "Beside the call you chose before" : "Beside another call"}>${other ? "Compare with the other" : "Compare…"}</a>`;
}

function Body({ call, node, below, project, onChange }) {
  const read = useMemo(() => readConversation(call), [call]);
  const { otel_span: span, ...attributes } = call.attributes ?? {};
  const all = feedback(call);
  const verdicts = all.filter(isScore);
  const entries = all.filter((one) => !isScore(one));
  const request = { project_id: project, id: call.id, include_costs: true };
  const command = curl("/call/read", request, key.get() !== "");
  const plain = read === null;
  return html`
    <${Facts} call=${call} node=${node} below=${below} />
    ${call.exception && html`<${Exception} call=${call} />`}
    ${read && html`<${Section} title="Conversation" open><${Conversation} read=${read} /><//>`}
    <${Section} title="Inputs" value=${call.inputs} open=${plain} />
    <${Section} title="Output" value=${call.output} open=${plain} />
    <${Section} title="Usage and cost" open=${Boolean(read)} hidden=${!Object.keys(call.summary?.usage ?? {}).length}><${Usage}
      call=${call} /><//>
    <${Section} title="Scores" note=${verdicts.length ? plural(verdicts.length, "score") : ""} open><${Scores} call=${call}
      project=${project} entries=${verdicts} onChange=${onChange} /><//>
    <${Section} title="Feedback" note=${entries.length ? plural(entries.length, "entry", "entries") : ""} open><${Feedback}
      project=${project} id=${call.id} entries=${entries} onChange=${onChange} /><//>
    <${Section} title="Attributes" value=${attributes} open=${plain} />
    <${Section} title="Summary" value=${call.summary} />
    <${Section} title="Original span" value=${span} hidden=${!span} />
    <${Section} title="As a request">
      <div class="code"><pre dir="ltr" tabindex="0">${command}</pre><${Copy} text=${command} /></div>
    <//>`;
}

const isNothing = (value) =>
  value === undefined || value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);

/** A part that folds. With a `value` it shows that; a value that is nothing is said in the head. */
function Section({ title, note, value, open = false, hidden = false, children }) {
  const [isOpen, setOpen] = useState(open);
  useEffect(() => setOpen(open), [open]);
  if (hidden) return null;
  const nothing = !children && isNothing(value);
  const size = useMemo(() => (isOpen && !children && !nothing ? sizeOf(value) : ""), [isOpen, value]);
  if (nothing) return html`<section class="section section-empty"><h3>${title}</h3><span class="soft">none</span></section>`;
  return html`<section class="section">
    <h3><button type="button" class="section-toggle" aria-expanded=${String(isOpen)} onClick=${() => setOpen(!isOpen)}><${Icon}
      name=${isOpen ? "down" : "right"} />${title}</button></h3>
    <span class="soft section-note">${note ?? size}</span>
    ${!children && html`<${Copy} text=${() => written(value)} label="Copy" />`}
    ${isOpen && html`<div class="section-body">${children ?? html`<${Value} value=${value} />`}</div>`}
  </section>`;
}
