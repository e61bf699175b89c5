// A call as a conversation: what was said before, and what the call answered.
import { message, messagesIn } from "./messages.js";
import { partsOf } from "./parts.js";
import { isObject, unpacked } from "./words.js";

/**
 * Read a call's messages in their order: `{messages, recorded}`; null when it has none. A message is
 * `{role, name, parts, finish, from}`: `role` is system, user, assistant or tool; `from` is "input" or
 * "output". Parts have a `kind`: text, thought, tool_call, tool_result, media, json. `recorded` is false when
 * the sender left the content out of every message.
 */
export function conversation(call) {
  const kind = String(call.attributes?.kind ?? "").toLowerCase();
  if (kind === "tool") return null;
  const before = messagesIn(call.inputs);
  const after = messagesIn(call.output);
  if (!before && !after && !MODEL_KINDS.has(kind)) return null;
  const input = before ? before.messages : spoken("user", call.inputs);
  const system = instructions(before?.system ?? call.attributes?.system_instructions, input);
  const output = after ? unsaid(input, after.messages) : answer(input, call.output);
  const messages = [...from("input", [...system, ...input]), ...from("output", output)].filter(
    (one) => one.parts.length || one.role !== "system",
  );
  if (!messages.length) return null;
  nameResults(messages);
  const recorded = messages.some((one) => one.parts.some(hasContent));
  return { messages: recorded ? messages.filter((one) => one.parts.length || one.from === "input") : messages, recorded };
}

/** Calls of models: whatever goes in and out of them is said. */
const MODEL_KINDS = new Set(["llm", "generation", "chat", "completion"]);

const from = (side, messages) => messages.map((one) => ({ ...one, from: side }));
const made = (role, parts) => (parts.length ? [{ role, name: "", parts, finish: "" }] : []);

/** Results that only carry the id of their call get its name. */
function nameResults(messages) {
  const names = new Map();
  for (const part of messages.flatMap((one) => one.parts)) {
    if (part.kind === "tool_call" && part.id) names.set(part.id, part.name);
    if (part.kind === "tool_result" && !part.name) part.name = names.get(part.id) ?? "";
  }
}

function hasContent(part) {
  if (part.kind === "tool_call") return part.args !== undefined;
  return part.kind === "tool_result" ? part.value !== undefined : true;
}

function instructions(said, input) {
  if (said === null || said === undefined || input.some((one) => one.role === "system")) return [];
  return made("system", partsOf(unpacked(said)));
}

/** Show what is no message as what somebody said. */
function spoken(role, value) {
  const bare = unwrapped(value);
  if (bare === undefined || bare === null || bare === "" || (isObject(bare) && !Object.keys(bare).length)) return [];
  if (typeof bare === "string") return made(role, partsOf(bare));
  const nameless =
    Array.isArray(bare) &&
    bare.length > 0 &&
    bare.every((one) => isObject(one) && ("content" in one || "function_call" in one || "tool_calls" in one));
  return nameless ? bare.map((one) => message({ ...one, role })) : made(role, [{ kind: "json", value: bare }]);
}

/** Calls of spans keep the name of the attribute as the only key. */
function unwrapped(value) {
  const keys = isObject(value) ? Object.keys(value) : [];
  return keys.length === 1 ? value[keys[0]] : value;
}

/** An answer without a role; agents often say again what their last message said. */
function answer(input, value) {
  const said = spoken("assistant", value);
  const last = input.at(-1);
  return said.length && last?.role === "assistant" && wordsOf(last) === wordsOf(said[0]) ? [] : said;
}

/** Leave out of the output what the input said already: graphs answer with their whole state. */
function unsaid(input, output) {
  let same = 0;
  while (same < output.length && same < input.length && print(output[same]) === print(input[same])) same += 1;
  if (same > 0) return output.slice(same);
  const tail = input.slice(-output.length);
  return tail.length === output.length && tail.every((one, index) => one.role === "assistant" && print(one) === print(output[index]))
    ? []
    : output;
}

const print = (one) => `${one.role}:${written(one.parts)}`;
const wordsOf = (one) => one.parts.map((part) => part.text ?? written(part.value ?? part.args)).join("\n");

/** JSON to compare by; what is too deep to be written is like nothing else. */
function written(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return `too deep ${Math.random()}`;
  }
}
