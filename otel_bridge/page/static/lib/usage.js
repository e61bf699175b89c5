// What calls used together with all calls below them.
import { post } from "./api.js";
import { cost, models, tokens } from "./calls.js";

const MOST_CALLS = 100_000;

/** What a call says it used itself: `{tokens, cost, models}`. */
export const spentBy = (call) => ({ tokens: tokens(call), cost: cost(call), models: models(call) });

/**
 * Ask what each of these calls used with all below it: a map from id to `{tokens, cost, models}`. Raise ApiError
 * also where a server does not offer it.
 */
export async function spentBelow(project, ids, signal) {
  if (!ids.length) return new Map();
  const body = { project_id: project, call_ids: ids, include_costs: true, limit: MOST_CALLS };
  const { call_usage: usage } = await post("/calls/usage", body, { signal });
  return new Map(Object.entries(usage).map(([id, used]) => [id, spentBy({ summary: { usage: used, weave: { costs: priced(used) } } })]));
}

/** The models whose price is known. */
const priced = (usage) => Object.fromEntries(Object.entries(usage).filter(([, used]) => used.prompt_tokens_total_cost !== null));
