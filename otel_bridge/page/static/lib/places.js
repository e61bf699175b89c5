// Fields of the bridge's own that say where calls are listed and when they came. Other Weave servers have none:
// there, the start must do.
const OWN = /"(?:listed_at|happened_at|received_at)"/g;
const NAMED = /\b(?:listed_at|happened_at|received_at)\b/;
let hasNone = false;

/** Write a request's body, without fields that the server is known not to have. */
export function written(body) {
  const text = JSON.stringify(body);
  return hasNone ? text.replaceAll(OWN, '"started_at"') : text;
}

/** Whether a request that was refused for this reason is worth asking again: without these fields, from now on. */
export function mayAskAgain(reason) {
  if (hasNone || !NAMED.test(reason)) return false;
  hasNone = true;
  return true;
}

/** Where a list has a call. */
export const listedAt = (call) => call.listed_at ?? call.started_at;
