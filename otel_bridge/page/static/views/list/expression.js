// The question behind the list, to copy.
import { address, key } from "../../lib/api.js";
import { html } from "../../lib/dom.js";
import { sorted } from "../../lib/filters.js";
import { curl } from "../../parts/curl.js";
import { Copy } from "../../parts/basics.js";
import { compact } from "../../parts/json.js";
import { question } from "./feed.js";

export function Expression({ query, project, leaveOut }) {
  const body = { project_id: project, ...question(query, leaveOut), sort_by: sorted(query).keys, limit: 100 };
  const text = compact(body);
  return html`<section class="expression" aria-label="The question as the API takes it">
    <p><code>POST ${new URL(address("/calls/stream_query")).pathname}</code> <span class="soft">answers JSON lines</span>
      <span class="expression-copy">
        <${Copy} text=${text} label="Copy JSON" />
        ${body.query && html`<${Copy} text=${JSON.stringify(body.query)} label="Copy $expr" />`}
        <${Copy} text=${curl("/calls/stream_query", body, key.get() !== "")} label="Copy curl" />
      </span></p>
    <pre tabindex="0" dir="ltr">${text}</pre>
  </section>`;
}
