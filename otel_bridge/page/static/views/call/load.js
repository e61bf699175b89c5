// One call, whole, and what people and scorers said about it.
import { list, post } from "../../lib/api.js";
import { callRef, COLUMNS } from "../../lib/calls.js";
import { nameOf, RUNNABLE } from "../../lib/scores.js";
import { spentBelow } from "../../lib/usage.js";

const WHOLE = [...COLUMNS, "turn_id", "attributes", "inputs", "output", "wb_user_id", "wb_run_id", "wb_run_step", "wb_run_step_end"];

/** Load a call with costs and feedback; null when it is not there. */
export async function loadCall(project, id, signal) {
  const body = { project_id: project, filter: { call_ids: [id] }, columns: WHOLE, include_costs: true, include_feedback: true, limit: 1 };
  return (await list("/calls/stream_query", body, { signal }))[0] ?? null;
}

/** Load what a call used with all below it; null where a server does not tell. */
export const loadBelow = (project, id, signal) =>
  spentBelow(project, [id], signal).then(
    (found) => found.get(id) ?? null,
    () => null,
  );

const WORDS = /[^A-Za-z0-9_-]+/g;

/** Make feedback of a type with a payload. */
export const addFeedback = (project, id, type, payload, more = {}) =>
  post("/feedback/create", { project_id: project, weave_ref: callRef(project, id), feedback_type: type, payload, ...more });

/** Score by hand: an annotation, whose definition is an object of the project. */
export async function addScore(project, id, name, value) {
  const word =
    name
      .trim()
      .replace(WORDS, "-")
      .replace(/^-+|-+$/g, "") || "score";
  const type = { number: "number", boolean: "boolean" }[typeof value] ?? "string";
  const val = { name: word, description: null, field_schema: { type }, unique_among_creators: false, op_scope: null };
  const { digest } = await post("/obj/create", {
    obj: { project_id: project, object_id: word, val, builtin_object_class: "AnnotationSpec" },
  });
  const annotation = `weave:///${project}/object/${word}:${digest}`;
  return addFeedback(project, id, `wandb.annotation.${word}`, { value }, { annotation_ref: annotation });
}

export const removeFeedback = (project, feedbackId) =>
  post("/feedback/purge", { project_id: project, query: { $expr: { $eq: [{ $getField: "id" }, { $literal: feedbackId }] } } });

/** Read `true`, `0.8` or a word. */
export function scoreValue(text) {
  const trimmed = text.trim();
  if (/^(true|yes)$/i.test(trimmed)) return true;
  if (/^(false|no)$/i.test(trimmed)) return false;
  return trimmed !== "" && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

/** Say what a piece of feedback is: `{sort, name, value}`. */
export function described(one) {
  const { feedback_type: type, payload } = one;
  if (type === "wandb.reaction.1") return { sort: "reaction", name: "Reaction", value: payload.emoji };
  if (type === "wandb.note.1") return { sort: "note", name: "Note", value: payload.note };
  const name = nameOf(type);
  if (name === type) return { sort: "other", name, value: payload };
  return { sort: "score", name, value: type.startsWith(RUNNABLE) ? payload.output : payload.value };
}
