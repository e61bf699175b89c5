// The bars of the waterfall: when a call ran, and within that when it was busy itself.
import { cx, html } from "../../lib/dom.js";
import { duration } from "../../lib/format.js";

const MOST_GAPS = 40;
const STEPS = [1, 2, 5];

/** Where marks stand on a scale of `span` ms, as parts of it, with their words: four at most, at round times. */
export function ticks(span) {
  const raw = span / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * (STEPS.find((one) => one * power >= raw) ?? 10);
  const found = [];
  for (let at = 0; at < span * 0.78; at += step)
    found.push({ at: at / span, text: duration(Number(at.toPrecision(6))).replace(/\.0+(?= )/, "") });
  return found;
}

export function Bar({ node, kind, scale }) {
  const end = node.end ?? scale.start + scale.span;
  const left = ((node.at - scale.start) / scale.span) * 100;
  const width = ((end - node.at) / scale.span) * 100;
  const look = node.status === "error" ? "bad" : kind;
  return html`<span class=${cx("span", `span-${look}`, node.end === null && "span-open")} title=${words(node)}
    style=${{ insetInlineStart: `${Math.min(left, 99.8)}%`, width: `${Math.max(width, 0)}%` }}>
    ${
      node.children.length > 0 &&
      gaps(node, end).map(
        ([from, to]) => html`<i key=${from}
      style=${{ insetInlineStart: `${from}%`, width: `${to - from}%` }}></i>`,
      )
    }
    ${!node.children.length && html`<i style=${{ insetInlineStart: 0, width: "100%" }}></i>`}
  </span>`;
}

/** The longest times of its own, as percents of the bar. */
function gaps(node, end) {
  const span = Math.max(end - node.at, 1e-6);
  const longest = node.gaps.length > MOST_GAPS ? node.gaps.toSorted((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, MOST_GAPS) : node.gaps;
  return longest.map(([from, to]) => [((from - node.at) / span) * 100, ((to - node.at) / span) * 100]);
}

function words(node) {
  if (node.took === null) return "still running";
  return node.children.length ? `${duration(node.took)}, ${duration(node.self)} of it its own` : duration(node.took);
}
