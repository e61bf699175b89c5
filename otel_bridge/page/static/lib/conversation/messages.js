// Messages: which values are some, and what each says, whichever SDK wrote it.
import { partsOf, toolCall, toolCalls, toolResult } from "./parts.js";
import { first, isObject, role, unpacked } from "./words.js";

/** Read one value as a message `{role, name, parts, finish}`; null when it is none. */
export function message(raw) {
  if (isPair(raw)) return message({ role: raw[0], content: raw[1] });
  if (!isObject(raw)) return null;
  const one = opened(raw);
  const who = role(one.role) ?? role(one.type) ?? ofSource(one) ?? ofItem(one);
  if (!who) return null;
  const parts = who === "tool" ? toolParts(one) : parts_(one);
  const from = who === "user" && parts.length > 0 && parts.every((part) => part.kind === "tool_result") ? "tool" : who;
  return {
    role: from,
    name: String(first(one, "name", "source", "agentName") ?? ""),
    parts,
    finish: String(first(one, "finish_reason", "finishReason", "stop_reason") ?? ""),
  };
}

/** LangChain takes `["user", "text"]` for a message. */
const isPair = (raw) => Array.isArray(raw) && raw.length === 2 && raw.every((one) => typeof one === "string") && role(raw[0]) !== undefined;

/** Take the wrapping off: LangChain's constructors and `data`, choices, OpenInference's `message`. */
function opened(raw) {
  if (raw.type === "constructor" && isObject(raw.kwargs)) return { role: raw.id?.at(-1), ...raw.kwargs };
  if (isObject(raw.data) && role(raw.type)) return { role: raw.type, ...raw.data };
  const inner = first(raw, "message", "delta");
  if (isObject(inner) && (role(inner.role) || inner.kwargs)) return { finish_reason: raw.finish_reason, ...opened(inner) };
  if (isObject(raw.content) && role(raw.content.role))
    return { ...raw.content, finish_reason: first(raw, "finish_reason", "finishReason") };
  return raw;
}

/** AutoGen's messages name who spoke instead of a role. */
function ofSource(one) {
  if (typeof one.source !== "string" || one.content === undefined) return undefined;
  if (one.type === "ToolCallExecutionEvent") return "tool";
  return one.source === "user" ? "user" : "assistant";
}

/** Items of OpenAI's Responses: calls, results and thoughts stand beside messages. */
function ofItem(one) {
  if (one.type === "function_call" || one.type === "reasoning") return "assistant";
  return one.type === "function_call_output" ? "tool" : undefined;
}

function parts_(one) {
  if (one.type === "function_call") return [toolCall(one)];
  if (one.role === "thinking") return [{ kind: "thought", text: String(one.content ?? "") }];
  const parts = [...thoughts(one), ...partsOf(body(one))];
  if (typeof one.refusal === "string" && one.refusal) parts.push({ kind: "text", text: one.refusal, refused: true });
  const calls = [...toolCalls(first(one, "tool_calls", "toolCalls")), ...toolCalls(one.additional_kwargs?.tool_calls)];
  if (isObject(one.function_call) && one.function_call.name) calls.push(toolCall(one.function_call));
  for (const call of calls) if (!parts.some((part) => isSame(part, call))) parts.push(call);
  return parts;
}

function body(one) {
  if (one.type === "reasoning" && !role(one.role)) return [one];
  if (Array.isArray(one.contents)) return one.contents;
  if (Array.isArray(one.parts)) return one.parts;
  return unwrapped(one.content ?? (typeof one.text === "string" ? one.text : undefined));
}

/** Content parts that were written as a string of JSON are parts again; other text stays text. */
function unwrapped(content) {
  const found = unpacked(content);
  const areParts =
    Array.isArray(found) &&
    found.length > 0 &&
    found.every(
      (part) => isObject(part) && (typeof part.type === "string" || typeof part.text === "string" || part.toolUse || part.toolResult),
    );
  return typeof content === "string" && !areParts ? content : found;
}

function thoughts(one) {
  const found = first(one, "reasoning_content", "reasoning", "thinking");
  return typeof found === "string" && found ? [{ kind: "thought", text: found }] : [];
}

function toolParts(one) {
  const found = partsOf(body(one)).map((part) => ({ ...part }));
  if (found.some((part) => part.kind === "tool_result")) return found;
  const said = found.length && found.every((part) => part.kind === "text") ? found.map((part) => part.text).join("\n") : one.content;
  return [toolResult({ ...one, response: said ?? first(one, "output", "response", "result"), id: first(one, "tool_call_id", "id") })];
}

const isSame = (part, call) =>
  part.kind === "tool_call" &&
  (call.id ? part.id === call.id : part.name === call.name && JSON.stringify(part.args) === JSON.stringify(call.args));

const MOST_DEPTH = 5;
const HOLDERS = ["messages", "contents", "input", "prompt", "output", "update", "message", "data", "kwargs", "new_messages", "response"];

/**
 * Find the messages in a value: `{system, messages}`, or null when there are none. Looks through the wrappings
 * of SDKs, never at something that is merely called "content".
 */
export function messagesIn(value, depth = 0) {
  const found = unpacked(value);
  if (depth > MOST_DEPTH || found === null || typeof found !== "object") return null;
  if (Array.isArray(found)) return inList(found, depth);
  return generated(found, depth) ?? ofVercel(found) ?? alone(found) ?? held(found, depth);
}

function inList(list, depth) {
  const messages = list.map(message);
  if (list.length && messages.every(Boolean)) return { system: null, messages };
  if (list.length && list.every((one) => (Array.isArray(one) && !message(one)) || (isObject(one) && !message(one))))
    return join(list.map((one) => messagesIn(one, depth + 1)));
  return null;
}

function join(found) {
  const some = found.filter(Boolean);
  return some.length ? { system: some.find((one) => one.system)?.system ?? null, messages: some.flatMap((one) => one.messages) } : null;
}

/** Answers that hold alternatives: choices, candidates, LangChain's generations. */
function generated(value, depth) {
  const list = first(value, "choices", "candidates", "generations");
  return Array.isArray(list) ? inList(list.flat(), depth + 1) : null;
}

function alone(value) {
  const one = message(value);
  return one && { system: null, messages: [one] };
}

/** The AI SDK's prompts and responses. */
function ofVercel(value) {
  if (typeof value.prompt === "string" && Object.keys(value).every((key) => ["prompt", "system", "messages"].includes(key))) {
    return { system: value.system ?? null, messages: [{ role: "user", name: "", parts: partsOf(value.prompt), finish: "" }] };
  }
  if (!("finishReason" in value) || !("text" in value || "toolCalls" in value || "object" in value)) return null;
  const words = value.text ?? (value.object === undefined ? undefined : [{ type: "json", value: value.object }]);
  const parts = parts_({ reasoning: value.reasoning, content: words, tool_calls: unpacked(value.toolCalls) });
  return { system: null, messages: [{ role: "assistant", name: "", parts, finish: String(value.finishReason) }] };
}

function held(value, depth) {
  const system = first(value, "system", "instructions", "system_instruction") ?? value.config?.system_instruction ?? null;
  for (const name of HOLDERS) {
    const found = value[name] === undefined ? null : messagesIn(value[name], depth + 1);
    if (found) return { system: found.system ?? system, messages: found.messages };
  }
  const asked = first(value, "input", "prompt");
  if ((system !== null || "model" in value) && typeof asked === "string")
    return { system, messages: [{ role: "user", name: "", parts: partsOf(asked), finish: "" }] };
  const keys = Object.keys(value);
  return keys.length === 1 && !HOLDERS.includes(keys[0]) ? messagesIn(value[keys[0]], depth + 1) : null;
}
