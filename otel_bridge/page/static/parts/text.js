// Text of any length, in its own direction; blocks of code keep their shape.
import { cx, html, useState } from "../lib/dom.js";
import { bytes } from "../lib/format.js";

const SHORT_LETTERS = 4000;
const STEP_LETTERS = 100_000;

/** Text, the start of it when it is long. It has a direction of its own, unless `plain`: then what is around it has. */
export function LongText({ text, quoted = false, plain = false, class: name }) {
  const [shown, setShown] = useState(SHORT_LETTERS);
  const isCut = text.length > shown * 1.1;
  const part = isCut ? whole(text.slice(0, shown)) : text;
  const quote = quoted && html`<span class="soft">"</span>`;
  const words = [quote, part, !isCut && quote];
  const more = () => setShown(shown < STEP_LETTERS ? STEP_LETTERS : shown + 10 * STEP_LETTERS);
  return html`<span class=${cx("text", name)}>
    ${plain ? words : html`<bdi dir="auto">${words}</bdi>`}
    ${isCut && html`<span class="soft">…</span> <button type="button" class="more" onClick=${more}>Show more (${bytes(text.length)} in all)</button>`}
  </span>`;
}

/** A paragraph that runs the way its text does. */
export const Paragraph = ({ text }) => html`<p class="prose" dir="auto"><${LongText} text=${text} plain /></p>`;

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
      : html`<${Paragraph} key=${index} text=${trimmed} />`;
  });
}
