// One tree of each call, row by row, with what differs marked.
import { cx, html, useMemo, useState } from "../../lib/dom.js";
import { plural } from "../../lib/format.js";
import { Text } from "../../parts/basics.js";
import { written } from "./flat.js";
import { marked } from "./words.js";

const LONG_CHARACTERS = 4000;
const MARKED_CHARACTERS = 20_000;
const FIRST_ROWS = 200;

/** `rows` as `pairs` makes them; those that do not differ are shown with `all`. */
export function Sides({ title, rows, all, open = true }) {
  const different = rows.filter((row) => row.differs);
  const [most, setMost] = useState(FIRST_ROWS);
  const wanted = all ? rows : different;
  const words = different.length ? plural(different.length, "difference") : "the same";
  return html`<details class="sides" open=${open && wanted.length > 0} data-sides=${title}>
    <summary><h2>${title}</h2> <span class=${cx("soft", different.length > 0 && "sides-differ")}>${words}</span></summary>
    ${
      wanted.length > 0 &&
      html`<div class="sides-rows" role="table" aria-label=${`${title} side by side`}>
      <div role="row" class="unseen"><span role="columnheader">Path</span><span role="columnheader">A</span><span
        role="columnheader">B</span></div>
      ${wanted.slice(0, most).map((row) => html`<${Row} key=${row.key ?? row.path} row=${row} />`)}
    </div>`
    }
    ${wanted.length > most && html`<button type="button" class="button"
      onClick=${() => setMost(most * 5)}>${plural(wanted.length - most, "more row")}</button>`}
  </details>`;
}

function Row({ row }) {
  const [left, right] = useMemo(() => parts(row), [row]);
  return html`<div role="row" class=${cx("side-row", row.differs && "differs")}>
    <span role="rowheader" class="side-path mono"><bdi>${row.path || "(value)"}</bdi></span>
    <${Side} parts=${left} side="a" /><${Side} parts=${right} side="b" />
  </div>`;
}

function Side({ parts: shown, side }) {
  const [whole, setWhole] = useState(false);
  if (!shown) return html`<span role="cell" class=${`side side-${side}`}><span class="soft">not there</span></span>`;
  const length = shown.reduce((total, part) => total + part.text.length, 0);
  const long = length > LONG_CHARACTERS && !whole;
  return html`<span role="cell" class=${`side side-${side}`}>
    <${Text}>${(long ? beginning(shown) : shown).map((part) => (part.changed ? html`<mark>${part.text}</mark>` : part.text))}<//>
    ${long && html`… <button type="button" class="copy" onClick=${() => setWhole(true)}>all ${length} characters</button>`}
  </span>`;
}

function parts({ a, b, differs }) {
  const texts = [written(a), written(b)];
  const known = texts.every((text) => text !== undefined && text.length <= MARKED_CHARACTERS);
  if (differs && known) return marked(...texts);
  return texts.map((text) => (text === undefined ? null : [{ text, changed: differs }]));
}

function beginning(shown) {
  let left = LONG_CHARACTERS;
  return shown.flatMap((part) => {
    const text = part.text.slice(0, Math.max(0, left));
    left -= part.text.length;
    return text ? [{ ...part, text }] : [];
  });
}
