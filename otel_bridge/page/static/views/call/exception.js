// What went wrong: the exception, and its stack trace where the span has one.
import { html } from "../../lib/dom.js";
import { Copy, Text } from "../../parts/basics.js";
import { LongText } from "../../parts/text.js";

/** Find exception events of the original span: `[{type, message, stacktrace}]`. */
export function exceptions(call) {
  const events = call.attributes?.otel_span?.events;
  if (!Array.isArray(events)) return [];
  return events.filter((event) => event?.name === "exception").map(({ attributes = {} }) => ({ type: member(attributes, "type"), message: member(attributes, "message"), stacktrace: member(attributes, "stacktrace") }));
}

/** Attributes of events come flat (`exception.type`) or nested. */
const member = (attributes, name) => text(attributes[`exception.${name}`] ?? attributes.exception?.[name]);
const text = (value) => (typeof value === "string" ? value : "");

export function Exception({ call }) {
  const found = exceptions(call);
  const said = call.exception ?? "";
  const shown = found.length ? found : [{ type: "", message: "", stacktrace: "" }];
  return html`<div class="exception" role="group" aria-label="Exception">
    ${said && !found.some((one) => one.stacktrace && said === one.stacktrace) && html`<p class="exception-said"><${LongText} text=${said} /></p>`}
    ${shown.map((one, index) => html`<${One} key=${index} one=${one} said=${said} />`)}
  </div>`;
}

function One({ one, said }) {
  const line = [one.type, one.message].filter(Boolean).join(": ");
  return html`
    ${line && !said.includes(one.message || one.type) && html`<p><${Text}>${line}<//></p>`}
    ${one.stacktrace && html`<details open><summary>Stack trace</summary><div class="code"><pre dir="ltr" tabindex="0"><${LongText} text=${one.stacktrace} /></pre><${Copy} text=${one.stacktrace} /></div></details>`}`;
}
