// The bar of filters. What is set is in the address, so links and the back button have it too.
import { post } from "../../lib/api.js";
import { STATUS_WORDS, models, name } from "../../lib/calls.js";
import { html, useEffect, useRef, useState } from "../../lib/dom.js";
import { FILTERS, NO_FILTERS, RANGES, RANGE_WORDS, isFiltered, milliseconds, showsCalls } from "../../lib/filters.js";
import { time } from "../../lib/format.js";
import { useKeys } from "../../lib/keys.js";
import { setQuery } from "../../lib/router.js";
import { Icon } from "../../parts/icon.js";

const push = (changes) => setQuery(changes, { replace: false });

export function FilterBar({ query, rows, project }) {
  const [open, setOpen] = useState(false);
  const clear = () => push(NO_FILTERS);
  const set = FILTERS.filter((member) => query[member] && member !== "text").length;
  useKeys("List", [
    { keys: "x", does: "Clear filters", run: clear },
    { keys: "t", does: "Traces or all calls", run: () => push({ show: showsCalls(query) ? "traces" : "calls" }) },
  ]);
  return html`<form class="filters" role="search" aria-label="Filters" onSubmit=${(event) => event.preventDefault()}>
    <div class="segments" role="group" aria-label="What is listed">
      <button type="button" class="button" aria-pressed=${String(!showsCalls(query))}
        onClick=${() => push({ show: "traces" })}>Traces</button>
      <button type="button" class="button" aria-pressed=${String(showsCalls(query))}
        onClick=${() => push({ show: "calls" })}>All calls</button>
    </div>
    <span class="search"><${Icon} name="search" />
      <${Field} id="search" type="search" label="Search text" placeholder="Search inputs, outputs, errors" value=${query.text}
        member="text" /></span>
    <button type="button" class="button filters-toggle" aria-expanded=${String(open)}
      onClick=${() => setOpen(!open)}>Filters${set > 0 && html` <span class="badge">${set}</span>`}</button>
    <div class="filters-fields" data-open=${String(open)}>
      <select aria-label="Status" data-set=${String(Boolean(query.status))} value=${query.status ?? ""}
        onChange=${(event) => push({ status: event.target.value })}>
        <option value="">Any status</option>
        ${Object.entries(STATUS_WORDS).map(([value, word]) => html`<option key=${value} value=${value}>${capital(word)}</option>`)}
      </select>
      <${Field} id="op" label="Name" placeholder="Name" value=${query.op} member="op"
        hint="A part of the name; =name for exactly this one" offer=${() => [...new Set(rows.map(name))]} />
      <${Field} id="model" label="Model" placeholder="Model" value=${query.model} member="model"
        offer=${() => knownModels(project, rows)} />
      <${TimeRange} query=${query} />
      <${Field} id="min" label="Latency at least" placeholder="Slower than 2s" value=${query.min} member="min"
        check=${(text) => milliseconds(text) !== null} hint="A number with ms, s, m or h" />
      <${Field} id="thread" label="Thread" placeholder="Thread" value=${query.thread} member="thread"
        offer=${() => [...new Set(rows.map((row) => row.thread_id).filter(Boolean))]} />
      ${isFiltered(query) && html`<button type="button" class="button quiet" onClick=${clear}>Clear</button>`}
      <button type="button" class="button quiet" aria-pressed=${String(Boolean(query.expr))}
        onClick=${() => setQuery({ expr: query.expr ? null : "1" })} title="The same question for the API"><code>$expr</code></button>
    </div>
  </form>`;
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);

/** A field that applies on Enter, on leaving, or on choosing an offer. `offer()` may take its time. */
function Field({ id, label, value = "", member, placeholder, hint, offer, check, type = "text" }) {
  const [text, setText] = useState(value);
  const [offers, setOffers] = useState([]);
  const wrong = Boolean(text && check && !check(text));
  const input = useRef(null);
  useEffect(() => setText(value), [value]);
  const apply = (next) => !(next && check && !check(next)) && next.trim() !== value && push({ [member]: next.trim() });
  const onKeyDown = (event) => {
    if (event.key === "Enter") apply(text);
    if (event.key !== "Escape") return;
    event.stopPropagation();
    setText(value);
    input.current.blur();
  };
  const onInput = (event) => {
    setText(event.target.value);
    if (offers.includes(event.target.value) || event.target.value === "") apply(event.target.value);
  };
  const onFocus = async () => offer && setOffers(await offer());
  return html`<span class="field">
    <input id=${id} ref=${input} type=${type} dir="auto" aria-label=${label} aria-invalid=${String(wrong)} title=${hint ?? label}
      placeholder=${placeholder} value=${text} list=${offer && `${id}-offers`}
      data-set=${String(Boolean(value))} autocomplete="off" spellcheck=${false} onInput=${onInput} onKeyDown=${onKeyDown}
        onBlur=${() => apply(text)} onFocus=${onFocus} />
    ${offer && html`<datalist id=${`${id}-offers`}>${offers.map((one) => html`<option key=${one} value=${one} />`)}</datalist>`}
  </span>`;
}

function TimeRange({ query }) {
  const custom = query.from || query.to;
  const choose = (event) => event.target.value !== "custom" && push({ range: event.target.value, from: null, to: null });
  return html`<select aria-label="Time" data-set=${String(Boolean(custom || query.range))}
    value=${custom ? "custom" : (query.range ?? "")} onChange=${choose}>
    <option value="">Any time</option>
    ${Object.keys(RANGES).map((range) => html`<option key=${range} value=${range}>${RANGE_WORDS[range]}</option>`)}
    ${custom && html`<option value="custom">${[query.from, query.to].map((iso) => (iso ? time(Date.parse(iso)) : "…")).join(" – ")}</option>`}
  </select>`;
}

const WEEK_MS = 604_800_000;

/** Models of the rows, and of the last week. */
async function knownModels(project, rows) {
  const found = new Set(rows.flatMap(models));
  const body = {
    project_id: project,
    start: new Date(Date.now() - WEEK_MS).toISOString(),
    granularity: WEEK_MS / 1000,
    usage_metrics: [{ metric: "total_tokens", aggregations: ["count"] }],
  };
  const answer = await post("/calls/stats", body).catch(() => null);
  for (const bucket of answer?.usage_buckets ?? []) found.add(bucket.model);
  return [...found].sort();
}
