// What was said in the turns of a thread, each thing once.
import { readConversation } from "../../parts/messages.js";

const textOf = (message) =>
  message.parts
    .flatMap((part) => (part.kind === "text" ? [part.text] : []))
    .join("\n")
    .trim();
const print = (message) => `${message.role}:${textOf(message) || JSON.stringify(message.parts)}`;

/** The messages of a call; of one that says no roles, its plain text in and out. */
export function messagesOf(call) {
  return readConversation(call)?.messages ?? [...spoken("user", call.inputs), ...spoken("assistant", call.output)];
}

function spoken(role, value) {
  const only =
    value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 1
      ? Object.values(value)[0]
      : value;
  return typeof only === "string" && only
    ? [{ role, name: "", finish: "", from: role === "user" ? "input" : "output", parts: [{ kind: "text", text: only }] }]
    : [];
}

/** The words that a conversation begins with: the first text of a user, else of anybody. */
export function opening(call) {
  if (!call) return "";
  const messages = messagesOf(call);
  const first = messages.find((one) => one.role === "user" && textOf(one)) ?? messages.find(textOf);
  return first ? textOf(first).slice(0, 300) : "";
}

/**
 * Turns with what each says anew: `{call, messages, earlier}`. Many senders put the whole history into every
 * turn: `earlier` are the messages that turns before have shown.
 */
export function turnsOf(calls) {
  const known = new Set();
  return calls.map((call) => {
    const all = messagesOf(call);
    const start = newFrom(all, known);
    for (const message of all) known.add(print(message));
    return { call, messages: all.slice(start), earlier: all.slice(0, start) };
  });
}

/** What is known leads; the last words of a user, and all after them, are new in any case. */
function newFrom(messages, known) {
  const lastAsked = messages.findLastIndex((one) => one.role === "user" && one.from === "input");
  const most = lastAsked < 0 ? messages.findIndex((one) => one.from === "output") : lastAsked;
  let start = 0;
  while (start < most && known.has(print(messages[start]))) start += 1;
  return start;
}
