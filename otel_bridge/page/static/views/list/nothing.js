// What the list says when it is empty.
import { address, key } from "../../lib/api.js";
import { html } from "../../lib/dom.js";
import { NO_FILTERS, showsCalls } from "../../lib/filters.js";
import { defaultProject, setQuery } from "../../lib/router.js";
import { Copy, Empty } from "../../parts/basics.js";

export function NothingFound({ query }) {
  const clear = () => setQuery(NO_FILTERS, {});
  return html`<${Empty} title="Nothing matches these filters">
    ${
      !showsCalls(query) &&
      html`<p>Only whole traces were looked at, by their first call. <button type="button" class="button"
      onClick=${() => setQuery({ show: "calls" }, {})}>Look at all calls</button></p>`
    }
    <p><button type="button" class="button" onClick=${clear}>Clear the filters</button></p>
  <//>`;
}

export function FirstTrace({ project }) {
  return html`<${Empty} title="Waiting for the first trace">
    <p>Nothing has arrived for the project <strong><bdi>${project}</bdi></strong> yet.
      Two lines send a first trace from a shell; it will appear here by itself.</p>
    <${Lines} title="Python" text=${python(project)} />
    <${Lines} title="JavaScript" text=${javascript(project)} />
    <p class="soft">Put your own program in place of the last part, and its libraries are traced too.
      Any OpenTelemetry exporter works: send OTLP to <code>${address("/")}</code>.
      Weave's SDK works as well: <code>WANDB_BASE_URL=${address("/").replace(/\/$/, "")}</code>.</p>
  <//>`;
}

const Lines = ({ title, text }) => html`<section><h3>${title}</h3><div class="code"><pre dir="ltr"
  tabindex="0">${text.split("\n").map((line) => html`<span key=${line} class="code-line">${line}</span>`)}</pre><${Copy}
  text=${text} /></div></section>`;

/** Environment that sends OTLP here; the project is named unless it is where all else goes. */
function environment(project) {
  const headers = [];
  if (project !== defaultProject) headers.push(`project_id=${encodeURIComponent(project)}`);
  if (key.get()) headers.push("wandb-api-key=YOUR_KEY");
  const named = headers.length ? ` OTEL_EXPORTER_OTLP_HEADERS=${headers.join(",")}` : "";
  return `OTEL_EXPORTER_OTLP_ENDPOINT=${address("/").replace(/\/$/, "")} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf${named}`;
}

const PYTHON = `'from opentelemetry.trace import get_tracer; get_tracer("first").start_span("hello").end()'`;
const JAVASCRIPT = `'require("@opentelemetry/api").trace.getTracer("first").startSpan("hello").end()'`;

export const python = (project) => `pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http
${environment(project)} opentelemetry-instrument python -c ${PYTHON}`;

export const javascript = (project) => `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node
${environment(project)} node --require @opentelemetry/auto-instrumentations-node/register -e ${JAVASCRIPT}`;
