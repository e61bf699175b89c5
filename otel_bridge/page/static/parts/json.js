// Values as JSON that folds. Only what is unfolded is drawn, so size and depth do not matter.
import { unpacked } from "../lib/conversation/words.js";
import { cx, html, useState } from "../lib/dom.js";
import { bytes, count } from "../lib/format.js";
import { Copy } from "./basics.js";
import { Icon } from "./icon.js";
import { LongText } from "./text.js";

const STEP_ENTRIES = 100;
const MOST_INDENT = 14;
const OPEN_ENTRIES = 12;
const PREVIEW_LETTERS = 90;

/** A value, unfolded `open` levels deep where those are not long. */
export const Json = ({ value, open = 2 }) => html`<div class="json" dir="ltr"><${Entry} value=${value} open=${open} depth=${0} /></div>`;

const isBranch = (value) => value !== null && typeof value === "object";
const entriesOf = (value) => (Array.isArray(value) ? value.map((one, index) => [index, one]) : Object.entries(value));

function Entry({ name, value, open, depth }) {
  if (!isBranch(value)) return html`<div class="json-line">${named(name)}<${Leaf} value=${value} /></div>`;
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  if (!size) return html`<div class="json-line">${named(name)}<span class="soft">${Array.isArray(value) ? "[ ]" : "{ }"}</span></div>`;
  return html`<${Branch} name=${name} value=${value} size=${size} open=${open} depth=${depth} />`;
}

const named = (name) => (name === undefined ? null : html`<bdi class="json-name">${name}</bdi><span class="soft">: </span>`);

function Branch({ name, value, size, open, depth }) {
  const [isOpen, setOpen] = useState(open > 0 && (depth === 0 || size <= OPEN_ENTRIES));
  const [shown, setShown] = useState(STEP_ENTRIES);
  const entries = isOpen ? entriesOf(value).slice(0, shown) : [];
  const label = `${name ?? "value"}, ${count(size)} ${Array.isArray(value) ? "items" : "members"}`;
  const body = html`
    ${entries.map(([key, one]) => html`<${Entry} key=${key} name=${key} value=${one} open=${open - 1} depth=${depth + 1} />`)}
    ${
      isOpen &&
      size > shown &&
      html`<button type="button" class="more"
      onClick=${() => setShown(shown + STEP_ENTRIES * 5)}>${count(size - shown)} more</button>`
    }`;
  if (name === undefined && isOpen) return body;
  return html`<div class="json-branch">
    <div class="json-line">
      <button type="button" class="json-twist" aria-expanded=${String(isOpen)} aria-label=${label}
        onClick=${() => setOpen(!isOpen)}><${Icon} name=${isOpen ? "down" : "right"} />${named(name)}
        <span class="soft">${isOpen ? (Array.isArray(value) ? `[${count(size)}]` : `{${count(size)}}`) : preview(value)}</span></button>
      <${Copy} class="json-copy" text=${() => written(value)} />
    </div>
    ${isOpen && html`<div class=${cx("json-inner", depth > MOST_INDENT && "json-flat")}>${body}</div>`}
  </div>`;
}

function Leaf({ value }) {
  const [read, setRead] = useState(null);
  if (read) return html`<div class="json-inner"><${Entry} value=${read} open=${2} depth=${1} /></div>`;
  if (typeof value === "string" && looksLikeJson(value))
    return html`<${LongText} class="json-text" text=${value} quoted /> <button
    type="button" class="more" onClick=${() => setRead(unpacked(value))}>Unfold as JSON</button>`;
  if (typeof value === "string") return html`<${LongText} class="json-text" text=${value} quoted />`;
  return html`<span class=${value === null ? "soft" : "json-number"}>${String(value)}</span>`;
}

const looksLikeJson = (text) => text.length > 20 && /^\s*[[{]/.test(text) && isBranch(unpacked(text));

/** Say in a line what a folded value holds. */
function preview(value) {
  let text = Array.isArray(value) ? "[" : "{ ";
  for (const [key, one] of entriesOf(value).slice(0, 8)) {
    const part = isBranch(one)
      ? Array.isArray(one)
        ? "[…]"
        : "{…}"
      : typeof one === "string"
        ? `"${one.slice(0, 40)}${one.length > 40 ? "…" : ""}"`
        : String(one);
    text += `${text.length > 2 ? ", " : ""}${Array.isArray(value) ? "" : `${key}: `}${part}`;
    if (text.length > PREVIEW_LETTERS) return `${text.slice(0, PREVIEW_LETTERS)}…`;
  }
  return text + (Array.isArray(value) ? "]" : " }");
}

/** Write a value as text to copy: strings as they are, the rest as indented JSON. */
export function written(value) {
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value, null, 2) ?? "";
  } catch {
    return "(nested too deeply to be written)";
  }
}

const LINE_LETTERS = 130;

/** Write JSON with as few lines as are readable: what fits on a line stays on it. */
export function compact(value, indent = "") {
  const line = JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");
  if (!isBranch(value) || line.length + indent.length <= LINE_LETTERS) return line;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const lines = entriesOf(value).map(
    ([key, one]) => `${inner}${Array.isArray(value) ? "" : `${JSON.stringify(key)}: `}${compact(one, inner)}`,
  );
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

/** How much a value is, in bytes of JSON; "" when it is too deep to say. */
export function sizeOf(value) {
  try {
    return bytes(new Blob([JSON.stringify(value) ?? ""]).size);
  } catch {
    return "";
  }
}
