// What went wrong: the exception, and its stack trace where the span has one.
import { html } from "../../lib/dom.js";
import { Copy, Text } from "../../parts/basics.js";
import { LongText } from "../../parts/text.js";

/** Find exception events of the original span: `[{type, message, stacktrace}]`. */
export function exceptions(call) {
  const events = call.attributes?.otel_span?.events;
  if (!Array.isArray(events)) return [];
  return events
    .filter((event) => event?.name === "exception")
    .map(({ attributes = {} }) => ({
      type: member(attributes, "type"),
      message: member(attributes, "message"),
      stacktrace: member(attributes, "stacktrace"),
    }));
}

/** Attributes of events come flat (`exception.type`) or nested. */
const member = (attributes, name) => text(attributes[`exception.${name}`] ?? attributes.exception?.[name]);
const text = (value) => (typeof value === "string" ? value : "");

const STACK = /\n\s*(?:Traceback \(most recent call last\)|at\s+\S|goroutine \d+|\S+\.(?:py|rb|go|js|ts|java|php):\d+)/;

/** Tell what was said from the stack trace below it: `{said, stack}`. */
export function parted(exception) {
  const at = exception.search(STACK);
  return at < 0
    ? { said: exception, stack: "" }
    : { said: exception.slice(0, at).trim(), stack: exception.slice(at).replace(/^\n+/, "").trimEnd() };
}

export function Exception({ call }) {
  const { said, stack } = parted(call.exception ?? "");
  const found = exceptions(call);
  const traces = [...new Set(found.map((one) => one.stacktrace).filter(Boolean))];
  if (stack && !traces.some((one) => one.includes(stack) || stack.includes(one.trim()))) traces.unshift(stack);
  const more = found
    .map((one) => [one.type, one.message].filter(Boolean).join(": "))
    .filter((line) => line && !said.includes(line) && !line.includes(said));
  return html`<div class="exception" role="group" aria-label="Exception">
    <p class="exception-said" dir="auto"><${LongText} text=${said} plain /></p>
    ${[...new Set(more)].map((line) => html`<p key=${line}><${Text}>${line}<//></p>`)}
    ${traces.map(
      (one) => html`<div key=${one} class="stack"><details open><summary>Stack trace</summary><pre dir="ltr"
      tabindex="0"><${LongText} text=${one} /></pre></details><${Copy} text=${one} /></div>`,
    )}
  </div>`;
}
