// Small pieces that every view shows the same way.
import { ApiError } from "../lib/api.js";
import { status as statusOf, STATUS_WORDS } from "../lib/calls.js";
import { cx, html, useEffect, useState } from "../lib/dom.js";
import { ago, millis, time, utc } from "../lib/format.js";

/** A time: local, with UTC on hover. `iso` as the API writes it, or `ms` since the epoch. */
export function Time({ iso, ms = millis(iso), relative = false }) {
  if (ms === null || Number.isNaN(ms)) return null;
  return html`<time datetime=${new Date(ms).toISOString()} title=${utc(ms)}>${relative ? ago(ms) : time(ms)}</time>`;
}

/** Text of somebody else: its direction is its own, and it cannot turn what stands beside it. */
export const Text = ({ children, class: name }) => html`<bdi class=${name} dir="auto">${children}</bdi>`;

/** A status as a dot with a word; the word may be for screen readers only. */
export function Status({ call, status = statusOf(call), bare = false }) {
  const word = STATUS_WORDS[status] ?? status;
  return html`<span class=${cx("status", `is-${status}`)} title=${word}>
    <span class="dot" aria-hidden="true"></span><span class=${bare ? "unseen" : ""}>${word}</span>
  </span>`;
}

/** Copies `text` (a string, or a function that makes it). */
export function Copy({ text, label = "Copy", class: name }) {
  const [said, setSaid] = useState(null);
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => setSaid(null), 1600);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (event) => {
    event.preventDefault();
    event.stopPropagation();
    setSaid((await copied(typeof text === "function" ? await text() : text)) ? "Copied" : "Not copied: select it and press Ctrl+C");
  };
  return html`<button type="button" class=${cx("copy", name)} onClick=${copy} aria-live="polite">${said ?? label}</button>`;
}

/** Copy text, also where the page is not served securely. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** What went wrong and what to do about it. */
export function Failure({ error, retry }) {
  const known = error instanceof ApiError;
  return html`<div class="failure" role="alert">
    <p class="failure-what">${known && error.status ? `${error.message} (${error.status})` : error.message}</p>
    <p class="failure-advice">${known ? error.advice : "This is a fault of the page. Reloading may help."}</p>
    ${retry && html`<button type="button" class="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

/** Something is on its way; shown after a moment, so that quick answers do not flicker. */
export const Waiting = ({ what = "Loading" }) => html`<p class="waiting" role="status">${what}…</p>`;

/** Nothing is there: what that means and what to do. */
export const Empty = ({ title, children }) => html`<div class="empty"><h2>${title}</h2>${children}</div>`;
