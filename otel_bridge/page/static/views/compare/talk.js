// Two conversations as pairs of messages.
import { readConversation } from "../../parts/messages.js";

/** Rows `{path, a, b, differs}` of the messages of two calls; empty unless both are conversations. */
export function talkPairs(a, b) {
  const [left, right] = [a, b].map((call) => readConversation(call)?.messages.map(said));
  if (!left || !right) return [];
  return aligned(left, right).map(([one, other], index) => ({
    path: (one ?? other).role,
    key: index,
    a: one?.text,
    b: other?.text,
    differs: one?.text !== other?.text,
  }));
}

const said = ({ role, parts }) => ({ role, text: parts.map(written).join("\n") });

function written(part) {
  if (part.text !== undefined) return part.text;
  if (part.kind === "tool_call") return `${part.name ?? "tool"}(${JSON.stringify(part.args) ?? ""})`;
  if (part.kind === "media") return `[${part.media.type || part.media.kind}]`;
  return typeof part.value === "string" ? part.value : (JSON.stringify(part.value) ?? "");
}

const isSame = (a, b) => a.role === b.role && a.text === b.text;

/** Pair equal messages at both ends; those between by their roles, in order. */
function aligned(left, right) {
  let start = 0;
  while (start < left.length && start < right.length && isSame(left[start], right[start])) start += 1;
  let end = 0;
  const most = Math.min(left.length, right.length) - start;
  while (end < most && isSame(left.at(-1 - end), right.at(-1 - end))) end += 1;
  const pairs = (from, to) => left.slice(from, to).map((one, index) => [one, right[right.length - left.length + from + index]]);
  const middle = byRole(left.slice(start, left.length - end), right.slice(start, right.length - end));
  return [...left.slice(0, start).map((one, index) => [one, right[index]]), ...middle, ...pairs(left.length - end, left.length)];
}

function byRole(left, right) {
  const rest = [...right];
  const found = [];
  for (const one of left) {
    const at = rest.findIndex((other) => other.role === one.role);
    if (at < 0) found.push([one, undefined]);
    else found.push(...rest.splice(0, at).map((other) => [undefined, other]), [one, rest.shift()]);
  }
  return [...found, ...rest.map((other) => [undefined, other])];
}
