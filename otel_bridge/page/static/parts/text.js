// Text of any length, in its own direction; blocks of code keep their shape.
import { cx, html, useState } from "../lib/dom.js";
import { bytes } from "../lib/format.js";

const SHORT_LETTERS = 4000;
const STEP_LETTERS = 100_000;

/** Text, the start of it when it is long. */
export function LongText({ text, quoted = false, class: name }) {
  const [shown, setShown] = useState(SHORT_LETTERS);
  const isCut = text.length > shown * 1.1;
  const part = isCut ? whole(text.slice(0, shown)) : text;
  return html`<span class=${cx("text", name)}><bdi dir="auto">${
    quoted
      ? html`<span class="soft">"</span>${part}${
          !isCut &&
          html`<span
    class="soft">"</span>`
        }`
      : part
  }</bdi>
    ${
      isCut &&
      html`<span class="soft">…</span> <button type="button" class="more"
      onClick=${() => setShown(shown < STEP_LETTERS ? STEP_LETTERS : shown + 10 * STEP_LETTERS)}>Show more (${bytes(text.length)} in all)</button>`
    }
  </span>`;
}

/** Do not cut a character in two. */
const whole = (text) => (/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text);

/** What somebody wrote: paragraphs, and code between fences. */
export function Prose({ text }) {
  const pieces = text.length > STEP_LETTERS ? [text] : text.split(/^```[^\n`]*\n([\s\S]*?)^```[^\S\n]*$/m);
  return pieces.map((piece, index) => {
    const trimmed = pieces.length > 1 ? piece.replace(/^\n+|\n+$/g, "") : piece;
    if (!trimmed) return null;
    return index % 2
      ? html`<pre key=${index} class="fenced" dir="ltr" tabindex="0">${trimmed}</pre>`
      : html`<p key=${index}
      class="prose" dir="auto"><${LongText} text=${trimmed} /></p>`;
  });
}
