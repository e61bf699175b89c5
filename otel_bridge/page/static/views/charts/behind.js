// The way from a point of a chart to the calls behind it.
import { link } from "../../lib/router.js";
import { iso } from "./range.js";

/** An address of the list: `from` and `to` in seconds, and what else narrows it. */
export function callsBehind({ from, to, op, model, status, roots, scores }) {
  return link("traces", [], { from: iso(from), to: iso(to), op: op && `=${op}`, model, status, show: roots ? "traces" : "calls", scores });
}
