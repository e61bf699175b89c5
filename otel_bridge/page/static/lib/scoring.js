// Scoring by the bridge: how it goes, which scorers there are, and asking for it. Other servers may not have it.
import { get, header, post } from "./api.js";
import { nameOf } from "./scores.js";
import { createStore } from "./store.js";

const NOT_THERE = new Set([400, 403, 404, 405, 422, 501]);
const RUNS_MS = 10_000;
const THERE = { answer: true, until: Infinity };
const runs = new Map();

/** Calls of one request for scores. */
export const MOST_SCORED = 10_000;

/** Whether the server scores: null until it is known. */
export const scores = createStore(null);

const search = (members) => new URLSearchParams(Object.entries(members).filter(([, value]) => value !== null && value !== undefined));

/** How scoring goes, `{counts, scorers, jobs, errors}`; null where a server has no such thing. */
export async function scoringOf(project, { job = null, limit = 20, signal } = {}) {
  try {
    const found = await get(`/calls/score/status?${search({ project_id: project, job_id: job, limit })}`, { signal });
    if (!scores.get()) scores.set(true);
    return found;
  } catch (error) {
    if (!NOT_THERE.has(error.status)) throw error;
    if (!job && scores.get() === null) scores.set(false);
    return null;
  }
}

/**
 * The scorers that may be asked for: `[{name, kind, ref, description, usable, why_not}]`, those that work first.
 * What was published of a registered scorer is left out: its name gives the present version.
 */
export async function scorersOf(project, signal) {
  const { scorers } = await get(`/bridge/scorers?${search({ project_id: project })}`, { signal });
  const own = new Set(scorers.filter((one) => !one.ref && one.usable).map((one) => one.name));
  return scorers.filter((one) => !one.ref || !own.has(one.name)).toSorted((a, b) => b.usable - a.usable || (a.name < b.name ? -1 : 1));
}

/** Ask for scores of calls; resolves to the id of the job. */
export async function score(project, ids, scorers, again) {
  const body = { project_id: project, call_ids: ids.slice(0, MOST_SCORED), scorer_refs: scorers };
  runs.set(project, THERE);
  return header(`/calls/score${again ? "?again=true" : ""}`, body, "X-Scoring-Job-Id");
}

export const sumOf = (counts) => counts.queued + counts.leased + counts.done + counts.failed;

/** Whether the project has runs of scorers, which lists leave out; asked again after some seconds. */
export async function hasRuns(project) {
  if (!(Date.now() < runs.get(project)?.until)) {
    if (scores.get() === false) return false;
    runs.set(project, { answer: lookForRuns(project), until: Date.now() + RUNS_MS });
  }
  return runs.get(project).answer;
}

async function lookForRuns(project) {
  const found = await scoringOf(project, { limit: 0 }).catch(() => null);
  const there = found !== null && found.counts.done + found.counts.failed > 0;
  if (found === null) runs.delete(project);
  else if (there) runs.set(project, THERE);
  return there;
}

const SCORED = "attributes.otel_bridge.scoring.scored_call";

/** What leaves out the runs of scorers, which are calls too. */
export const NO_RUNS = { $eq: [{ $getField: SCORED }, { $literal: "" }] };

/** What chooses the failed runs of scorers on a call. */
export const failedRunsOn = (ref) => ({
  $and: [
    { $eq: [{ $getField: "summary.weave.status" }, { $literal: "error" }] },
    { $eq: [{ $getField: SCORED }, { $literal: ref }] },
  ],
});

/** What a run of a scorer says of itself: `{scored_call, scorer, monitor, job_id}`; null for any other call. */
export const runOf = (call) => {
  const said = call.attributes?.otel_bridge?.scoring;
  return typeof said?.scored_call === "string" ? said : null;
};

/** The id in a ref of a call. */
export const idIn = (ref) => /^weave:\/\/\/[^/]+\/[^/]+\/call\/([^/]+)/.exec(ref ?? "")?.[1] ?? null;

/** Name and digest in a ref of an object: `{name, version}`. */
export function versionIn(ref) {
  const found = /^weave:\/\/\/[^/]+\/[^/]+\/(?:object|op)\/([^:/]+):([^/]+)/.exec(ref ?? "");
  return found ? { name: found[1], version: found[2].slice(0, 8) } : null;
}

/**
 * The scores that feedback of a stretch of time holds, by type: `[{type, name, paths: [{json_path, value_type}]}]`;
 * null where the server does not tell. `from` and `to` in seconds.
 */
export async function knownScores(project, { from, to }, signal) {
  const ask = { project_id: project, start: instant(from), ...(to && { end: instant(to) }) };
  const found = await post("/feedback/payload_schema", ask, { signal }).catch((error) => {
    if (error.status) return null;
    throw error;
  });
  if (!found?.feedback_types) return null;
  return found.feedback_types
    .filter(({ feedback_type: type }) => /^wandb\.(runnable|annotation)\./.test(type) && !/[[\]|~]/.test(type))
    .map(({ feedback_type: type, paths }) => ({ type, name: nameOf(type), paths: paths.filter(readable) }));
}

const readable = ({ json_path: path }) => !/[|~]/.test(path);
const instant = (seconds) => new Date(Math.floor(seconds) * 1000).toISOString();
