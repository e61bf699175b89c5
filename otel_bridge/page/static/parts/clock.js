// A mark on calls whose start is far from their arrival: the sender's clock is wrong, or the call came late.
import { html } from "../lib/dom.js";
import { duration, millis } from "../lib/format.js";

/** Say how far start and arrival are apart, `{word, text}`; null where they belong together. */
export function offClock({ started_at: started, listed_at: listed, received_at: received, happened_at: happened }) {
  if (!listed || listed === started) return null;
  const off = millis(started) - millis(received);
  const wrong = `The clock of the sender is off by ${duration(Math.abs(off))}: the call says that it started`;
  if (off > 0) return { word: "clock ahead", text: `${wrong} after it arrived.` };
  if (happened !== started) return { word: "clock not set", text: `${wrong} in ${started.slice(0, 4)}.` };
  return { word: "late", text: `The call arrived ${duration(-off)} after it started: it is late, or the clock of the sender is behind.` };
}

export function OffClock({ call }) {
  const off = offClock(call);
  return off && html`<span class="badge off-clock" title=${off.text}>${off.word}</span>`;
}
