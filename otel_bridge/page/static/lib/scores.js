// Scores: feedback of scorers, by the name of the scorer and a place in what it said.
import { feedback } from "./calls.js";

export const RUNNABLE = "wandb.runnable.";
const PREFIX = "wandb.";
const OUTPUT = "output";

/** A score as addresses have it, `runnable.quality|output.passed`: `{id, type, path, name, label}`; null for none. */
export function scoreOf(id) {
  const [short, path] = id.split("|");
  if (!short || !path || /[[\]]/.test(short)) return null;
  const type = PREFIX + short;
  return { id, type, path, name: nameOf(type), label: labelOf(type, path) };
}

export const scoreId = (type, path) => `${type.slice(PREFIX.length)}|${path}`;
export const scoresOf = (text) => (text ? text.split("~").map(scoreOf).filter(Boolean) : []);
export const nameOf = (type) => type.replace(/^wandb\.(runnable|annotation)\./, "");

/** The name of the scorer, and the place in its output where that is not all of it. */
function labelOf(type, path) {
  const rest = path === OUTPUT || path === "value" ? "" : path.replace(/^output\./, "").replaceAll("\\.", ".");
  return rest && rest !== nameOf(type) ? `${nameOf(type)} ${rest}` : nameOf(type);
}

/** The name of a score in queries and sorts. */
export const fieldOf = ({ type, path }) => `feedback.[${type}].payload.${path}`;

/** The newest value of a score on a call (`include_feedback`); undefined where there is none. */
export function valueOf(call, { type, path }) {
  const said = feedback(call).findLast((one) => one.feedback_type === type);
  return said === undefined ? undefined : valueAt(said.payload, path);
}

const STEPS = /(?:\\.|[^.\\])+/g;

function valueAt(tree, path) {
  let at = tree;
  for (const step of path.match(STEPS) ?? []) at = at?.[step.replaceAll("\\.", ".")];
  return at;
}

/** Write a value shortly: `0.83`, `true`, a word; "" for none. */
export function shown(value) {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const COMPARISONS = { gte: "$gte", lt: "$lt", eq: "$eq" };

/** A condition as addresses have it, `runnable.quality|output.passed|eq|false`: `{score, operator, value}`; null for none. */
export function conditionOf(text) {
  const [short, path, operator, ...rest] = (text ?? "").split("|");
  const score = path && scoreOf(`${short}|${path}`);
  if (!score || !(operator in COMPARISONS) || !rest.length) return null;
  return { score, operator, value: rest.join("|") };
}

/** The same for the API. */
export function expressionOf({ score, operator, value }) {
  return { [COMPARISONS[operator]]: [{ $getField: fieldOf(score) }, { $literal: literalOf(value) }] };
}

function literalOf(text) {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
