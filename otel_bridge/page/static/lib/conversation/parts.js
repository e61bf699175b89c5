// The parts of a message: text, thoughts, tool calls and results, media; anything else as JSON.
import { media } from "./media.js";
import { first, isObject, unpacked } from "./words.js";

/** Read anything that stands where a message has its content. Returns parts `{kind, …}`. */
export function partsOf(content) {
  if (content === undefined || content === null || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (Array.isArray(content)) return content.flatMap(partOf);
  if (isObject(content)) return partOf(content);
  return [{ kind: "json", value: content }];
}

function partOf(part) {
  if (!isObject(part)) return partsOf(part);
  if (isObject(part.message_content)) return [...withoutToolUse(part.message_content), ...toolCalls(part.tool_call ? [part] : [])];
  return toolPart(part) ?? thought(part) ?? textPart(part) ?? mediaPart(part) ?? [{ kind: "json", value: part }];
}

/** OpenInference says the tool call beside the content that only has its type. */
const withoutToolUse = (content) => (content.type === "tool_use" ? [] : partOf(content));

const CALLS = new Set(["tool_use", "tool_call", "tool-call", "function_call", "server_tool_use", "toolCall", "mcp_call"]);
const RESULTS = new Set([
  "tool_result",
  "tool_call_response",
  "tool-result",
  "function_call_output",
  "toolResult",
  "function_response",
  "tool-return",
  "web_search_tool_result",
]);

function toolPart(part) {
  const named = first(part, "function_call", "functionCall", "toolUse");
  if (isObject(named)) return [toolCall(named)];
  const answer = first(part, "function_response", "functionResponse", "toolResult");
  if (isObject(answer)) return [toolResult(answer)];
  if (CALLS.has(part.type)) return [toolCall(part)];
  if (RESULTS.has(part.type)) return [toolResult(part)];
  if (part.type === undefined && typeof part.name === "string" && "arguments" in part) return [toolCall(part)];
  if (part.type === undefined && "call_id" in part && "content" in part) return [toolResult(part)];
  return null;
}

/** Read a tool call of any maker. */
export function toolCall(raw) {
  const call = isObject(raw.tool_call) ? raw.tool_call : raw;
  const inner = isObject(call.function) ? call.function : call;
  const args = first(inner, "arguments", "args", "input", "parameters");
  return {
    kind: "tool_call",
    id: text(first(call, "id", "call_id", "toolCallId", "tool_call_id", "toolUseId")),
    name: text(first(inner, "name", "toolName", "tool_name")),
    args: unpacked(args),
  };
}

/** Read tool calls that stand beside a message's content. */
export const toolCalls = (calls) => (Array.isArray(calls) ? calls.filter(isObject).map(toolCall) : []);

/** Read what a tool gave back. */
export function toolResult(raw) {
  const value = first(raw, "response", "result", "output", "content");
  return {
    kind: "tool_result",
    id: text(first(raw, "tool_use_id", "tool_call_id", "toolCallId", "toolUseId", "call_id", "id")),
    name: text(first(raw, "name", "toolName", "tool_name")),
    value: unpacked(plain(value)),
    failed: Boolean(raw.is_error || raw.isError || raw.status === "error"),
  };
}

/** A result that is text parts only is text; Vercel's `{type: "text", value}` is its value. */
function plain(value) {
  if (isObject(value) && "value" in value && /^(text|json|content|error-)/.test(value.type ?? "")) return plain(value.value);
  if (!Array.isArray(value) || !value.length) return value;
  const texts = value.map((one) =>
    typeof one === "string" ? one : isObject(one) && Object.keys(one).every((key) => key === "type" || key === "text") ? one.text : null,
  );
  return texts.every((one) => typeof one === "string") ? texts.join("\n") : value;
}

function thought(part) {
  if (
    !/^(reasoning|thinking|redacted_thinking|reasoning-text)$/.test(part.type ?? "") &&
    !isObject(part.reasoningContent) &&
    part.thought !== true
  )
    return null;
  const found =
    first(part, "thinking", "text", "content", "reasoning") ?? part.reasoningContent?.reasoningText?.text ?? summary(part.summary);
  return found ? [{ kind: "thought", text: String(found) }] : [];
}

const summary = (list) => (Array.isArray(list) ? list.map((one) => one?.text ?? one).join("\n\n") : undefined);

function textPart(part) {
  const words = first(part, "text", "content", "value", "refusal");
  if (typeof words !== "string") return null;
  if (/^(text|input_text|output_text|text-delta|refusal)$/.test(part.type ?? ""))
    return words ? [{ kind: "text", text: words, refused: part.type === "refusal" }] : [];
  return part.type === undefined && typeof part.text === "string" ? (words ? [{ kind: "text", text: words }] : []) : null;
}

function mediaPart(part) {
  const found = media(part);
  return found && [{ kind: "media", media: found }];
}

const text = (value) => (value === undefined ? "" : String(value));
