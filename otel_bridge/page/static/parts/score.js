// One score, shown: truth with a mark, numbers and words as they are.
import { cx, html } from "../lib/dom.js";
import { shown } from "../lib/scores.js";
import { Text } from "./basics.js";

const MOST_LETTERS = 80;

export function ScoreValue({ value }) {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") {
    return html`<span class=${cx("score-mark", value ? "is-yes" : "is-no")}><span aria-hidden="true">${value ? "✓" : "✗"}</span> ${String(value)}</span>`;
  }
  const text = shown(value);
  return html`<${Text} class=${typeof value === "number" ? "num" : ""}>${text.slice(0, MOST_LETTERS)}${text.length > MOST_LETTERS && "…"}<//>`;
}
